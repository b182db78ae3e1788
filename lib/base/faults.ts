/**
 * Faults of our own in work that nobody waits for: a bug, and no answer of the store. Each is logged and counted, and ends
 * neither the work nor the process, which may be a caller's. Neighbour: log.
 */
import type { Clock } from './clock.ts'
import type { Logger } from './log.ts'
import { pause } from './pause.ts'

/** Before a loop begins again that a fault has ended. Unit ms. */
const AGAIN_MS = 1_000

/** Name of the warning that a process gets where nobody reads the log. */
export const FAULT_WARNING = 'AnykeeperFault'

export class Faults {
  /** So many there were. */
  count = 0
  readonly #logger: Logger
  readonly #isHeard: boolean

  /** `isHeard`: somebody reads what the logger gets. Otherwise the first fault is a warning of the process, too. */
  constructor(logger: Logger, isHeard = true) {
    this.#logger = logger
    this.#isHeard = isHeard
  }

  /** `message`: what it happened in, and what follows. Never throws. */
  found(error: unknown, message: string, fields: object = {}): void {
    this.count++
    try {
      this.#logger.error({ err: error, ...fields }, message)
    } catch {
      // Whoever calls this continues, also where its logger is broken.
    }
    if (this.#isHeard || this.count > 1) return
    const stack = error instanceof Error ? error.stack : String(error)
    process.emitWarning(`${message}: ${stack}`, FAULT_WARNING)
  }

  /** Runs it; what it throws is a fault, and `failed` is called. Never throws, as long as `failed` does not. */
  run(what: string, run: () => void, failed?: () => void): void {
    try {
      run()
    } catch (error) {
      this.found(error, `fault in ${what}`)
      failed?.()
    }
  }

  /** The same clock, but what a timer's callback throws is a fault: there is nobody behind it but the process. */
  guardedClock(clock: Clock): Clock {
    return {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      after: (delayMs, run) => clock.after(delayMs, () => this.run('a timer', run)),
      ...(clock.hold && { hold: clock.hold.bind(clock) }),
    }
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
      const run = (...args: unknown[]): void =>
        this.run(`${what}: ${name}`, () => (callback as (...args: unknown[]) => void)(...args))
      return [name, run] as const
    })
    return Object.fromEntries(entries) as T
  }
}
