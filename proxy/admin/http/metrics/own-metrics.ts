/** Metrics of anykeeper alone. Those of mntr have the same names there, behind zk_. Neighbours: own-names, provider-metrics. */
import { type Histogram, ZK_ERRORS } from '../../../../lib/internal.ts'
import type { ProxyHost } from '../../../host.ts'
import { ZOOKEEPER_VERSION } from '../../../version.ts'
import { ensembleOf } from '../../ensemble.ts'
import { metrics } from '../../metrics.ts'
import { bucketsOf, type Family, single } from './family.ts'
import type { MntrValue } from './mntr-values.ts'
import { OWN_NAMES } from './own-names.ts'

export function ownMetrics(host: ProxyHost, mntr: MntrValue): readonly Family[] {
  const { keeper, stats } = host
  const { times } = keeper.committer.counters
  return [
    ...mntrFamilies(host, mntr),
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
        return ['standalone', 'leader', 'follower', 'leaderelection'].map((one) => ({
          labels: { mode: one },
          value: one === mode ? 1 : 0,
        }))
      },
    },
    {
      name: 'anykeeper_request_errors',
      type: 'counter',
      help: 'Replies with an error, by its code.',
      samples: () => errorsOf(stats.errors),
    },
    buckets('anykeeper_request_seconds', 'From a request to its reply; of reads one in 64.', {
      kind: { read: stats.readLatency, write: stats.updateLatency },
    }),
    buckets(
      'anykeeper_write_stage_seconds',
      'Stages of writes: a request waits (queue), a batch is planned (plan), committed to the store (commit) and applied ' +
        '(apply); replies of one turn are handed to the sockets (reply).',
      {
        stage: {
          queue: times.queue,
          plan: times.plan,
          commit: times.commit,
          apply: times.apply,
          reply: stats.replyTimes,
        },
      },
    ),
    buckets('anykeeper_store_seconds', 'Answers of the store to heartbeats and looks at head.', {
      call: { heartbeat: times.heartbeat, proof: times.proof },
    }),
    buckets(
      'anykeeper_absence_seconds',
      'Times in which no client was served, and pauses of this process.',
      {
        kind: { outage: times.outage, pause: times.pause },
      },
    ),
  ]
}

const NAME_OF = new Map(Object.entries(ZK_ERRORS).map(([name, { errno }]) => [-errno, name]))

function errorsOf(errors: Float64Array) {
  return [...errors.entries()].flatMap(([code, value]) =>
    value === 0 ? [] : [{ labels: { code: NAME_OF.get(code) ?? String(-code) }, value }],
  )
}

/** One family; each histogram has its label. */
function buckets(
  name: string,
  help: string,
  by: Readonly<Record<string, Readonly<Record<string, Histogram>>>>,
): Family {
  const samples = () =>
    Object.entries(by).flatMap(([label, histograms]) =>
      Object.entries(histograms).flatMap(([value, histogram]) =>
        bucketsOf(name, histogram, { [label]: value }),
      ),
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
