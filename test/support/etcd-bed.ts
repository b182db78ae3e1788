/** The bed of the table of recipes and faults on a real etcd, with real clocks: one member of the ensemble for each seat. */
import { openEtcdStore } from '../../adapters/etcd/etcd-store.ts'
import { everyStep } from '../../lib/base/every-step.ts'
import { connect, Keeper, systemClock, type ZooKeeper } from '../../lib/index.ts'
import { cutBehindNextBatch, cutStore } from './cut-store.ts'
import { eventually } from './eventually.ts'
import { FreezableClock } from './freezable-clock.ts'
import { CELL_MS, type OpenBed } from './matrix-cells.ts'

const TIMEOUT_MS = 4_000
const WAIT_MS = 40_000

/** Shorter than the defaults, so that an outage is noticed within half a session. */
const LIMITS = {
  tickTimeMs: 500,
  sessionTimeoutMsMin: 1_000,
  proxyTtlMs: 3_000,
  storeSilenceMsMax: 1_000,
}

let beds = 0

/** Members are opened one after the other: many that start together would take the time that the sessions of others need. */
let opening: Promise<unknown> = Promise.resolve()

function inTurn<T>(open: () => Promise<T>): Promise<T> {
  const next = opening.then(open)
  opening = next.catch(() => {})
  return next
}

/** `host`: of etcd, where it has a prefix of its own. */
export async function openEtcdBed(host: string): Promise<OpenBed> {
  const ends: (() => Promise<void>)[] = []
  const clients: ZooKeeper[] = []
  const prefix = `/matrix-${++beds}`
  const endMs = performance.now() + CELL_MS

  const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

  return {
    timeoutMs: TIMEOUT_MS,
    async seat(options) {
      const parts: (() => unknown)[] = []
      ends.push(() => everyStep(parts.toReversed()))
      const inner = await inTurn(() => openEtcdStore({ hosts: [host] }))
      const store = cutStore(inner)
      parts.push(() => store.close())
      const clock = new FreezableClock(systemClock)
      const keeper = await inTurn(() => Keeper.open({ store, clock, prefix, limits: LIMITS }))
      parts.push(() => keeper.close())
      const client = await connect(keeper, { ...options, timeoutMs: TIMEOUT_MS })
      clients.push(client)
      parts.push(() => client.close())
      parts.push(() => store.mend())
      return {
        client,
        async freeze(run) {
          clock.freeze()
          store.cut()
          try {
            await run()
          } finally {
            clock.thaw()
            store.mend()
          }
        },
        cut: () => store.cut(),
        mend: () => store.mend(),
        cutBehindNextWrite: () => cutBehindNextBatch(store, inner),
      }
    },
    async rest() {
      // What every client has sent is answered, and what it saw is passed on.
      for (let turn = 0; turn < 3; turn++) {
        for (const client of clients) {
          if (client.state === 'connected') await client.sync().catch(() => {})
        }
      }
    },
    pass: sleep,
    until: async (what, check) => {
      await eventually(what, check, Math.max(0, Math.min(WAIT_MS, endMs - performance.now())))
    },
    close: () => everyStep(ends),
  }
}
