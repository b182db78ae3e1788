/** `npm run bench -- stores`: the same loads on every store that anykeeper can keep its data in. */
import { cpu, latency, rate } from '../report/format.ts'
import { GOALS } from '../report/goals.ts'
import { drain, sideBySide } from '../report/tables.ts'
import { compare, planned } from './comparison.ts'
import type { Suite } from './suite.ts'

const STORES = ['memory', 'file', 'etcd', 'redis']

export const stores: Suite = {
  about: 'every store: memory, file, etcd and Redis',
  async run(context) {
    const plan = planned(context, {
      peers: STORES,
      loads: Object.keys(GOALS),
      rounds: 5,
      seconds: 4,
      warmUp: 1.5,
      ceilings: false,
    })
    const compared = await compare(context, plan)
    return {
      text: [
        compared.head,
        'Per second, median (least–greatest):',
        sideBySide(compared, rate),
        'p50 / p99, ms:',
        sideBySide(compared, latency),
        'CPU µs each, of the proxy and of its store where that is a process of its own:',
        sideBySide(compared, cpu),
        'Seconds until everything was written behind, after the last reply:',
        sideBySide(compared, drain),
      ].join('\n\n'),
    }
  },
}
