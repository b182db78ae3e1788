/**
 * Commits what an ensemble has committed, in its order, and compares the tree with its digests. At most a bounded number of
 * transactions wait for the store. Line: mirrored-txn → here → group-committer. Neighbour: mirror.
 */
import type { Clock } from '../base/clock.ts'
import { Fifo } from '../base/fifo.ts'
import type { CommitTask } from '../member/commit/task.ts'
import type { Keeper } from '../member/keeper.ts'
import {
  MIRROR_GAP,
  MIRROR_KNOWN,
  MIRROR_MISFIT,
  MIRROR_OVER,
  type MirroredTxn,
} from '../member/plan/mirrored.ts'
import type { Planned } from '../member/plan/planned.ts'
import type { StoreError } from '../model/errors.ts'
import { ZK_ERRORS } from '../model/errors.ts'
import { DigestDrift } from '../transfer/zookeeper/digest-drift.ts'
import { DIGEST_VERSION, type Txn } from '../transfer/zookeeper/txn.ts'
import type { MirrorBounds } from './mirror-bounds.ts'
import { mirroredTxn } from './mirrored-txn.ts'
import { ReplicaDigest } from './replica-digest.ts'
import { Silence } from './silence.ts'

/**
 * Why no more is written. over: the tree is taken over. again: to be continued from where the tree is. differs: it is not the
 * tree that the ensemble has. large: the store does not take a transaction.
 */
export type MirrorStop = 'over' | 'again' | 'differs' | 'large'

export interface MirrorWriterOptions {
  readonly clock: Clock
  readonly bounds: Pick<MirrorBounds, 'stallMs'>
  /** See {@link MirrorWriter.stop}; called once. */
  readonly onStop: () => void
  /** So many wait for the store. */
  readonly onWaiting?: (count: number) => void
  /** See {@link MirrorBounds.stallMs}. */
  readonly onStall?: () => void
}

export class MirrorWriter {
  /** Newest zxid that was handed over. */
  received: number
  /** Transactions of which the digest was equal. */
  verified = 0
  readonly #keeper: Keeper
  #digest: ReplicaDigest | undefined
  readonly #drift = new DigestDrift()
  readonly #waiting = new Fifo<MirrorTask>()
  #stop: { readonly kind: MirrorStop; readonly why: string } | undefined
  readonly #options: MirrorWriterOptions
  #stall: Silence | undefined
  #wake: (() => void) | undefined

  constructor(keeper: Keeper, options: MirrorWriterOptions) {
    this.#keeper = keeper
    this.#options = options
    this.received = keeper.replica.zxid
  }

  /** Why nothing more is written, and a sentence about it; undefined: it is. */
  get stop(): { readonly kind: MirrorStop; readonly why: string } | undefined {
    return this.#stop
  }
  /** Transactions that are not in the tree yet. */
  get pending(): number {
    return this.#waiting.length
  }
  /** When the oldest of them arrived, ms since 1970; undefined: none waits. */
  get waitingSinceMs(): number | undefined {
    return this.#waiting.first?.atMs
  }
  /** The tree follows nobody any more. */
  get isOver(): boolean {
    return !this.#keeper.replica.mirrors
  }
  /** Newest zxid in the tree. */
  get zxid(): number {
    return this.#keeper.replica.zxid
  }

  /** What the tree has already is left out. `atMs`: when it arrived. */
  write(txn: Txn, atMs: number): void {
    if (this.#stop !== undefined || txn.zxid <= this.received) return
    const task = new MirrorTask(this, mirroredTxn(txn, this.received), txn, atMs)
    this.received = txn.zxid
    this.#waiting.push(task)
    this.#options.onWaiting?.(this.pending)
    if (this.pending === 1) this.#watchStall()
    this.#keeper.committer.submit(task)
  }

  /** Resolves when no more than `count` wait, or none will be written. */
  async drainedTo(count: number): Promise<void> {
    while (this.#stop === undefined && this.pending > count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  close(): void {
    this.#stall?.stop()
    this.#stall = undefined
    this.#digest?.detach()
    this.#digest = undefined
  }

  /** @internal */
  settled(task: MirrorTask, planned: Planned): void {
    this.#waiting.shift()
    this.#stall?.touch()
    if (typeof planned !== 'number') this.#compare(task.txn)
    else if (planned !== MIRROR_KNOWN) this.#end(...stopOf(planned, task.txn))
    this.#notify()
  }

  /** @internal */
  abandoned(error: StoreError): void {
    this.#waiting.shift()
    this.#end('again', error.message)
    this.#notify()
  }

  #compare(txn: Txn): void {
    const { digest, zxid } = txn
    if (digest?.version !== DIGEST_VERSION || this.#stop !== undefined) return
    const { tree } = this.#keeper.replica
    if (this.#digest?.tree !== tree) {
      this.#digest?.detach()
      this.#digest = new ReplicaDigest(tree)
    }
    const ours = this.#digest
    const pair = { theirs: digest.value, ours: ours.value }
    if (this.#drift.isTheirs(txn, pair, ours.driftView)) {
      if (!this.#drift.isDrifting) this.verified++
      return
    }
    this.#end('differs', `the tree is not the one that the ensemble has, seen at ${hex(zxid)}`)
  }

  #end(kind: MirrorStop, why: string): void {
    if (this.#stop !== undefined) return
    this.#stop = { kind, why }
    this.#stall?.stop()
    this.#options.onStop()
  }

  /** One waits from now on. */
  #watchStall(): void {
    const { clock, bounds, onStall } = this.#options
    if (this.#stall !== undefined) return this.#stall.touch()
    this.#stall = new Silence(clock, bounds.stallMs, () => {
      this.#stall = undefined
      if (this.pending === 0) return
      onStall?.()
      this.#end(
        'again',
        `the store has settled none of ${this.pending} transactions within ${bounds.stallMs} ms`,
      )
      this.#notify()
    })
  }

  #notify(): void {
    this.#wake?.()
    this.#wake = undefined
  }
}

/** One transaction in flight. */
class MirrorTask implements CommitTask {
  readonly request: MirroredTxn
  readonly session: { readonly id: bigint; readonly owner: string; readonly fence: number }
  readonly cxid: number
  readonly txn: Txn
  readonly atMs: number
  submittedMs = 0
  readonly #writer: MirrorWriter

  constructor(writer: MirrorWriter, request: MirroredTxn, txn: Txn, atMs: number) {
    this.#writer = writer
    this.request = request
    this.txn = txn
    this.atMs = atMs
    this.session = { id: txn.clientId, owner: '', fence: 0 }
    this.cxid = txn.cxid
  }
  committed(_zxid: number, planned: Planned): void {
    this.#writer.settled(this, planned)
  }
  abandoned(error: StoreError): void {
    this.#writer.abandoned(error)
  }
}

const hex = (zxid: number): string => `0x${zxid.toString(16)}`
/** Of a path in a sentence. Unit: characters. */
const SHOWN_MAX = 100

/** What makes it large, and a way on. A path may do it, too. */
export function tooLarge({ ops, zxid }: Txn): string {
  let largest: { readonly what: string; readonly bytes: number } | undefined
  for (const op of ops) {
    if (op.op !== 'create' && op.op !== 'setData') continue
    const [data, path] = [op.data?.length ?? 0, Buffer.byteLength(op.path)]
    const [what, bytes] = path > data ? [`the path ${cut(op.path)}`, path] : [cut(op.path), data]
    if (largest === undefined || bytes > largest.bytes) largest = { what, bytes }
  }
  const what = largest === undefined ? '' : `: ${largest.what} has ${largest.bytes} bytes`
  return `the store does not take the transaction ${hex(zxid)}, it is too large${what}; let the store take larger requests, or make it smaller, abandon the copy and follow again`
}

const cut = (path: string): string =>
  path.length > SHOWN_MAX ? `${path.slice(0, SHOWN_MAX)}…` : path

function stopOf(errno: number, txn: Txn): [MirrorStop, string] {
  const { zxid } = txn
  switch (errno) {
    case MIRROR_OVER:
      return ['over', 'the tree is taken over']
    case MIRROR_GAP:
      return ['again', `${hex(zxid)} does not follow what is in the tree`]
    case ZK_ERRORS.SYSTEM_ERROR.errno:
      return ['again', 'the store is full']
    case MIRROR_MISFIT:
      return [
        'differs',
        `${hex(zxid)} does not fit the tree: it is not the one that the ensemble has`,
      ]
    default:
      return ['large', tooLarge(txn)]
  }
}
