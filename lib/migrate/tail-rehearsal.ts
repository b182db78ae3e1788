/**
 * The logs of a stopped server, tried on a copy of the tree before anything of them is written: do they continue this tree, are
 * they whole, and is what comes of it what the ensemble had? Takes the memory of a second tree, without its data.
 * Line: log-tail → here → write-tail.
 */
import type { Replica } from '../member/tree/replica.ts'
import { parentOf, RESERVED } from '../model/path.ts'
import { Znode } from '../model/znode.ts'
import type { ZookeeperFolder } from '../transfer/zookeeper/data-files.ts'
import { DigestDrift } from '../transfer/zookeeper/digest-drift.ts'
import { logTail } from '../transfer/zookeeper/log-tail.ts'
import { ZookeeperTree } from '../transfer/zookeeper/tree.ts'
import { DIGEST_VERSION, type Txn, type TxnOp } from '../transfer/zookeeper/txn.ts'
import { MigrateError } from './migrate-error.ts'
import { tooLarge } from './mirror-writer.ts'
import { ownerOf } from './replica-digest.ts'
import { type LargestRequest, TailPlan, type TailTarget } from './tail-plan.ts'

/** What the logs have behind the tree. */
export interface Tail {
  readonly count: number
  /** Zxid of the last one; that of the tree where there is none. */
  readonly last: number
  /** undefined: there is none. */
  readonly largest: LargestRequest | undefined
  /** Of the tree with them: data and paths, so a store needs more. 0: they have nothing that it lacks. Unit: bytes. */
  readonly treeBytes: number
}

export interface RehearsalOptions {
  readonly target: TailTarget

  /** What may be missing, and does not show, is left behind. */
  readonly acceptsGaps: boolean
}

const hex = (zxid: number): string => `0x${zxid.toString(16)}`
const COUNTERS = 2 ** 32
const NOTHING = 'nothing was taken of them'

/**
 * Writes nothing.
 * @throws {MigrateError} MIGRATE_TAIL: they are of another ensemble, older than the tree, or do not lead to what the ensemble had;
 * MIGRATE_TOO_LARGE: one is larger than the store says that it takes
 * @throws {CopyError} no logs, damage, a gap
 */
export async function rehearseTail(
  folder: ZookeeperFolder,
  replica: Replica,
  { acceptsGaps, target }: RehearsalOptions,
): Promise<Tail> {
  const rehearsal = new Rehearsal(folder.name, replica, target)
  const txns = logTail(folder, replica.zxid, {
    onKnown: (txn, file) => rehearsal.known(txn, file),
    onNewEpoch: (before, zxid, file) => rehearsal.newEpoch(before, zxid, file),
  })
  try {
    for (;;) {
      const next = await txns.next()
      if (next.done !== true) {
        rehearsal.apply(next.value)
        continue
      }
      rehearsal.ended(next.value, acceptsGaps)
      const { count, last, largest, treeBytes } = rehearsal
      return { count, last, largest, treeBytes }
    }
  } finally {
    // The file that was read.
    await txns.return(0)
  }
}

class Rehearsal {
  count = 0
  last: number
  readonly #name: string
  readonly #replica: Replica
  /** From the first transaction on that the tree has. */
  #marks: Marks | undefined
  /** From the first transaction on that it has not. */
  #tree: ZookeeperTree | undefined
  /** On that tree. */
  #plan: TailPlan | undefined
  readonly #drift = new DigestDrift()
  /** Since an epoch began in a file of its own no digest has come. Empty: one has. */
  #doubt = ''

  readonly #target: TailTarget

  constructor(name: string, replica: Replica, target: TailTarget) {
    this.#name = name
    this.#replica = replica
    this.#target = target
    this.last = replica.zxid
  }

  get largest(): LargestRequest | undefined {
    return this.#plan?.largest
  }

  get treeBytes(): number {
    let bytes = 0
    for (const [path, { data }] of this.#tree?.entries() ?? []) {
      bytes += path.length + (data?.length ?? 0)
    }
    return bytes
  }

  /** One that the tree has already: it must have left what is there. */
  known(txn: Txn, file: string): void {
    this.#marks ??= marksFrom(txn.zxid, this.#replica)
    const path = contradicted(txn, this.#replica) ?? this.#marks.missing(txn)
    if (path === undefined) return
    throw this.#refusal(
      `what ${file} has at ${hex(txn.zxid)} is not what ${path} of the tree says of it: the logs are not those of the ensemble that was followed`,
    )
  }

  newEpoch(before: number, zxid: number, file: string): void {
    this.#doubt = `${hex(zxid)}, the first in ${file}, begins an epoch, and nothing shows that the one before ended with ${hex(before)}: a log may be missing between them`
  }

  apply(txn: Txn): void {
    this.#tree ??= this.#copy()
    const tree = this.#tree
    this.#plan ??= new TailPlan(tree, this.#target)
    const { zxid, digest } = txn
    const refusal = this.#plan.refusal(txn, this.last)
    if (refusal === 'large') throw tailTooLarge(this.#name, txn)
    if (refusal === 'misfit') {
      throw this.#refusal(
        `${hex(zxid)} changes ${misfit(txn, tree)} in a way that does not fit the tree: the logs are not those of the ensemble that was followed, or one is missing`,
      )
    }
    tree.apply(txn)
    this.count++
    this.last = zxid
    if (digest?.version !== DIGEST_VERSION) return
    const pair = { theirs: digest.value, ours: tree.digest }
    if (!this.#drift.isTheirs(txn, pair, tree.driftView)) {
      throw this.#refusal(
        `with ${hex(zxid)} the tree is not the one that the ensemble had: the logs are not those of the ensemble that was followed, or one is missing`,
      )
    }
    if (!this.#drift.isDrifting) this.#doubt = ''
  }

  /** `newest`: zxid in the logs. */
  ended(newest: number, acceptsGaps: boolean): void {
    const { zxid } = this.#replica
    // An epoch that has begun without a transaction is in no log.
    if (newest < zxid && zxid % COUNTERS !== 0) {
      throw this.#refusal(
        newest === 0
          ? 'there is no transaction in the logs'
          : `the logs end with ${hex(newest)}, and the tree is at ${hex(zxid)}: they are not the newest ones of the ensemble`,
      )
    }
    if (this.#doubt !== '' && !acceptsGaps) throw this.#refusal(this.#doubt)
  }

  #copy(): ZookeeperTree {
    if (this.#replica.zxid === this.last) return copyOf(this.#replica)
    throw new MigrateError(
      'MIGRATE_NOT_DRAINED',
      'the tree has moved while the logs were read: end anykeeper migrate follow, and run this again',
    )
  }

  #refusal(sentence: string): MigrateError {
    return tailRefusal(this.#name, sentence)
  }
}

/** A path that cannot be as it is, if that was committed; undefined: there is none. */
function contradicted({ ops, zxid }: Txn, { tree }: Replica): string | undefined {
  for (const op of ops) {
    if ((op.op !== 'create' && op.op !== 'setData') || op.path === RESERVED.config) continue
    const node = tree.get(op.path)
    if (node === undefined || node.czxid >= zxid) continue
    if (op.op === 'create' || node.mzxid < zxid) return op.path
  }
  return undefined
}

/** By zxid, the znodes that say that they were created or changed then. */
class Marks {
  readonly #paths = new Map<number, string[]>()

  add(zxid: number, path: string): void {
    const paths = this.#paths.get(zxid)
    if (paths === undefined) this.#paths.set(zxid, [path])
    else paths.push(path)
  }

  /** One of them that the transaction does not touch; undefined: there is none. */
  missing({ ops, zxid }: Txn): string | undefined {
    const touched = (path: string) => ops.some((op) => 'path' in op && op.path === path)
    return this.#paths.get(zxid)?.find((path) => !touched(path))
  }
}

function marksFrom(first: number, { tree }: Replica): Marks {
  const marks = new Marks()
  for (const [path, { czxid, mzxid }] of tree.entries()) {
    if (path === RESERVED.config) continue
    if (czxid >= first) marks.add(czxid, path)
    if (mzxid >= first && mzxid !== czxid) marks.add(mzxid, path)
  }
  return marks
}

/** For the sentence: the first path at which it does not fit. Changes the tree, which nobody needs any more. */
function misfit(txn: Txn, tree: ZookeeperTree): string {
  for (const op of txn.ops) {
    const path = misfitOf(op, tree)
    if (path !== undefined) return path
    tree.apply({ ...txn, ops: [op] })
  }
  return 'what it names'
}

/** As lib/member/plan/mirrored judges it; undefined: it fits. */
function misfitOf(op: TxnOp, tree: ZookeeperTree): string | undefined {
  switch (op.op) {
    case 'create': {
      const isFree = tree.get(op.path) === undefined && tree.get(parentOf(op.path)) !== undefined
      return isFree ? undefined : op.path
    }
    case 'delete':
      return tree.get(op.path)?.childCount === 0 ? undefined : op.path
    case 'setData':
    case 'setACL':
      return tree.get(op.path) === undefined ? op.path : undefined
    case 'closeSession':
      return op.paths?.find((path) => (tree.get(path)?.childCount ?? 0) > 0)
    default:
      return undefined
  }
}

/** Nothing of them is written. `name`: of their folder. */
export function tailRefusal(name: string, sentence: string): MigrateError {
  return new MigrateError('MIGRATE_TAIL', `${name}: ${sentence}; ${NOTHING}`)
}

/** The same: the store does not take this one, or, for that reason, all of them. */
export function tailTooLarge(name: string, what: Txn | string): MigrateError {
  const sentence = typeof what === 'string' ? what : tooLarge(what)
  return new MigrateError('MIGRATE_TOO_LARGE', `${name}: ${sentence}; ${NOTHING}`)
}

function copyOf({ tree, zxid, sessions }: Replica): ZookeeperTree {
  const copy = new ZookeeperTree(zxid)
  for (const [path, node] of tree.entries()) {
    copy.load({ kind: 'znode', path, node: znodeOf(node), hasAcl: true })
  }
  for (const [id, { timeoutMs }] of sessions) copy.sessions.set(id, timeoutMs)
  return copy
}

function znodeOf(node: Znode): Znode {
  const { data, acl, czxid: zxid, ctime: time, mzxid, pzxid, mtime } = node
  const copy = new Znode({ data, acl, zxid, time, ephemeralOwner: ownerOf(node) })
  const { version, creates, aversion } = node
  return Object.assign(copy, { mzxid, pzxid, mtime, version, creates, aversion })
}
