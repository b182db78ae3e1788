/** Adler-32, ZooKeeper’s checksum of snapshots and log records. Source: RFC 1950; java.util.zip.Adler32. */

const BASE = 65_521
/** So many bytes can be added before the sums pass 2³¹. */
const RUN = 3_800

/** Of bytes that come in pieces. */
export class Adler32 {
  #a = 1
  #b = 0

  /** Adds `bytes[start, end)`. */
  update(bytes: Uint8Array, start = 0, end = bytes.length): this {
    let a = this.#a
    let b = this.#b
    for (let at = start; at < end; ) {
      const stop = Math.min(at + RUN, end)
      for (; at < stop; at++) {
        a += bytes[at] as number
        b += a
      }
      a %= BASE
      b %= BASE
    }
    this.#a = a
    this.#b = b
    return this
  }

  /** Of all bytes so far, 32 bits, unsigned. */
  get value(): number {
    return this.#b * 65_536 + this.#a
  }
}
