/** Growable binary writer and bounds-checked reader for journal entries. Neighbour: journal.ts. */

import type { ByteString } from '../model/byte-string.ts'
import { StoreError } from '../model/errors.ts'

/**
 * Up to this many characters a loop beats the native encoder. Below 128: their size is one byte.
 */
const SHORT_STRING_CHARS = 64

export class ByteWriter {
  #buffer = Buffer.allocUnsafe(4096)
  #length = 0

  get length(): number {
    return this.#length
  }
  /** Forgets everything after `length`. */
  truncate(length: number): void {
    this.#length = length
  }
  clear(): void {
    this.#length = 0
    // A rare giant entry must not pin its memory.
    if (this.#buffer.length > 4 * 1024 * 1024) this.#buffer = Buffer.allocUnsafe(4096)
  }
  /** What was written; holds until the next write. */
  get bytesSoFar(): Uint8Array {
    return this.#buffer.subarray(0, this.#length)
  }

  #reserve(count: number): void {
    const needed = this.#length + count
    if (needed <= this.#buffer.length) return
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2))
    this.#buffer.copy(grown, 0, 0, this.#length)
    this.#buffer = grown
  }

  u8(value: number): void {
    this.#reserve(1)
    this.#buffer[this.#length++] = value
  }
  /** Unsigned, up to 2^53 − 1. */
  varint(value: number): void {
    this.#reserve(8)
    let rest = value
    while (rest >= 0x80) {
      this.#buffer[this.#length++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#buffer[this.#length++] = rest
  }
  /** Signed, −2^52 to 2^52 − 1: small ones of either sign are short. */
  zigzag(value: number): void {
    this.varint(value < 0 ? -value * 2 - 1 : value * 2)
  }
  u64(value: bigint): void {
    this.#reserve(8)
    this.#length = this.#buffer.writeBigUInt64BE(value, this.#length)
  }
  i32(value: number): void {
    this.#reserve(4)
    this.#length = this.#buffer.writeInt32BE(value, this.#length)
  }
  i64(value: bigint): void {
    this.#reserve(8)
    this.#length = this.#buffer.writeBigInt64BE(value, this.#length)
  }
  bytes(value: Uint8Array): void {
    this.varint(value.length)
    this.#reserve(value.length)
    this.#buffer.set(value, this.#length)
    this.#length += value.length
  }
  /** null and empty stay apart. */
  nullableBytes(value: ByteString | null): void {
    if (value === null) {
      this.varint(0)
      return
    }
    this.varint(value.length + 1)
    this.#reserve(value.length)
    this.#length += this.#buffer.write(value, this.#length, value.length, 'latin1')
  }
  string(value: string): void {
    if (value.length <= SHORT_STRING_CHARS && this.#shortString(value)) return
    const size = Buffer.byteLength(value)
    this.varint(size)
    this.#reserve(size)
    this.#buffer.write(value, this.#length)
    this.#length += size
  }
  /** false, and nothing is written, when it is not ASCII. */
  #shortString(value: string): boolean {
    const { length } = value
    this.#reserve(1 + length)
    const buffer = this.#buffer
    const start = this.#length + 1
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i)
      if (unit >= 0x80) return false
      buffer[start + i] = unit
    }
    buffer[start - 1] = length
    this.#length = start + length
    return true
  }
}

export class ByteReader {
  readonly #buffer: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  get atEnd(): boolean {
    return this.#at === this.#buffer.length
  }
  #take(count: number): number {
    const at = this.#at
    if (count > this.#buffer.length - at) {
      throw new StoreError('STORE_INTERNAL', 'damaged journal entry: it ends too early')
    }
    this.#at = at + count
    return at
  }
  u8(): number {
    return this.#buffer[this.#take(1)] as number
  }
  varint(): number {
    let value = 0
    let scale = 1
    for (let i = 0; i < 8; i++) {
      const byte = this.u8()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
      scale *= 0x80
    }
    throw new StoreError('STORE_INTERNAL', 'damaged journal entry: a number has no end')
  }
  zigzag(): number {
    const value = this.varint()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
  u64(): bigint {
    return this.#buffer.readBigUInt64BE(this.#take(8))
  }
  i32(): number {
    return this.#buffer.readInt32BE(this.#take(4))
  }
  i64(): bigint {
    return this.#buffer.readBigInt64BE(this.#take(8))
  }
  nullableBytes(): ByteString | null {
    const size = this.varint()
    if (size === 0) return null
    const at = this.#take(size - 1)
    return this.#buffer.toString('latin1', at, at + size - 1)
  }
  string(): string {
    const size = this.varint()
    const at = this.#take(size)
    return this.#buffer.toString('utf8', at, at + size)
  }
}
