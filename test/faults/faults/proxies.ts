/** A proxy that dies, hangs or is restarted. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { AnykeeperFault } from '../fault.ts'

export const proxyFaults: readonly AnykeeperFault[] = [
  {
    peer: 'anykeeper',
    name: 'proxy SIGKILL',
    bed: 'ordinary',
    before: '0.1',
    goal: { gapS: 0.5, noneLost: true, text: 'as today: 0.1' },
    async run({ bed, random, healed }) {
      const server = bed.servers[Math.floor(random() * 3)]!
      await server.kill()
      await sleep(5_000)
      await server.start()
      healed()
    },
  },
  {
    peer: 'anykeeper',
    name: 'proxy SIGSTOP 2 s',
    bed: 'ordinary',
    before: '0.1',
    goal: { gapS: 0.5, noneLost: true, text: 'as today: 0.1' },
    async run({ bed, random, healed }) {
      const { child } = bed.servers[Math.floor(random() * 3)]!
      child.signal('SIGSTOP')
      await sleep(2_000)
      child.signal('SIGCONT')
      healed()
    },
  },
  {
    peer: 'anykeeper',
    name: 'proxy SIGSTOP 15 s',
    bed: 'ordinary',
    goal: { gapS: 0.5, noneLost: true, text: '≤ 0.5; its own' },
    async run({ bed, random, healed }) {
      const { child } = bed.servers[Math.floor(random() * 3)]!
      child.signal('SIGSTOP')
      await sleep(15_000)
      child.signal('SIGCONT')
      healed()
    },
  },
  {
    peer: 'anykeeper',
    name: 'rolling restart of proxies',
    bed: 'ordinary',
    before: '0.2',
    goal: { gapS: 0.5, noneLost: true, text: 'as today: 0.2' },
    async run({ bed, healed }) {
      for (const server of bed.servers) {
        await server.end()
        await server.start()
        await sleep(1_500)
      }
      healed()
    },
  },
]
