/**
 * Whether new clients should be sent here. It ends as soon as one of the facts says so, each of which has its own patience, and
 * begins again when all have been well for a moment, so that one that comes and goes does not flap. Nobody is disconnected because
 * of it. Neighbours: health-routes (shows it), upkeep/serving (which clients are served), admin-server.
 */
import type { Clock, Keeper, Logger } from '../../../lib/internal.ts'

/** Between two looks. Unit ms. */
const LOOK_MS = 250
/** Requests wait for so long while none is answered: nothing is committed. Unit ms. */
export const COMMITS_STALLED_MS = 4_000
/** The store took nothing for so long, or said that it is full: not even a session can be opened. Unit ms. */
const FULL_MS = 3_000
/** All must have been well for so long before it is ready again. Unit ms. */
const WELL_MS = 500

export type CheckName = 'draining' | 'loading' | 'serving' | 'commits' | 'space'

/** One of the facts. `reason`: a sentence; undefined: it is well. */
export interface Check {
  readonly name: CheckName
  readonly reason: string | undefined
}

export class Readiness {
  /** How often it ended, draining left out. */
  losses = 0
  readonly #clock: Clock
  readonly #logger: Logger
  #keeper: Keeper | undefined
  #drainReason: string | undefined
  #loading = 'the tree is loading'
  #isReady = false
  /** Since when all facts are well, monotonic ms; undefined: they are not. */
  #wellSinceMs: number | undefined
  /** It was ready before. */
  #hasBegun = false
  #checks: readonly Check[] = []
  readonly #space = new SpaceCheck()
  #cancel: (() => void) | undefined

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock
    this.#logger = logger
    this.#look()
    this.#arm()
  }

  get isReady(): boolean {
    this.#look()
    return this.#isReady
  }

  /** As of {@link isReady}. */
  get checks(): readonly Check[] {
    return this.#checks
  }

  /** What is being done before clients can be served, as a sentence. */
  loading(sentence: string): void {
    this.#loading = sentence
  }

  /** The tree is loaded, and clients are accepted. */
  attach(keeper: Keeper): void {
    this.#keeper = keeper
    this.#look()
  }

  /** Clients should be sent elsewhere from now on; those that are here are served. */
  drain(reason: string): void {
    this.#drainReason = reason
    this.#look()
  }

  stop(): void {
    this.#cancel?.()
  }

  #arm(): void {
    this.#cancel = this.#clock.after(LOOK_MS, () => {
      this.#arm()
      this.#look()
    })
  }

  #look(): void {
    const now = this.#clock.monotonic()
    const keeper = this.#keeper
    this.#checks = [
      { name: 'draining', reason: this.#drainReason },
      { name: 'loading', reason: keeper === undefined ? this.#loading : undefined },
      ...(keeper === undefined ? [] : this.#checksOf(keeper)),
    ]
    const isWell = this.#checks.every(({ reason }) => reason === undefined)
    if (!isWell) {
      this.#wellSinceMs = undefined
      if (this.#isReady) this.#end()
      return
    }
    this.#wellSinceMs ??= now
    if (this.#isReady) return
    if (this.#hasBegun && now - this.#wellSinceMs < WELL_MS) return
    this.#isReady = true
    if (this.#hasBegun) this.#logger.info({}, 'ready for clients again')
    this.#hasBegun = true
  }

  #checksOf(keeper: Keeper): readonly Check[] {
    return [
      { name: 'serving', reason: servingReason(keeper) },
      { name: 'commits', reason: commitsReason(keeper) },
      { name: 'space', reason: this.#space.reason(keeper) },
    ]
  }

  #end(): void {
    this.#isReady = false
    const reasons = this.#checks.flatMap(({ reason }) => reason ?? [])
    if (this.#drainReason === undefined) this.losses++
    this.#logger.warn({ reasons }, 'not ready for clients')
  }
}

function servingReason(keeper: Keeper): string | undefined {
  if (keeper.isClosed) return 'the server is stopping'
  return keeper.isServing ? undefined : (keeper.trouble ?? 'clients are not served')
}

function commitsReason({ committer }: Keeper): string | undefined {
  const stalledMs = Math.round(committer.progress.stalledMs)
  if (stalledMs < COMMITS_STALLED_MS) return undefined
  const { lastFailure } = committer.counters
  const said = lastFailure === '' ? '' : `; the store said last: ${lastFailure}`
  return `requests have been waiting for ${stalledMs} ms while none was committed${said}`
}

/** A session that is opened is a write, so a client that comes could not be served. */
class SpaceCheck {
  /** Batches that had been committed when the store was first seen to be full; undefined: it is not. */
  #batches: number | undefined

  reason({ committer, upkeep }: Keeper): string | undefined {
    const { forMs } = committer.full
    const { batches } = committer.counters
    this.#batches = upkeep.space?.isFull === true ? (this.#batches ?? batches) : undefined
    if (forMs >= FULL_MS) {
      return `the store has no space: it has taken no write for ${Math.round(forMs)} ms`
    }
    // A commit may show sooner than the next look that there is space again.
    const isFull = this.#batches === batches
    return isFull ? 'the store has no space, and refuses all writes' : undefined
  }
}
