/**
 * Whether clients are served now. Serving ends when the store was silent for too long, and begins behind a read of
 * head that was sent after it had ended. After a pause of this process requests are held until the store
 * was seen again. Neighbours: store-health (judges), keeper (whose state it is), session (holds requests).
 */
import type { Clock } from '../../base/clock.ts'
import type { Faults } from '../../base/faults.ts'
import type { KeeperLimits } from '../../base/limits.ts'
import type { Logger } from '../../base/log.ts'
import type { GroupCommitter } from '../commit/group-committer.ts'
import type { Replica } from '../tree/replica.ts'
import { CHECK_MS, StoreHealth } from './store-health.ts'
import { WriteBehind } from './write-behind.ts'

/** Looks at head that may be in flight together, when the store is slow. */
const PROOFS_MAX = 3
/** Sessions whose held requests are served in one turn of the event loop. */
const RELEASED_PER_TURN = 64

/** The sessions of this member, as they are served or not. */
interface Sessions {
  suspend(): void
  unsuspend(): void
  /** For so long no client could be received from, ms. */
  pause(ms: number): void
  /** Connected ones; `release` serves what was held. false: nothing was. */
  connections(): Iterator<{ release(): boolean }>
}

export interface ServingOptions {
  readonly clock: Clock
  readonly limits: KeeperLimits
  readonly logger: Logger
  readonly faults: Faults
  readonly committer: Pick<GroupCommitter, 'progress' | 'prove' | 'counters'>
  readonly sessions: Sessions
  readonly replica: () => Replica
  /** Nobody is served, whatever the store says. */
  readonly isBarred: () => boolean
  /** Why nobody is served although the store answers; undefined: it is not so. */
  readonly standby: () => string | undefined
  /** The next heartbeat is to be sent now. */
  readonly renewNow: () => void
  /** The feed is to be opened again. */
  readonly onFeedSilent: () => void
  readonly onChange: (isServing: boolean) => void
}

export class Serving {
  readonly health: StoreHealth
  readonly writeBehind: WriteBehind
  /** How often this process was paused and looked at the store first, and how often serving ended. */
  readonly counters = { ownPauses: 0, outages: 0 }
  readonly #options: ServingOptions
  #isServing = false
  /** Requests are held. */
  #isDoubtful = false
  #hasLooked = false
  readonly #lookAgain = (): void => {
    this.#hasLooked = false
  }
  /** When serving ended last, monotonic ms. */
  #suspendedMs: number
  /** When head was read last, and how many reads are in flight. */
  #askedMs = Number.NEGATIVE_INFINITY
  #proofs = 0
  #isBehindStalled = false
  #cancel: (() => void) | undefined

  constructor(options: ServingOptions) {
    this.#options = options
    const { clock, limits, committer } = options
    this.#suspendedMs = clock.monotonic()
    this.health = new StoreHealth({ clock, limits, stalledMs: () => committer.progress.stalledMs })
    this.writeBehind = new WriteBehind({
      clock,
      silenceMsMax: limits.flushSilenceMsMax,
      replica: options.replica,
      flushedKeys: () => committer.counters.flushedKeys,
    })
  }

  get isServing(): boolean {
    return this.#isServing
  }

  /**
   * Requests must wait: this process was paused, and has not seen the store since. One look at the clocks holds for
   * a whole run of a callback: what one chunk of input brings was received before it.
   */
  get isInDoubt(): boolean {
    this.#lookOnce()
    return this.#isDoubtful
  }

  #lookOnce(): void {
    if (this.#hasLooked) return
    this.#hasLooked = true
    queueMicrotask(this.#lookAgain)
    this.#look()
  }

  /** Why this member is not well, in a sentence; undefined: it serves, and what is to be written is written. */
  get trouble(): string | undefined {
    const { lastFailure } = this.#options.committer.counters
    const said = lastFailure === '' ? '' : `; the store said last: ${lastFailure}`
    if (!this.#isServing) {
      const why = this.#options.standby()
      if (why !== undefined) return why
      const { silentMs, unprovenMs, stalledMs } = this.health.silence
      return `no heartbeat for ${silentMs} ms, no proof of freshness for ${unprovenMs} ms, no commit for ${stalledMs} ms${said}`
    }
    if (!this.writeBehind.isStalled) return undefined
    const { size } = this.#options.replica().backlog
    const stalledMs = Math.round(this.writeBehind.stalledMs)
    return `${size} records are behind the journal, and none was written for ${stalledMs} ms${said}`
  }

  start(): void {
    this.#cancel = this.#options.clock.after(CHECK_MS, () => {
      this.start()
      this.#check()
    })
  }

  stop(): void {
    this.#cancel?.()
  }

  /** A heartbeat sent at this monotonic time was confirmed. */
  heartbeat(sentMs: number): void {
    const { clock, committer } = this.#options
    committer.counters.times.heartbeat.observe(clock.monotonic() - sentMs)
    this.health.heartbeat(sentMs)
    this.#storeSeen()
  }

  /** The replica has everything that was committed before this monotonic time. */
  proven(atMs: number): void {
    this.health.proven(atMs)
    this.#storeSeen()
  }

  /** Only a look at head that is sent from now on lets serving begin. */
  beginAfterNow(): void {
    this.#suspendedMs = this.#options.clock.monotonic()
  }

  end(): void {
    if (this.#isServing) this.#set(false)
  }

  /**
   * Disconnects the clients now if the store was silent for too long. To be called before a reply
   * is sent: when a stopped process resumes, input may be read before its timers run.
   */
  check(): void {
    this.#lookOnce()
    if (!this.#isServing || !this.health.isSilent) return
    this.#set(false)
    const fields = { ...this.health.silence, why: this.trouble }
    this.#options.logger.error(fields, 'store out of reach, disconnecting all clients')
  }

  #check(): void {
    this.check()
    this.health.checked()
    this.#lookBehind()
    if (this.health.isFeedSilent) this.#options.onFeedSilent()
    const now = this.#options.clock.monotonic()
    const { freshnessCheckMs } = this.#options.limits
    // A standby has nothing to begin.
    const isIdle = this.#isServing || this.#options.replica().mirrors
    const dueMs = isIdle && !this.#isDoubtful ? freshnessCheckMs : 0
    if (now - Math.max(this.health.provenMs, this.#askedMs) < dueMs) return
    if (this.#proofs < PROOFS_MAX) this.#prove()
  }

  #lookBehind(): void {
    this.writeBehind.look()
    const { isStalled } = this.writeBehind
    if (isStalled === this.#isBehindStalled) return
    this.#isBehindStalled = isStalled
    const { logger } = this.#options
    if (isStalled) logger.error({ why: this.trouble }, 'records are not written behind the journal')
    else logger.info({}, 'records are written behind the journal again')
  }

  #prove(): void {
    const { clock, committer, faults } = this.#options
    const askedMs = clock.monotonic()
    this.#askedMs = askedMs
    this.#proofs++
    const observe = (revision: number | undefined): void => {
      if (revision === undefined) return
      committer.counters.times.proof.observe(clock.monotonic() - askedMs)
    }
    void faults.guard(committer.prove().then(observe), 'a look at head').then(() => {
      this.#proofs--
    })
  }

  /** Was this process paused? Then it looks at the store before it answers. */
  #look(): void {
    const pausedMs = this.health.look()
    if (pausedMs === undefined) return
    const { logger, committer, sessions, renewNow } = this.#options
    this.counters.ownPauses++
    committer.counters.times.pause.observe(pausedMs)
    this.#isDoubtful = true
    logger.warn(
      { pausedMs: Math.round(pausedMs) },
      'this process was paused: requests wait until it has seen the store again',
    )
    // Nothing was received or answered meanwhile.
    committer.progress.resumed(pausedMs)
    sessions.pause(pausedMs)
    this.writeBehind.look(pausedMs)
    renewNow()
    this.#prove()
  }

  #storeSeen(): void {
    if (this.#isDoubtful && !this.health.isInDoubt) {
      this.#isDoubtful = false
      this.#release()
    }
    if (this.#isServing || this.#isDoubtful || this.#options.isBarred()) return
    if (this.health.isSilent || this.health.provenMs < this.#suspendedMs) return
    this.#set(true)
  }

  /** Serves what was held, a few sessions in each turn of the event loop. */
  #release(): void {
    const { sessions, faults } = this.#options
    const connections = sessions.connections()
    const next = (): void => {
      for (let left = RELEASED_PER_TURN; left > 0; ) {
        // Another pause: what is left waits for its end.
        if (this.isInDoubt) return
        const { value: session, done } = connections.next()
        if (done === true) return
        faults.run('a request that was held', () => {
          if (session.release()) left--
        })
      }
      setImmediate(next)
    }
    next()
  }

  #set(isServing: boolean): void {
    const { clock, logger, sessions, committer, onChange } = this.#options
    const now = clock.monotonic()
    this.#isServing = isServing
    if (isServing) {
      const awayMs = Math.round(now - this.#suspendedMs)
      if (this.counters.outages > 0) {
        committer.counters.times.outage.observe(awayMs)
        logger.info({ awayMs }, 'serving clients again')
      }
      sessions.unsuspend()
    } else {
      this.counters.outages++
      this.#suspendedMs = now
      sessions.suspend()
    }
    onChange(isServing)
  }
}
