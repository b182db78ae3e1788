/** `npm run bench -- values`: other sizes and shapes than those of the goals. */
import { peerTables } from '../report/tables.ts'
import { compare, planned } from './comparison.ts'
import type { Suite } from './suite.ts'

/** 1 MiB less 1 KiB: jute.maxbuffer counts the rest of the packet too. */
const LARGE = 1_047_552

export const values: Suite = {
  about: 'other sizes and shapes: children, misses, 1 KiB to 1 MiB, one hot znode, setWatches',
  async run(context) {
    const { quick } = context.options
    const plan = planned(context, {
      peers: ['zookeeper', 'anykeeper'],
      loads: [
        'children:10',
        'children:1000',
        quick ? 'children:2000' : 'children:100000',
        'exists-miss',
        'value-get:1024',
        'value-get:65536',
        `value-get:${LARGE}`,
        'value-set:1024',
        'value-set:65536',
        `value-set:${LARGE}`,
        'hot-set',
        quick ? 'set-watches:1000' : 'set-watches:100000',
      ],
      rounds: 3,
      seconds: 4,
      warmUp: 1.5,
      ceilings: true,
      // With less it ends the connections that set values of 1 MiB.
      heapMib: 4_000,
    })
    const compared = await compare(context, plan)
    return { text: `${compared.head}\n\n${peerTables(compared, false)}` }
  },
}
