/** The wall clock of one proxy is two minutes off; its sense of time that passes is right. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { AnykeeperBed } from '../bed/anykeeper-bed.ts'
import { missingFaketime } from '../bed/named-beds.ts'
import { SessionClient } from '../client/session-client.ts'
import type { AnykeeperFault, BedName, FaultContext } from '../fault.ts'

const ttlMs = 20_000
const lookMs = 500
/** The reaper looks from time to time; how late it may be is no question of clocks. */
const lateMsMax = 90_000

function clockFault(name: string, bed: BedName): AnykeeperFault {
  return {
    peer: 'anykeeper',
    name,
    bed,
    missing: missingFaketime,
    goal: {
      gapS: 0.5,
      noneDisconnected: true,
      noneLost: true,
      text: '≤ 0.5; none; TTLs and sessions as long as they should',
    },
    run: ttlLives,
  }
}

export const clockFaults: readonly AnykeeperFault[] = [
  clockFault('clock of one proxy 120 s ahead', 'clock ahead'),
  clockFault('clock of one proxy 120 s behind', 'clock behind'),
]

/** A TTL znode made through each proxy lives its TTL, and not longer than that and the reaper. */
async function ttlLives(context: FaultContext<AnykeeperBed>): Promise<void> {
  const { bed, witness, note, healed } = context
  const clients = bed.servers.map(({ port }, index) =>
    new SessionClient({
      name: `ttl${index}-${Math.floor(context.random() * 1e9)}`,
      ports: [port],
      timeoutMs: 10_000,
      observer: witness,
    }).start(0),
  )
  try {
    const lives = await Promise.all(
      clients.map(async (client) => {
        const path = `/ttl-${client.name}`
        const { err } = await client.call(21, { path, data: '', ttlMs, flags: 5 })
        if (err !== 0) throw new Error(`create with a TTL was answered ${err}`)
        const madeMs = performance.now()
        for (;;) {
          await sleep(lookMs)
          const livedMs = performance.now() - madeMs
          const found = await client.call(3, { path })
          if (found.err === -101) return livedMs
          if (livedMs > ttlMs + lateMsMax) return livedMs
        }
      }),
    )
    note(`TTL znodes of 20 s lived ${lives.map((ms) => (ms / 1_000).toFixed(1)).join(', ')} s`)
    for (const [index, livedMs] of lives.entries()) {
      const text = `made through proxy ${index}, TTL ${ttlMs} ms, lived ${Math.round(livedMs)} ms`
      if (livedMs < ttlMs) witness.violation('a TTL znode was reaped early', text)
      if (livedMs > ttlMs + lateMsMax) witness.violation('a TTL znode was never reaped', text)
    }
  } finally {
    await Promise.all(clients.map((client) => client.stop()))
  }
  healed()
}
