/**
 * A file that keeps some space, so that a server can start on a full disk and serve reads: its own lock and its
 * registration need a few pages. Neighbours: folder.ts, owner.ts, embedded-backend.ts.
 */
import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { freeBytes } from './room.ts'

/** Unit: bytes. */
const RESERVE_BYTES = 256 * 1024
/** What one start takes of it. Unit: bytes. */
const STEP_BYTES = 64 * 1024
/** It is filled only where so many times as much is free. */
const FILL_TIMES = 8

const reserveFile = (folder: string): string => join(folder, 'reserve')

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0

/** Frees a part of it. @returns false: there is none left */
export function takeFromReserve(folder: string): boolean {
  const path = reserveFile(folder)
  const size = sizeOf(path)
  if (size === 0) return false
  truncateSync(path, Math.max(0, size - STEP_BYTES))
  return true
}

/** Before a start: frees a part of it where the start would not find enough. */
export function makeRoomToStart(folder: string): void {
  if (freeBytes(folder) < STEP_BYTES) takeFromReserve(folder)
}

/** Makes it whole again where there is much space. Without one the store works as well. */
export function fillReserve(folder: string): void {
  const path = reserveFile(folder)
  const size = sizeOf(path)
  if (size >= RESERVE_BYTES || freeBytes(folder) < FILL_TIMES * RESERVE_BYTES) return
  const file = openSync(path, 'a')
  try {
    writeSync(file, Buffer.alloc(RESERVE_BYTES - size))
    fsyncSync(file)
  } catch {
    ftruncateSync(file, size)
  } finally {
    closeSync(file)
  }
}

/** Runs it; where the disk has no space for it, again with a part of the reserve. */
export async function withReserve<T>(folder: string, run: () => T | Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await run()
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      const isFull = code === 'STORE_NO_SPACE' || code === 'ENOSPC' || code === 'EDQUOT'
      if (!isFull || !takeFromReserve(folder)) throw error
    }
  }
}
