/**
 * ZooKeeper’s leader computes the digest of a transaction before it is applied, from a create’s flags; what is created
 * follows from its type. A client made by hand may send the two at odds: create with the flags of a container makes a plain znode,
 * createContainer with any others makes a container, and the digest has the other owner. And where a parent’s counter has reached
 * 2³¹−1, the leader counts on to −2³¹, while its tree keeps the counter and the pzxid. So the digests are wrong for as long as
 * changes are outstanding at the leader, and then right again. The root is another such case: see root-drift. Here such a digest is
 * recognised, and that of another tree is not taken for one. An error of 3.6 may have a digest (MARSHALLINGERROR, as of a
 * multi that fails half-way by an exception of the leader’s own), of changes that are not made. What they were is not known, so the
 * digests behind it say nothing until one is equal, which one of the next thousand must be.
 * Source: PrepRequestProcessor.pRequest2TxnCreate, getCurrentTreeDigest. Neighbours: tree-digest, digest-check, migrate/mirror-writer.
 */
import { parentOf } from '../../model/path.ts'
import type { Znode } from '../../model/znode.ts'
import { RootDrift } from './root-drift.ts'
import type { Believed } from './tree-digest.ts'
import { CONTAINER_OWNER, TXN, type Txn, type TxnCreate } from './txn.ts'

/** The part of a znode in the digest of our tree as it is now, with what the leader believes of it if given; undefined: it is not there. */
export type DigestTerm = (path: string, believed?: Believed) => number | undefined

/** Our tree as it is now, as far as it is wanted. */
export interface DriftView {
  readonly term: DigestTerm
  /** undefined: there is no tree yet. */
  readonly root: Znode | undefined
}

/** One digest beside ours. */
export interface DigestPair {
  readonly theirs: bigint
  readonly ours: bigint
}

/** Znodes that the leader has had wrong, at most. */
const DOUBTFUL_MAX = 1_000
/** Requests that a leader has outstanding: its globalOutstandingLimit. */
const OUTSTANDING_MAX = 1_000
/** Combinations that are tried for one transaction: of a multi with more containers none is found. */
const TRIES_MAX = 60_000

interface Choice {
  readonly path: string
  /** What may be added; the first is nothing. */
  readonly options: readonly Option[]
}

/** What the leader may believe of a znode. */
interface Option {
  readonly believed: Believed | undefined
  /** By how much that changes theirs less ours. */
  readonly delta: bigint
  /** All of the znode’s part in theirs less ours. */
  readonly total: bigint
}

export class DigestDrift {
  /** Theirs less ours, after the newest transaction. */
  #drift = 0n
  /** What the leader believes of a znode, and what that makes in the digest. */
  readonly #doubtful = new Map<string, { readonly believed: Believed; readonly delta: bigint }>()

  readonly #root = new RootDrift()
  /** So many digests more may be of changes that were never made. */
  #excused = 0

  /** Digests that differ since they were equal last. */
  get isDrifting(): boolean {
    return this.#drift !== 0n
  }

  /** @returns false: the tree is not theirs, once the transaction is applied to it */
  isTheirs(txn: Txn, pair: DigestPair, view: DriftView): boolean {
    const isTheirs = this.#isTheirs(txn, pair, view)
    if (view.root !== undefined) this.#root.note(view.root)
    return isTheirs
  }

  #isTheirs(txn: Txn, { theirs, ours }: DigestPair, { term, root }: DriftView): boolean {
    const drift = BigInt.asUintN(64, theirs - ours)
    if (drift === 0n) {
      this.#drift = 0n
      this.#excused = 0
      this.#doubtful.clear()
      return true
    }
    if (txn.type === TXN.error) this.#excused = OUTSTANDING_MAX
    const counted = this.#counted(txn, term)
    const again = new Set(counted.map(({ path }) => path))
    const changed = this.#changed(term).filter(({ path }) => !again.has(path))
    const choices = [...changed, ...created(txn, term), ...this.#ofRoot(root), ...counted]
    for (const base of new Set([this.#drift, 0n])) {
      const taken = combined(choices, BigInt.asUintN(64, drift - base))
      if (taken === undefined) continue
      this.#drift = drift
      this.#note(choices, taken)
      return true
    }
    if (this.#excused === 0) return false
    this.#excused--
    this.#drift = drift
    return true
  }

  /** Doubtful znodes that were changed or deleted: the leader may have seen that on its own record, or on the tree. */
  #changed(term: DigestTerm): Choice[] {
    return [...this.#doubtful].flatMap(([path, { believed, delta }]) => {
      const total = deltaOf(path, believed, term)
      if (total === delta) return []
      return [{ path, options: [NOTHING, { believed, delta: total - delta, total }] }]
    })
  }

  /** Parents whose counter has overflowed at the leader, on its own record or on the tree. */
  #counted({ ops, zxid }: Txn, term: DigestTerm): Choice[] {
    const parents = new Map<string, Believed>()
    for (const op of ops) {
      if (op.op !== 'create' || op.parentCVersion >= -1) continue
      parents.set(parentOf(op.path), { creates: op.parentCVersion, pzxid: zxid })
    }
    return [...parents].map(([path, believed]) => {
      const total = deltaOf(path, believed, term)
      const before = this.#doubtful.get(path)?.delta ?? 0n
      const onTree = { believed, delta: total, total }
      return { path, options: [{ ...onTree, delta: total - before }, onTree, NOTHING] }
    })
  }

  #ofRoot(root: Znode | undefined): Choice[] {
    const deltas = root === undefined ? [] : this.#root.deltas(root)
    if (deltas.length === 0) return []
    return [{ path: '/', options: [NOTHING, ...deltas.map((delta) => ({ ...NOTHING, delta }))] }]
  }

  #note(choices: readonly Choice[], taken: readonly number[]): void {
    choices.forEach(({ path, options }, at) => {
      const { believed, total } = options[taken[at] as number] as Option
      this.#doubtful.delete(path)
      if (believed !== undefined) this.#doubtful.set(path, { believed, delta: total })
    })
    for (const path of this.#doubtful.keys()) {
      if (this.#doubtful.size <= DOUBTFUL_MAX) break
      this.#doubtful.delete(path)
    }
  }
}

const NOTHING: Option = { believed: undefined, delta: 0n, total: 0n }

function deltaOf(path: string, believed: Believed, term: DigestTerm): bigint {
  const [theirs, ours] = [term(path, believed), term(path)]
  return theirs === undefined || ours === undefined ? 0n : BigInt(theirs) - BigInt(ours)
}

/** What it created, with the owners that the flags may have meant. */
function created({ type, clientId, ops }: Txn, term: DigestTerm): Choice[] {
  return ops.flatMap((op) => {
    if (op.op !== 'create') return []
    const { path } = op
    const options = ownersOf(op, type, clientId).flatMap((owner) => {
      const believed = { owner }
      const delta = deltaOf(path, believed, term)
      return delta === 0n ? [] : [{ believed, delta, total: delta }]
    })
    return options.length === 0 ? [] : [{ path, options: [NOTHING, ...options] }]
  })
}

function ownersOf({ ephemeralOwner }: TxnCreate, type: number, clientId: bigint): bigint[] {
  if (ephemeralOwner === CONTAINER_OWNER) return [0n, clientId]
  return ephemeralOwner === 0n && type !== TXN.multi ? [CONTAINER_OWNER] : []
}

/** The option of each choice that together make that difference, modulo 2⁶⁴; undefined: none do. */
function combined(choices: readonly Choice[], wanted: bigint): number[] | undefined {
  let tries = TRIES_MAX
  const taken: number[] = []
  const search = (at: number, left: bigint): boolean => {
    if (tries-- <= 0) return false
    const choice = choices[at]
    if (choice === undefined) return BigInt.asUintN(64, left) === 0n
    return choice.options.some(({ delta }, option) => {
      taken[at] = option
      return search(at + 1, left - delta)
    })
  }
  return search(0, wanted) ? taken : undefined
}
