/** `npm run bench -- stores`: the same loads on every store that anykeeper can keep its data in. */
import { GOALS } from '../report/goals.ts'
import { anyPeers } from '../report/tables.ts'
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
    return { text: `${compared.head}\n\n${anyPeers(compared)}` }
  },
}
