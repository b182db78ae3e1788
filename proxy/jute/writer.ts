/**
 * Writes jute primitives into one buffer per connection, so that all replies of a tick leave in one
 * write. Source: BinaryOutputArchive (W2). Neighbours: wire/encode-reply, connection.
 */

const INITIAL_BYTES = 4 * 1024
const TWO_32 = 4_294_967_296

export class JuteWriter {
  #buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES)
  #at = 0

  /** Bytes written and not taken yet. */
  get length(): number {
    return this.#at
  }

  /** Hands out everything written; the writer goes on in memory of its own. */
  take(): Buffer {
    const filled = this.#buffer.subarray(0, this.#at)
    // The socket may hold on to what was filled; the rest of the buffer is free to use.
    if (this.#buffer.length - this.#at >= INITIAL_BYTES) {
      this.#buffer = this.#buffer.subarray(this.#at)
    } else
      this.#buffer = Buffer.allocUnsafeSlow(Math.min(Math.max(this.#at, INITIAL_BYTES), 65_536))
    this.#at = 0
    return filled
  }

  /** Begins a packet; pass what it returns to end(). */
  begin(): number {
    this.#reserve(4)
    this.#at += 4
    return this.#at
  }
  end(start: number): void {
    this.#buffer.writeInt32BE(this.#at - start, start - 4)
  }

  #reserve(count: number): void {
    const needed = this.#at + count
    if (needed <= this.#buffer.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2, 16_384))
    this.#buffer.copy(grown, 0, 0, this.#at)
    this.#buffer = grown
  }

  boolean(value: boolean): void {
    this.#reserve(1)
    this.#buffer[this.#at++] = value ? 1 : 0
  }

  int(value: number): void {
    this.#reserve(4)
    this.#at = this.#buffer.writeInt32BE(value, this.#at)
  }

  /** A safe integer. */
  long(value: number): void {
    this.#reserve(8)
    const high = Math.floor(value / TWO_32)
    this.#at = this.#buffer.writeInt32BE(high, this.#at)
    this.#at = this.#buffer.writeUInt32BE(value - high * TWO_32, this.#at)
  }

  bigLong(value: bigint): void {
    if (value === 0n) {
      this.long(0)
      return
    }
    this.#reserve(8)
    this.#at = this.#buffer.writeBigInt64BE(BigInt.asIntN(64, value), this.#at)
  }

  string(value: string): void {
    const { length } = value
    // Three bytes per UTF-16 unit is the most UTF-8 takes.
    this.#reserve(4 + length * 3)
    const start = this.#at + 4
    let at = start
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i)
      if (unit > 0x7f) {
        at = start + this.#buffer.write(value, start)
        break
      }
      this.#buffer[at++] = unit
    }
    this.#buffer.writeInt32BE(at - start, this.#at)
    this.#at = at
  }

  buffer(value: Uint8Array | null): void {
    if (value === null) {
      this.int(-1)
      return
    }
    this.int(value.length)
    this.#reserve(value.length)
    this.#buffer.set(value, this.#at)
    this.#at += value.length
  }
}
