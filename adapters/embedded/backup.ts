/**
 * A copy of a folder while its owner writes. The database copies one state of itself: its reader's entry in the lock file keeps
 * the owner from using pages of that state again. The folder is not taken over, and nothing in it is changed but that entry; that
 * of a process which was killed is removed by the next start or copy. Neighbours: contents.ts (the check), unfinished.ts.
 */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs'
import { StoreError } from '../../lib/model/errors.ts'
import { type Found, readAll } from './contents.ts'
import { loadLmdb } from './driver.ts'
import { damaged, fromFileSystem, unusable } from './errors.ts'
import { dataFile, hasData, writeFormat } from './folder.ts'
import { beginUnfinished, type Unfinished } from './unfinished.ts'

/** How often the growth of the copy is looked at. Unit: ms. */
const LOOK_EVERY_MS = 200

/** Options of a backup. */
export interface BackupOptions {
  /** Called now and then with the bytes of the copy, and those of the store: the copy may end with fewer. */
  readonly onProgress?: (bytes: number, all: number) => void
  /**
   * Called when something is there, with what removes it, for a process that is about to end. What it returns is called when nothing
   * unfinished is there any more.
   */
  readonly onBegun?: (remove: () => void) => () => void
}

/** What a copy has. */
export interface BackupResult {
  /** Size of the data file. Unit: bytes. */
  readonly bytes: number
  /** Keys, leases and the record of the state. */
  readonly records: number
}

/**
 * Copies `folder` into `target`, which must not be there. Complete, checked, on the disk, or not there at all.
 * @throws {StoreError} STORE_UNAVAILABLE: no data, of another format, or the target is there; STORE_NO_SPACE; STORE_INTERNAL: the copy
 * is damaged, so the store may be
 */
export async function backupFolder(
  folder: string,
  target: string,
  { onProgress = () => {}, onBegun = () => () => {} }: BackupOptions = {},
): Promise<BackupResult> {
  if (!existsSync(dataFile(folder)) || !hasData(folder))
    throw unusable(`there is no data in ${folder}`)
  if (existsSync(target)) throw isThere(target)
  let unfinished: Unfinished | undefined
  let forget = (): void => {}
  try {
    unfinished = await beginUnfinished(target)
    const { path, abandon } = unfinished
    forget = onBegun(abandon)
    mkdirSync(path, { mode: 0o700 })
    await copy(folder, path, onProgress)
    const found = await checked(folder, path)
    if (found.isNew) throw unusable(`there is no data in ${folder} yet`)
    writeFormat(path)
    // A folder that is empty would be replaced.
    if (existsSync(target)) throw isThere(target)
    unfinished.finish()
    return { bytes: statSync(dataFile(target)).size, records: found.records }
  } catch (error) {
    throw fromFileSystem(error, target)
  } finally {
    unfinished?.abandon()
    forget()
  }
}

const isThere = (target: string): StoreError =>
  unusable(`${target} is there already: name a folder that is not`)

/** A copy that is not what was written has its faults from the store. */
async function checked(folder: string, made: string): Promise<Found> {
  try {
    return await readAll(made)
  } catch (error) {
    if (error instanceof StoreError && error.code === 'STORE_INTERNAL') {
      throw damaged(folder, 'a copy of it is not what was written', error)
    }
    throw error
  }
}

async function copy(
  folder: string,
  target: string,
  onProgress: (bytes: number, all: number) => void,
): Promise<void> {
  const lmdb = await loadLmdb()
  const root = lmdb.open({ path: folder, readOnly: true, maxDbs: 8 })
  const to = dataFile(target)
  const look = setInterval(() => {
    const size = statSync(to, { throwIfNoEntry: false })?.size ?? 0
    onProgress(size, statSync(dataFile(folder)).size)
  }, LOOK_EVERY_MS)
  try {
    // Compacted: it has no pages that are free, and the blocks behind the last page are left out.
    await root.backup(target, true)
  } finally {
    clearInterval(look)
    await root.close()
  }
  const file = openSync(to, 'r+')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
