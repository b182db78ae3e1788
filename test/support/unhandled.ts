/**
 * Loaded by mocha before all tests: a rejection that nobody handles fails the test that runs then, as it would end a process. Mocha 12 by
 * itself lets it pass.
 */
export function rethrow(reason: unknown): never {
  throw reason instanceof Error ? reason : new Error(`unhandled rejection: ${String(reason)}`)
}

process.on('unhandledRejection', rethrow)
