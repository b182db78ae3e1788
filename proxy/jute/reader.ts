/**
 * Reads jute primitives, bounds-checked. Source: BinaryInputArchive (W2).
 * Neighbours: frame (gives the bytes), wire/decode-request.
 */
import { WireError } from '../../lib/index.ts'

const TWO_32 = 4_294_967_296

export class JuteReader {
  #buffer: Buffer = Buffer.alloc(0)
  #at = 0
  #end = 0

  /** Points the reader at a record; it keeps nothing of an earlier one. */
  reset(buffer: Buffer, start: number, end: number): this {
    this.#buffer = buffer
    this.#at = start
    this.#end = end
    return this
  }

  get remaining(): number {
    return this.#end - this.#at
  }

  #take(count: number): number {
    const at = this.#at
    if (count > this.#end - at) throw new WireError('record ends too early')
    this.#at = at + count
    return at
  }

  boolean(): boolean {
    return this.#buffer[this.#take(1)] !== 0
  }

  int(): number {
    return this.#buffer.readInt32BE(this.#take(4))
  }

  /** A long as a number; beyond ±2^53 it is the nearest one, which no zxid of ours reaches. */
  long(): number {
    const at = this.#take(8)
    return this.#buffer.readInt32BE(at) * TWO_32 + this.#buffer.readUInt32BE(at + 4)
  }

  bigLong(): bigint {
    return this.#buffer.readBigInt64BE(this.#take(8))
  }

  #length(): number {
    const length = this.int()
    if (length < -1) throw new WireError(`negative length ${length}`)
    return length
  }

  /** null (−1) reads as the empty string. */
  string(): string {
    const length = this.#length()
    if (length <= 0) return ''
    const at = this.#take(length)
    return this.#buffer.toString('utf8', at, at + length)
  }

  /** A copy, so that the packet's memory is not kept. null for −1. */
  buffer(): Uint8Array | null {
    const length = this.#length()
    if (length < 0) return null
    const at = this.#take(length)
    return Uint8Array.prototype.slice.call(this.#buffer, at, at + length)
  }

  /** Number of elements, or −1 for a null vector. Each element takes at least `bytesMin`. */
  vector(bytesMin: number): number {
    const count = this.int()
    if (count < -1 || count * bytesMin > this.remaining) {
      throw new WireError(`vector of ${count} elements`)
    }
    return count
  }

  strings(): string[] {
    const out: string[] = []
    for (let left = this.vector(4); left > 0; left--) out.push(this.string())
    return out
  }
}
