/**
 * After a take-over the ensemble must not serve: a member looks at its client addresses from time to time, says loudly when one
 * of them answers as ZooKeeper, and until when. Neighbours: probe, member/upkeep/source-watch.
 */
import { type Clock, systemClock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { Keeper } from '../member/keeper.ts'
import { knownAddresses, PROBE_BOUNDS, probeClientPort } from './probe.ts'

/** Bounds of looking, unless given. Unit: ms. */
export const GUARD_BOUNDS = { intervalMs: 10_000, lookMs: PROBE_BOUNDS.lookMs } as const
/**
 * A migration that is taken over is noticed so soon: a pace of this process alone, which reads nothing but its own memory. Nobody
 * is served sooner or later for it. Unit: ms.
 */
const PHASE_MS = 1_000

export interface SourceGuardOptions {
  readonly keeper: Keeper
  readonly logger: Logger
  readonly clock?: Clock
  /** Between two looks, ms. @default {@link GUARD_BOUNDS} */
  readonly intervalMs?: number
  /** For one address to answer, ms. @default {@link GUARD_BOUNDS} */
  readonly lookMs?: number
  /** Called once, when a member that stood by begins to serve. */
  readonly onTakenOver?: () => void
}

export class SourceGuard {
  readonly #options: SourceGuardOptions
  readonly #clock: Clock
  #alive = ''
  #cancel: (() => void) | undefined
  #stopped = false
  #lookedMs = Number.NEGATIVE_INFINITY
  #wasStandby: boolean

  constructor(options: SourceGuardOptions) {
    this.#options = options
    this.#clock = options.keeper.faults.guardedClock(options.clock ?? systemClock)
    this.#wasStandby = options.keeper.replica.mirrors
  }

  /** Ends by itself where there is nothing to be looked at. */
  start(): void {
    const { keeper, logger } = this.#options
    const { phase, record } = keeper.upkeep.source
    if (this.#stopped || phase === undefined) return
    if (phase === 'taken' && this.#wasStandby) {
      this.#wasStandby = false
      logger.info({ zxid: keeper.replica.zxid }, 'the tree is taken over: clients are served')
      this.#options.onTakenOver?.()
    }
    this.#cancel = this.#clock.after(PHASE_MS, () => {
      const { intervalMs = GUARD_BOUNDS.intervalMs } = this.#options
      const isDue = this.#clock.monotonic() - this.#lookedMs >= intervalMs
      const isOurs = phase === 'taken' && keeper.registry.isFirst
      const looked =
        isDue && isOurs && record !== undefined
          ? this.#look(knownAddresses(record).clients)
          : undefined
      const guarded = keeper.faults.guard(Promise.resolve(looked), 'a look at the ensemble')
      void guarded.then(() => this.start())
    })
  }

  stop(): void {
    this.#stopped = true
    this.#cancel?.()
  }

  async #look(servers: readonly string[]): Promise<void> {
    const { keeper, logger, lookMs = GUARD_BOUNDS.lookMs } = this.#options
    this.#lookedMs = this.#clock.monotonic()
    const found = await Promise.all(
      servers.map((at) => probeClientPort(at, { clock: this.#clock, lookMs })),
    )
    // Something accepted a connection and said nothing in time: it may be a server of theirs that hangs.
    keeper.upkeep.source.silent = found.filter(
      ({ what, isWhole }) => what === 'open' && !isWhole,
    ).length
    const alive = servers.filter((_, at) => found[at]?.what === 'serves')
    keeper.upkeep.source.alive = alive.length
    const text = alive.join(', ')
    if (text === this.#alive) return
    this.#alive = text
    if (text === '') logger.info({}, 'the ZooKeeper ensemble serves no clients any more')
    else {
      logger.error(
        { servers: text },
        'the ZooKeeper ensemble serves clients again after the take-over: stop it, its tree is not this one any more',
      )
    }
  }
}
