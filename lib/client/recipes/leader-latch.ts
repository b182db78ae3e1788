/**
 * Leader election in the znode layout of Curator's LeaderLatch, or of kazoo's Election: one candidate that stands
 * until it is closed. Neighbours: contend, holding.
 */
import { ZnodeError } from '../../model/errors.ts'
import { childOf } from '../../model/path.ts'
import type { ZooKeeper } from '../zookeeper.ts'
import { checkLinePath, contend, type Line } from './contend.ts'
import { type ContenderLayout, inOrder } from './contender-name.ts'
import type { Held } from './holding.ts'
import { isOver, orSessionEnd, whenConnected } from './session-end.ts'
import { type WaitOptions, WaitScope } from './wait-scope.ts'

/** Before a candidate stands again that the store refused for now. Unit ms. */
const STAND_AGAIN_MS = 1_000

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
   * A callback threw, or this candidate could not stand. It stands again by itself unless the session is over or the
   * failure is permanent: then {@link LeaderLatch.isClosed}. Without this option an error that closes the latch, or
   * that onLost threw, and that no promise rejects with, is thrown in a task of its own;
   * not so the end of a session with close().
   */
  readonly onError?: (error: unknown) => void
}

/**
 * One candidate. A candidate whose znode is deleted by another client loses and stands again, at the end of the line.
 * The path has candidates for children and nothing else; it is made when missing, as a container, or in layout kazoo
 * persistent.
 */
export class LeaderLatch implements AsyncDisposable {
  readonly #client: ZooKeeper
  readonly #line: Line
  readonly #options: LatchOptions
  readonly #closing = new AbortController()
  #started: Promise<void> | undefined
  #running: Promise<void> | undefined
  #held: Held | undefined
  #hasStood = false
  /** The znodes of waits that were given up. */
  #removed = Promise.resolve()
  /** Why it is closed, if not by its caller. */
  #failure: { readonly error: unknown } | undefined
  readonly #waiting = new Set<() => void>()

  /** @throws {TypeError} the path is invalid, or the root */
  constructor(client: ZooKeeper, path: string, options: LatchOptions = {}) {
    checkLinePath(path)
    const { layout = 'curator', id } = options
    const data = id === undefined ? null : Buffer.from(id)
    this.#client = client
    this.#line = { client, path, layout, kind: 'latch', data }
    this.#options = options
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
    return this.#closing.signal.aborted
  }

  /**
   * Becomes a candidate, once: later calls return the first one's promise. Resolves when it leads or stands in line.
   * @throws {ZnodeError} it could not stand, and does not try again
   */
  start(): Promise<void> {
    this.#started ??= new Promise((resolve, reject) => {
      const onStanding = (): void => {
        this.#hasStood = true
        resolve()
      }
      this.#running = this.#run(onStanding).then(() => {
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
    const { path } = this.#line
    if ((await this.#client.exists(path)) === undefined) return undefined
    const first = inOrder((await this.#client.getChildren(path)).children)[0]
    if (first === undefined) return undefined
    const { data } = await this.#client.getData(childOf(path, first))
    return Buffer.from(data ?? []).toString()
  }

  /**
   * Steps down, or out of the line. Resolves when its znode is deleted, or its session has ended or may have. May be
   * called again. A closed latch is not started again.
   */
  async close(): Promise<void> {
    this.#closing.abort()
    this.#wakeAll()
    await this.#running
    await orSessionEnd(this.#client, this.#removed)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Stands until it is closed. Never rejects. */
  async #run(onStanding: () => void): Promise<void> {
    const { signal } = this.#closing
    const closed = new Promise<false>((resolve) => {
      signal.addEventListener('abort', () => resolve(false), { once: true })
    })
    while (!signal.aborted) {
      try {
        const onAbandoned = (removed: Promise<void>): void => {
          this.#removed = removed
        }
        const hooks = { onQueued: onStanding, onAbandoned }
        const held = await contend(this.#line, { signal }, hooks)
        await this.#lead(held, onStanding)
      } catch (error) {
        if (signal.aborted) return
        const mayStandAgain = await Promise.race([this.#mayStandAgain(error), closed])
        if (signal.aborted) return
        if (!mayStandAgain) return this.#fail(error)
        if (this.#options.onError !== undefined) this.#report(error)
      }
    }
  }

  async #lead(held: Held, onStanding: () => void): Promise<void> {
    const { onElected, onLost } = this.#options
    const ended = new Promise<void>((resolve) => {
      held.signal.addEventListener('abort', () => resolve(), { once: true })
      if (held.signal.aborted) resolve()
    })
    const release = (): void => void held.release().catch((error: unknown) => this.#report(error))
    this.#closing.signal.addEventListener('abort', release, { once: true })
    if (this.isClosed) release()
    else {
      this.#held = held
      onStanding()
      this.#wakeAll()
      this.#call(
        async () => onElected?.(held),
        (error) => this.#fail(error),
      )
    }
    await ended
    this.#closing.signal.removeEventListener('abort', release)
    if (this.#held !== undefined) {
      this.#held = undefined
      this.#call(
        async () => onLost?.(held.signal.reason),
        (error) => this.#report(error),
      )
    }
    await held.release().catch(() => {})
  }

  /** A refusal for now, or a session that may have ended and has not. */
  async #mayStandAgain(error: unknown): Promise<boolean> {
    const { client } = this.#line
    if (!(error instanceof ZnodeError) || !(await whenConnected(client))) return false
    if (error.code === 'ZK_SESSION_EXPIRED') return true
    if (!error.retriable) return false
    await new Promise<void>((resolve) => client.clock.after(STAND_AGAIN_MS, resolve))
    return !isOver(client)
  }

  #fail(error: unknown): void {
    // With its client it is closed on purpose.
    const isClosed = this.#client.state === 'closed'
    const isRejected = isClosed || !this.#hasStood || this.#waiting.size > 0
    this.#failure ??= { error }
    this.#closing.abort()
    this.#wakeAll()
    if (!isRejected || this.#options.onError !== undefined) this.#report(error)
  }

  #call(callback: () => Promise<unknown>, onFailure: (error: unknown) => void): void {
    callback().catch(onFailure)
  }

  #report(error: unknown): void {
    const { onError } = this.#options
    try {
      if (onError === undefined) throw error
      onError(error)
    } catch (uncaught) {
      queueMicrotask(() => {
        throw uncaught
      })
    }
  }

  #wakeAll(): void {
    for (const wake of [...this.#waiting]) wake()
  }
}
