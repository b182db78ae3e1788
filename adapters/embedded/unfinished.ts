/**
 * A file or a folder that is made under another name, and has its own when it is complete. The folder in which it is made belongs to
 * one process at a time, as a store does; what a dead one left in it is removed. Neighbours: owner.ts, backup.ts.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { unusable } from './errors.ts'
import { type Ownership, takeOwnership } from './owner.ts'

/** Behind the name of what is made. */
const SUFFIX = '.anykeeper-unfinished'
/** A folder that another process removes in the moment in which this one takes it is made again. Tries. */
const TRIES_MAX = 10

/** What is being made. Its calls are synchronous: a signal that ends the process may call {@link abandon}. */
export interface Unfinished {
  /** Where it is made: a name that is not there yet, on the file system of the target. */
  readonly path: string
  /**
   * Gives it the name of the target, which is replaced if it is a file. The name is on the disk then; the content must be before.
   * @throws {StoreError} STORE_UNAVAILABLE: another process, of another machine, has taken this one for dead; the file system's error
   */
  finish(): void
  /** Nothing of it is left. Idempotent, and without effect behind {@link finish}. */
  abandon(): void
}

/**
 * `place`: the folder in which it is made. Default: the name of the target with `.anykeeper-unfinished` behind it.
 * @throws {StoreError} STORE_UNAVAILABLE, not retriable: a process that lives makes it; the file system's error
 */
export async function beginUnfinished(
  target: string,
  place = `${target}${SUFFIX}`,
): Promise<Unfinished> {
  const ownership = await taken(target, place)
  for (const name of readdirSync(place)) {
    if (name !== 'lock') rmSync(join(place, name), { recursive: true, force: true })
  }
  const path = join(place, 'made')
  let isOver = false
  const end = (): void => {
    isOver = true
    // Without its lock another process may take the folder, so what it has made since then stays.
    const isHeld = ownership.isHeld()
    if (isHeld) rmSync(path, { recursive: true, force: true })
    ownership.release()
    if (isHeld) removeEmpty(place)
  }
  return {
    path,
    finish() {
      if (!ownership.isHeld()) {
        throw unusable(`another process has taken over ${place}: ${target} is not written`)
      }
      renameSync(path, target)
      flushFolder(dirname(target))
      end()
    },
    abandon() {
      if (!isOver) end()
    },
  }
}

async function taken(target: string, place: string): Promise<Ownership> {
  for (let tries = 1; ; tries++) {
    if (!existsSync(place)) makeOne(place)
    // What is behind a link is not ours to remove.
    if (lstatSync(place, { throwIfNoEntry: false })?.isDirectory() === false) {
      throw unusable(`${target} is made in ${place}, which is no folder: move it away`)
    }
    try {
      return await takeOwnership(
        place,
        (_folder, holder) =>
          `${target} is being written by ${holder}: wait for it, or name another one`,
      )
    } catch (error) {
      const isGone = (error as NodeJS.ErrnoException).code === 'ENOENT' && !existsSync(place)
      // On a full disk there may be room for a folder, and none for what is written into it.
      if (!isGone) removeEmpty(place)
      if (!isGone || tries === TRIES_MAX || !existsSync(dirname(place))) throw error
    }
  }
}

/** Two processes may do so at the same time. */
function makeOne(place: string): void {
  try {
    mkdirSync(place, { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/** Another process may have taken it meanwhile. */
function removeEmpty(place: string): void {
  try {
    rmdirSync(place)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOENT' && code !== 'ENOTDIR')
      throw error
  }
}

/** So that the name is there after a power failure, too. */
export function flushFolder(path: string): void {
  const handle = openSync(path, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
