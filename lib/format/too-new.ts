/**
 * The error for what a newer version wrote, wherever it is read: nobody who cannot read it may call it damaged.
 * Neighbours: json and journal (throw it), tree/load, transfer/repair.
 */
import { StoreError } from '../model/errors.ts'

/**
 * Not retriable: somebody must run another version. `readMax`: the newest format that this one reads.
 */
export function tooNew(what: string, format: number, readMax: number): StoreError {
  return new StoreError(
    'STORE_UNSUPPORTED',
    `${what} has format ${format}, and this anykeeper reads no newer one than ${readMax}: it is too old for what is ` +
      'stored, and changes nothing; run the version that wrote it, or a newer one',
  )
}

export function isTooNew(error: unknown): error is StoreError {
  return error instanceof StoreError && error.code === 'STORE_UNSUPPORTED'
}

/** Throws what a newer version is the reason of, with the key where it was found. */
export function throwTooNew(error: unknown, key: Uint8Array): void {
  if (!isTooNew(error)) return
  const text = `${Buffer.from(key).toString()}: ${error.message}`
  throw new StoreError('STORE_UNSUPPORTED', text, { cause: error })
}
