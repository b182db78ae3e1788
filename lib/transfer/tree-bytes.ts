/** An exported tree as bytes in chunks of a good size: what an import reads. Neighbours: export, import. */
import type { TreeInput } from './tree-reader.ts'

/** Characters. */
const CHUNK_LENGTH = 256 * 1024

/** The same bytes each time, if `lines` gives the same lines. Behind each chunk others have a turn: a tree may take a minute. */
export function bytesOfLines(lines: Iterable<string>): TreeInput {
  return {
    async *[Symbol.asyncIterator]() {
      let text = ''
      for (const line of lines) {
        text += line
        if (text.length < CHUNK_LENGTH) continue
        yield Buffer.from(text)
        text = ''
        await new Promise((resolve) => setImmediate(resolve))
      }
      yield Buffer.from(text)
    },
  }
}
