/** Errors of a store after which the same may work later. Neighbours: source-key, follower-lease, mirror. */
import { StoreError } from '../model/errors.ts'

/** A write of unknown outcome is among them: whoever retries looks at what there is. */
export function mayPass(error: unknown): error is StoreError {
  if (!(error instanceof StoreError) || error.code === 'STORE_CLOSED') return false
  return error.retriable || error.outcome === 'unknown'
}
