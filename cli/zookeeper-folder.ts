/** Folders of Apache ZooKeeper on disk: what import reads from, and export writes into. */
import {
  closeSync,
  constants,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { beginUnfinished, makeFolder, type Unfinished } from '../adapters/index.ts'
import {
  CopyError,
  StoreError,
  type ZookeeperFolder,
  type ZookeeperSnapshot,
} from '../lib/index.ts'
import { Turns } from '../lib/internal.ts'
import { whenCutShort } from './cut-short.ts'
import { UsageError } from './flags.ts'
import { reasonInWords, unusableFile } from './unusable.ts'

/** Below dataDir and dataLogDir. */
const VERSION_FOLDER = 'version-2'
/** Unit: bytes. */
const READ_BYTES = 1024 * 1024
/** Where it is made; ZooKeeper reads no name that begins with a dot. */
const UNFINISHED = '.anykeeper-unfinished'
const DATA_FILE = /^(snapshot|log)\./

/**
 * What is in it must be files: nothing else is opened, as the end of a pipe or a device may never come.
 * @param path a dataDir or dataLogDir, or its version-2
 * @throws {UsageError} it is no folder that can be read. Of what is in it: {@link CopyError} COPY_NOT_FOUND, where it is opened
 */
export function zookeeperFolder(path: string): ZookeeperFolder {
  if (!isFolder(path)) throw new UsageError(`${path} is not there`)
  const inside = join(path, VERSION_FOLDER)
  const name = isFolder(inside) ? inside : path
  read(name, () => readdirSync(name))
  return {
    name,
    list: async () => {
      try {
        return readdirSync(name)
      } catch (error) {
        throw unreadable(name, error)
      }
    },
    open: (file) => bytesOf(join(name, file)),
  }
}

/** false: there is nothing of that name. @throws {UsageError} something else than a folder is there, or nobody may look at it */
function isFolder(path: string): boolean {
  const found = looked(path, statSync)
  if (found?.isDirectory() === true) return true
  if (found !== undefined) throw new UsageError(`${path} is no directory`)
  const link = looked(path, lstatSync)
  if (link !== undefined) throw new UsageError(`${path} is a symbolic link to nothing`)
  return false
}

function read<T>(path: string, look: () => T): T {
  try {
    return look()
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${reasonInWords(error)}`)
  }
}

/** What is there; undefined: nothing. That nobody may look is the doing of the folder above. */
function looked(path: string, look: typeof statSync | typeof lstatSync): Stats | undefined {
  try {
    return look(path, { throwIfNoEntry: false })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return read(code === 'EACCES' ? dirname(path) : path, () => {
      throw error
    })
  }
}

async function* bytesOf(path: string): AsyncGenerator<Uint8Array> {
  const file = await opened(path)
  try {
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(READ_BYTES))
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
    }
  } catch (error) {
    throw unreadable(path, error)
  } finally {
    await file.close()
  }
}

/** A pipe is opened without waiting for whoever writes into it. @throws {CopyError} */
async function opened(path: string): Promise<FileHandle> {
  let file: FileHandle
  try {
    if (!(await stat(path)).isFile()) throw new CopyError('COPY_NOT_FOUND', `${path} is no file`)
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    throw unreadable(path, error)
  }
  return file
}

const unreadable = (path: string, error: unknown): unknown =>
  error instanceof Error && 'syscall' in error
    ? new CopyError('COPY_NOT_FOUND', `${path} cannot be read: ${reasonInWords(error)}`)
    : error

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
  if (isFolder(folder)) return void read(folder, () => readdirSync(folder))
  try {
    makeFolder(folder, 0o700)
  } catch (error) {
    throw new UsageError(unusableFile('<dir>', path, error))
  }
}

function writeWhole(file: number, chunk: Uint8Array): void {
  for (let at = 0; at < chunk.length; ) at += writeSync(file, chunk, at)
}
