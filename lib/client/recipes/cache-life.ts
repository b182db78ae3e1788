/**
 * How a cache over ordinary verbs starts, waits, fails and ends: a step that is repeated through outages and sessions.
 * Neighbours: node-cache, tree-cache, live-loop.
 */
import type { ZooKeeper } from '../zookeeper.ts'
import { CallbackReporter } from './callback-reporter.ts'
import { Changes } from './changes.ts'
import { LiveLoop } from './live-loop.ts'
import { isClosed } from './session-return.ts'
import { checkWait, type WaitOptions } from './wait-scope.ts'

export class CacheLife {
  readonly report: CallbackReporter
  readonly #client: ZooKeeper
  readonly #changes: Changes
  readonly #loop: LiveLoop
  readonly #ended = new AbortController()
  #isReady = false
  #failure: { readonly error: unknown } | undefined

  /** `step`: brings the cache to what is there; safe to repeat. */
  constructor(
    client: ZooKeeper,
    path: string,
    step: () => Promise<void>,
    onError: ((error: unknown) => void) | undefined,
  ) {
    this.#client = client
    this.report = new CallbackReporter(client, onError)
    this.#changes = new Changes(client, path)
    this.#loop = new LiveLoop(client, {
      step,
      onRefused: (error) => this.report.offer(error),
      onEnded: (error) => this.#fail(error),
    })
  }

  /** Something may have changed: the step is repeated. The same function each time. */
  get wake(): () => void {
    return this.#loop.wake
  }

  get isReady(): boolean {
    return this.#isReady
  }

  get isClosed(): boolean {
    return this.#loop.isClosed
  }

  /** Aborted when it is closed. */
  get signal(): AbortSignal {
    return this.#ended.signal
  }

  /**
   * Begins, once, and waits until it is ready. @throws the signal's reason; {ZnodeError} ZK_OPERATION_TIMEOUT; why it
   * has ended; {Error} it was closed
   */
  async start(options: WaitOptions): Promise<void> {
    const wait = checkWait(options)
    if (!this.isClosed) this.#loop.start()
    await this.#changes.until(() => {
      if (!this.#isReady) this.#throwIfClosed()
      return this.#isReady
    }, wait)
  }

  /** Everything that is there was read. */
  becomeReady(): void {
    this.#isReady = true
    this.#changes.notify()
  }

  /** No step begins any more. Resolves when none is running. */
  close(): Promise<void> {
    const ended = this.#loop.close()
    this.#ended.abort()
    this.#changes.notify()
    return ended
  }

  #throwIfClosed(): void {
    if (this.#failure !== undefined) throw this.#failure.error
    if (this.isClosed) throw new Error('the cache is closed')
  }

  #fail(error: unknown): void {
    this.#failure = { error }
    this.#ended.abort()
    const isRejected = this.#changes.isAwaited || isClosed(this.#client)
    if (!isRejected || !this.report.isSilent) this.report.report(error)
    this.#changes.notify()
  }
}
