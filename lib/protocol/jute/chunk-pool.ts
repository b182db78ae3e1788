/**
 * Output memory that is used again. A fresh buffer for each socket write is memory outside of V8's
 * heap, and its growth alone makes V8 collect, at the cost of the whole tree. Neighbour: writer.
 */

/** Sizes are powers of two from 1 KiB to 1 MiB; a larger chunk is the caller's alone. */
const SMALLEST_LOG2 = 10
const LARGEST_LOG2 = 20
const SIZES = LARGEST_LOG2 - SMALLEST_LOG2 + 1

export class ChunkPool {
  readonly #keptBytesMax: number
  /** By size, the smallest first. */
  readonly #free: Buffer[][] = Array.from({ length: SIZES }, () => [])
  #keptBytes = 0

  /** `keptBytesMax`: bytes that may lie unused. */
  constructor(keptBytesMax: number) {
    this.#keptBytesMax = keptBytesMax
  }

  get keptBytes(): number {
    return this.#keptBytes
  }

  /** At least `bytes` long, of any content. */
  take(bytes: number): Buffer {
    const size = sizeOf(bytes)
    if (size >= SIZES) return Buffer.allocUnsafeSlow(bytes)
    const kept = this.#free[size]!.pop()
    if (kept === undefined) return Buffer.allocUnsafeSlow(1 << (size + SMALLEST_LOG2))
    this.#keptBytes -= kept.length
    return kept
  }

  /** Nobody reads this chunk any more. It came from {@link take}. */
  give(chunk: Buffer): void {
    const size = sizeOf(chunk.length)
    if (size >= SIZES || this.#keptBytes + chunk.length > this.#keptBytesMax) return
    this.#keptBytes += chunk.length
    this.#free[size]!.push(chunk)
  }
}

/** The number of the smallest size that is not below `bytes`. */
function sizeOf(bytes: number): number {
  return Math.max(0, 32 - Math.clz32(Math.max(0, bytes - 1)) - SMALLEST_LOG2)
}
