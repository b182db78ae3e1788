/** The Grafana dashboard of the chart, made from a table: rows of panels, each with its expressions. */

/** What a server may be that has nothing to show in some panels. */
export type Lack =
  /** Its store is memory. */
  | 'space'
  /** Its store has no bound. */
  | 'quota'
  /** No client has requested anything, as with a standby. */
  | 'requests'
  /** It commits nothing: a ZooKeeper ensemble leads. */
  | 'commits'
  /** Its tree comes from no ZooKeeper ensemble. */
  | 'source'
  /** It has never served while a ZooKeeper ensemble led. */
  | 'forwarding'

/** Which servers show nothing, in the words of the panel's description; `legends`: of these expressions alone. */
export interface Emptiness {
  readonly lacks: Lack
  readonly text: string
  readonly legends?: readonly string[]
}

/** Expression by legend. */
type Panel = readonly [
  title: string,
  unit: string,
  expressions: Readonly<Record<string, string>>,
  empty?: readonly Emptiness[],
]

const of = (metric: string): string => `${metric}{job=~"$job"}`
const rate = (metric: string, labels = ''): string =>
  `rate(${metric}{job=~"$job"${labels}}[$__rate_interval])`
const quantile = (share: string, metric: string, labels: string): string =>
  `histogram_quantile(${share}, sum by (le) (${rate(metric, labels)}))`

const each = '{{instance}}'

const REQUESTS: Emptiness = {
  lacks: 'requests',
  text: 'Empty while there are no requests, as on a standby.',
}
const SOURCE: Emptiness = {
  lacks: 'source',
  text: 'Empty unless the tree follows a ZooKeeper ensemble, or did until migrate finish.',
}
const STAGES = ['queue', 'plan', 'commit', 'apply', 'reply']

export const ROWS: readonly (readonly [title: string, panels: readonly Panel[]])[] = [
  [
    'Health',
    [
      ['Ready', 'bool_yes_no', { [each]: of('anykeeper_ready') }],
      ['Serving', 'bool_yes_no', { [each]: of('anykeeper_serving') }],
      ['Leader', 'bool_yes_no', { [each]: 'anykeeper_mode{job=~"$job",mode="leader"}' }],
      [
        'Outages and losses of readiness, per hour',
        'short',
        {
          'outages {{instance}}': 'increase(anykeeper_outages{job=~"$job"}[1h])',
          'readiness {{instance}}': 'increase(anykeeper_readiness_losses{job=~"$job"}[1h])',
        },
      ],
    ],
  ],
  [
    'Clients',
    [
      ['Connections', 'short', { [each]: of('num_alive_connections') }],
      [
        'Requests',
        'reqps',
        {
          'reads {{instance}}': rate('anykeeper_reads'),
          'writes {{instance}}': rate('anykeeper_writes'),
        },
      ],
      [
        'Latency of requests',
        's',
        {
          'read p99': quantile('0.99', 'anykeeper_request_seconds_bucket', ',kind="read"'),
          'write p50': quantile('0.5', 'anykeeper_request_seconds_bucket', ',kind="write"'),
          'write p99': quantile('0.99', 'anykeeper_request_seconds_bucket', ',kind="write"'),
        },
        [REQUESTS],
      ],
      [
        'Errors',
        'reqps',
        { '{{code}}': `sum by (code) (${rate('anykeeper_request_errors')})` },
        [{ lacks: 'requests', text: 'Empty until a request is answered with an error.' }],
      ],
      [
        'Watches and events',
        'short',
        {
          'watches {{instance}}': of('watch_count'),
          'events/s {{instance}}': rate('anykeeper_events_sent'),
        },
      ],
      ['Requests that wait', 'short', { [each]: of('outstanding_requests') }],
    ],
  ],
  [
    'Tree',
    [
      ['Znodes', 'short', { [each]: of('znode_count') }],
      ['Ephemerals', 'short', { [each]: of('ephemerals_count') }],
      ['Data', 'bytes', { [each]: of('approximate_data_size') }],
    ],
  ],
  [
    'Store',
    [
      [
        'Stages of a write, p99',
        's',
        Object.fromEntries(
          STAGES.map((stage) => [
            stage,
            quantile('0.99', 'anykeeper_write_stage_seconds_bucket', `,stage="${stage}"`),
          ]),
        ),
        [
          REQUESTS,
          {
            lacks: 'commits',
            text: 'While a ZooKeeper ensemble leads, there are replies alone.',
            legends: STAGES.filter((stage) => stage !== 'reply'),
          },
        ],
      ],
      [
        'Commits',
        'ops',
        {
          'batches {{instance}}': rate('anykeeper_commit_batches'),
          'conflicts {{instance}}': rate('anykeeper_commit_conflicts'),
          'unknown {{instance}}': rate('anykeeper_commit_unknown_outcomes'),
        },
      ],
      [
        'Space',
        'bytes',
        {
          taken: `max(${of('anykeeper_store_bytes')})`,
          'in use': `max(${of('anykeeper_store_bytes_in_use')})`,
          quota: `max(${of('anykeeper_store_bytes_max')})`,
        },
        [
          { lacks: 'space', text: 'Empty where the store is memory.' },
          {
            lacks: 'quota',
            text: 'A Redis without maxmemory has no quota.',
            legends: ['quota'],
          },
        ],
      ],
      [
        'Behind the journal',
        'short',
        {
          'records {{instance}}': of('anykeeper_backlog_keys'),
          'bytes {{instance}}': of('anykeeper_journal_bytes'),
        },
      ],
      [
        'Answers of the store, p99',
        's',
        {
          heartbeat: quantile('0.99', 'anykeeper_store_seconds_bucket', ',call="heartbeat"'),
          proof: quantile('0.99', 'anykeeper_store_seconds_bucket', ',call="proof"'),
        },
      ],
    ],
  ],
  [
    'Migration from ZooKeeper',
    [
      [
        'Behind the ensemble',
        'ms',
        {
          'tree {{instance}}': of('anykeeper_source_lag_ms'),
          'served {{instance}}': of('anykeeper_forwarding_lag_ms'),
        },
        [SOURCE, servingAlone('served {{instance}}')],
      ],
      [
        'Digest of the tree: 1 equal, 0 another one, -1 none came',
        'short',
        { [each]: of('anykeeper_source_digest_ok') },
        [SOURCE],
      ],
      [
        'Forwarded to its leader',
        'reqps',
        {
          'requests {{instance}}': rate('anykeeper_forwarded'),
          'outcome unknown {{instance}}': rate('anykeeper_forwarded_lost'),
        },
        [servingAlone()],
      ],
    ],
  ],
  [
    'Process',
    [
      [
        'Heap, and its limit for the tree',
        'bytes',
        {
          'lives {{instance}}': of('anykeeper_memory_live_bytes'),
          'limit {{instance}}': of('anykeeper_memory_soft_limit_bytes'),
        },
      ],
      ['Processor', 'percentunit', { [each]: rate('process_cpu_seconds_total') }],
      ['Delay of the event loop, p99', 'ms', { [each]: of('anykeeper_p99_loop_delay') }],
      [
        'File descriptors',
        'short',
        {
          'open {{instance}}': of('open_file_descriptor_count'),
          'limit {{instance}}': of('max_file_descriptor_count'),
        },
      ],
    ],
  ],
]

/** A function, so that the table may stand before it. */
function servingAlone(...legends: readonly string[]): Emptiness {
  return {
    lacks: 'forwarding',
    text: 'Only of proxies that serve while the ensemble leads, until their restart.',
    ...(legends.length > 0 && { legends }),
  }
}

const datasource = { type: 'prometheus', uid: '$datasource' }
const columns = 3
const width = 24 / columns
const height = 7

/** As Grafana imports it. */
export function dashboard(): string {
  const panels: object[] = []
  let y = 0
  for (const [title, row] of ROWS) {
    panels.push({ id: panels.length + 1, type: 'row', title, gridPos: { x: 0, y, w: 24, h: 1 } })
    y++
    for (const [index, panel] of row.entries()) {
      const x = (index % columns) * width
      panels.push(panelOf(panels.length + 1, panel, { x, y, w: width, h: height }))
      if (index % columns === columns - 1 || index === row.length - 1) y += height
    }
  }
  const head = { uid: 'anykeeper', title: 'anykeeper', tags: ['zookeeper'], schemaVersion: 39 }
  const times = { refresh: '30s', time: { from: 'now-1h', to: 'now' }, timezone: '' }
  return `${JSON.stringify({ ...head, ...times, templating: { list: variables }, panels }, null, 1)}\n`
}

const variables = [
  { name: 'datasource', type: 'datasource', query: 'prometheus' },
  {
    ...{ name: 'job', type: 'query', datasource, includeAll: true, multi: true, refresh: 2 },
    query: { query: 'label_values(anykeeper_info, job)', refId: 'job' },
  },
]

function panelOf(
  id: number,
  [title, unit, expressions, empty = []]: Panel,
  gridPos: object,
): object {
  const targets = Object.entries(expressions).map(([legendFormat, expr], index) => ({
    ...{ refId: String.fromCharCode(65 + index), datasource, expr, legendFormat },
  }))
  const fieldConfig = { defaults: { unit, min: 0 }, overrides: [] }
  const description = empty.map(({ text }) => text).join(' ')
  return {
    ...{ id, type: 'timeseries', title, ...(description !== '' && { description }) },
    ...{ datasource, gridPos, fieldConfig, targets },
  }
}
