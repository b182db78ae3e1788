/** A bed whose store can be restored from a backup, and whose seats are machines with clocks of their own. Neighbours: recipe-weather, memory-bed. */
import { everyStep } from '../../lib/base/every-step.ts'
import { type ClientOptions, connect, Keeper } from '../../lib/index.ts'
import { cutStore } from './cut-store.ts'
import { SILENCE_MS, TICK_MS, TIMEOUT_MS, TTL_MS } from './liveness-bench.ts'
import { ManualClock, settle } from './manual-clock.ts'
import { passTime } from './recipe-bench.ts'
import type { Bed, Seat } from './recipe-play.ts'
import { Address, type Snapshot } from './switched-store.ts'
import { WeatherClock } from './weather-clock.ts'

const LOOK_MS = 250
const SESSIONS_MAX = 6
const LIMITS = {
  ...{ tickTimeMs: TICK_MS, sessionTimeoutMsMin: 2_000, sessionTimeoutMsMax: 20_000 },
  ...{ proxyTtlMs: TTL_MS, storeSilenceMsMax: SILENCE_MS, feedSilenceMsMax: 4_000 },
  ...{ historyRetentionMs: 0, reaperIntervalMs: 3_600_000 },
}

export interface WeatherSeat extends Seat {
  /** Of its wall clock. Unit ms. */
  jump(ms: number): void
  /** Its machine is suspended while `run` lasts. */
  suspend(run: () => Promise<void>): Promise<void>
}

export interface WeatherBed extends Bed {
  seat(options?: Pick<ClientOptions, 'renew' | 'retryMs'>): Promise<WeatherSeat>
  snapshot(): Promise<Snapshot>
  /** The store has what the backup has, and nothing of what came behind it. */
  restore(backup: Snapshot): Promise<void>
}

/** Registers its own hooks. */
export function weatherBed(): WeatherBed {
  let clock: ManualClock
  let address: Address
  let ends: (() => unknown)[]
  beforeEach(() => {
    clock = new ManualClock()
    address = new Address(clock)
    ends = []
  })
  afterEach(() => everyStep(ends.toReversed()))

  return {
    timeoutMs: TIMEOUT_MS,
    async seat(options) {
      const store = cutStore(address.handle())
      const own = new WeatherClock(clock)
      const keeper = await Keeper.open({ store, clock: own, limits: LIMITS })
      const client = await connect(keeper, { ...options, timeoutMs: TIMEOUT_MS })
      ends.push(async () => {
        store.mend()
        const closed = keeper.close(0)
        await clock.advance(0)
        await closed
        await store.close()
      })
      const whileCut = async (run: () => Promise<void>, end: () => void): Promise<void> => {
        store.cut()
        try {
          await run()
        } finally {
          end()
          store.mend()
        }
      }
      return {
        client,
        cut: () => store.cut(),
        mend: () => store.mend(),
        jump: (ms) => own.jump(ms),
        suspend(run) {
          own.suspend()
          return whileCut(run, () => own.resume())
        },
        freeze: () => Promise.reject(new Error('not here')),
        cutBehindNextWrite: () => expectNot(),
      }
    },
    rest: settle,
    pass: (ms) => passTime(clock, ms),
    async until(what, check) {
      const lateMs = clock.monotonic() + SESSIONS_MAX * TIMEOUT_MS
      for (;;) {
        await settle()
        const checked = Promise.resolve(check())
        await settle()
        if (await checked) return
        if (clock.monotonic() > lateMs) throw new Error(`not: ${what}`)
        await clock.advance(LOOK_MS)
      }
    },
    snapshot: () => address.snapshot(),
    restore: (backup) => address.restore(backup),
  }
}

function expectNot(): never {
  throw new Error('not here')
}
