/**
 * Blocks of the data file before they are needed. The driver overwrites its own memory when the disk refuses a
 * write (lmdb 3.5 formats the error into 100 bytes), so it must never be refused one: what a group of changes may
 * take at most is written as zeros behind the last page first, and a disk that is full refuses that.
 * Neighbours: disk.ts, reserve.ts.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { noSpace } from './errors.ts'
import { dataFile } from './folder.ts'

/** Kept behind the last page for small changes: deleting needs pages, too. Unit: bytes. */
const KEPT_BYTES = 1024 * 1024
/** Changes of at most so many bytes may take of what is kept. */
const SMALL_BYTES = 64 * 1024
/** The file grows by its eighth, up to this. Unit: bytes. */
const STEP_BYTES_MAX = 16 * 1024 * 1024
const ZEROS = Buffer.alloc(256 * 1024)
const PAGE_BYTES_MAX = 64 * 1024
/** What stat counts in. */
const BLOCK_BYTES = 512
/** The driver's lock file: 126 readers, a cache line each. Unit: bytes. */
const LOCK_FILE_BYTES = 8_272
/** Btrfs, ZFS and bcachefs: what is overwritten takes new blocks. Source: statfs(2). */
const COPY_ON_WRITE = new Set([0x9123683e, 0x2fc12fc1, 0xca451a4e])
/** On those so much must be free beside what is written. Unit: bytes. */
const COPY_MARGIN_BYTES = 32 * 1024 * 1024

/** What this user may still write. Unit: bytes. */
export function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}

/**
 * Gives the driver's lock file its blocks. The driver makes it of holes and writes it through a mapping, and on
 * a full disk that is SIGBUS. Its content is rewritten as it is. @throws {Error} ENOSPC
 */
export function allocateLockFile(folder: string): void {
  const path = join(folder, 'lock.mdb')
  const { size = 0, blocks = 0 } = statSync(path, { throwIfNoEntry: false }) ?? {}
  if (size >= LOCK_FILE_BYTES && blocks * BLOCK_BYTES >= size) return
  const content = existsSync(path) ? readFileSync(path) : Buffer.alloc(0)
  const whole = Buffer.alloc(Math.max(content.length, LOCK_FILE_BYTES))
  content.copy(whole)
  const file = openSync(path, existsSync(path) ? 'r+' : 'w')
  try {
    writeAll(file, whole, 0, whole.length)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** The blocks of one data file. */
export class Room {
  readonly #folder: string
  readonly #file: number
  readonly #isCopyOnWrite: boolean
  readonly #mapBytes: number
  #fileBytes: number

  /** The data file must be there. */
  constructor(folder: string, mapBytes: number) {
    this.#folder = folder
    this.#mapBytes = mapBytes
    this.#file = openSync(dataFile(folder), 'r+')
    this.#fileBytes = fstatSync(this.#file).size
    this.#isCopyOnWrite = COPY_ON_WRITE.has(statfsSync(folder).type)
  }

  /**
   * Makes sure that there are blocks for `needed` bytes of pages behind `usedBytes`. `changedBytes`: of keys and
   * values. No write of the driver may be in progress. @throws {StoreError} STORE_NO_SPACE
   */
  provide(usedBytes: number, needed: number, changedBytes: number): void {
    if (this.#isCopyOnWrite && freeBytes(this.#folder) < needed + COPY_MARGIN_BYTES)
      throw this.#full()
    const least = usedBytes + needed
    const enough = Math.max(least, Math.min(least + KEPT_BYTES, this.#mapBytes))
    if (this.#fileBytes >= enough) return
    const step = Math.min(this.#fileBytes / 8, STEP_BYTES_MAX)
    const ahead = Math.max(enough, Math.min(enough + step, this.#mapBytes))
    if (this.#grow(ahead) || this.#grow(enough)) return
    if (changedBytes <= SMALL_BYTES && (this.#fileBytes >= least || this.#grow(least))) return
    throw this.#full()
  }

  /** What the file may grow to. Unit: bytes. */
  get bytesMax(): number {
    return this.#fileBytes + freeBytes(this.#folder)
  }

  close(): void {
    closeSync(this.#file)
  }

  /** @returns false: the disk is full, and the file as it was */
  #grow(bytes: number): boolean {
    const from = this.#fileBytes
    const to = Math.ceil(bytes / PAGE_BYTES_MAX) * PAGE_BYTES_MAX
    try {
      for (let at = from; at < to; at += ZEROS.length) {
        writeAll(this.#file, ZEROS, at, Math.min(ZEROS.length, to - at))
      }
      // Only now is it sure: some file systems look for the blocks when they write.
      fsyncSync(this.#file)
    } catch (error) {
      ftruncateSync(this.#file, from)
      const { code = '' } = error as NodeJS.ErrnoException
      if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') return false
      throw error
    }
    this.#fileBytes = to
    return true
  }

  #full(): Error {
    return noSpace(
      `there is no space left for ${this.#folder} (${freeBytes(this.#folder)} bytes are free): nothing was ` +
        'written; free some, and it continues by itself',
    )
  }
}

function writeAll(file: number, bytes: Buffer, at: number, count: number): void {
  for (let done = 0; done < count; ) {
    done += writeSync(file, bytes, done, count - done, at + done)
  }
}
