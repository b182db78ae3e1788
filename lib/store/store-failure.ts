/** What a store failed with, in the words of the contract, whatever it threw. Neighbours: checked-store, metadata-store. */
import { StoreError, type StoreErrorCode, type StoreOutcome } from '../model/errors.ts'

/** All of them: those of a later version of this package are none. */
const CODES: Readonly<Record<StoreErrorCode, true>> = {
  STORE_UNAVAILABLE: true,
  STORE_TIMEOUT: true,
  STORE_COMPACTED: true,
  STORE_LEASE_NOT_FOUND: true,
  STORE_TOO_LARGE: true,
  STORE_INVALID: true,
  STORE_NO_SPACE: true,
  STORE_NO_MEMORY: true,
  STORE_UNAUTHENTICATED: true,
  STORE_UNSUPPORTED: true,
  STORE_CLOSED: true,
  STORE_INTERNAL: true,
}

/** As a second copy of this package makes it: its classes are others, its fields are not. */
interface ForeignStoreError extends Error {
  readonly code: StoreErrorCode
  readonly outcome?: unknown
  readonly retriable?: unknown
  readonly compactRevision?: unknown
}

/**
 * `error` itself, if it is a StoreError; the same, if it is one of another copy of this package, with a code that this one has; else
 * STORE_INTERNAL with it as `cause`. `outcome`: of a call of which the error does not say it, so 'unknown' for a write.
 */
export function storeFailure(error: unknown, outcome: StoreOutcome): StoreError {
  if (error instanceof StoreError) return error
  if (isForeign(error)) {
    const { compactRevision, retriable } = error
    return new StoreError(error.code, error.message, {
      outcome:
        error.outcome === 'unapplied' || error.outcome === 'unknown' ? error.outcome : outcome,
      ...(typeof retriable === 'boolean' ? { retriable } : {}),
      ...(typeof compactRevision === 'number' ? { compactRevision } : {}),
      cause: error,
    })
  }
  const said = error instanceof Error ? `${error.name}: ${error.message}` : typeof error
  const message = `the store failed with what is no StoreError: ${said}`
  return new StoreError('STORE_INTERNAL', message, { outcome, cause: error })
}

function isForeign(error: unknown): error is ForeignStoreError {
  if (!(error instanceof Error) || error.name !== 'StoreError') return false
  const { code } = error as { code?: unknown }
  return typeof code === 'string' && Object.hasOwn(CODES, code)
}
