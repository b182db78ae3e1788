/**
 * A tree out of a store, line by line. It reads what a keeper reads when it starts, the records at
 * one revision and the journal ahead of them, and writes nothing: proxies may continue to serve.
 * Line: store → tree/load → here → format.ts → a file.
 */
import { createHash } from 'node:crypto'
import { type Clock, systemClock } from '../base/clock.ts'
import { checkNames, optionNames } from '../base/known-options.ts'
import { LIMITS_DEFAULT } from '../base/limits.ts'
import { Turns } from '../base/turns.ts'
import { Layout } from '../format/layout.ts'
import type { Damage, Finding } from '../member/tree/damage.ts'
import type { DataTree } from '../member/tree/data-tree.ts'
import { loadReplica } from '../member/tree/load.ts'
import { CopyError, StoreError } from '../model/errors.ts'
import { childOf, depthOf, isReservedPath, isValidPath, parentOf } from '../model/path.ts'
import type { Znode } from '../model/znode.ts'
import type { MetadataStore } from '../store/metadata-store.ts'
import {
  headerLine,
  sessionLine,
  sessionText,
  type TreeHeader,
  type TreeSession,
  type TreeSummary,
  trailerLine,
  znodeLine,
} from './format.ts'
import { patientReads } from './patiently.ts'

/** Options of {@link readTree}. */
export interface ExportOptions {
  /** Where the tree is; it stays the caller’s to close. */
  readonly store: MetadataStore
  /** Key prefix of the tree in the store. @default "/anykeeper" */
  readonly prefix?: string
  /** This znode and all below it, with the znodes above it. @default "/" */
  readonly path?: string
  /** Leave ephemeral znodes out, and sessions with them. @default false */
  readonly withoutEphemerals?: boolean
  /**
   * Export what can be read of a damaged tree, and say what is wrong in {@link TreeExport.findings}. @default false
   */
  readonly salvage?: boolean
  /** For how long a read is repeated where the store does not answer: each one for so long. Unit ms. @default 30,000 */
  readonly storeMs?: number
  /** @default systemClock */
  readonly clock?: Clock
}

const NAMES = optionNames<ExportOptions>({
  store: true,
  prefix: true,
  path: true,
  withoutEphemerals: true,
  salvage: true,
  storeMs: true,
  clock: true,
})

/** Where an export takes a tree from: a replica, or a ZooKeeper’s. */
export interface TreeSource {
  readonly tree: Pick<DataTree, 'get' | 'entries' | 'ephemeralEntries'> & {
    readonly unreadable: ReadonlySet<string>
  }
  readonly sessions: ReadonlyMap<bigint, TreeSession>
  readonly zxid: number
}

/** A tree in memory, as a keeper holds it; the text is made line by line. */
export class TreeExport implements Iterable<string> {
  #header!: TreeHeader
  readonly #tree: TreeSource['tree']
  #sessions: readonly TreeSession[] = []
  readonly #withEphemerals: boolean
  /** What was damaged, and so is left out or may be old; empty, unless that was accepted. */
  readonly findings: readonly Finding[]
  readonly #salvages: boolean
  /** Ephemerals that are left out, as their session is not there. */
  readonly #unowned = new Set<string>()
  #sha256: string | undefined

  /** Use {@link readTree}. `measures`: false where the caller measures it, in turns. @internal */
  constructor(
    replica: TreeSource,
    path: string,
    withEphemerals: boolean,
    damage?: Damage,
    measures = true,
  ) {
    this.#tree = replica.tree
    this.#withEphemerals = withEphemerals
    this.#salvages = damage !== undefined
    const unowned = this.#salvages && withEphemerals ? unownedEphemerals(replica) : []
    for (const { path: at } of unowned) this.#unowned.add(at as string)
    this.findings = [...(damage?.findings ?? []), ...unowned]
    if (measures) for (const _znode of this.measured(replica, path));
  }

  /** Each step is a znode; behind the last one the header is there. @internal */
  *measured(replica: TreeSource, path: string): Generator<void> {
    const withEphemerals = this.#withEphemerals
    const owners = new Set<bigint>()
    let znodes = 0
    let largest = { path: '/', bytes: 0 }
    for (const [at, node] of this.#walk(path)) {
      yield
      znodes++
      const bytes = node.data?.length ?? 0
      if (bytes > largest.bytes) largest = { path: at, bytes }
      if (node.ephemeralOwner !== 0n) owners.add(this.#checkedOwner(replica, at, node))
    }
    const isWhole = path === '/'
    this.#sessions = withEphemerals
      ? [...replica.sessions.values()]
          .filter(({ id, passwordDigest }) => {
            return (isWhole || owners.has(id)) && (!this.#salvages || passwordDigest !== '')
          })
          .sort((a, b) => (a.id < b.id ? -1 : 1))
      : []
    yield* this.#checkComplete(path, znodes)
    const { zxid } = replica
    this.#header = { path, zxid, sessions: this.#sessions.length, znodes, largest }
  }

  /** Counts and zxid, known before the first line. */
  get header(): TreeHeader {
    return this.#header
  }

  /** Each line with its end. Two iterations give the same. */
  *[Symbol.iterator](): Generator<string> {
    const hash = createHash('sha256')
    const hashed = (line: string): string => {
      hash.update(line)
      return line
    }
    const { path, sessions, znodes } = this.header
    yield hashed(headerLine(this.header))
    for (const session of this.#sessions) yield hashed(sessionLine(session))
    for (const [at, node] of this.#walk(path)) yield hashed(znodeLine(at, node))
    this.#sha256 = hash.digest('hex')
    yield trailerLine({ sessions, znodes, sha256: this.#sha256 })
  }

  /** What is exported, the znodes parents first. @internal */
  get sessions(): readonly TreeSession[] {
    return this.#sessions
  }
  /** @internal */
  znodes(): Iterable<[path: string, node: Znode]> {
    return this.#walk(this.header.path)
  }

  /** What was exported. @throws {TypeError} before an iteration over all lines has ended */
  get summary(): TreeSummary {
    if (this.#sha256 === undefined) throw new TypeError('not all lines were taken yet')
    const { path, zxid, sessions, znodes } = this.header
    return { path, zxid, sessions, znodes, sha256: this.#sha256 }
  }

  /** The znodes above `top`, then depth first; siblings in the order of their bytes. */
  *#walk(top: string): Generator<[path: string, node: Znode]> {
    const above: string[] = []
    for (let at = top; at !== '/'; ) {
      at = parentOf(at)
      above.unshift(at)
    }
    for (const path of above) yield [path, this.#tree.get(path) as Znode]
    // Not by recursion: a path may have thousands of components.
    const waiting = [top]
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      const node = this.#tree.get(path) as Znode
      if (this.#isLeftOut(path, node)) continue
      yield [path, node]
      // Legal names have no surrogates, so UTF-16 order is the order of bytes.
      const names = [...node.children].sort().reverse()
      for (const name of names) waiting.push(childOf(path, name))
    }
  }

  #isLeftOut(path: string, { ephemeralOwner, childCount }: Znode): boolean {
    if (ephemeralOwner !== 0n && !this.#withEphemerals) return true
    // What lies below it can be read: then it is there as a znode that nobody may read or change.
    if (this.#tree.unreadable.has(path)) return childCount === 0 && !isReservedPath(path)
    return this.#unowned.has(path)
  }

  /** Nothing is left out silently: the walk does not reach a znode that has lost its parent. */
  *#checkComplete(top: string, znodes: number): Generator<void> {
    let due = depthOf(top)
    const below = top === '/' ? '/' : `${top}/`
    for (const [path, node] of this.#tree.entries()) {
      yield
      if (path !== top && !path.startsWith(below)) continue
      if (!this.#isLeftOut(path, node)) due++
    }
    if (znodes === due) return
    throw new StoreError('STORE_INTERNAL', `damaged tree: ${due - znodes} znodes have no parent`)
  }

  #checkedOwner(replica: TreeSource, path: string, { ephemeralOwner }: Znode): bigint {
    if (replica.sessions.has(ephemeralOwner)) return ephemeralOwner
    throw new StoreError(
      'STORE_INTERNAL',
      `damaged tree: ${path} belongs to session ${sessionText(ephemeralOwner)}, which is not ` +
        'there; without ephemerals the rest can be exported',
    )
  }
}

/**
 * Reads a tree at one moment of the store.
 * @throws {TypeError} `path` is no path of a znode, the prefix is none, or an option is not known
 * @throws {CopyError} COPY_NOT_FOUND: there is no tree, or no such path in it
 * @throws {StoreError} STORE_UNAVAILABLE, not retriable: an import into the prefix is not finished; STORE_INTERNAL: the
 * tree is damaged; STORE_UNSUPPORTED: a newer version wrote to it; STORE_INVALID: the prefix lies among the keys of another
 * tree; STORE_COMPACTED: reading took longer than the store keeps history, read again; and the store's own
 */
export async function readTree(options: ExportOptions): Promise<TreeExport> {
  checkNames(options, NAMES)
  const { store, prefix = '/anykeeper', path = '/', withoutEphemerals = false } = options
  const { salvage = false, clock = systemClock, storeMs } = options
  if (!isValidPath(path)) throw new TypeError(`"${path}" is no path of a znode`)
  const layout = new Layout(prefix)
  const reader = patientReads(store, { clock, storeMs })
  const loaded = await loadReplica(reader, layout, { bounds: LIMITS_DEFAULT, salvages: salvage })
  const { damage, replica } = loaded
  if (loaded.head === undefined && damage.findings.length === 0) {
    throw new CopyError('COPY_NOT_FOUND', `there is no tree below ${prefix} in this store`)
  }
  if (replica.tree.unreadable.size > 0 && !salvage) {
    throw new StoreError('STORE_INTERNAL', `damaged tree: ${damage.summary}`)
  }
  const node = replica.tree.get(path)
  if (node === undefined) throw new CopyError('COPY_NOT_FOUND', `there is no znode ${path}`)
  if (withoutEphemerals && node.ephemeralOwner !== 0n) {
    throw new CopyError('COPY_NOT_FOUND', `${path} is ephemeral: nothing is left to be exported`)
  }
  const accepted = salvage ? damage : undefined
  const tree = new TreeExport(replica, path, !withoutEphemerals, accepted, false)
  const turns = new Turns()
  for (const _znode of tree.measured(replica, path)) {
    const turn = turns.take()
    if (turn !== undefined) await turn
  }
  return tree
}

/** Ephemerals whose session has no record. */
export function unownedEphemerals({ tree, sessions }: TreeSource): Finding[] {
  const found: Finding[] = []
  for (const [owner, paths] of tree.ephemeralEntries()) {
    // Without a password: its record could not be read.
    if ((sessions.get(owner)?.passwordDigest ?? '') !== '') continue
    const text = (path: string) =>
      `the ephemeral ${path} belongs to session ${sessionText(owner)}, which is not there`
    for (const path of paths) found.push({ kind: 'session', key: path, path, text: text(path) })
  }
  return found
}
