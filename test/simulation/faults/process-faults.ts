/** Faults of processes: stopped and continued, killed and started again, proxies and clients. */
import type { WakeOrder } from '../world/sim-node.ts'
import type { Bed, Fault } from './bed.ts'

const WAKE_ORDERS: readonly WakeOrder[] = ['as-due', 'timers-first', 'input-first']

function freezeProxy(bed: Bed) {
  const { node } = bed.random.pick(bed.proxies)
  if (node.isFrozen) return undefined
  const order = bed.random.pick(WAKE_ORDERS)
  node.freeze()
  return () => node.wake(order)
}

export const PROCESS_FAULTS: readonly Fault[] = [
  { name: 'proxy pauses', weight: 3, lastsMs: [20, 500], start: freezeProxy },
  { name: 'proxy frozen', weight: 4, lastsMs: [500, 13_000], start: freezeProxy },
  {
    name: 'proxy killed',
    weight: 4,
    lastsMs: [50, 9_000],
    start({ proxies, random }) {
      const proxy = random.pick(proxies)
      if (!proxy.isWanted) return undefined
      proxy.kill()
      return () => proxy.start()
    },
  },
  {
    name: 'proxy restarted',
    weight: 2,
    lastsMs: [3_000, 6_000],
    start({ proxies, random }) {
      const proxy = random.pick(proxies)
      if (!proxy.isWanted || proxy.node.isFrozen || !proxy.isListening) return undefined
      proxy.stop(() => {})
      return () => {
        // What a polite stop has not finished by then is ended.
        proxy.kill()
        proxy.start()
      }
    },
  },
  {
    name: 'client frozen',
    weight: 2,
    lastsMs: [500, 12_000],
    start({ clients, random }) {
      const { node } = random.pick(clients)
      if (node.isFrozen) return undefined
      node.freeze()
      return () => node.wake('as-due')
    },
  },
  {
    name: 'client killed',
    weight: 1,
    lastsMs: [1, 2],
    start(bed) {
      if (bed.clientsKilled >= bed.clients.length - 2) return undefined
      bed.clientsKilled++
      // The first ones do the set-up.
      bed.clients.at(-bed.clientsKilled)?.kill()
      return undefined
    },
  },
]
