/**
 * Files that a flag names, to read from or to write to: an ordinary file, a FIFO, a device. What cannot be opened is refused
 * with the flag before anything else is done. Neighbours: unusable, export, import.
 */
import {
  closeSync,
  constants,
  createReadStream,
  createWriteStream,
  fsyncSync,
  openSync,
  statSync,
} from 'node:fs'
import { Socket } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { beginUnfinished } from '../adapters/index.ts'
import { StoreError } from '../lib/index.ts'
import { whenCutShort } from './cut-short.ts'
import { UsageError } from './flags.ts'
import { unusableFile } from './unusable.ts'

/** How long a FIFO may be without a reader: nothing is lost by it, as nothing is read from a store before. Unit ms. */
const READER_MS_MAX = 30_000
/** Between two looks. Unit ms. */
const LOOK_MS = 50

/**
 * Its bytes. A FIFO is waited for without holding a thread, so that Ctrl-C ends the wait.
 * @throws {UsageError} with the flag: it cannot be opened, or is a folder
 */
export function inputFile(flag: string, path: string): Readable {
  try {
    const stat = statSync(path)
    if (stat.isDirectory()) throw Object.assign(new Error('a folder'), { code: 'EISDIR' })
    if (!stat.isFIFO()) return createReadStream(path, { fd: openSync(path, 'r') })
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    return new Socket({ fd, readable: true, writable: false })
  } catch (error) {
    throw new UsageError(unusableFile(flag, path, error))
  }
}

/** Where a command writes what it makes. */
export interface OutputFile {
  readonly stream: Writable
  /** When all is written: it is on the disk, and has its name. */
  done(): void
  /** Nothing of it is left, where it is an ordinary file. */
  abandon(): void
}

/**
 * Readable by its owner alone: it holds data that ACLs protect. An ordinary file has its name only when it is complete, one process
 * at a time writes it, and Ctrl-C leaves nothing of it.
 * @throws {UsageError} with the flag: it cannot be opened, is a folder, or is a FIFO that nobody reads
 * @throws {StoreError} STORE_UNAVAILABLE: another process writes it
 */
export async function outputFile(flag: string, path: string): Promise<OutputFile> {
  try {
    const stat = statSync(path, { throwIfNoEntry: false })
    if (stat?.isDirectory() === true) throw Object.assign(new Error('a folder'), { code: 'EISDIR' })
    if (stat === undefined || stat.isFile()) return await ordinaryFile(path)
    const stream = stat.isFIFO()
      ? new Socket({ fd: await fifoWithReader(path), readable: false, writable: true })
      : createWriteStream(path, { fd: openSync(path, 'w') })
    return { stream, done() {}, abandon() {} }
  } catch (error) {
    if (error instanceof StoreError) throw error
    throw new UsageError(unusableFile(flag, path, error))
  }
}

async function ordinaryFile(path: string): Promise<OutputFile> {
  const unfinished = await beginUnfinished(path)
  const forget = whenCutShort(() => unfinished.abandon())
  const abandon = (): void => {
    unfinished.abandon()
    forget()
  }
  try {
    const fd = openSync(unfinished.path, 'wx', 0o600)
    return {
      stream: createWriteStream(unfinished.path, { fd, autoClose: false }),
      done() {
        fsyncSync(fd)
        closeSync(fd)
        unfinished.finish()
        forget()
      },
      abandon,
    }
  } catch (error) {
    abandon()
    throw error
  }
}

async function fifoWithReader(path: string): Promise<number> {
  const untilMs = performance.now() + READER_MS_MAX
  for (;;) {
    try {
      return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
    } catch (error) {
      const isUnread = (error as NodeJS.ErrnoException).code === 'ENXIO'
      if (!isUnread || performance.now() > untilMs) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}
