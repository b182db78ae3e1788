/**
 * The bytes of records and of the feed's entries → the contract's nouns. Numbers are big endian,
 * and lua-commit.ts writes them:
 *
 *     record  head value
 *     head    createRevision:8 modRevision:8 version:8 lease:8 isLarge:1
 *     entry   previousRevision:8 count:4 event*
 *     event   kind:1 keyLength:4 recordLength:4 beforeLength:4 key record before
 *     kind    16 put, 32 delete; 4: the record's value is an extra; 1: before is a record, 8: with an
 *             extra value; 2: before is only the head, as the entry of its modRevision has the value
 *
 * Large values are stored apart, so that Lua does not copy them: a record's in the hash `values`,
 * an entry's in extra fields, in the order of the events, the value before first.
 */
import { StoreError } from '../../lib/model/errors.ts'
import { NO_BYTES } from '../../lib/store/bytes.ts'
import type { Key, KeyValue, Revision, StoreEvent } from '../../lib/store/types.ts'

export const HEAD_BYTES = 33
/** A value of at least this size is large. Unit: bytes. */
export const LARGE_BYTES = 16_384

const ENTRY_HEAD_BYTES = 12
const EVENT_HEAD_BYTES = 13
const PUT = 16
const LARGE_VALUE = 4
const LARGE_BEFORE = 8
const ONLY_HEAD = 2

/** Reads a whole number of 8 bytes, below 2^53. */
export function readNumber(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4)
}

export function writeNumber(bytes: Buffer, value: number, at: number): void {
  bytes.writeUInt32BE(Math.floor(value / 2 ** 32), at)
  bytes.writeUInt32BE(value % 2 ** 32, at + 4)
}

/**
 * Without a value (`keysOnly`) the record is its head alone. `large`: the value if stored apart.
 */
export function readRecord(key: Key, record: Buffer, large?: Buffer): KeyValue {
  if (record.length < HEAD_BYTES) throw damaged('a record is too short')
  const value = record.length === HEAD_BYTES ? NO_BYTES : record.subarray(HEAD_BYTES)
  return {
    key,
    value: large ?? value,
    createRevision: readNumber(record, 0),
    modRevision: readNumber(record, 8),
    version: readNumber(record, 16),
    lease: record.readBigUInt64BE(24),
  }
}

export function isLarge(record: Buffer): boolean {
  return record[HEAD_BYTES - 1] === 1
}

/** One change of a key, with the state it ended. */
export interface Change {
  readonly event: StoreEvent
  /** The key's state before; undefined: it was absent. */
  readonly before: KeyValue | undefined
  /** `before.value` is missing: the entry of `before.modRevision` has it. */
  readonly isValueElsewhere: boolean
}

/** One revision of the feed. Its changes are decoded on first use. */
export class Entry {
  readonly revision: Revision
  /** The revision before it, which need not be one less. */
  readonly previous: Revision
  readonly byteLength: number
  readonly #bytes: Buffer
  readonly #extras: readonly Buffer[]
  #changes: readonly Change[] | undefined

  constructor(revision: Revision, bytes: Buffer, extras: readonly Buffer[]) {
    if (bytes.length < ENTRY_HEAD_BYTES) throw damaged(`revision ${revision} of the feed`)
    this.revision = revision
    this.previous = readNumber(bytes, 0)
    this.byteLength = extras.reduce((sum, { length }) => sum + length, bytes.length)
    this.#bytes = bytes
    this.#extras = extras
  }

  get changes(): readonly Change[] {
    this.#changes ??= this.#read()
    return this.#changes
  }

  #read(): Change[] {
    const bytes = this.#bytes
    const extras = this.#extras.values()
    const changes: Change[] = []
    let at = ENTRY_HEAD_BYTES
    const take = (length: number): Buffer => {
      if (at + length > bytes.length) throw damaged(`revision ${this.revision} of the feed`)
      at += length
      return bytes.subarray(at - length, at)
    }
    for (let count = bytes.readUInt32BE(8); count > 0; count--) {
      const head = take(EVENT_HEAD_BYTES)
      const kind = head[0]!
      const key = take(head.readUInt32BE(1))
      const record = take(head.readUInt32BE(5))
      const before = take(head.readUInt32BE(9))
      const largeBefore = (kind & LARGE_BEFORE) === 0 ? undefined : extras.next().value
      const large = (kind & LARGE_VALUE) === 0 ? undefined : extras.next().value
      changes.push({
        event:
          (kind & PUT) !== 0
            ? { type: 'put', kv: readRecord(key, record, large) }
            : { type: 'delete', key, modRevision: this.revision },
        before: before.length === 0 ? undefined : readRecord(key, before, largeBefore),
        isValueElsewhere: (kind & ONLY_HEAD) !== 0,
      })
    }
    return changes
  }
}

/** `[[id, [field, value, …]], …]`, as XRANGE gives it; null: nothing. */
export type StreamReply = readonly (readonly [Buffer, readonly Buffer[]])[] | null

export function readEntries(reply: StreamReply): Entry[] {
  return (reply ?? []).map(([id, fields]) => {
    const [bytes, ...extras] = fields.filter((_, i) => i % 2 === 1)
    return new Entry(Number.parseInt(String(id), 10), bytes!, extras)
  })
}

function damaged(what: string): StoreError {
  return new StoreError('STORE_INTERNAL', `redis: damaged data: ${what}`)
}
