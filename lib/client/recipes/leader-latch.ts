/**
 * Leader election in the znode layout of Curator's LeaderLatch, or of kazoo's Election: one candidate that stands
 * until it is closed. Neighbours: candidacy, leader-selector.
 */
import { optionNames } from '../../base/known-options.ts'
import type { ZooKeeper } from '../zookeeper.ts'
import { CallbackReporter } from './callback-reporter.ts'
import { Candidacy, leaderOf } from './candidacy.ts'
import { checkLinePath, type Line } from './contend.ts'
import { type ContenderLayout, checkLayout } from './contender-name.ts'
import type { Held } from './holding.ts'
import { callbackOf, idDataOf, readOptions } from './recipe-options.ts'
import { isClosed, whenAborted } from './session-return.ts'
import { type WaitOptions, WaitScope } from './wait-scope.ts'

/** How soon a leadership in doubt is looked at again by those that wait for it. Unit ms. */
const LOOK_AGAIN_MS = 100

/** Options of {@link LeaderLatch}. */
export interface LatchOptions {
  /** What others read of this candidate, UTF-8: Curator's participant id, kazoo's identifier. @default empty */
  readonly id?: string
  /** @default 'curator' */
  readonly layout?: ContenderLayout
  /**
   * This candidate leads, until `leadership.signal` is aborted. If it throws or rejects, `onError` is called and the
   * latch closes itself, so that another candidate leads.
   */
  readonly onElected?: (leadership: Held) => void | Promise<void>
  /** Exactly once after each `onElected`, also after close(). `reason`: that of the leadership's signal. */
  readonly onLost?: (reason: unknown) => void
  /**
   * A callback threw, or this candidate could not stand. It stands again by itself, also with the session that follows a
   * lost one, unless no session follows or the failure is permanent: then {@link LeaderLatch.isClosed}. Without this option an error that closes the latch, or
   * that onLost threw, and that no promise rejects with, is thrown in a task of its own;
   * not so the end of a session with close().
   */
  readonly onError?: (error: unknown) => void
}

const OPTIONS = optionNames<LatchOptions>({
  id: true,
  layout: true,
  onElected: true,
  onLost: true,
  onError: true,
})

/**
 * One candidate. A candidate whose znode is deleted by another client loses and stands again, at the end of the line.
 * The path has candidates for children and nothing else; it is made when missing, as a container, or in layout kazoo
 * persistent.
 */
export class LeaderLatch implements AsyncDisposable {
  readonly #client: ZooKeeper
  readonly #line: Line
  readonly #options: Pick<LatchOptions, 'onElected' | 'onLost'>
  readonly #report: CallbackReporter
  readonly #candidacy: Candidacy
  #started: Promise<void> | undefined
  #running: Promise<void> | undefined
  #held: Held | undefined
  #hasStood = false
  #onStanding: () => void = () => {}
  /** Why it is closed, if not by its caller. */
  #failure: { readonly error: unknown } | undefined
  readonly #waiting = new Set<() => void>()

  /** @throws {TypeError} the path is invalid, or the root; an option is not known, or not valid */
  constructor(client: ZooKeeper, path: string, options: LatchOptions = {}) {
    checkLinePath(path)
    const given = readOptions<LatchOptions>(options, OPTIONS)
    const layout = checkLayout(given.layout ?? 'curator')
    const data = idDataOf(given.id)
    callbackOf(given.onElected, 'onElected')
    callbackOf(given.onLost, 'onLost')
    this.#client = client
    this.#line = { client, path, layout, kind: 'latch', data }
    this.#options = given
    this.#report = new CallbackReporter(client, callbackOf(given.onError, 'onError'))
    this.#candidacy = new Candidacy(this.#line, {
      onQueued: () => this.#standing(),
      lead: (held) => this.#lead(held),
      onRefused: (error) => this.#report.offer(error),
    })
  }

  /** Does this candidate lead now? Looks at the clocks, as {@link Held.isHeld}. */
  get isLeader(): boolean {
    return this.#held?.isHeld === true
  }

  /** The leadership of this candidate; undefined: it does not lead. */
  get leadership(): Held | undefined {
    return this.isLeader ? this.#held : undefined
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
    this.#started ??= new Promise((resolve, reject) => {
      this.#onStanding = resolve
      const run = this.#candidacy.run().catch((error: unknown) => this.#fail(error))
      this.#running = run.then(() => {
        if (this.#failure === undefined) resolve()
        else reject(this.#failure.error)
      })
    })
    return this.#started
  }

  /**
   * Resolves when this candidate leads. Starts it.
   * @throws the signal's reason; {ZnodeError} ZK_OPERATION_TIMEOUT, ZK_SESSION_EXPIRED; {Error} the latch was closed
   */
  async waitForLeadership(options: WaitOptions = {}): Promise<Held> {
    const scope = new WaitScope(this.#client, this.#line.path, options)
    let cancel: (() => void) | undefined
    this.#waiting.add(scope.wake)
    try {
      this.start().catch(() => {})
      for (;;) {
        scope.sleep()
        const { leadership } = this
        if (leadership !== undefined) return leadership
        if (this.#failure !== undefined) throw this.#failure.error
        if (this.isClosed) throw new Error(`the latch is closed: ${this.#line.path}`)
        if (this.#held !== undefined) cancel = this.#client.clock.after(LOOK_AGAIN_MS, scope.wake)
        await scope.woken()
      }
    } finally {
      cancel?.()
      this.#waiting.delete(scope.wake)
      scope.close()
    }
  }

  /** The id of the candidate that leads; undefined when there is none. @throws {ZnodeError} */
  async leader(): Promise<string | undefined> {
    return leaderOf(this.#client, this.#line.path)
  }

  /**
   * Steps down, or out of the line. Resolves when its znode is deleted, or its session has ended or may have. May be
   * called again. A closed latch is not started again.
   */
  async close(): Promise<void> {
    this.#candidacy.close()
    this.#wakeAll()
    await this.#running
    await this.#candidacy.removed()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #standing(): void {
    this.#hasStood = true
    this.#onStanding()
  }

  /** Leads until the leadership is lost, or the latch is closed. */
  async #lead(held: Held): Promise<true> {
    const { onElected, onLost } = this.#options
    const { closing } = this.#candidacy
    const release = (): void =>
      void held.release().catch((error: unknown) => this.#report.report(error))
    closing.addEventListener('abort', release, { once: true })
    if (closing.aborted) release()
    else {
      this.#held = held
      this.#standing()
      this.#wakeAll()
      this.#report.call(
        () => onElected?.(held),
        (error) => this.#fail(error),
      )
    }
    await whenAborted(held.signal)
    closing.removeEventListener('abort', release)
    if (this.#held !== undefined) {
      this.#held = undefined
      this.#report.call(() => onLost?.(held.signal.reason))
    }
    return true
  }

  #fail(error: unknown): void {
    // With its client it is closed on purpose.
    const isOnPurpose = isClosed(this.#client)
    const isRejected = isOnPurpose || !this.#hasStood || this.#waiting.size > 0
    this.#failure ??= { error }
    this.#candidacy.close()
    this.#wakeAll()
    if (!isRejected || !this.#report.isSilent) this.#report.report(error)
  }

  #wakeAll(): void {
    for (const wake of [...this.#waiting]) wake()
  }
}
