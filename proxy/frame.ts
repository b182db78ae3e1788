/**
 * Splits a byte stream into ZooKeeper packets: int32 length, then that many bytes (W1).
 * Line: bytes → here → record.
 */
import { WireError } from '../lib/index.ts'

export class FrameSplitter {
  readonly #frameBytesMax: number
  /** Bytes of a frame whose end has not arrived; kept in pieces and joined once. */
  #parts: Buffer[] = []
  #partsBytes = 0

  /** @param frameBytesMax jute.maxbuffer: longer packets end the connection (W3). Unit bytes. */
  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax
  }

  /** Bytes of an unfinished frame held back. */
  get pendingBytes(): number {
    return this.#partsBytes
  }

  /**
   * Calls `onFrame` with each body that is complete now: `buffer` from `start` to `end`, only valid
   * during the call. Stops when it returns false.
   * @throws {WireError} on a length below zero or above the limit.
   */
  push(chunk: Buffer, onFrame: (buffer: Buffer, start: number, end: number) => boolean): void {
    let buffer = chunk
    if (this.#partsBytes > 0) {
      this.#parts.push(chunk)
      this.#partsBytes += chunk.length
      if (this.#partsBytes < this.#neededBytes()) return
      buffer = Buffer.concat(this.#parts, this.#partsBytes)
      this.#parts = []
      this.#partsBytes = 0
    }
    let at = 0
    while (buffer.length - at >= 4) {
      const length = buffer.readInt32BE(at)
      this.#check(length)
      if (buffer.length - at - 4 < length) break
      const start = at + 4
      at = start + length
      if (!onFrame(buffer, start, at)) return
    }
    if (at < buffer.length) {
      this.#parts = [at === 0 ? buffer : buffer.subarray(at)]
      this.#partsBytes = buffer.length - at
    }
  }

  #neededBytes(): number {
    const first = this.#parts[0] as Buffer
    const head =
      first.length >= 4 ? first : Buffer.concat(this.#parts, Math.min(this.#partsBytes, 4))
    if (head.length < 4) return 4
    const length = head.readInt32BE(0)
    this.#check(length)
    return 4 + length
  }

  #check(length: number): void {
    if (length < 0 || length > this.#frameBytesMax) {
      throw new WireError(`packet length ${length}, allowed 0 to ${this.#frameBytesMax}`)
    }
  }
}
