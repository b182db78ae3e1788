/** Metrics of anykeeper alone. Those of mntr have the same names there, behind zk_. Neighbours: own-names, provider-metrics. */
import { ZK_ERRORS } from '../../../../lib/internal.ts'
import type { ProxyHost } from '../../../host.ts'
import { ZOOKEEPER_VERSION } from '../../../version.ts'
import type { HistogramName } from '../../counts.ts'
import { ensembleOf, MODES } from '../../ensemble.ts'
import { metrics } from '../../metrics.ts'
import { bucketsOf, type Family, single } from './family.ts'
import { OWN_NAMES } from './own-names.ts'
import type { MntrValue, Scraped } from './scraped.ts'

export function ownMetrics(host: ProxyHost, scraped: Scraped): readonly Family[] {
  const { keeper } = host
  return [
    ...mntrFamilies(host, scraped.mntr),
    {
      name: 'anykeeper_info',
      type: 'gauge',
      help: 'What this server is; always 1.',
      samples: () => [
        {
          labels: { proxy: keeper.proxy, zookeeper: ZOOKEEPER_VERSION, node: process.version },
          value: 1,
        },
      ],
    },
    {
      name: 'anykeeper_mode',
      type: 'gauge',
      help: 'The mode that it reports has 1.',
      samples: () => {
        const { mode } = ensembleOf(keeper)
        return MODES.map((one) => ({
          labels: { mode: one },
          value: one === mode ? 1 : 0,
        }))
      },
    },
    {
      name: 'anykeeper_request_errors',
      type: 'counter',
      help: 'Replies with an error, by its code.',
      samples: () => errorsOf(scraped.counts.errors),
    },
    buckets(scraped, {
      name: 'anykeeper_request_seconds',
      help: 'From a request to its reply; of reads one in 64.',
      label: 'kind',
      values: { read: 'read', write: 'update' },
    }),
    buckets(scraped, {
      name: 'anykeeper_write_stage_seconds',
      help:
        'Stages of writes: a request waits (queue), a batch is planned (plan), committed to the store (commit) and applied ' +
        '(apply); replies of one turn are handed to the sockets (reply).',
      label: 'stage',
      values: { queue: 'queue', plan: 'plan', commit: 'commit', apply: 'apply', reply: 'reply' },
    }),
    buckets(scraped, {
      name: 'anykeeper_store_seconds',
      help: 'Answers of the store to heartbeats and looks at head.',
      label: 'call',
      values: { heartbeat: 'heartbeat', proof: 'proof' },
    }),
    buckets(scraped, {
      name: 'anykeeper_absence_seconds',
      help: 'Times in which no client was served, and pauses of this process.',
      label: 'kind',
      values: { outage: 'outage', pause: 'pause' },
    }),
  ]
}

const NAME_OF = new Map(Object.entries(ZK_ERRORS).map(([name, { errno }]) => [-errno, name]))

function errorsOf(errors: readonly number[]) {
  return [...errors.entries()].flatMap(([code, value]) =>
    value === 0 ? [] : [{ labels: { code: NAME_OF.get(code) ?? String(-code) }, value }],
  )
}

interface Buckets {
  readonly name: string
  readonly help: string
  readonly label: string
  /** The label's value for each histogram. */
  readonly values: Readonly<Record<string, HistogramName>>
}

/** One family; each histogram has its label. */
function buckets(scraped: Scraped, { name, help, label, values }: Buckets): Family {
  const samples = () =>
    Object.entries(values).flatMap(([value, of]) =>
      bucketsOf(name, scraped.counts.histograms[of], { [label]: value }),
    )
  return { name, help, type: 'histogram', samples }
}

/** A name without a row, of a line that is newer than the table, is shown as well. */
function mntrFamilies(host: ProxyHost, mntr: MntrValue): readonly Family[] {
  const known = metrics(host).flatMap(([name]) => (name.startsWith('anykeeper_') ? [name] : []))
  const names = new Set([...Object.keys(OWN_NAMES), ...known])
  return [...names].map((name) => {
    const [type, help] = OWN_NAMES[name] ?? (['gauge', name] as const)
    return single(name, type, help, () => mntr(name))
  })
}
