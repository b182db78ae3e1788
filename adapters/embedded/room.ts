/**
 * The disk's free space. The database is written with pwrite, so a full disk is an error and no signal; only its
 * lock file is written through a mapping. Neighbours: disk.ts, reserve.ts.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  statfsSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import type { StoreError } from '../../lib/model/errors.ts'
import { noSpace } from './errors.ts'

/** A write that failed beside less than this is taken for one that the disk had no space for. Unit: bytes. */
const MARGIN_BYTES = 1024 * 1024
/** What was refused is tried again after so long: pages in the file may have become free. Unit: ms. */
const RETRY_MS = 1_000
/** The driver's lock file: 126 readers, a cache line each. Unit: bytes. */
const LOCK_FILE_BYTES = 8_272

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
  const content = existsSync(path) ? readFileSync(path) : Buffer.alloc(0)
  const whole = Buffer.alloc(Math.max(content.length, LOCK_FILE_BYTES))
  content.copy(whole)
  const file = openSync(path, existsSync(path) ? 'r+' : 'w')
  try {
    let at = 0
    while (at < whole.length) at += writeSync(file, whole, at, whole.length - at, at)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** Remembers what the disk had no space for, so that it is not tried again while nothing has changed. */
export class Room {
  readonly #folder: string
  /** The smallest write that was refused, the free space then, in bytes, and when it was, monotonic ms. */
  #refused: { readonly needed: number; readonly free: number; readonly atMs: number } | undefined

  constructor(folder: string) {
    this.#folder = folder
  }

  isShortOf(bytes: number): boolean {
    return freeBytes(this.#folder) < bytes + MARGIN_BYTES
  }

  /** @throws {StoreError} STORE_NO_SPACE, when as much was just refused and no space was freed since */
  check(needed: number): void {
    if (this.#refused === undefined || needed < this.#refused.needed) return
    if (performance.now() - this.#refused.atMs > RETRY_MS) return
    if (freeBytes(this.#folder) <= this.#refused.free) throw this.#error()
  }

  /** A write was refused. @returns what to throw */
  refused(needed: number, cause: unknown): StoreError {
    const least = Math.min(needed, this.#refused?.needed ?? needed)
    this.#refused = { needed: least, free: freeBytes(this.#folder), atMs: performance.now() }
    return this.#error(cause)
  }

  /** A write succeeded. It may have freed pages for the next one. */
  written(): void {
    this.#refused = undefined
  }

  #error(cause?: unknown): StoreError {
    return noSpace(
      `there is no space left for ${this.#folder} (${freeBytes(this.#folder)} bytes are free): nothing was ` +
        'written; free some, and it goes on by itself',
      cause,
    )
  }
}
