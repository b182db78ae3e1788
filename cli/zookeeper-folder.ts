/** Folders of Apache ZooKeeper on disk: what import reads from, and export writes into. */
import {
  closeSync,
  createReadStream,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { makeFolder } from '../adapters/index.ts'
import type { ZookeeperFolder, ZookeeperSnapshot } from '../lib/index.ts'
import { reasonOf } from '../lib/internal.ts'
import { UsageError } from './flags.ts'
import { unusableFile } from './unusable.ts'

/** Below dataDir and dataLogDir. */
const VERSION_FOLDER = 'version-2'
/** Unit: bytes. */
const READ_BYTES = 1024 * 1024
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
 */
export function writeSnapshot(path: string, { fileName, chunks }: ZookeeperSnapshot): string {
  const folder = basename(path) === VERSION_FOLDER ? path : join(path, VERSION_FOLDER)
  prepare(path, folder)
  const there = readdirSync(folder).find((name) => DATA_FILE.test(name))
  if (there !== undefined) {
    throw new UsageError(
      `${folder} has a ${there} already: ZooKeeper would mix the two trees. Name an empty directory`,
    )
  }
  const target = join(folder, fileName)
  const part = join(folder, `.${fileName}.part`)
  try {
    const file = openSync(part, 'w', 0o600)
    try {
      for (const chunk of chunks) writeWhole(file, chunk)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(part, target)
  } catch (error) {
    rmSync(part, { force: true })
    throw new Error(unusableFile('<dir>', path, error), { cause: error })
  }
  syncFolder(folder)
  return target
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

/** So that the name is there after a power failure, too. */
function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
