/**
 * A folder with those above it. Node's own `recursive` never returns where a file system refuses names that it does not know,
 * as /proc does: ENOENT for a folder whose parent is there. Neighbour: folder.
 */
import { mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/** Does nothing where it is there. @throws the file system's error */
export function makeFolder(folder: string, mode: number): void {
  const path = resolve(folder)
  try {
    mkdirSync(path, { mode })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const isThere = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
    if (isThere) return
    const parent = dirname(path)
    const isParentMissing = statSync(parent, { throwIfNoEntry: false }) === undefined
    if (code !== 'ENOENT' || parent === path || !isParentMissing) throw error
    makeFolder(parent, mode)
    mkdirSync(path, { mode })
  }
}
