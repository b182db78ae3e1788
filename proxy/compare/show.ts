/** Records for the log: bytes and int64 made readable, long values shortened. */

const BYTES_MAX = 256
const ITEMS_MAX = 100
const PRINTABLE = /^[\x20-\x7e]*$/

export function show(value: unknown): unknown {
  if (typeof value === 'bigint') return showId(value)
  if (value instanceof Uint8Array) return showBytes(value)
  if (Array.isArray(value)) {
    const shown = value.slice(0, ITEMS_MAX).map(show)
    return value.length > ITEMS_MAX ? [...shown, `… ${value.length} in all`] : shown
  }
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, show(item)]))
  }
  return value
}

/** Hexadecimal, as in ZooKeeper's own logs. */
export function showId(sessionId: bigint): string {
  return `0x${BigInt.asUintN(64, sessionId).toString(16)}`
}

function showBytes(bytes: Uint8Array): string {
  const head = Buffer.from(bytes.subarray(0, BYTES_MAX))
  const text = head.toString('latin1')
  const shown = PRINTABLE.test(text) ? text : `0x${head.toString('hex')}`
  return bytes.length > BYTES_MAX ? `${shown}… ${bytes.length} bytes in all` : shown
}
