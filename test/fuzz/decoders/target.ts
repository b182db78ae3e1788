/** What a target of the decoders' fuzzer is, and how it compares. Neighbour: targets. */
import { deepStrictEqual } from 'node:assert/strict'

export interface Target {
  readonly name: string
  readonly seeds: readonly Uint8Array[]
  /** What it is declared to throw. */
  readonly throws: readonly (abstract new (
    ...args: never[]
  ) => Error)[]
  /** Reads it, and where that can be written again, compares. */
  run(bytes: Buffer): void | Promise<void>
}

/** No number in it is one that no entry has. */
export function isWritable(value: unknown, name = ''): boolean {
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) && (value >= 0 || !/zxid|seq|time|flushed/i.test(name))
  }
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([key, inner]) => isWritable(inner, key))
}

/** What is written of what was read is read as the same. */
export function again<T>(
  value: T,
  write: (value: T) => Uint8Array,
  read: (bytes: Buffer) => T,
): void {
  deepStrictEqual(read(Buffer.from(write(value))), value)
}
