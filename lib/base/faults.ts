/**
 * Faults of our own in work that nobody waits for: a bug, and no answer of the store. Each is logged and counted, and ends
 * neither the work nor the process. Neighbour: log.
 */
import type { Clock } from './clock.ts'
import type { Logger } from './log.ts'
import { pause } from './pause.ts'

/** Before a loop begins again that a fault has ended. Unit ms. */
const AGAIN_MS = 1_000

export class Faults {
  /** So many there were. */
  count = 0
  readonly #logger: Logger

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** `message`: what it happened in, and what follows. */
  found(error: unknown, message: string, fields: object = {}): void {
    this.count++
    this.#logger.error({ err: error, ...fields }, message)
  }

  /** Resolves when `work` has settled: false if it was rejected, which is a fault. Never rejects. */
  async guard(work: Promise<unknown>, what: string): Promise<boolean> {
    try {
      await work
      return true
    } catch (error) {
      this.found(error, `fault in ${what}`)
      return false
    }
  }

  /** Runs `loop` until it ends by itself, or the signal is aborted: behind a fault, and a pause, it begins again. Never rejects. */
  async keepUp(
    what: string,
    loop: () => Promise<void>,
    { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
  ): Promise<void> {
    for (let isOver = false; !isOver; isOver ||= signal.aborted) {
      isOver = await this.guard(loop(), what)
      if (!isOver) await pause(clock, AGAIN_MS, signal)
    }
  }

  /** The same callbacks; what one of them throws is a fault, and not its caller's. They must return nothing. */
  guarded<T extends object>(callbacks: T, what: string): T {
    const entries = Object.entries(callbacks).map(([name, callback]) => {
      const run = (...args: unknown[]): void => {
        try {
          ;(callback as (...args: unknown[]) => void)(...args)
        } catch (error) {
          this.found(error, `fault in ${what}: ${name}`)
        }
      }
      return [name, run] as const
    })
    return Object.fromEntries(entries) as T
  }
}
