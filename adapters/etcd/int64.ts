/** int64 as the driver has it (decimal strings), and as the contract has it. */
import { StoreError } from '../../lib/errors.ts'
import type { LeaseId } from '../../lib/store/types.ts'

/** A revision, version or count. @throws {StoreError} STORE_INTERNAL beyond 2^53. */
export function fromInt64(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value))
    throw new StoreError('STORE_INTERNAL', `no safe integer: ${text}`)
  return value
}

/** A lease id; most keys have none. */
export function leaseFromInt64(text: string): LeaseId {
  return text === '0' ? 0n : BigInt(text)
}
