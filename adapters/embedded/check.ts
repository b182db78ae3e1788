/**
 * Reads the data file page by page, without the driver, before the driver opens it: a damaged file
 * would crash the driver, or be read as one with fewer keys. Checked are the kind and place of
 * every page in use and the number of entries of every tree; contents.ts checks each record's
 * checksum. The layout is LMDB's data version 2, as lmdb 3 writes it. Neighbours: contents.ts,
 * records.ts.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { Turns } from '../../lib/base/turns.ts'

/** Why the file is not what was written. */
export class DamageError extends Error {}

/** Called with every record of every named table. It may keep the buffers. */
export type RecordVisitor = (table: string, key: Buffer, value: Buffer) => void

/* page => number:u64 txn:u64 pad:u16 flags:u16 lower:u16 upper:u16 offset:u16…, all little-endian */
const HEADER_BYTES = 24
const META_PAGES = 2
const MAGIC = 0xbeefc0de
const DATA_VERSION = 2
const NO_PAGE = 0xffffffffffffffffn
const BRANCH = 0x01
const LEAF = 0x02
const OVERFLOW = 0x04
const META = 0x08
/* node => low:u16 high:u16 flags:u16 keyBytes:u16 key data */
const NODE_BYTES = 8
const BIG_DATA = 0x01
const SUB_TABLE = 0x02
/** Bytes read at a time. */
const CHUNK_BYTES = 1024 * 1024

interface Table {
  readonly depth: number
  readonly entries: number
  readonly root: bigint
}

interface Meta {
  readonly txn: bigint
  readonly pageBytes: number
  readonly lastPage: number
  readonly main: Table
  readonly free: Table
}

/** Others have turns meanwhile: a large file takes seconds. @throws {DamageError} */
export async function checkDataFile(path: string, visit: RecordVisitor): Promise<void> {
  const file = openSync(path, 'r')
  const turns = new Turns()
  try {
    for (const _page of new Checker(file, visit).pages()) await turns.take()
  } finally {
    closeSync(file)
  }
}

class Checker {
  readonly #file: number
  readonly #visit: RecordVisitor
  readonly #fileBytes: number
  #pageBytes = 4096
  #meta!: Meta
  #chunk = Buffer.alloc(0)
  #chunkAt = -1
  #used = new Uint8Array(0)

  constructor(file: number, visit: RecordVisitor) {
    this.#file = file
    this.#visit = visit
    this.#fileBytes = fstatSync(file).size
  }

  /** Each step is a page of records. @throws {DamageError} */
  *pages(): Generator<void> {
    const first = this.#readMeta(0)
    this.#pageBytes = first.pageBytes
    const second = this.#readMeta(1)
    this.#meta = first.txn > second.txn ? first : second
    const { lastPage, main, free } = this.#meta
    if (this.#fileBytes < (lastPage + 1) * this.#pageBytes) {
      const missing = (lastPage + 1) * this.#pageBytes - this.#fileBytes
      throw new DamageError(`the file was cut short, ${missing} bytes are missing`)
    }
    this.#used = new Uint8Array(lastPage + 1)
    yield* this.#walkTable(free, () => {})
    const tables: { readonly name: string; readonly table: Table }[] = []
    yield* this.#walkTable(main, (name, value, flags) => {
      if ((flags & SUB_TABLE) === 0 || value.length < 48) {
        throw new DamageError('the list of tables holds something else')
      }
      const table = name.toString('latin1').replace(/\0$/, '')
      tables.push({ name: table, table: readTable(value, 0) })
    })
    for (const { name, table } of tables) {
      yield* this.#walkTable(table, (key, data) => this.#visit(name, key, data))
    }
  }

  #readMeta(number: number): Meta {
    const page = Buffer.alloc(HEADER_BYTES + 168)
    const length = readSync(this.#file, page, 0, page.length, number * this.#pageBytes)
    const at = HEADER_BYTES
    const isMeta =
      length === page.length &&
      page.readBigUInt64LE(0) === BigInt(number) &&
      (page.readUInt16LE(18) & META) !== 0 &&
      page.readUInt32LE(at) === MAGIC
    if (!isMeta) throw new DamageError(`its head page ${number} is not readable`)
    const version = page.readUInt32LE(at + 4)
    if (version !== DATA_VERSION) throw new DamageError(`its data version is ${version}`)
    const pageBytes = page.readUInt32LE(at + 24)
    if (pageBytes < 512 || pageBytes > 65_536 || (pageBytes & (pageBytes - 1)) !== 0) {
      throw new DamageError(`its page size is given as ${pageBytes}`)
    }
    return {
      txn: page.readBigUInt64LE(at + 128),
      pageBytes,
      lastPage: Number(page.readBigUInt64LE(at + 120)),
      free: readTable(page, at + 24),
      main: readTable(page, at + 72),
    }
  }

  *#walkTable(
    table: Table,
    leaf: (key: Buffer, data: Buffer, flags: number) => void,
  ): Generator<void> {
    if (table.root === NO_PAGE) {
      if (table.entries !== 0) throw new DamageError('a table has lost its root')
      return
    }
    const counted = yield* this.#walk(table.root, table.depth, leaf)
    if (counted !== table.entries) {
      throw new DamageError(`a table has ${counted} entries, it should have ${table.entries}`)
    }
  }

  *#walk(
    number: bigint,
    depth: number,
    leaf: (key: Buffer, data: Buffer, flags: number) => void,
  ): Generator<void, number> {
    const page = Buffer.from(this.#page(number, depth > 1 ? BRANCH : LEAF))
    const count = page.readUInt16LE(20) >>> 1
    if (HEADER_BYTES + 2 * count > page.length || count === 0) throw this.#bad(number)
    let entries = 0
    for (let i = 0; i < count; i++) {
      const at = HEADER_BYTES + page.readUInt16LE(HEADER_BYTES + 2 * i)
      if (at + NODE_BYTES > page.length) throw this.#bad(number)
      const low = page.readUInt16LE(at) + page.readUInt16LE(at + 2) * 0x10000
      const flags = page.readUInt16LE(at + 4)
      const dataAt = at + NODE_BYTES + page.readUInt16LE(at + 6)
      if (dataAt > page.length) throw this.#bad(number)
      const key = page.subarray(at + NODE_BYTES, dataAt)
      if (depth > 1) {
        entries += yield* this.#walk(BigInt(low) + (BigInt(flags) << 32n), depth - 1, leaf)
        continue
      }
      const isBig = (flags & BIG_DATA) !== 0
      if (dataAt + (isBig ? 8 : low) > page.length) throw this.#bad(number)
      const data = isBig
        ? this.#overflow(page.readBigUInt64LE(dataAt), low)
        : page.subarray(dataAt, dataAt + low)
      leaf(key, data, flags)
      entries++
    }
    if (depth <= 1) yield
    return entries
  }

  #overflow(number: bigint, bytes: number): Buffer {
    const page = this.#page(number, OVERFLOW)
    const pages = Math.ceil((HEADER_BYTES + bytes) / this.#pageBytes)
    if (page.readUInt32LE(20) < pages) throw this.#bad(number)
    const start = Number(number) * this.#pageBytes + HEADER_BYTES
    const data = Buffer.alloc(bytes)
    if (readSync(this.#file, data, 0, bytes, start) !== bytes) throw this.#bad(number)
    return data
  }

  /** The page, if it is of that kind and used only once. Valid until the next call. */
  #page(number: bigint, kind: number): Buffer {
    const { lastPage, txn } = this.#meta
    if (number < META_PAGES || number > lastPage) {
      throw new DamageError(`a page is missing: ${number} of ${lastPage}`)
    }
    const at = Number(number)
    if (this.#used[at]) throw new DamageError(`page ${at} is used twice`)
    this.#used[at] = 1
    const page = this.#read(at)
    const good =
      page.readBigUInt64LE(0) === number &&
      page.readBigUInt64LE(8) <= txn &&
      (page.readUInt16LE(18) & (BRANCH | LEAF | OVERFLOW | META)) === kind
    if (!good) throw this.#bad(number)
    return page
  }

  #read(number: number): Buffer {
    const perChunk = Math.max(1, Math.floor(CHUNK_BYTES / this.#pageBytes))
    const chunk = Math.floor(number / perChunk)
    if (chunk !== this.#chunkAt) {
      this.#chunk = Buffer.alloc(perChunk * this.#pageBytes)
      readSync(this.#file, this.#chunk, 0, this.#chunk.length, chunk * this.#chunk.length)
      this.#chunkAt = chunk
    }
    const start = (number - chunk * perChunk) * this.#pageBytes
    return this.#chunk.subarray(start, start + this.#pageBytes)
  }

  #bad(number: bigint): DamageError {
    return new DamageError(`page ${number} is not what was written there`)
  }
}

/* table => pad:u32 flags:u16 depth:u16 branches:u64 leaves:u64 overflows:u64 entries:u64 root:u64 */
function readTable(bytes: Buffer, at: number): Table {
  return {
    depth: bytes.readUInt16LE(at + 6),
    entries: Number(bytes.readBigUInt64LE(at + 32)),
    root: bytes.readBigUInt64LE(at + 40),
  }
}
