/**
 * The tree that a stopped ZooKeeper would have if it were started again: its newest valid snapshot, and what its logs
 * have behind that. Line: data-files → decoders → tree → here → finished-tree.
 */
import { checkNames, optionNames } from '../../base/known-options.ts'
import { CopyError, WireError } from '../../model/errors.ts'
import { TreeExport } from '../export.ts'
import { type ByteChunks, ByteSource } from './byte-source.ts'
import { type DataFile, logsBehind, snapshotsIn, type ZookeeperFolder } from './data-files.ts'
import { DigestCheck } from './digest-check.ts'
import { finishTree, type ZookeeperFindings } from './finished-tree.ts'
import { gunzipped } from './gunzip.ts'
import { readLog, readLogHeader } from './log-decoder.ts'
import { gapBetween } from './log-gap.ts'
import {
  readSnapshot,
  readSnapshotHeader,
  readSnapshotTail,
  type SnapshotTail,
} from './snapshot-decoder.ts'
import { ZookeeperTree } from './tree.ts'

/** Options of {@link readZookeeper}. */
export interface ZookeeperOptions {
  /** Where the snapshots are: `version-2` of the server’s `dataDir`. */
  readonly snapshots: ZookeeperFolder
  /** Where the transaction logs are: `version-2` of its `dataLogDir`; undefined: there are none, the snapshot is all. */
  readonly logs: ZookeeperFolder | undefined
  /**
   * The source runs with `zookeeper.extendedTypesEnabled`: an owner that looks like a TTL is one, even if a session has
   * that id. @default false: it is one unless a session has that id
   */
  readonly withTtl?: boolean
  /** Take the tree even if it is not the one that the digests of ZooKeeper 3.6 and later say. @default false */
  readonly ignoreDigest?: boolean
}

const NAMES = optionNames<ZookeeperOptions>({
  snapshots: true,
  logs: true,
  withTtl: true,
  ignoreDigest: true,
})

/** What {@link readZookeeper} read. */
export interface ZookeeperRestore {
  /** Its lines are what `importTree` takes. */
  readonly tree: TreeExport
  /** The snapshot that it comes from. */
  readonly snapshot: string
  /** Transactions from logs. */
  readonly transactions: number
  /** So many of them were followed by the digest that ZooKeeper had computed. Unit: transactions. */
  readonly digestsVerified: number
  /** What there is to be known about it: one sentence each. */
  readonly notes: readonly string[]
  /** What was left out or changed. */
  readonly findings: ZookeeperFindings
}

/** Snapshots that are tried. As many as ZooKeeper tries. */
const SNAPSHOTS_MAX = 100
const hex = (zxid: number) => `0x${zxid.toString(16)}`

/**
 * Reads a stopped server’s files, and writes nothing. Memory: the tree.
 * @throws {TypeError} an option is not known
 * @throws {CopyError} COPY_NOT_FOUND: no snapshot, or no logs beside it; COPY_MALFORMED: damaged, logs with a gap, logs
 * that end before what the snapshot shows, a tree that is not the one its digest says; COPY_UNSUPPORTED
 */
export async function readZookeeper(options: ZookeeperOptions): Promise<ZookeeperRestore> {
  checkNames(options, NAMES)
  return new Restore(options).run()
}

class Restore {
  readonly #options: ZookeeperOptions
  readonly #notes: string[] = []
  #transactions = 0
  #tree!: ZookeeperTree
  #digests!: DigestCheck
  /** Of the first log: all of a server have the same one. */
  #dbid: { readonly value: bigint; readonly name: string } | undefined

  constructor(options: ZookeeperOptions) {
    this.#options = options
  }

  async run(): Promise<ZookeeperRestore> {
    const { snapshots, logs, withTtl = false, ignoreDigest = false } = this.#options
    const { file, tail } = await this.#loadSnapshot()
    const { digest } = tail
    const fuzzyUpTo = Math.max(this.#tree.snapshotZxidMax, digest?.zxid ?? 0, tail.lastZxid ?? 0)
    this.#digests = new DigestCheck(this.#tree, { fuzzyUpTo, snapshot: digest, ignoreDigest })
    if (logs !== undefined) await this.#replay(logs, file)
    this.#checkReach(fuzzyUpTo, file)
    const { problem } = this.#digests.end()
    if (problem !== undefined) {
      if (!ignoreDigest) throw new CopyError('COPY_MALFORMED', problem)
      this.#notes.push(`${problem}: ignored, as was demanded`)
    }
    const { sessions, findings } = finishTree(this.#tree, { withTtl })
    const { zxid } = this.#tree
    return {
      tree: new TreeExport({ tree: this.#tree, sessions, zxid }, '/', true),
      snapshot: `${snapshots.name}/${file.name}`,
      transactions: this.#transactions,
      digestsVerified: this.#digests.verified,
      notes: this.#notes,
      findings,
    }
  }

  async #loadSnapshot(): Promise<{ file: DataFile; tail: SnapshotTail }> {
    const { snapshots } = this.#options
    const files = snapshotsIn(await snapshots.list()).slice(0, SNAPSHOTS_MAX)
    if (files.length === 0) throw await this.#noSnapshot()
    let first: string | undefined
    for (const file of files) {
      try {
        return { file, tail: await this.#load(file) }
      } catch (error) {
        if (!(error instanceof WireError)) throw error
        const text = `${file.name}: ${error.message}`
        first ??= text
        this.#notes.push(`${text}: the snapshot before it is taken`)
      }
    }
    throw new CopyError(
      'COPY_MALFORMED',
      files.length === 1
        ? `the only snapshot in ${snapshots.name} cannot be used: ${first}`
        : `none of the ${files.length} snapshots in ${snapshots.name} can be used: ${first}`,
    )
  }

  async #load({ name, zxid, packing }: DataFile): Promise<SnapshotTail> {
    const { snapshots } = this.#options
    if (!Number.isSafeInteger(zxid)) throw tooLarge(name)
    if (packing === 'snappy') {
      throw new CopyError(
        'COPY_UNSUPPORTED',
        `${name} is packed by snappy, which anykeeper does not read: start ZooKeeper once without ` +
          'snapshot.compression.method, or with gz, and stop it; it writes another snapshot',
      )
    }
    const bytes: ByteChunks = snapshots.open(name)
    const source = new ByteSource(packing === 'gzip' ? gunzipped(bytes) : bytes)
    try {
      await readSnapshotHeader(source)
      const tree = new ZookeeperTree(zxid)
      for await (const record of readSnapshot(source)) {
        try {
          tree.load(record)
        } catch (error) {
          throw error instanceof WireError ? source.problem(error.message) : error
        }
      }
      const tail = await readSnapshotTail(source)
      if (tree.get('/') === undefined) throw source.problem('there is no root in it')
      this.#tree = tree
      return tail
    } finally {
      await source.close()
    }
  }

  async #noSnapshot(): Promise<CopyError> {
    const { snapshots, logs } = this.#options
    const names = (await logs?.list()) ?? []
    const hasLogs = logsBehind(names, 0).length > 0
    return new CopyError(
      'COPY_NOT_FOUND',
      hasLogs
        ? `${snapshots.name} has no snapshot: the logs alone do not say what was there before them`
        : `${snapshots.name} has no snapshot: is it the dataDir of a ZooKeeper, or its version-2?`,
    )
  }

  async #replay(folder: ZookeeperFolder, snapshot: DataFile): Promise<void> {
    const names = await folder.list()
    const files = logsBehind(names, snapshot.zxid)
    if (files.length === 0) {
      throw new CopyError(
        'COPY_NOT_FOUND',
        `there is no transaction log in ${folder.name}: name ZooKeeper’s dataLogDir by --log-dir, or say by --snapshot-only that there are none`,
      )
    }
    for (const file of files) {
      if (!Number.isSafeInteger(file.zxid)) throw tooLarge(file.name)
      try {
        await this.#replayFile(folder, file)
      } catch (error) {
        if (!(error instanceof WireError)) throw error
        throw new CopyError(
          'COPY_MALFORMED',
          `${folder.name}/${file.name}: ${error.message}; nothing was imported`,
        )
      }
    }
  }

  async #replayFile(folder: ZookeeperFolder, { name }: DataFile): Promise<void> {
    const source = new ByteSource(folder.open(name))
    try {
      const header = await readLogHeader(source)
      if (header === undefined) return
      this.#checkDbid(header.dbid, name)
      const log = readLog(source)
      for (;;) {
        const next = await log.next()
        if (next.done === true) {
          const { tornAt } = next.value
          if (tornAt !== undefined) {
            this.#notes.push(
              `${name}: the record at byte ${tornAt} was not written to its end: it was confirmed to nobody`,
            )
          }
          return
        }
        const { txn, offset } = next.value
        if (txn.zxid <= this.#tree.zxid) continue
        const gap = gapBetween(this.#tree.zxid, txn.zxid)
        if (gap !== undefined) throw source.problem(gap, offset)
        this.#tree.apply(txn)
        this.#transactions++
        const problem = this.#digests.after(txn)
        if (problem !== undefined) throw source.problem(problem, offset)
      }
    } finally {
      await source.close()
    }
  }

  #checkDbid(value: bigint, name: string): void {
    this.#dbid ??= { value, name }
    if (this.#dbid.value === value) return
    throw new WireError(
      `its dbid is ${value}, and that of ${this.#dbid.name} ${this.#dbid.value}: they are of two databases`,
    )
  }

  /** What the snapshot shows is no state that the tree ever had before the logs come so far. */
  #checkReach(fuzzyUpTo: number, file: DataFile): void {
    const { zxid, snapshotZxidMax } = this.#tree
    // A new leader’s first zxid is in no log, and in no znode.
    const isLeaders = fuzzyUpTo % EPOCH === 0 && zxid >= snapshotZxidMax
    if (zxid >= fuzzyUpTo || isLeaders) return
    throw new CopyError(
      'COPY_MALFORMED',
      `${file.name} was written while the tree changed, up to ${hex(fuzzyUpTo)}, and the logs end at ${hex(zxid)}: ` +
        'alone it is no tree that ever was; the newest logs are missing, perhaps in another dataLogDir',
    )
  }
}

const EPOCH = 2 ** 32

function tooLarge(name: string): CopyError {
  return new CopyError('COPY_UNSUPPORTED', `${name}: an epoch beyond 2²¹ cannot be imported`)
}
