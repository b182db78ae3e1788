/** Files that the command line names: the configuration, secrets, users. Each has a bound of bytes and of time, also where it is no file. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'

/** Largest configuration file, bytes. */
const CONFIGURATION_BYTES_MAX = 1024 * 1024
/** Largest file with one secret, bytes. */
const SECRET_BYTES_MAX = 64 * 1024
const CHUNK_BYTES = 64 * 1024
/**
 * How long the next bytes of a FIFO or a device may take, not all of them. It holds before any setting is known, as it is what they are
 * read with. A writer that needs longer, such as one that prompts, runs first and its output is named. Unit ms.
 */
const SILENCE_MS_MAX = 10_000
/** Between two looks: a pace, which ends nothing. Unit ms. */
const LOOK_MS = 20

/**
 * @throws {Error} with the reason: it cannot be read, is larger than `bytesMax`, is no UTF-8, or is a FIFO or a device of which nothing
 *   comes for `silenceMsMax`
 */
export function readText(
  file: string,
  bytesMax: number = CONFIGURATION_BYTES_MAX,
  silenceMsMax: number = SILENCE_MS_MAX,
): string {
  const bytes = Buffer.alloc(bytesMax + 1)
  // Without it, the open of a FIFO waits for a writer, and no signal ends that.
  const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
  let length = 0
  try {
    const isFifo = fstatSync(descriptor).isFIFO()
    let lastMs = performance.now()
    for (;;) {
      const room = Math.min(CHUNK_BYTES, bytes.length - length)
      const read = readWhatIsThere(descriptor, bytes, length, room)
      // A FIFO that nobody has opened for writing yet looks like one that has ended.
      const isSilent = read === undefined || (read === 0 && isFifo && length === 0)
      if (read === 0 && !isSilent) break
      if (!isSilent) {
        lastMs = performance.now()
        length += read
        if (length > bytesMax) throw new Error(`the file ${file} has more than ${bytesMax} bytes`)
        continue
      }
      if (performance.now() - lastMs > silenceMsMax) {
        throw new Error(`nothing came from ${file} for ${silenceMsMax} ms: nobody writes to it`)
      }
      Atomics.wait(SLEEP, 0, 0, LOOK_MS)
    }
  } finally {
    closeSync(descriptor)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, length))
  } catch {
    throw new Error(`the file ${file} is not UTF-8 text`)
  }
}

const SLEEP = new Int32Array(new SharedArrayBuffer(4))

/** @returns the number of bytes; undefined: there are none yet */
function readWhatIsThere(
  descriptor: number,
  bytes: Buffer,
  offset: number,
  length: number,
): number | undefined {
  try {
    return readSync(descriptor, bytes, offset, length, null)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined
    throw error
  }
}

/** The content of a file that holds one secret, without the line end behind it. */
export function readSecret(file: string): string {
  const secret = readText(file, SECRET_BYTES_MAX).replace(/\r?\n$/, '')
  if (secret === '') throw new Error(`the file ${file} is empty`)
  return secret
}
