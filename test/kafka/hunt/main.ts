/**
 * `npm run test:kraft-hunt -- [--brokers 3] [--proxies 2] [--kills 20] [--store etcd|file|zookeeper] [--signal KILL|TERM]`:
 * the whole migration, where a proxy is ended again and again while topics come and go in dual write.
 */
import { parseArgs } from 'node:util'
import { kraftHunt } from './kraft-hunt.ts'

const { values } = parseArgs({
  options: {
    brokers: { type: 'string', default: '3' },
    proxies: { type: 'string', default: '2' },
    kills: { type: 'string', default: '20' },
    store: { type: 'string', default: 'etcd' },
    signal: { type: 'string', default: 'KILL' },
  },
})
const [brokers, proxies, kills] = [values.brokers, values.proxies, values.kills].map(Number)
const { store, signal } = values
if (!(brokers! >= 1 && proxies! >= 1 && kills! >= 0)) throw new Error('numbers are expected')
if (store !== 'etcd' && store !== 'file' && store !== 'zookeeper') throw new Error('no such store')
if (signal !== 'KILL' && signal !== 'TERM') throw new Error('--signal is KILL or TERM')
const report = await kraftHunt({
  ...{ brokers: brokers!, proxies: proxies!, kills: kills!, store, signal },
  log: (line) => console.log(line),
})
console.log(JSON.stringify(report, null, 2))
