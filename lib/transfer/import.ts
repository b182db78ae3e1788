/**
 * Writes an exported tree into a store. Its records are written in bounded steps, in the order of
 * the file; the last step, once counts and digest are verified, makes it a tree. Until then a
 * marker in the store keeps proxies away and says where to resume.
 * Line: bytes → tree-reader.ts → records.ts → here → import-marker.ts → store txn.
 */
import { randomBytes } from 'node:crypto'
import { type Clock, systemClock } from '../base/clock.ts'
import { checkNames, optionNames } from '../base/known-options.ts'
import { encodeHead, type HeadRecord } from '../format/head.ts'
import { Layout } from '../format/layout.ts'
import type { ImportRecord } from '../format/record.ts'
import { CopyError } from '../model/errors.ts'
import type { MetadataStore } from '../store/metadata-store.ts'
import type { StoreFeatures, WriteOp } from '../store/types.ts'
import type { TreeHeader, TreeSummary } from './format.ts'
import { ImportMarker } from './import-marker.ts'
import type { TreeLine } from './parse.ts'
import { bytesOf, TreeRecords } from './records.ts'
import { type TreeInput, TreeReader } from './tree-reader.ts'

/** How far an import is, in znodes. */
export interface ImportProgress {
  /** In the store. */
  readonly znodes: number
  /** In the whole file. */
  readonly znodesAll: number
}

/** Options of {@link importTree}. */
export interface ImportOptions {
  /** Where the tree is; it stays the caller’s to close. */
  readonly store: MetadataStore
  /** Bytes of an exported tree, cut anywhere. */
  readonly input: TreeInput
  /** Key prefix of the tree in the store. @default "/anykeeper" */
  readonly prefix?: string
  /** Called when a step is confirmed. */
  readonly onProgress?: (progress: ImportProgress) => void
  /** @default systemClock */
  readonly clock?: Clock
  /** For how long a call is retried where the store does not answer. Unit ms. @default 30,000 */
  readonly storeMs?: number
  /**
   * The tree follows a ZooKeeper ensemble: members may be registered already, which serve nobody. `seq`: batches count on
   * from here. @internal
   */
  readonly mirror?: { readonly seq: number }
}

const NAMES = optionNames<ImportOptions>({
  store: true,
  input: true,
  prefix: true,
  onProgress: true,
  clock: true,
  storeMs: true,
  mirror: true,
})

/** What was imported, and whether an earlier run had begun it. */
export interface ImportResult extends TreeSummary {
  /** The last line that an earlier run had confirmed; 0: there was no earlier run. */
  readonly resumedAfterLine: number
  /** The same tree existed, complete: nothing was written. */
  readonly wasThere: boolean
}

/** Ops of one step: enough for few round trips, few enough to be confirmed soon. */
const STEP_OPS_MAX = 4_000
/** Unit: bytes. A single larger znode is a step of its own. */
const STEP_BYTES_MAX = 1024 * 1024
/** What a step adds to its records: the mark, and at the end the head. */
const STEP_OPS_EXTRA = 2

/** Bytes that a txn has for the records of a step. */
function stepBytesMax(layout: Layout, features: StoreFeatures): number {
  // Two compares, the mark, the head: four keys, and less than 1 KiB for their values and framing.
  return features.txnBytesMax - 4 * layout.importMarker.length - 1_024
}

/**
 * Resolves when the tree is complete. Resumable: an import that ended before that continues where
 * it was when it is run again with the same file. Proxies refuse to serve the prefix meanwhile.
 * @throws {TypeError} the prefix is none, or an option is not known
 * @throws {CopyError} COPY_MALFORMED, COPY_UNSUPPORTED: the file; COPY_NOT_EMPTY: there is a tree
 * already, or a proxy; COPY_TOO_LARGE: a znode does not fit into the store; COPY_CONFLICT: another
 * import is in progress
 * @throws {StoreError} the store's own; retriable ones after half a minute of retries; STORE_INTERNAL: what says how far
 * an earlier import came is damaged; STORE_UNSUPPORTED: a newer version wrote that
 */
export async function importTree(options: ImportOptions): Promise<ImportResult> {
  checkNames(options, NAMES)
  return new TreeImport(options).run()
}

/**
 * Reads an exported tree to its end, and writes nothing. With `store`: would it fit?
 * @throws {TypeError} the prefix is none, or an option is not known
 * @throws {CopyError} COPY_MALFORMED, COPY_UNSUPPORTED, COPY_TOO_LARGE
 */
export async function checkTree(
  input: TreeInput,
  options: { store?: MetadataStore; prefix?: string } = {},
): Promise<TreeSummary> {
  checkNames(options, ['store', 'prefix'])
  const { store, prefix = '/anykeeper' } = options
  const reader = new TreeReader(input)
  const layout = new Layout(prefix)
  const records =
    store && new TreeRecords(layout, store.features, stepBytesMax(layout, store.features))
  let header: TreeHeader | undefined
  for await (const line of reader.lines()) {
    if (line.kind === 'header') {
      header = line.header
      records?.check(header)
    } else if (line.kind === 'znode') records?.ofZnode(line, reader.line)
    else if (line.kind === 'trailer') break
  }
  return summaryOf(header as TreeHeader, reader)
}

/** At the trailer. */
function summaryOf({ path, zxid }: TreeHeader, reader: TreeReader): TreeSummary {
  const { sessionCount: sessions, znodeCount: znodes, position } = reader
  return { path, zxid, sessions, znodes, sha256: position.sha256 }
}

class TreeImport {
  readonly #options: ImportOptions
  readonly #layout: Layout
  readonly #reader: TreeReader
  readonly #lines: AsyncGenerator<TreeLine>
  readonly #marker: ImportMarker
  readonly #records: TreeRecords
  readonly #run = randomBytes(8).toString('hex')
  readonly #opsMax: number
  readonly #bytesMax: number
  #header!: TreeHeader
  /** The step that is being put together. */
  #ops: WriteOp[] = []
  #bytes = 0
  #znodes = 0
  /** The step before it, in flight. */
  #sent: Promise<void> = Promise.resolve()

  constructor(options: ImportOptions) {
    const { store, input, prefix = '/anykeeper', clock = systemClock } = options
    const { features } = store
    const layout = new Layout(prefix)
    const bytesMax = stepBytesMax(layout, features)
    this.#options = options
    this.#layout = layout
    this.#reader = new TreeReader(input)
    this.#lines = this.#reader.lines()
    this.#marker = new ImportMarker({ store, layout, clock, storeMs: options.storeMs })
    this.#records = new TreeRecords(layout, features, bytesMax)
    this.#opsMax = Math.min(STEP_OPS_MAX, features.txnOpsMax - STEP_OPS_EXTRA)
    this.#bytesMax = Math.min(STEP_BYTES_MAX, bytesMax)
  }

  async run(): Promise<ImportResult> {
    try {
      return await this.#import()
    } finally {
      await this.#sent.catch(() => {})
      await this.#lines.return(undefined)
    }
  }

  async #import(): Promise<ImportResult> {
    const first = await this.#next()
    if (first.kind !== 'header') throw new TypeError('the reader did not begin with a header')
    this.#header = first.header
    this.#records.check(first.header)
    const { head, mark } = await this.#marker.look()
    if (head !== undefined) return this.#compare(head)
    let line = mark === undefined ? await this.#next() : await this.#skip(mark)
    await this.#enter(mark)
    this.#znodes = this.#reader.znodeCount - (line.kind === 'znode' ? 1 : 0)
    for (; line.kind !== 'trailer'; line = await this.#next()) await this.#write(line)
    const result = summaryOf(this.#header, this.#reader)
    await this.#finish(result)
    return { ...result, resumedAfterLine: mark?.line ?? 0, wasThere: false }
  }

  /** The reader yields a trailer last, or throws. */
  async #next(): Promise<TreeLine> {
    return (await this.#lines.next()).value
  }

  /** A run that ended just after its last step is run again: the tree is there already. */
  async #compare({ imported }: HeadRecord): Promise<ImportResult> {
    if (imported !== undefined) {
      while ((await this.#next()).kind !== 'trailer');
      const result = summaryOf(this.#header, this.#reader)
      if (result.sha256 === imported) return { ...result, resumedAfterLine: 0, wasThere: true }
    }
    throw new CopyError(
      'COPY_NOT_EMPTY',
      `there is a tree below ${this.#layout.prefix} already: import into another prefix or store`,
    )
  }

  /** To the first line that an earlier run had not confirmed. */
  async #skip({ line, sha256, abandoned }: ImportRecord): Promise<TreeLine> {
    if (abandoned) {
      throw new CopyError(
        'COPY_CONFLICT',
        'an import here was abandoned, but not all is removed: run anykeeper import --abandon again',
      )
    }
    let next = await this.#next()
    while (this.#reader.line <= line && next.kind !== 'trailer') next = await this.#next()
    const { position } = this.#reader
    if (position.line === line && position.sha256 === sha256) return next
    throw new CopyError(
      'COPY_CONFLICT',
      `an import of another file was begun here and has come to its line ${line}: finish it with ` +
        'that file, or remove what it wrote by anykeeper import --abandon',
    )
  }

  /**
   * Writes our mark, or takes over an earlier run's: from now on no other run's step is applied.
   */
  async #enter(mark: ImportRecord | undefined): Promise<void> {
    if (mark === undefined) {
      const letter = await this.#marker.occupiedRange(this.#options.mirror !== undefined)
      if (letter !== undefined) throw this.#occupied(letter)
    }
    await this.#marker.move(this.#markHere(), [])
    if (this.#options.mirror !== undefined) return
    // A proxy that loaded before cannot register any more, and one that had done so is seen here.
    if (await this.#marker.isEmpty(this.#layout.proxies)) return
    if (mark === undefined) await this.#marker.remove([], false)
    throw this.#occupied('p')
  }

  #occupied(letter: string): CopyError {
    const { prefix } = this.#layout
    return new CopyError(
      'COPY_NOT_EMPTY',
      letter === 'p'
        ? `a proxy serves ${prefix}, or did a few seconds ago: end it, and import then`
        : `there are keys below ${prefix}/${letter}/ already: import into another prefix or store`,
    )
  }

  /** Everything before the current line is in the store. */
  #markHere(): ImportRecord {
    return { run: this.#run, ...this.#reader.position, abandoned: false }
  }

  async #write(line: TreeLine): Promise<void> {
    const ops = this.#recordsOf(line)
    const bytes = bytesOf(ops)
    const isFull =
      this.#ops.length + ops.length > this.#opsMax || this.#bytes + bytes > this.#bytesMax
    if (isFull && this.#ops.length > 0) await this.#send()
    this.#ops.push(...ops)
    this.#bytes += bytes
    if (line.kind === 'znode') this.#znodes++
  }

  #recordsOf(line: TreeLine): WriteOp[] {
    if (line.kind === 'session') return this.#records.ofSession(line.session)
    return line.kind === 'znode' ? this.#records.ofZnode(line, this.#reader.line) : []
  }

  /** One step at a time is in flight; the next one is put together meanwhile. */
  async #send(): Promise<void> {
    const ops = this.#ops
    const mark = this.#markHere()
    const znodes = this.#znodes
    this.#ops = []
    this.#bytes = 0
    await this.#sent
    this.#sent = this.#marker.move(mark, ops).then(() => this.#report(znodes))
    // Its failure surfaces where it is awaited; until then it is no unhandled rejection.
    this.#sent.catch(() => {})
  }

  async #finish({ zxid, sha256 }: TreeSummary): Promise<void> {
    await this.#sent
    const { mirror } = this.#options
    const seq = mirror?.seq ?? 0
    const record: HeadRecord = { zxid, seq, flushed: seq, imported: sha256 }
    const head = encodeHead(mirror === undefined ? record : { ...record, mirrors: true })
    await this.#marker.remove(
      [...this.#ops, { type: 'put', key: this.#layout.head, value: head }],
      true,
    )
    this.#report(this.#znodes)
  }

  #report(znodes: number): void {
    this.#options.onProgress?.({ znodes, znodesAll: this.#header.znodes })
  }
}
