/** Folders of Apache ZooKeeper on disk: what import reads from, and export writes into. */
import {
  closeSync,
  createReadStream,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { beginUnfinished, makeFolder, type Unfinished } from '../adapters/index.ts'
import { StoreError, type ZookeeperFolder, type ZookeeperSnapshot } from '../lib/index.ts'
import { reasonOf, Turns } from '../lib/internal.ts'
import { whenCutShort } from './cut-short.ts'
import { UsageError } from './flags.ts'
import { unusableFile } from './unusable.ts'

/** Below dataDir and dataLogDir. */
const VERSION_FOLDER = 'version-2'
/** Unit: bytes. */
const READ_BYTES = 1024 * 1024
/** Where it is made; ZooKeeper reads no name that begins with a dot. */
const UNFINISHED = '.anykeeper-unfinished'
const DATA_FILE = /^(snapshot|log)\./

/** @param path a dataDir or dataLogDir, or its version-2 */
export function zookeeperFolder(path: string): ZookeeperFolder {
  const found = looked(path)
  if (found === undefined) throw new UsageError(`${path} is not there`)
  if (!found.isDirectory()) throw new UsageError(`${path} is no directory`)
  const inside = join(path, VERSION_FOLDER)
  const name = existsSync(inside) ? inside : path
  return {
    name,
    list: async () => readdirSync(name),
    open: (file) => createReadStream(join(name, file), { highWaterMark: READ_BYTES }),
  }
}

/** @throws {UsageError} it may not be looked at */
function looked(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${reasonOf(error)}`)
  }
}

/**
 * Writes the snapshot into `path`/version-2, for its owner alone: complete under its name, or not at all.
 * @returns the file
 * @throws {StoreError} STORE_UNAVAILABLE: another process writes one there
 */
export async function writeSnapshot(
  path: string,
  { fileName, chunks }: ZookeeperSnapshot,
): Promise<string> {
  const folder = basename(path) === VERSION_FOLDER ? path : join(path, VERSION_FOLDER)
  prepare(path, folder)
  const target = join(folder, fileName)
  let unfinished: Unfinished | undefined
  let forget = (): void => {}
  try {
    // One for the folder, whatever the zxid; ZooKeeper takes no notice of it.
    unfinished = await beginUnfinished(target, join(folder, UNFINISHED))
    forget = whenCutShort(unfinished.abandon)
    checkEmpty(folder)
    const file = openSync(unfinished.path, 'wx', 0o600)
    const turns = new Turns()
    try {
      for (const chunk of chunks) {
        writeWhole(file, chunk)
        await turns.take()
      }
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    unfinished.finish()
  } catch (error) {
    if (error instanceof StoreError || error instanceof UsageError) throw error
    throw new Error(unusableFile('<dir>', path, error), { cause: error })
  } finally {
    unfinished?.abandon()
    forget()
  }
  return target
}

/** @throws {UsageError} */
function checkEmpty(folder: string): void {
  const there = readdirSync(folder).find((name) => DATA_FILE.test(name))
  if (there === undefined) return
  throw new UsageError(
    `${folder} has a ${there} already: ZooKeeper would mix the two trees. Name an empty directory`,
  )
}

function prepare(path: string, folder: string): void {
  try {
    makeFolder(folder, 0o700)
  } catch (error) {
    throw new UsageError(unusableFile('<dir>', path, error))
  }
}

function writeWhole(file: number, chunk: Uint8Array): void {
  for (let at = 0; at < chunk.length; ) at += writeSync(file, chunk, at)
}
