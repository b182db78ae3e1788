/**
 * A step that is repeated whenever something may have changed, through outages and from one session to the next: what
 * lives longer than a session is kept so. Neighbours: persistent-node, group-member, session-return.
 */
import { pause } from '../../base/pause.ts'
import { isZnodeError, ZK_ERRORS, ZnodeError } from '../../model/errors.ts'
import { whenConnected } from '../when-connected.ts'
import type { ZooKeeper } from '../zookeeper.ts'
import { mayPass, unlessAborted } from './session-return.ts'

/** Before a step that the store refused for now is repeated. Unit ms. */
export const REFUSED_AGAIN_MS = 1_000

/** Before a step is repeated whose connection or session was lost, and is back. Unit ms. */
export const LOST_AGAIN_MS = 100

export interface LiveHooks {
  /** Sets its watches with {@link LiveLoop.wake}. May reject. */
  readonly step: () => Promise<void>
  /** The store refused it for now; it is repeated. */
  readonly onRefused: (error: unknown) => void
  /** It is not repeated any more: the failure is permanent, or ZK_SESSION_EXPIRED, and no session follows. */
  readonly onEnded: (error: unknown) => void
}

export class LiveLoop {
  readonly #client: ZooKeeper
  readonly #hooks: LiveHooks
  readonly #closing = new AbortController()
  #running: Promise<void> | undefined
  #isAwake = false
  #wakeUp: () => void = () => {}

  constructor(client: ZooKeeper, hooks: LiveHooks) {
    this.#client = client
    this.#hooks = hooks
  }

  /** Something may have changed. The same function each time: a watch of one path has it once. */
  readonly wake = (): void => {
    this.#isAwake = true
    this.#wakeUp()
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted
  }

  /** Once. */
  start(): void {
    this.#running ??= this.#run()
  }

  /** Resolves when no step is running. */
  close(): Promise<void> {
    this.#closing.abort()
    return this.#running ?? Promise.resolve()
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing
    const cancel = this.#client.onStateChange(this.wake)
    while (!signal.aborted) {
      this.#isAwake = false
      try {
        const isBack = await unlessAborted(whenConnected(this.#client), signal)
        if (signal.aborted) break
        if (isBack !== true) throw new ZnodeError(ZK_ERRORS.SESSION_EXPIRED.errno)
        await this.#hooks.step()
        await unlessAborted(this.#woken(), signal)
      } catch (error) {
        if (signal.aborted) break
        const againMs = await this.#againMs(error)
        if (signal.aborted) break
        if (againMs === undefined) {
          this.#closing.abort()
          this.#hooks.onEnded(error)
          break
        }
        await pause(this.#client.clock, againMs, signal)
      }
    }
    cancel()
  }

  #woken(): Promise<void> {
    if (this.#isAwake) return Promise.resolve()
    return new Promise((resolve) => {
      this.#wakeUp = resolve
    })
  }

  /** undefined: never. */
  async #againMs(error: unknown): Promise<number | undefined> {
    if (isZnodeError(error, ZK_ERRORS.CONNECTION_LOSS)) return LOST_AGAIN_MS
    if (isZnodeError(error, ZK_ERRORS.SESSION_EXPIRED)) {
      const isBack = await unlessAborted(whenConnected(this.#client), this.#closing.signal)
      return isBack === true ? LOST_AGAIN_MS : undefined
    }
    if (!mayPass(error)) return undefined
    this.#hooks.onRefused(error)
    return REFUSED_AGAIN_MS
  }
}
