/** Calls what a caller of a recipe passed, and reports what it throws. Neighbours: leader-latch, leader-selector. */
import { CallbackError } from '../callback-faults.ts'
import type { ZooKeeper } from '../zookeeper.ts'

export class CallbackReporter {
  readonly #client: Pick<ZooKeeper, 'closing'>
  readonly #onError: ((error: unknown) => void) | undefined

  constructor(client: Pick<ZooKeeper, 'closing'>, onError: ((error: unknown) => void) | undefined) {
    this.#client = client
    this.#onError = onError
  }

  get isSilent(): boolean {
    return this.#onError === undefined
  }

  /** To `onError`; without it, and for what that throws, in a task of its own. */
  report(error: unknown): void {
    try {
      if (this.#onError === undefined) throw error
      this.#onError(error)
    } catch (uncaught) {
      queueMicrotask(() => {
        throw uncaught
      })
    }
  }

  /** To `onError`, if there is one. */
  offer(error: unknown): void {
    if (!this.isSilent) this.report(error)
  }

  /** Calls it; `onFailure` has what it throws or rejects with. */
  call(callback: () => unknown, onFailure: (error: unknown) => void = this.#reportBound): void {
    const run = async (): Promise<unknown> => callback()
    run().catch(onFailure)
  }

  /**
   * Calls a listener, one of several perhaps: what it throws is a {@link CallbackError} to `onError`, without it a warning of the
   * process. Behind close() of the client it is not called.
   */
  notify<T>(listener: (value: T) => unknown, value: T, what: string): void {
    if (this.#client.closing.aborted) return
    this.call(
      () => listener(value),
      (cause) => {
        const error = new CallbackError(`${what} threw`, { cause })
        if (this.isSilent) process.emitWarning(error)
        else this.report(error)
      },
    )
  }

  readonly #reportBound = (error: unknown): void => this.report(error)
}
