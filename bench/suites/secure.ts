/** `npm run bench -- secure`: what TLS costs, here and in ZooKeeper; what an audit log and a scrape a second cost here. */
import { peerTables } from '../report/tables.ts'
import { compare, planned } from './comparison.ts'
import type { Suite } from './suite.ts'

export const secure: Suite = {
  about:
    'reads and writes with TLS, an audit log or metrics and without, beside ZooKeeper 3.9 on Netty',
  async run(context) {
    const plan = planned(context, {
      peers: [
        'zookeeper-netty',
        'zookeeper-tls',
        'anykeeper',
        'anykeeper-tls',
        'audited',
        'scraped',
      ],
      loads: ['value-get:1024', 'value-set:1024', 'value-get:65536'],
      rounds: 3,
      seconds: 4,
      warmUp: 1.5,
      ceilings: false,
    })
    const compared = await compare(context, plan)
    return { text: `${compared.head}\n\n${peerTables(compared, false)}` }
  },
}
