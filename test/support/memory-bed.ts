/** The bed of the table of recipes and faults on one memory store, on a clock that only the test moves. */
import { livenessBench, TIMEOUT_MS } from './liveness-bench.ts'
import { settle } from './manual-clock.ts'
import { connect, cutBehindNextTxn, passTime } from './recipe-bench.ts'
import type { Bed } from './recipe-play.ts'

const LOOK_MS = 250
const SESSIONS_MAX = 6

/** Registers its own hooks. */
export function memoryBed(): Bed {
  const bench = livenessBench()
  return {
    timeoutMs: TIMEOUT_MS,
    async seat(options) {
      const member = await bench.start()
      return {
        client: await connect(member, options),
        freeze: (run) => bench.freeze(member, run),
        cut: () => member.store.cut(),
        mend: () => member.store.mend(),
        cutBehindNextWrite: () => cutBehindNextTxn(member, bench.backend),
      }
    },
    rest: settle,
    pass: (ms) => passTime(bench.clock, ms),
    async until(what, check) {
      const lateMs = bench.clock.monotonic() + SESSIONS_MAX * TIMEOUT_MS
      for (;;) {
        await settle()
        // A check may itself wait for a reply.
        const checked = Promise.resolve(check())
        await settle()
        if (await checked) return
        if (bench.clock.monotonic() > lateMs) throw new Error(`not: ${what}`)
        await bench.clock.advance(LOOK_MS)
      }
    },
  }
}
