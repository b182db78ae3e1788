/** What a caller's callback throws: reported, and nobody else is harmed. Neighbours: watches, zookeeper. */
import type { Logger } from '../base/log.ts'
import { KeeperError } from '../model/errors.ts'
import { type CallTrace, captureTrace, withTrace } from './call-trace.ts'

/**
 * A callback threw, or the promise that it returned was rejected. `cause` is what it threw; the stack leads to where the
 * callback was passed to the library.
 */
export class CallbackError extends KeeperError {
  override readonly name = 'CallbackError'
  /** Always this one. */
  readonly code = 'CALLBACK_FAILED'
}

/** Where faults are reported: `onError`, else the keeper's logger and a warning of the process. */
export class CallbackFaults {
  readonly #logger: Logger
  readonly #onError: ((error: CallbackError) => void) | undefined

  constructor(logger: Logger, onError: ((error: CallbackError) => void) | undefined) {
    this.#logger = logger
    this.#onError = onError
  }

  /** Calls it; what it throws, now or in its promise, is reported. `what` names the callback. */
  run<T>(callback: (value: T) => unknown, value: T, what: string, trace: CallTrace): void {
    try {
      const result = callback(value)
      if (result instanceof Promise) result.catch((cause) => this.#report(cause, what, trace))
    } catch (cause) {
      this.#report(cause, what, trace)
    }
  }

  #report(cause: unknown, what: string, trace: CallTrace): void {
    const error = withTrace(new CallbackError(`${what} threw`, { cause }), trace)
    if (this.#onError === undefined) {
      this.#logger.error({ err: error }, 'a callback threw')
      process.emitWarning(error)
      return
    }
    try {
      this.#onError(error)
    } catch (fault) {
      const own = new CallbackError('the callback onError threw', { cause: fault })
      this.#logger.error({ err: withTrace(own, captureTrace(this.run)) }, 'a callback threw')
      process.emitWarning(own)
    }
  }
}
