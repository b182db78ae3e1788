/** Bytes as they come → lines. Neighbour: tree-reader.ts. */
import { CopyError } from '../model/errors.ts'

/**
 * Longest line accepted, bytes: the largest value of any store, in base64 or with every character
 * escaped, and some more. An input of something else must not fill the memory.
 */
export const LINE_BYTES_MAX = 64 * 1024 * 1024

export interface Line {
  /** Without its end. Valid until the next line is read. */
  readonly bytes: Buffer
  /** false: the input ends here without a line end. */
  readonly complete: boolean
}

/** @throws {CopyError} COPY_MALFORMED: a line is longer than `lineBytesMax` */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  lineBytesMax = LINE_BYTES_MAX,
): AsyncGenerator<Line> {
  let parts: Buffer[] = []
  let bytes = 0
  let line = 1
  const take = (part: Buffer): Buffer => {
    if (bytes + part.length > lineBytesMax) {
      throw new CopyError('COPY_MALFORMED', `it is longer than ${lineBytesMax} bytes`, { line })
    }
    bytes += part.length
    parts.push(part)
    return part
  }
  const whole = (): Buffer => {
    const joined = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)
    parts = []
    bytes = 0
    line++
    return joined
  }
  for await (const chunk of chunks) {
    const buffer = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    let start = 0
    for (;;) {
      const end = buffer.indexOf(10, start)
      if (end < 0) break
      take(buffer.subarray(start, end))
      yield { bytes: whole(), complete: true }
      start = end + 1
    }
    if (start < buffer.length) take(buffer.subarray(start))
  }
  if (bytes > 0) yield { bytes: whole(), complete: false }
}
