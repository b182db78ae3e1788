/**
 * The time that a command may take, whatever it waits for: a store that hangs, a server that does not answer. When it is over, the
 * command ends with a sentence that says where it was, and what is the case now. Neighbours: take-over, end-migration.
 */
import type { Clock } from '../base/clock.ts'
import { deadline } from '../base/deadline.ts'
import { MigrateError } from './migrate-error.ts'

/** A part of a command. */
export interface Step {
  /** In the sentence, behind "while". */
  readonly doing: string
  /** What is the case if it does not end. @default "nothing was changed" */
  readonly otherwise?: string
  /** It may have been done all the same. @default false */
  readonly isUnknown?: boolean
  /** It may take no more than that, even if the command has more. Unit: ms. */
  readonly stepMs?: number
}

export class TimeLimit {
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #endMs: number

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
    this.#endMs = clock.monotonic() + timeoutMs
  }

  /**
   * What comes of `run` later is forgotten.
   * @throws {MigrateError} MIGRATE_TIMEOUT; MIGRATE_UNKNOWN: it may have been done @throws what `run` rejects with
   */
  step<T>(step: Step, run: () => Promise<T>): Promise<T> {
    const { doing, otherwise = 'nothing was changed', isUnknown = false } = step
    const leftMs = Math.max(0, this.#endMs - this.#clock.monotonic())
    const ms = Math.min(leftMs, step.stepMs ?? leftMs)
    return new Promise((resolve, reject) => {
      const cancel = deadline(this.#clock, ms, () => {
        const spent = ms < leftMs ? ms : this.#timeoutMs
        const code = isUnknown ? 'MIGRATE_UNKNOWN' : 'MIGRATE_TIMEOUT'
        reject(new MigrateError(code, `given up after ${spent} ms while ${doing}: ${otherwise}`))
      })
      run().then(resolve, reject).finally(cancel)
    })
  }
}
