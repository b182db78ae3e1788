/**
 * The newest state of every key in an lmdb database. A group of changes is one database
 * transaction. A commit is on the disk (fdatasync, then the head page written through) when it
 * resolves. Neighbours: contents.ts (the check before opening), records.ts (bytes),
 * embedded-backend.ts.
 */

import type { Database, RootDatabase } from 'lmdb'
import { reasonOf } from '../../lib/base/reason-of.ts'
import { StoreError } from '../../lib/model/errors.ts'
import type { Key, KeyValue, StoreSpace } from '../../lib/store/types.ts'
import type { KeyIndex } from '../mvcc/key-index.ts'
import type { MvccBase } from '../mvcc/key-states.ts'
import type { Changes } from '../mvcc/mvcc.ts'
import { type Contents, type Found, type LongKey, nothing, readAll } from './contents.ts'
import { loadLmdb } from './driver.ts'
import { damaged, fromFileSystem, noSpace } from './errors.ts'
import { hasData, writeFormat } from './folder.ts'
import {
  decodeKv,
  encodeKv,
  encodeLease,
  encodeLongKv,
  encodeState,
  idKey,
  isIntact,
  STATE_KEY,
  type StoredState,
  TREE_KEY_BYTES_MAX,
} from './records.ts'
import { allocateLockFile, Room } from './room.ts'

type Table = Database<Buffer, Buffer>

const TABLES = ['keys', 'long', 'leases', 'state'] as const
const BINARY = { keyEncoding: 'binary', encoding: 'binary' } as const
/** For the pages of the list of tables and of the list of free pages, and a margin. Unit: bytes. */
const GROUP_SLACK_BYTES = 256 * 1024
/** What is stored of a key beside itself and its value, at most. Unit: bytes. */
const RECORD_BYTES = 128
/** Branches above a leaf: no table is deeper, with 200 entries or more in a branch. */
const LEVELS_MAX = 6
/** Numbers of free pages that one page of their list holds, and fewer. */
const FREE_LIST_ENTRIES = 400

export class Disk implements MvccBase {
  readonly #folder: string
  readonly #mapBytes: number
  readonly #root: RootDatabase<Buffer, Buffer>
  readonly #room: Room
  readonly #tables: Record<(typeof TABLES)[number], Table>
  readonly #long: KeyIndex<LongKey>
  #lastLongId: bigint

  /** Checks everything, then opens it. @throws {StoreError} */
  static async open(folder: string, mapBytes: number): Promise<{ disk: Disk; contents: Contents }> {
    const lmdb = await loadLmdb()
    const found = hasData(folder) ? await readAll(folder) : nothing()
    try {
      allocateLockFile(folder)
      const root = lmdb.open<Buffer, Buffer>({
        path: folder,
        mapSize: mapBytes + mapBytes / 4 + 64 * 1024 * 1024,
        maxDbs: 8,
        // A commit that failed changed nothing, and one that resolves is on the disk.
        overlappingSync: false,
        // The driver's own batching leaves a promise that nobody holds: a commit that failed would end the process.
        eventTurnBatching: false,
        ...BINARY,
      })
      const disk = new Disk(folder, mapBytes, root, found)
      if (!found.isNew) return { disk, contents: found }
      await disk.write({ keys: new Map(), leases: new Map() }, found.state)
      writeFormat(folder)
      return { disk, contents: found }
    } catch (error) {
      throw fromFileSystem(error, folder)
    }
  }

  private constructor(
    folder: string,
    mapBytes: number,
    root: RootDatabase<Buffer, Buffer>,
    { long, lastLongId }: Found,
  ) {
    this.#folder = folder
    this.#mapBytes = mapBytes
    this.#root = root
    this.#room = new Room(folder, mapBytes)
    // Opening a table may make it.
    const { pageSize, lastPageNumber } = root.getStats() as Stats
    this.#room.provide((lastPageNumber + 1) * pageSize, GROUP_SLACK_BYTES, 0)
    const open = (name: string): Table => root.openDB<Buffer, Buffer>(name, BINARY)
    this.#tables = {
      keys: open('keys'),
      long: open('long'),
      leases: open('leases'),
      state: open('state'),
    }
    this.#long = long
    this.#lastLongId = lastLongId
  }

  get(key: Key): KeyValue | undefined {
    if (key.length > TREE_KEY_BYTES_MAX) return this.#long.get(key)?.kv
    const record = this.#tables.keys.get(asBuffer(key))
    return record === undefined ? undefined : this.#decode(asBuffer(key), record)
  }

  *ascend(start: Key, end: Key): Generator<KeyValue> {
    yield* inOrder(this.#range(start, end, false), this.#long.ascend(start, end), 1)
  }

  *descend(start: Key, end: Key): Generator<KeyValue> {
    yield* inOrder(this.#range(start, end, true), this.#long.descend(start, end), -1)
  }

  /**
   * Writes all of it or nothing. It is on the disk when the promise resolves.
   * @throws {StoreError} certainly unapplied
   */
  async write(changes: Changes, state: StoredState): Promise<void> {
    this.#makeRoom(changes)
    const longKeys: (() => void)[] = []
    let last: Promise<boolean> | undefined
    const note = (promise: Promise<boolean>): void => {
      // Each is rejected together with its batch, which is awaited below.
      if (promise !== last) promise.catch(() => {})
      last = promise
    }
    const { keys, leases, state: states } = this.#tables
    try {
      const written = keys.batch(() => {
        for (const { key, kv } of changes.keys.values()) {
          if (key.length > TREE_KEY_BYTES_MAX) longKeys.push(this.#writeLong(key, kv, note))
          else if (kv === undefined) note(keys.remove(asBuffer(key)))
          else note(keys.put(asBuffer(key), encodeKv(kv)))
        }
        for (const [id, lease] of changes.leases) {
          if (lease === undefined) note(leases.remove(idKey(id)))
          else note(leases.put(idKey(id), encodeLease(lease)))
        }
        note(states.put(STATE_KEY, encodeState(state)))
      })
      await written
      await keys.flushed
    } catch (error) {
      await this.#afterFailure(error, state)
    }
    this.#root.resetReadTxn()
    for (const remember of longKeys) remember()
  }

  /** Within mapSize and what the disk has left. */
  space(): StoreSpace {
    // Of a backup that was killed: pages would stay in use for it.
    this.#root.readerCheck()
    const { pageSize, lastPageNumber } = this.#root.getStats() as Stats
    const usedBytes = (lastPageNumber + 1) * pageSize
    const tables = TABLES.map((name) => this.#tables[name].getStats() as Stats)
    const inUseBytes = tables.reduce((sum, stats) => sum + pages(stats), 0) * pageSize
    const maxBytes = Math.min(this.#mapBytes, this.#room.bytesMax)
    return { usedBytes, inUseBytes, maxBytes, isFull: false, hasHistory: false, remedy: '' }
  }

  async close(): Promise<void> {
    await this.#root.close()
    this.#room.close()
  }

  #writeLong(
    key: Key,
    kv: KeyValue | undefined,
    note: (promise: Promise<boolean>) => void,
  ): () => void {
    const known = this.#long.get(key)
    if (kv === undefined) {
      if (known !== undefined) note(this.#tables.long.remove(idKey(known.id)))
      return () => this.#long.remove(key)
    }
    const id = known?.id ?? ++this.#lastLongId
    note(this.#tables.long.put(idKey(id), encodeLongKv(idKey(id), kv)))
    return () => {
      if (known === undefined) this.#long.insert({ key, id, kv })
      else known.kv = kv
    }
  }

  *#range(start: Key, end: Key, reverse: boolean): Generator<KeyValue> {
    // In reverse, lmdb's upper bound is inclusive.
    const last = bound(end)
    const options = reverse
      ? { start: last, reverse: true, ...(start.length > 0 ? { end: bound(start) } : {}) }
      : { ...(start.length > 0 ? { start: bound(start) } : {}), end: last }
    for (const { key, value } of this.#tables.keys.getRange(options)) {
      if (reverse && key.compare(last) >= 0) continue
      yield this.#decode(key, value)
    }
    if (reverse && start.length > 0) {
      const first = this.get(start)
      if (first !== undefined && start.length <= TREE_KEY_BYTES_MAX) yield first
    }
  }

  #decode(key: Buffer, record: Buffer): KeyValue {
    if (!isIntact(key, record)) throw damaged(this.#folder, 'a record is not what was written')
    return decodeKv(key, record)
  }

  /**
   * Makes sure that the disk has the blocks, and refuses growth beyond mapSize. Changes that only delete are never
   * refused for mapSize. @throws {StoreError} STORE_NO_SPACE
   */
  #makeRoom(changes: Changes): void {
    const { pageSize, lastPageNumber } = this.#root.getStats() as Stats
    const usedBytes = (lastPageNumber + 1) * pageSize
    let bytes = 0
    let inTree = 0
    let overflow = 0
    for (const { key, kv } of changes.keys.values()) {
      if (kv === undefined) continue
      const size = key.length + kv.value.length + RECORD_BYTES
      bytes += size
      if (size > pageSize / 4) overflow += Math.ceil(size / pageSize) + 1
      else inTree += size
    }
    const tables = TABLES.map((name) => this.#tables[name].getStats() as Stats)
    const needed = pagesOf(changes.keys.size + changes.leases.size, inTree, tables, pageSize)
    const free = Math.ceil(lastPageNumber / FREE_LIST_ENTRIES)
    this.#room.provide(usedBytes, (needed + overflow + free) * pageSize + GROUP_SLACK_BYTES, bytes)
    if (bytes === 0) return
    const growth = bytes + bytes / 4 + GROUP_SLACK_BYTES
    if (usedBytes + growth <= this.#mapBytes) return
    const used = tables.reduce((sum, stats) => sum + pages(stats), 0) * pageSize
    if (used + growth <= this.#mapBytes) return
    throw noSpace(
      `${this.#folder} holds ${used} bytes, its mapSize is ${this.#mapBytes}: nothing was written; ` +
        'delete something, or open it with a larger mapSize',
    )
  }

  /**
   * Returns when the commit is on the disk in spite of the error.
   * @throws {StoreError} otherwise
   */
  async #afterFailure(error: unknown, state: StoredState): Promise<void> {
    const inner = (error as { commitError?: Promise<never> })?.commitError ?? Promise.reject(error)
    const cause = await inner.catch((reason: unknown) => reason)
    this.#root.resetReadTxn()
    const record = this.#tables.state.get(STATE_KEY)
    if (record !== undefined && encodeState(state).equals(record)) return
    const text = reasonOf(cause)
    if (/space|too large|quota|MAP_FULL/i.test(text)) {
      throw noSpace(`there is no space left for ${this.#folder}: nothing was written`, cause)
    }
    throw new StoreError(
      'STORE_UNAVAILABLE',
      `${this.#folder} could not be written (${text}): nothing was written; is the disk failing?`,
      { cause },
    )
  }
}

interface Stats {
  readonly pageSize: number
  readonly lastPageNumber: number
  readonly treeBranchPageCount: number
  readonly treeLeafPageCount: number
  readonly overflowPages: number
}

function pages(stats: Stats): number {
  return stats.treeBranchPageCount + stats.treeLeafPageCount + stats.overflowPages
}

/**
 * Pages of trees that so many changes may write at most: each copies its leaf and the branches above, and may split
 * them. Where there are fewer pages than changes, changes share them.
 */
function pagesOf(
  changes: number,
  bytes: number,
  tables: readonly Stats[],
  pageSize: number,
): number {
  let leaves = 0
  let branches = 0
  for (const { treeLeafPageCount, treeBranchPageCount } of tables) {
    leaves += Math.min(changes, treeLeafPageCount + 1)
    branches += Math.min(changes * LEVELS_MAX, treeBranchPageCount + 1)
  }
  const split = 2 * leaves + Math.ceil((4 * bytes) / pageSize)
  return split + 2 * branches + Math.ceil(split / 4)
}

function* inOrder(
  kvs: Iterable<KeyValue>,
  longKeys: Iterable<LongKey>,
  sign: number,
): Generator<KeyValue> {
  const rest = [...longKeys]
  let next = 0
  for (const kv of kvs) {
    while (next < rest.length && asBuffer(rest[next]!.key).compare(kv.key) * sign < 0) {
      yield rest[next++]!.kv
    }
    yield kv
  }
  while (next < rest.length) yield rest[next++]!.kv
}

/**
 * Where a range of the table of short keys begins or ends. The driver takes no key that is longer than its own;
 * among keys of at most so many bytes, this one has the same place.
 */
function bound(key: Key): Buffer {
  if (key.length <= TREE_KEY_BYTES_MAX) return asBuffer(key)
  const short = Buffer.alloc(TREE_KEY_BYTES_MAX + 1)
  short.set(key.subarray(0, TREE_KEY_BYTES_MAX))
  return short
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
