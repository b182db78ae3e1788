/** Byte order of keys, in one place: memcmp, as every store of the contract sorts. */

/** A shared value of no bytes. */
export const NO_BYTES: Uint8Array = new Uint8Array(0)

/** Negative, 0 or positive, like memcmp; a prefix sorts before what it begins. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b)
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0
}

/** A string that is equal exactly when the bytes are: for Map and Set keys. */
export function bytesId(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
