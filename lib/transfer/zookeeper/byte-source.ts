/**
 * Bytes as they come, of a file or a socket → records. Holds no more than the record that is read and the piece it
 * came in. Line: bytes → here → snapshot-decoder, log-decoder, quorum-packet.
 */
import { WireError } from '../../model/errors.ts'
import { JuteReader } from '../../protocol/jute/reader.ts'
import { TruncatedError } from '../../protocol/jute/truncated.ts'
import { Adler32 } from './adler32.ts'

/** Longest record that is read, bytes: a length beyond it is damage, as no store takes so large a znode. */
export const RECORD_BYTES_MAX = 64 * 1024 * 1024

/** Cut anywhere. */
export type ByteChunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

const NOTHING = Buffer.alloc(0)

/** The input ends within a record: on a socket that is no damage, but whoever sent it is gone. */
export class CutShort extends WireError {}

export class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array> | Iterator<Uint8Array>
  readonly #reader = new JuteReader()
  readonly #checksum = new Adler32()
  readonly #recordBytesMax: number
  #window: Buffer = NOTHING
  /** In the window: everything before it is read. */
  #at = 0
  /** Of the window’s first byte. */
  #base = 0
  #hasEnded = false

  constructor(input: ByteChunks, { recordBytesMax = RECORD_BYTES_MAX } = {}) {
    this.#chunks =
      Symbol.asyncIterator in input ? input[Symbol.asyncIterator]() : input[Symbol.iterator]()
    this.#recordBytesMax = recordBytesMax
  }

  /** Bytes read so far: where the next record begins. */
  get offset(): number {
    return this.#base + this.#at
  }

  /** Adler-32 of all bytes that were read. */
  get checksum(): number {
    return this.#checksum.value
  }

  /** Ends the input early. */
  async close(): Promise<void> {
    await this.#chunks.return?.(undefined)
  }

  /**
   * Reads what `decode` takes. Where the bytes so far end within it, it is called again when more have come: it must
   * change nothing.
   * @throws {WireError} with the offset at which the record begins: malformed, too long; {@link CutShort}: the input ends within it
   */
  async read<T>(what: string, decode: (reader: JuteReader) => T): Promise<T> {
    for (;;) {
      const missing = this.#missing(what, decode)
      if (typeof missing !== 'number') return missing.value
      const wanted = this.#here + missing
      if (wanted > this.#recordBytesMax) {
        throw this.problem(`${what} has more than ${this.#recordBytesMax} bytes`)
      }
      if ((await this.have(wanted)) < wanted) {
        throw new CutShort(
          `at byte ${this.offset}: ${what} is cut short: the input ends at byte ${this.#end}`,
        )
      }
    }
  }

  #missing<T>(what: string, decode: (reader: JuteReader) => T): number | { value: T } {
    const reader = this.#reader.reset(this.#window, this.#at, this.#window.length)
    try {
      const value = decode(reader)
      this.skip(this.#here - reader.left)
      return { value }
    } catch (error) {
      if (error instanceof TruncatedError) return error.missing
      if (error instanceof WireError) throw this.problem(`${what}: ${error.message}`)
      throw error
    }
  }

  /** Waits for so many bytes. @returns how many are there: fewer only at the end of the input */
  async have(bytes: number): Promise<number> {
    if (this.#here >= bytes || this.#hasEnded) return this.#here
    const parts = [this.#window.subarray(this.#at)]
    let here = this.#here
    while (here < bytes) {
      const { value, done } = await this.#chunks.next()
      if (done === true) {
        this.#hasEnded = true
        break
      }
      parts.push(Buffer.from(value.buffer, value.byteOffset, value.length))
      here += value.length
    }
    this.#base += this.#at
    this.#at = 0
    this.#window = Buffer.concat(parts)
    return here
  }

  /** What is here of the bytes that are not read yet. Valid until the next call. */
  get ahead(): Buffer {
    return this.#window.subarray(this.#at)
  }

  /** These bytes, which are here, are read. */
  skip(bytes: number): void {
    this.#checksum.update(this.#window, this.#at, this.#at + bytes)
    this.#at += bytes
  }

  problem(what: string, offset = this.offset): WireError {
    return new WireError(`at byte ${offset}: ${what}`)
  }

  get #here(): number {
    return this.#window.length - this.#at
  }
  get #end(): number {
    return this.#base + this.#window.length
  }
}
