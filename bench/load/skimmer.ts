/**
 * Cuts a stream of length-prefixed packets: the first bytes of each are shown, the rest is skipped
 * without being touched. Neighbours: link (replies), null-server (requests).
 */

export interface Reader {
  /** A packet begins; its header is at `at`. The bytes are valid during the call only. */
  begin(bytes: Buffer, at: number): void
  /** All of that packet has come. */
  end(): void
}

const LENGTH_BYTES = 4

export class Skimmer {
  readonly #reader: Reader
  readonly #head: Buffer
  #headFilled = 0
  /** Bytes of the packet at hand still to come. */
  #left = 0

  /** @param headerBytes shown of each packet, the length included; none may be shorter. */
  constructor(headerBytes: number, reader: Reader) {
    this.#reader = reader
    this.#head = Buffer.alloc(headerBytes)
  }

  feed(chunk: Buffer, length: number): void {
    const headerBytes = this.#head.length
    let at = 0
    while (at < length) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, length - at)
        at += taken
        this.#left -= taken
      } else if (this.#headFilled === 0 && length - at >= headerBytes) {
        this.#begin(chunk, at)
        at += headerBytes
      } else {
        const taken = Math.min(headerBytes - this.#headFilled, length - at)
        chunk.copy(this.#head, this.#headFilled, at, at + taken)
        at += taken
        this.#headFilled += taken
        if (this.#headFilled < headerBytes) return
        this.#headFilled = 0
        this.#begin(this.#head, 0)
      }
      if (this.#left === 0) this.#reader.end()
    }
  }

  #begin(bytes: Buffer, at: number): void {
    this.#left = LENGTH_BYTES + bytes.readInt32BE(at) - this.#head.length
    this.#reader.begin(bytes, at)
  }
}
