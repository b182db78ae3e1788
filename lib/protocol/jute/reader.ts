/**
 * Jute's primitives read from a frame's body; every read is bounds-checked. One reader serves a
 * connection for life: reset() points it at the next frame. record/ builds the records from it.
 */

import type { ByteString } from '../../model/byte-string.ts'
import { WireError } from '../../model/errors.ts'
import { TruncatedError } from './truncated.ts'

const TWO_32 = 4294967296
/** Above this many bytes the native decoder beats a loop over char codes. */
const SHORT_STRING_BYTES = 16

export class JuteReader {
  private buffer: Buffer = Buffer.alloc(0)
  private at = 0
  private end = 0

  /** A reader of all of `bytes`, where there is only one record to read. */
  static of(bytes: Buffer): JuteReader {
    return new JuteReader().reset(bytes, 0, bytes.length)
  }

  /** Reads `buffer[start, end)` from now on. The buffer must stay unchanged while it is read. */
  reset(buffer: Buffer, start: number, end: number): this {
    this.buffer = buffer
    this.at = start
    this.end = end
    return this
  }

  /** Bytes not yet read. */
  get left(): number {
    return this.end - this.at
  }

  /** Any byte but 0 is true. Source: java.io.DataInput.readBoolean. */
  bool(): boolean {
    if (this.at >= this.end) throw new TruncatedError(1, this.left)
    return this.buffer[this.at++] !== 0
  }

  int(): number {
    const at = this.at
    if (at + 4 > this.end) throw new TruncatedError(4, this.left)
    this.at = at + 4
    const b = this.buffer
    return (b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!
  }

  /** int64 for zxids and durations: what lies outside the safe integers becomes the nearest one.
   *  No zxid gets there (its epoch would have to pass 2²¹), so order comparisons stay right. */
  long(): number {
    const high = this.int()
    const low = this.int() >>> 0
    const value = high * TWO_32 + low
    if (Number.isSafeInteger(value)) return value
    return high < 0 ? Number.MIN_SAFE_INTEGER : Number.MAX_SAFE_INTEGER
  }

  /** int64 where every bit counts: session ids. */
  bigLong(): bigint {
    const at = this.at
    if (at + 8 > this.end) throw new TruncatedError(8, this.left)
    this.at = at + 8
    return this.buffer.readBigInt64BE(at)
  }

  /** ustring; invalid UTF-8 becomes U+FFFD, as in Java. */
  string(): string | null {
    const length = this.length()
    if (length < 0) return null
    const start = this.at
    this.at = start + length
    return decodeText(this.buffer, start, start + length)
  }

  /** A copy that owns its memory: it may be kept without keeping the socket's chunk alive. */
  bytes(): Uint8Array | null {
    const length = this.length()
    if (length < 0) return null
    const start = this.at
    this.at = start + length
    const copy = new Uint8Array(length)
    this.buffer.copy(copy, 0, start, start + length)
    return copy
  }

  /** buffer, as text of one character a byte. */
  byteString(): ByteString | null {
    const length = this.length()
    if (length < 0) return null
    const start = this.at
    this.at = start + length
    return this.buffer.toString('latin1', start, start + length)
  }

  /** A vector's count; −1 is null. `itemBytesMin` is the least an item can take: a count that the
   *  bytes left cannot hold is refused before anything is allocated. */
  count(itemBytesMin: number): number {
    const count = this.int()
    if (count < -1 || count * itemBytesMin > this.end - this.at) {
      throw new WireError(`vector of ${count} items in ${this.left} bytes`)
    }
    return count
  }

  private length(): number {
    const length = this.int()
    if (length < -1) throw new WireError(`length ${length}`)
    if (length > this.end - this.at) throw new TruncatedError(length, this.left)
    return length
  }
}

function decodeText(buffer: Buffer, start: number, end: number): string {
  if (end - start > SHORT_STRING_BYTES) {
    for (let i = start; i < end; i++) {
      if (buffer[i]! >= 0x80) return buffer.toString('utf8', start, end)
    }
    return buffer.toString('latin1', start, end)
  }
  let text = ''
  for (let i = start; i < end; i++) {
    const byte = buffer[i]!
    if (byte >= 0x80) return buffer.toString('utf8', start, end)
    text += String.fromCharCode(byte)
  }
  return text
}
