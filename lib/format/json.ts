/** What the JSON records have in common: one line, a format number, fields that are checked. Neighbours: record, head. */
import { StoreError } from '../model/errors.ts'
import { tooNew } from './too-new.ts'

export const FORMAT = 1

export function damaged(what: string, cause?: unknown): StoreError {
  return new StoreError('STORE_INTERNAL', `damaged ${what}: not a record of format ${FORMAT}`, {
    cause,
  })
}

/** Every field that must be a whole number is one. */
export function assertIntegers(what: string, ...values: readonly unknown[]): void {
  for (const value of values) if (!Number.isSafeInteger(value)) throw damaged(what)
}
export function assertStrings(what: string, ...values: readonly unknown[]): void {
  for (const value of values) if (typeof value !== 'string') throw damaged(what)
}

/** @throws {StoreError} STORE_INTERNAL: damaged; STORE_UNSUPPORTED: see too-new */
export function parse<T extends { f: number }>(
  bytes: Uint8Array,
  what: string,
  formatMax = FORMAT,
): T {
  let parsed: T
  try {
    parsed = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString())
  } catch (error) {
    throw damaged(what, error)
  }
  const format: unknown = parsed?.f
  if (Number.isSafeInteger(format) && (format as number) > formatMax) {
    throw tooNew(what, format as number, formatMax)
  }
  if (!Number.isSafeInteger(format) || (format as number) < FORMAT) throw damaged(what)
  return parsed
}
