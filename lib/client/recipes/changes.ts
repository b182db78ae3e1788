/** Waits for what a recipe that lives longer than a session reaches. Neighbours: persistent-node, live-loop. */
import { onAbort } from '../../base/on-abort.ts'
import { ZK_ERRORS, ZnodeError } from '../../model/errors.ts'
import type { ZooKeeper } from '../zookeeper.ts'
import { checkWait, type WaitOptions } from './wait-scope.ts'

export class Changes {
  readonly #client: ZooKeeper
  readonly #path: string
  readonly #looks = new Set<() => void>()

  /** `path`: for the messages of errors. */
  constructor(client: ZooKeeper, path: string) {
    this.#client = client
    this.#path = path
  }

  /** Somebody waits. */
  get isAwaited(): boolean {
    return this.#looks.size > 0
  }

  /** Something changed. */
  notify(): void {
    for (const look of [...this.#looks]) look()
  }

  /**
   * Resolves once `check`, called now and after each change, is true. @throws what it throws; the signal's reason;
   * {ZnodeError} ZK_OPERATION_TIMEOUT; {TypeError} as checkWait()
   */
  async until(check: () => boolean, options: WaitOptions): Promise<void> {
    const { timeoutMs, signal } = checkWait(options)
    signal?.throwIfAborted()
    if (check()) return
    await new Promise<void>((resolve, reject) => {
      const settle = (run: () => void): void => {
        this.#looks.delete(look)
        forget()
        cancelTimer()
        run()
      }
      const look = (): void => {
        try {
          if (check()) settle(resolve)
        } catch (error) {
          settle(() => reject(error))
        }
      }
      const aborted = (): void => settle(() => reject(signal?.reason))
      const late = (): void =>
        settle(() => reject(new ZnodeError(ZK_ERRORS.OPERATION_TIMEOUT.errno, this.#path)))
      const hasTimeout = timeoutMs !== undefined && timeoutMs !== Number.POSITIVE_INFINITY
      const cancelTimer = hasTimeout ? this.#client.clock.after(timeoutMs, late) : () => {}
      this.#looks.add(look)
      const forget = signal === undefined ? () => {} : onAbort(signal, aborted)
    })
  }
}
