/** The driver's int64 (decimal strings) → the contract's numbers. */
import { StoreError } from '../../lib/model/errors.ts'

/** A revision, version or count. @throws {StoreError} STORE_INTERNAL beyond 2^53. */
export function fromInt64(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value))
    throw new StoreError('STORE_INTERNAL', `no safe integer: ${text}`)
  return value
}
