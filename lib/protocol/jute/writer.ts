/**
 * Jute's primitives appended to a connection's output: many replies gather in one chunk and leave
 * in one buffer. record/ writes the records; the connection takes the bytes once a tick.
 */

import type { ByteString } from '../../model/byte-string.ts'
import { WireError } from '../../model/errors.ts'
import { ChunkPool } from './chunk-pool.ts'

const TWO_32 = 4294967296
const CHUNK_BYTES_MIN = 1024
/** What a connection is expected to need again, at most: it grows beyond that when it does. */
const CHUNK_BYTES_MAX = 256 * 1024
const NO_CHUNK = Buffer.alloc(0)
const NO_VIEW = new DataView(NO_CHUNK.buffer, 0, 0)
/** Up to this many characters a loop beats the native encoder. */
const SHORT_STRING_CHARS = 64
/** Up to this many bytes a loop beats TypedArray.set. */
const SHORT_BYTES = 32

/** A safe integer as int64. */
export function putLong(view: DataView, at: number, value: number): void {
  view.setInt32(at, Math.floor(value / TWO_32))
  view.setInt32(at + 4, value)
}

export interface JuteWriterOptions {
  /** Bytes that may wait for take(). */
  readonly pendingBytesMax: number
  /** Where chunks come from and go back to. */
  readonly pool: ChunkPool
}

const ALONE: JuteWriterOptions = {
  pendingBytesMax: Number.POSITIVE_INFINITY,
  pool: new ChunkPool(0),
}

export class JuteWriter {
  private readonly pendingBytesMax: number
  private readonly pool: ChunkPool
  private chunk: Buffer = NO_CHUNK
  private view: DataView = NO_VIEW
  /** [start, at) waits for take(); memory before `start` belongs to whoever took it. */
  private start = 0
  private at = 0
  private frame = 0
  /** Size of the next chunk. */
  private chunkBytes = CHUNK_BYTES_MIN

  constructor(options: JuteWriterOptions = ALONE) {
    this.pendingBytesMax = options.pendingBytesMax
    this.pool = options.pool
  }

  /** Bytes written and not yet taken. */
  get pendingBytes(): number {
    return this.at - this.start
  }

  /** Opens a frame: leaves room for its length. Frames do not nest. */
  begin(): void {
    this.reserve(4)
    this.frame = this.at
    this.at += 4
  }

  /** Closes the frame opened last: fills in its length. */
  end(): void {
    this.view.setInt32(this.frame, this.at - this.frame - 4)
  }

  /** Forgets the frame opened last, as if begin() had not been called. */
  rollback(): void {
    this.at = this.frame
  }

  /**
   * Everything written so far, or null. The memory is the caller's: it is never written again, unless
   * the caller says that it may be.
   */
  take(): Buffer | null {
    if (this.at === this.start) return null
    const taken = this.chunk.subarray(this.start, this.at)
    const needed = Math.max(CHUNK_BYTES_MIN, taken.length, this.chunkBytes >> 1)
    this.chunkBytes = Math.min(needed, CHUNK_BYTES_MAX)
    this.start = this.at
    this.frame = this.at
    return taken
  }

  /** Nobody reads what was taken any more: its memory may be written again. */
  release(): void {
    if (this.at !== this.start || this.chunk === NO_CHUNK) return
    this.pool.give(this.chunk)
    this.chunk = NO_CHUNK
    this.view = NO_VIEW
    this.start = 0
    this.at = 0
    this.frame = 0
  }

  bool(value: boolean): void {
    this.reserve(1)
    this.chunk[this.at++] = value ? 1 : 0
  }

  int(value: number): void {
    this.reserve(4)
    this.view.setInt32(this.at, value)
    this.at += 4
  }

  /** A safe integer as int64. */
  long(value: number): void {
    this.reserve(8)
    putLong(this.view, this.at, value)
    this.at += 8
  }

  bigLong(value: bigint): void {
    this.reserve(8)
    this.view.setBigInt64(this.at, value)
    this.at += 8
  }

  /** ustring in UTF-8; null is length −1.
   *  Differs: for characters beyond U+FFFF ZooKeeper writes each surrogate by itself, which its
   *  own clients cannot read back. Paths cannot contain them; only a sync's echo and ACL ids can. */
  string(value: string | null): void {
    if (value === null) {
      this.int(-1)
      return
    }
    const chars = value.length
    this.reserve(4 + chars * 3)
    const start = this.at + 4
    const bytes =
      chars <= SHORT_STRING_CHARS ? this.putShort(value, start) : this.chunk.write(value, start)
    this.view.setInt32(this.at, bytes)
    this.at = start + bytes
  }

  /** buffer; null is length −1. */
  bytes(value: Uint8Array | null): void {
    if (value === null) {
      this.int(-1)
      return
    }
    const length = value.length
    this.reserve(4 + length)
    this.view.setInt32(this.at, length)
    const start = this.at + 4
    if (length <= SHORT_BYTES) {
      const chunk = this.chunk
      for (let i = 0; i < length; i++) chunk[start + i] = value[i]!
    } else {
      this.chunk.set(value, start)
    }
    this.at = start + length
  }

  /** buffer, from text of one character a byte; null is length −1. */
  byteString(value: ByteString | null): void {
    if (value === null) {
      this.int(-1)
      return
    }
    const length = value.length
    this.reserve(4 + length)
    this.view.setInt32(this.at, length)
    const start = this.at + 4
    if (length <= SHORT_BYTES) {
      const chunk = this.chunk
      for (let i = 0; i < length; i++) chunk[start + i] = value.charCodeAt(i)
    } else {
      this.chunk.write(value, start, length, 'latin1')
    }
    this.at = start + length
  }

  /**
   * For records of fixed size: `bytes` bytes are appended, and the caller writes them into `dataView` from the returned
   * position on, before anything else is appended.
   */
  room(bytes: number): number {
    this.reserve(bytes)
    const { at } = this
    this.at = at + bytes
    return at
  }

  /** What {@link room} made is in it. Another one after each append. */
  get dataView(): DataView {
    return this.view
  }

  /** Bytes that are jute already. */
  raw(value: Uint8Array): void {
    this.reserve(value.length)
    this.chunk.set(value, this.at)
    this.at += value.length
  }

  /** Makes sure that the next `bytes` bytes fit. */
  private reserve(bytes: number): void {
    if (this.at + bytes > this.chunk.length) this.grow(bytes)
  }

  private putShort(value: string, start: number): number {
    const chunk = this.chunk
    const chars = value.length
    for (let i = 0; i < chars; i++) {
      const code = value.charCodeAt(i)
      if (code >= 0x80) return chunk.write(value, start)
      chunk[start + i] = code
    }
    return chars
  }

  /** Moves pending bytes into another chunk: as large as was needed last, or twice as large as before.
   *  @throws {WireError} beyond pendingBytesMax: call rollback(). */
  private grow(bytes: number): void {
    const waiting = this.at - this.start
    if (waiting + bytes > this.pendingBytesMax) {
      throw new WireError(`more than ${this.pendingBytesMax} bytes of pending output`)
    }
    const fresh = this.pool.take(Math.max(this.chunkBytes, waiting * 2 + bytes))
    if (waiting > 0) this.chunk.copy(fresh, 0, this.start, this.at)
    // What was taken from the old one may still be read.
    if (this.start === 0 && this.chunk !== NO_CHUNK) this.pool.give(this.chunk)
    this.frame -= this.start
    this.start = 0
    this.at = waiting
    this.chunk = fresh
    this.view = new DataView(fresh.buffer, fresh.byteOffset, fresh.length)
  }
}
