/**
 * All bytes of a file that somebody named, in bounded time and memory: the name may lead to a FIFO, a device or a disk image. Line: the
 * readers of settings, certificates and secrets → here.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'

const CHUNK_BYTES = 64 * 1024
/** Between two looks: a pace, which ends nothing. Unit ms. */
const LOOK_MS = 20

export interface ReadBounds {
  readonly bytesMax: number
  /** How long the next bytes of a FIFO or a device may take, not all of them; 0: what is not there yet is not waited for. Unit ms. */
  readonly silenceMsMax: number
}

let isWaiting = true

/** What `read` returns, in a process that serves meanwhile: its synchronous reads wait for no FIFO and no device. */
export function withoutWaiting<T>(read: () => T): T {
  const before = isWaiting
  isWaiting = false
  try {
    return read()
  } finally {
    isWaiting = before
  }
}

/**
 * Holds the thread while it waits.
 * @throws {Error} it cannot be read, has more than `bytesMax` bytes, or is a FIFO or a device of which nothing comes for `silenceMsMax`
 */
export function readBoundedSync(path: string, bounds: ReadBounds): Buffer {
  const reading = parts(path, isWaiting ? bounds : { ...bounds, silenceMsMax: 0 })
  for (;;) {
    const { done, value } = reading.next()
    if (done === true) return value
    Atomics.wait(SLEEP, 0, 0, LOOK_MS)
  }
}

/** As {@link readBoundedSync}, but others run while it waits: rejects where that throws. */
export async function readBounded(path: string, bounds: ReadBounds): Promise<Buffer> {
  const reading = parts(path, bounds)
  for (;;) {
    const { done, value } = reading.next()
    if (done === true) return value
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

const SLEEP = new Int32Array(new SharedArrayBuffer(4))

/** Yields where there is nothing to read yet. */
function* parts(path: string, { bytesMax, silenceMsMax }: ReadBounds): Generator<void, Buffer> {
  // Without it, the open of a FIFO waits for a writer, and no signal ends that.
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const isFifo = fstatSync(descriptor).isFIFO()
    const chunks: Buffer[] = []
    let length = 0
    let lastMs = performance.now()
    for (;;) {
      const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, bytesMax + 1 - length))
      const read = readWhatIsThere(descriptor, chunk)
      // A FIFO that nobody has opened for writing yet looks like one that has ended.
      const isSilent = read === undefined || (read === 0 && isFifo && length === 0)
      if (!isSilent) {
        if (read === 0) return Buffer.concat(chunks)
        lastMs = performance.now()
        length += read
        if (length > bytesMax) throw new Error(`the file ${path} has more than ${bytesMax} bytes`)
        chunks.push(chunk.subarray(0, read))
      } else if (silenceMsMax === 0) {
        throw new Error(`nothing is in ${path}, which is no file, and it is not waited for`)
      } else if (performance.now() - lastMs > silenceMsMax) {
        throw new Error(`nothing came from ${path} for ${silenceMsMax} ms: nobody writes to it`)
      } else yield
    }
  } finally {
    closeSync(descriptor)
  }
}

/** @returns the number of bytes; undefined: there are none yet */
function readWhatIsThere(descriptor: number, chunk: Buffer): number | undefined {
  try {
    return readSync(descriptor, chunk)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined
    throw error
  }
}
