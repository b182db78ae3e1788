/**
 * Leader election in the znode layout of Curator's LeaderSelector, or of kazoo's Election: the leadership lasts as long as
 * a callback runs. Neighbours: candidacy, leader-latch.
 */
import { optionNames, shown } from '../../base/known-options.ts'
import { pause } from '../../base/pause.ts'
import type { ZooKeeper } from '../zookeeper.ts'
import { CallbackReporter } from './callback-reporter.ts'
import {
  Candidacy,
  leaderOf,
  type Participant,
  participantsOf,
  STAND_AGAIN_MS,
} from './candidacy.ts'
import { checkLinePath, type Line } from './contend.ts'
import { type ContenderLayout, checkLayout } from './contender-name.ts'
import type { Held } from './holding.ts'
import { Leadership } from './leadership.ts'
import { callbackOf, flagOf, idDataOf, readOptions } from './recipe-options.ts'
import { isClosed, unlessAborted } from './session-return.ts'

const GRACE_MS_DEFAULT = 5_000

/** Options of {@link LeaderSelector}. */
export interface SelectorOptions {
  /** What others read of this candidate, UTF-8: Curator's participant id, kazoo's identifier. @default empty */
  readonly id?: string
  /** @default 'curator' */
  readonly layout?: ContenderLayout
  /**
   * This candidate leads while it runs: when it returns, or its promise settles, the leadership is given up. It should end
   * soon after `leadership.signal` is aborted. It never runs twice at the same time. If it throws or rejects, `onError`
   * is called.
   */
  readonly takeLeadership: (leadership: Held) => void | Promise<void>
  /** Stands again after takeLeadership has ended. @default false */
  readonly autoRequeue?: boolean
  /** Exactly once after each takeLeadership began. `reason`: that of the leadership's signal, an AbortError if it was given up. */
  readonly onLost?: (reason: unknown) => void
  /**
   * A callback threw, or this candidate could not stand. It stands again by itself, also with the session that follows a
   * lost one, unless no session follows or the failure is permanent: then {@link LeaderSelector.isClosed}. Without
   * this option what a callback threw is thrown in a task of its own, and so is an error that closes the selector and that no promise
   * rejects with.
   */
  readonly onError?: (error: unknown) => void
  /**
   * How long takeLeadership may run after close() or interrupt() before the leadership is given up under it. Unit ms, 0 or more.
   * @default 5000
   */
  readonly graceMs?: number
}

const OPTIONS = optionNames<SelectorOptions>({
  id: true,
  layout: true,
  takeLeadership: true,
  autoRequeue: true,
  onLost: true,
  onError: true,
  graceMs: true,
})

/**
 * One candidate. A leadership that is lost (its znode deleted, its session ended) makes it stand again, at the end of the
 * line, once takeLeadership has ended; one that is given up does so with `autoRequeue` or requeue(). The path has
 * candidates for children and nothing else; it is made when missing, as a container, or in layout kazoo persistent.
 */
export class LeaderSelector implements AsyncDisposable {
  readonly #client: ZooKeeper
  readonly #line: Line
  readonly #options: Pick<SelectorOptions, 'takeLeadership' | 'onLost' | 'autoRequeue'>
  readonly #graceMs: number
  readonly #report: CallbackReporter
  readonly #candidacy: Candidacy
  #started: Promise<void> | undefined
  #running: Promise<void> | undefined
  #onStanding: () => void = () => {}
  #leadership: Leadership | undefined

  /** @throws {TypeError} the path is invalid, or the root; no takeLeadership; an option is not known, or not valid */
  constructor(client: ZooKeeper, path: string, options: SelectorOptions) {
    checkLinePath(path)
    const given = readOptions<SelectorOptions>(options, OPTIONS)
    const { takeLeadership, onLost, graceMs = GRACE_MS_DEFAULT } = given
    if (typeof takeLeadership !== 'function') {
      throw new TypeError('takeLeadership must be a function')
    }
    if (!(typeof graceMs === 'number' && graceMs >= 0)) {
      throw new TypeError(`graceMs must be 0 or more, got ${shown(graceMs)}`)
    }
    const layout = checkLayout(given.layout ?? 'curator')
    const data = idDataOf(given.id)
    callbackOf(onLost, 'onLost')
    this.#client = client
    this.#line = { client, path, layout, kind: 'lock', data }
    this.#options = {
      takeLeadership,
      autoRequeue: flagOf(given.autoRequeue, 'autoRequeue'),
      ...(onLost && { onLost }),
    }
    this.#graceMs = graceMs
    this.#report = new CallbackReporter(client, callbackOf(given.onError, 'onError'))
    this.#candidacy = new Candidacy(this.#line, {
      onQueued: () => this.#onStanding(),
      lead: (held) => this.#lead(held),
      onRefused: (error) => this.#report.offer(error),
    })
  }

  /** Does this candidate lead now? Looks at the clocks, as {@link Held.isHeld}. */
  get isLeader(): boolean {
    return this.#leadership?.isHeld === true
  }

  /** It stands in line, leads, or will stand again by itself. */
  get isQueued(): boolean {
    return this.#running !== undefined
  }

  /** It stands no more. */
  get isClosed(): boolean {
    return this.#candidacy.closing.aborted
  }

  /**
   * Becomes a candidate, once: later calls return the first one's promise. Resolves when it leads or stands in line.
   * @throws {ZnodeError} it could not stand, and does not try again
   */
  start(): Promise<void> {
    this.#started ??= this.#stand(true)
    return this.#started
  }

  /**
   * Becomes a candidate again after takeLeadership has ended. false: it is one already, is closed, or was not started.
   */
  requeue(): boolean {
    if (this.#started === undefined || this.isQueued || this.isClosed) return false
    this.#stand(false).catch(() => {})
    return true
  }

  /** Aborts the signal of the leadership, if it leads; see {@link SelectorOptions.graceMs}. */
  interrupt(): void {
    this.#leadership?.interrupt()
  }

  /** The id of the candidate that leads; undefined when there is none. @throws {ZnodeError} */
  leader(): Promise<string | undefined> {
    return leaderOf(this.#client, this.#line.path)
  }

  /** All candidates, the leader first, as of now. @throws {ZnodeError} */
  participants(): Promise<readonly Participant[]> {
    return participantsOf(this.#client, this.#line.path)
  }

  /**
   * Steps down, or out of the line. Resolves when takeLeadership has ended, or `graceMs` is over, and its znode is deleted, or
   * its session has ended or may have. May be called again; takeLeadership itself should return instead of waiting for it.
   */
  async close(): Promise<void> {
    this.#candidacy.close()
    this.#leadership?.interrupt()
    await this.#running
    await this.#candidacy.removed()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** `isReceived`: somebody receives its rejection. */
  #stand(isReceived: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      let hasStood = false
      this.#onStanding = (): void => {
        hasStood = true
        resolve()
      }
      const failed = (error: unknown): void => {
        this.#fail(error, isReceived && !hasStood)
        reject(error)
      }
      this.#running = this.#candidacy
        .run()
        .finally(() => {
          this.#running = undefined
        })
        .then(resolve, failed)
    })
  }

  /** Leads while the callback runs. true: it stands again. */
  async #lead(held: Held): Promise<boolean> {
    const { takeLeadership, onLost, autoRequeue = false } = this.#options
    const { closing } = this.#candidacy
    if (closing.aborted) return false
    const leadership = new Leadership(held)
    this.#leadership = leadership
    this.#onStanding()
    let hasThrown = false
    const ran = (async () => takeLeadership(leadership))().catch((error: unknown) => {
      hasThrown = true
      this.#report.report(error)
    })
    const graceOver = leadership.interrupted.then(() => pause(this.#client.clock, this.#graceMs))
    await Promise.race([ran, graceOver])
    leadership.interrupt()
    this.#report.call(() => onLost?.(leadership.signal.reason))
    await held.release().catch((error: unknown) => this.#report.report(error))
    // It never runs twice at the same time; a closed selector does not wait for it.
    await unlessAborted(ran, closing)
    this.#leadership = undefined
    if (hasThrown) await pause(this.#client.clock, STAND_AGAIN_MS, closing)
    return autoRequeue || leadership.isLost
  }

  #fail(error: unknown, isRejected: boolean): void {
    this.#candidacy.close()
    // With its client it is closed on purpose.
    const isOnPurpose = isClosed(this.#client)
    if (!(isRejected || isOnPurpose) || !this.#report.isSilent) this.#report.report(error)
  }
}
