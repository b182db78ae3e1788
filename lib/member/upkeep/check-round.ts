/**
 * One round over all records: which page is next, what must be in them, what was. Records that are written
 * while the round lasts are left to the next one. Neighbour: record-check.
 */
import type { KeyRange, Layout } from '../../format/layout.ts'
import { sessionName, sessionNamed } from '../../format/layout.ts'
import { isReservedPath } from '../../model/path.ts'
import type { Znode } from '../../model/znode.ts'
import type { Key } from '../../store/types.ts'
import type { Dirty } from '../tree/backlog.ts'
import type { Replica } from '../tree/replica.ts'
import { SeenRecords } from './seen-records.ts'

/** Znodes looked through in one turn. */
const ZNODES_PER_TURN = 20_000
/** Missing records that are written again in one turn. */
const MISSING_PER_TURN = 512
/** etcd walks the whole of a range for each page of it: ranges are cut at every so many records. */
const RECORDS_PER_RANGE = 10_000

export class CheckRound {
  readonly replica: Replica
  /** The store's head is of the history that this replica has applied, as of the newest page. */
  isProved = false
  readonly #ranges: KeyRange[]
  readonly #seen: SeenRecords
  /** Sessions, and znodes that are there from the start: records that must be seen. Names with their kind. */
  readonly #expected = new Map<string, Dirty>()
  /** Znodes and child records as old as this have been in the store since the round began. */
  readonly #settledZxid: number
  readonly #znodes: Iterator<[string, Znode]>
  #isOver = false
  #isDigestRight: boolean | undefined

  constructor(replica: Replica, layout: Layout, round: number) {
    this.replica = replica
    const { tree, sessions, backlog, history, flushed } = replica
    this.#seen = new SeenRecords(2 * tree.nodeCount, round)
    const known = flushed === replica.seq ? replica.zxid : history.zxidAt(flushed)
    this.#settledZxid = known ?? -1
    this.#ranges = rangesOf(replica, layout)
    this.#znodes = tree.entries()
    const expect = (dirty: Dirty) => {
      if (!backlog.has(dirty.kind, dirty.name)) this.#expected.set(dirty.kind + dirty.name, dirty)
    }
    for (const id of sessions.keys()) expect({ kind: 's', name: sessionName(id) })
    for (const [path, node] of tree.entries()) {
      // They come first.
      if (!isReservedPath(path)) break
      if (node.mzxid > 0 || node.aversion > 0) expect({ kind: 'n', name: path })
    }
    if (replica.cuts.size > 0) expect({ kind: 'e', name: '' })
  }

  /** Where the next page is; undefined: all were read. */
  get range(): KeyRange | undefined {
    return this.#ranges[0]
  }

  /** The page up to `last` was read; `more`: there is more of its range. */
  passed(last: Key | undefined, more: boolean): void {
    const range = this.#ranges[0]
    if (range === undefined) return
    if (more && last !== undefined) {
      this.#ranges[0] = { start: Buffer.concat([last, Buffer.from([0])]), end: range.end }
    } else this.#ranges.shift()
  }

  seen({ kind, name }: Dirty): void {
    this.#seen.add(kind, name)
    this.#expected.delete(kind + name)
  }

  /** What must have been in one of the pages and was not: the next part of it. */
  nextMissing(): Dirty[] {
    const missing: Dirty[] = []
    for (const [key, dirty] of this.#expected) {
      if (missing.length === MISSING_PER_TURN) return missing
      this.#expected.delete(key)
      if (this.#isThere(dirty)) missing.push(dirty)
    }
    for (let count = 0; count < ZNODES_PER_TURN && missing.length < MISSING_PER_TURN; count++) {
      const next = this.#znodes.next()
      if (next.done === true) {
        this.#isOver = true
        break
      }
      const [path, node] = next.value
      if (node.czxid > 0 && node.czxid <= this.#settledZxid) this.#notice('n', path, missing)
      const isSettled = node.hasChildRecord && node.pzxid <= this.#settledZxid
      if (isSettled && node.pzxid > 0) this.#notice('c', path, missing)
    }
    return missing
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Is the tree what its changes add up to? Computed one time a round. */
  isOwnDigestRight(digestOf: (replica: Replica) => bigint): boolean {
    this.#isDigestRight ??= digestOf(this.replica) === this.replica.tree.digest
    return this.#isDigestRight
  }

  #notice(kind: 'n' | 'c', name: string, missing: Dirty[]): void {
    // Behind the journal it is going to be written anyway.
    if (this.#seen.has(kind, name) || this.replica.backlog.has(kind, name)) return
    missing.push({ kind, name })
  }

  #isThere({ kind, name }: Dirty): boolean {
    if (kind !== 's') return true
    return this.replica.sessions.has(sessionNamed(name))
  }
}

function rangesOf({ tree }: Replica, layout: Layout): KeyRange[] {
  const { znodes, childRecords, sessions, epochs } = layout
  const cuts: { n: Key[]; c: Key[] } = { n: [], c: [] }
  let count = 0
  for (const path of tree.paths()) {
    if (++count % RECORDS_PER_RANGE > 0) continue
    cuts.n.push(layout.znode(path))
    cuts.c.push(layout.childRecord(path))
  }
  const only = { start: epochs, end: Buffer.concat([epochs, Buffer.from([0])]) }
  return [...cut(znodes, cuts.n), ...cut(childRecords, cuts.c), sessions, only]
}

function cut({ start, end }: KeyRange, at: Key[]): KeyRange[] {
  const bounds = [start, ...at.sort(Buffer.compare), end]
  return bounds.slice(1).map((bound, index) => ({ start: bounds[index]!, end: bound }))
}
