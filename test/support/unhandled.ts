/**
 * Loaded by mocha before all tests: a rejection that nobody handles fails the test that runs then, as it would end a process. Mocha 12 by
 * itself lets it pass. So does a fault of the library's own: it ends nothing, and must not happen unseen. A test that injects one passes a
 * logger.
 */
import { FAULT_WARNING } from '../../lib/base/faults.ts'

export function rethrow(reason: unknown): never {
  throw reason instanceof Error ? reason : new Error(`unhandled rejection: ${String(reason)}`)
}

process.on('unhandledRejection', rethrow)

/** Of a keeper or client without a logger. */
export function rethrowFault(warning: Error): void {
  if (warning.name === FAULT_WARNING) throw warning
}

process.on('warning', rethrowFault)
