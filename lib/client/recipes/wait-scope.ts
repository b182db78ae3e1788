/**
 * What ends a wait of a recipe: an AbortSignal, that of the client's view too, a timeout, the end of the session. Neighbours: place (waits),
 * session-end.
 */
import { onAbort } from '../../base/on-abort.ts'
import { ZK_ERRORS, ZnodeError } from '../../model/errors.ts'
import type { ZooKeeper } from '../zookeeper.ts'
import { isOver, onSessionEnd } from './session-end.ts'

/** How long a caller waits. */
export interface WaitOptions {
  /** Unit ms, above 0. Then the wait rejects with ZK_OPERATION_TIMEOUT. @default no limit */
  readonly timeoutMs?: number | undefined
  /** Aborted: the wait rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** It knows of no write: what it ends with says `unapplied`. */
export class WaitScope {
  readonly #cancels: (() => void)[] = []
  readonly #failed: Promise<never>
  #reject!: (error: unknown) => void
  #isClosed = false
  #error: { readonly cause: unknown } | undefined
  #isAwake = false
  #wakeUp: () => void = () => {}
  /** Something may have changed: {@link woken} resolves. */
  readonly wake = (): void => {
    this.#isAwake = true
    this.#wakeUp()
  }

  /** @throws {TypeError} the timeout is not above 0; the signal's reason, if it is aborted already */
  constructor(client: ZooKeeper, path: string, { timeoutMs, signal }: WaitOptions) {
    if (timeoutMs !== undefined && !(timeoutMs > 0)) {
      throw new TypeError(`timeoutMs must be above 0, got ${timeoutMs}`)
    }
    const signals = [client.caller.signal, signal].filter((one) => one !== undefined)
    for (const one of signals) one.throwIfAborted()
    this.#failed = new Promise((_resolve, reject) => {
      this.#reject = reject
    })
    this.#failed.catch(() => {})
    if (timeoutMs !== undefined && timeoutMs !== Number.POSITIVE_INFINITY) {
      const { errno } = ZK_ERRORS.OPERATION_TIMEOUT
      const late = (): void => this.#fail(new ZnodeError(errno, path, { outcome: 'unapplied' }))
      this.#cancels.push(client.clock.after(timeoutMs, late))
    }
    for (const one of signals) {
      const aborted = (): void => this.#fail(one.reason)
      this.#cancels.push(onAbort(one, aborted))
    }
    const ended = (): void => this.#fail(new ZnodeError(ZK_ERRORS.SESSION_EXPIRED.errno, path))
    if (isOver(client)) ended()
    else this.#cancels.push(onSessionEnd(client, { whileConnected: false }, ended))
  }

  throwIfEnded(): void {
    if (this.#error !== undefined) throw this.#error.cause
  }

  /** Rejects as the scope does, if that is first. */
  race<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.#failed])
  }

  /** Runs a wait, and rejects as the scope does, if that is first. The scope is closed when the wait has failed. */
  run<T>(wait: () => Promise<T>): Promise<T> {
    const attempt = async (): Promise<T> => {
      try {
        return await wait()
      } catch (error) {
        this.close()
        throw error
      }
    }
    return this.race(attempt())
  }

  /** From here on {@link wake} counts. */
  sleep(): void {
    this.#isAwake = false
  }

  /** Resolves when wake() was called since sleep(). */
  woken(): Promise<void> {
    if (this.#isAwake) return Promise.resolve()
    return this.race(
      new Promise<void>((resolve) => {
        this.#wakeUp = resolve
      }),
    )
  }

  /** Nothing ends it any more. */
  close(): void {
    this.#isClosed = true
    for (const cancel of this.#cancels.splice(0)) cancel()
  }

  #fail(error: unknown): void {
    if (this.#isClosed) return
    this.close()
    this.#error = { cause: error }
    this.#reject(error)
  }
}
