/**
 * Which writes may be sent while the store runs short of space. Large ones wait, each session's in its order, while
 * compaction makes room; small ones of others pass them. Once the reserve is half used, whatever makes the tree larger
 * waits, and deletes, ends of sessions and the keeper's own requests have the rest. What waited for too long, or for
 * what cannot be made free, is refused. How much may be written is granted after each look at the store.
 * Neighbours: request-queue (queries it), upkeep/room-maker (grants, has history compacted).
 */
import type { Clock } from '../../base/clock.ts'
import type { KeeperLimits } from '../../base/limits.ts'
import type { MultiOp } from '../../model/request.ts'
import type { Gate } from './request-queue.ts'
import type { CommitTask } from './task.ts'

/** With so much left nothing is judged: no batch has more. Unit: bytes. */
const AMPLE_BYTES = 4 * 2 ** 20
/** While requests wait, the store is looked at this often. Unit ms. */
const TICK_MS = 50
/** A request is in the store as its entry, and with its znode's record. */
const COPIES = 2
/** What a request adds beside its data, in its entry, a record and head. Unit: bytes. */
const REQUEST_BYTES = 512

/** What may be written until the next grant. Unit: bytes. */
export interface SpaceGrant {
  /** By all requests. */
  readonly bytes: number
  /** By small ones, when that is used up. */
  readonly smallBytes: number
  /** By one transaction. */
  readonly txnBytes: number
}

export interface SpaceGateOptions {
  readonly clock: Clock
  readonly limits: Pick<KeeperLimits, 'spaceWaitMsMax' | 'spaceSmallBytes'>
  readonly counters: { spaceWaits: number; noSpaceRefusals: number }
  /** Half of a grant is used, or requests wait: called until there is a better one. */
  readonly onLow: () => void
  /** What waited may be sent, or is to be refused. */
  readonly onChange: () => void
  /** This one is to be answered that there is no space. */
  readonly onRefused: (task: CommitTask) => void
}

/** No store that reports what it has left: everything may be sent. */
const UNBOUNDED: SpaceGrant = {
  bytes: Number.POSITIVE_INFINITY,
  smallBytes: Number.POSITIVE_INFINITY,
  txnBytes: Number.POSITIVE_INFINITY,
}

export class SpaceGate implements Gate {
  /** Taken by the store so far, as far as this member knows. Unit: bytes. */
  writtenBytes = 0
  readonly #options: SpaceGateOptions
  #grant = UNBOUNDED
  /** {@link writtenBytes} when the grant began, and when it is to be renewed. */
  #fromBytes = 0
  #lowAtBytes = Number.POSITIVE_INFINITY
  /** What does not fit now never will, as far as one can see. */
  #isExhausted = false
  /** How many wait. */
  #waiting = 0
  /** Entries of ours that the feed has not brought back, oldest first, and {@link writtenBytes} before each. */
  #unseen: { readonly seq: number; readonly fromBytes: number }[] = []
  #seenSeq = 0
  /** Since when no request of a session has had space, monotonic ms. */
  readonly #sinceMs = new WeakMap<object, number>()
  readonly #counted = new WeakSet<CommitTask>()
  readonly #refused = new WeakSet<CommitTask>()
  #cancel: (() => void) | undefined

  constructor(options: SpaceGateOptions) {
    this.#options = options
  }

  /** Requests that were not let through when they were judged last. */
  get waiting(): number {
    return this.#waiting
  }

  /** All that waits may be sent: nothing needs to be judged. */
  get isOpen(): boolean {
    return this.#left(this.#grant.bytes) >= AMPLE_BYTES && this.txnBytesMax >= AMPLE_BYTES
  }

  /** Bytes that one transaction may have now. */
  get txnBytesMax(): number {
    return this.#left(this.#grant.txnBytes)
  }

  /** Written since what the feed brought last: no history behind that can be given up. Unit: bytes. */
  get unseenBytes(): number {
    const oldest = this.#unseen[0]
    return oldest === undefined ? 0 : this.writtenBytes - oldest.fromBytes
  }

  /** Entry `seq` of ours is in the store, in a transaction of so many bytes. */
  applied(seq: number, bytes: number): void {
    if (seq > this.#seenSeq) this.#unseen.push({ seq, fromBytes: this.writtenBytes - bytes })
  }

  /** The feed brought entry `seq`. */
  seen(seq: number): void {
    this.#seenSeq = seq
    let count = 0
    while (count < this.#unseen.length && this.#unseen[count]!.seq <= seq) count++
    if (count > 0) this.#unseen.splice(0, count)
  }

  /** A transaction of so many bytes was sent, or somebody else's was seen. */
  taken(bytes: number): void {
    this.writtenBytes += bytes
    if (this.writtenBytes < this.#lowAtBytes) return
    this.#lowAtBytes = Number.POSITIVE_INFINITY
    this.#options.onLow()
  }

  /** `writtenBytes`: as it was when the store was looked at. undefined: there is no bound. */
  grant(grant: SpaceGrant = UNBOUNDED, writtenBytes = this.writtenBytes): void {
    this.#grant = grant
    this.#fromBytes = writtenBytes
    this.#lowAtBytes = writtenBytes + grant.bytes / 2
    this.#isExhausted = false
    if (this.#waiting > 0) this.#options.onChange()
  }

  /** No more can be made free: what does not fit is refused. */
  exhausted(): void {
    this.#isExhausted = true
    if (this.#waiting > 0) this.#options.onChange()
  }

  /** @returns who judges requests in the order in which they would be sent; a session's do not pass each other */
  admission(): (task: CommitTask) => boolean {
    const now = this.#options.clock.monotonic()
    const waiting = new Set<bigint>()
    let left = this.#left(this.#grant.bytes)
    let smallLeft = this.#left(this.#grant.smallBytes)
    const smallBytes = COPIES * (this.#options.limits.spaceSmallBytes + REQUEST_BYTES)
    const txnBytes = COPIES * this.txnBytesMax
    return (task) => {
      const { session } = task
      if (session === undefined) return true
      if (waiting.has(session.id)) return false
      const bytes = growthOf(task)
      if (bytes === 0) return true
      if (bytes <= (bytes <= smallBytes ? smallLeft : left) && bytes <= txnBytes) {
        left -= bytes
        smallLeft -= bytes
        this.#sinceMs.delete(session)
      } else if (this.#isOver(session, now)) this.#refuse(task)
      else {
        waiting.add(session.id)
        this.#wait(task, session, now)
        return false
      }
      return true
    }
  }

  judged(waiting: number): void {
    this.#waiting = waiting
    if (waiting > 0) this.#arm()
  }

  stop(): void {
    this.#cancel?.()
  }

  #left(bytes: number): number {
    return bytes - (this.writtenBytes - this.#fromBytes)
  }

  #isOver(session: object, now: number): boolean {
    const { spaceWaitMsMax } = this.#options.limits
    return this.#isExhausted || now - (this.#sinceMs.get(session) ?? now) >= spaceWaitMsMax
  }

  #refuse(task: CommitTask): void {
    if (this.#refused.has(task)) return
    this.#refused.add(task)
    this.#options.counters.noSpaceRefusals++
    this.#options.onRefused(task)
  }

  #wait(task: CommitTask, session: object, now: number): void {
    if (!this.#sinceMs.has(session)) this.#sinceMs.set(session, now)
    if (this.#counted.has(task)) return
    this.#counted.add(task)
    this.#options.counters.spaceWaits++
  }

  #arm(): void {
    if (this.#cancel !== undefined) return
    const { clock, onLow, onChange } = this.#options
    this.#cancel = clock.after(TICK_MS, () => {
      this.#cancel = undefined
      if (this.#waiting === 0) return
      onLow()
      onChange()
    })
  }
}

/** What a request of a client may add to the store, bytes; 0: nothing that counts. */
function growthOf({ request }: Pick<CommitTask, 'request'>): number {
  switch (request.type) {
    case 'guarded':
      return growthOf(request)
    case 'create':
    case 'setData':
      return COPIES * (growthOfOp(request) + REQUEST_BYTES)
    case 'setACL': {
      const entries = request.acl ?? []
      const bytes = entries.reduce((sum, { id }) => sum + id.id.length + id.scheme.length + 8, 0)
      return COPIES * (bytes + REQUEST_BYTES)
    }
    case 'multi': {
      let bytes = 0
      for (const op of request.ops) {
        if (op.type === 'create' || op.type === 'setData') bytes += growthOfOp(op) + REQUEST_BYTES
      }
      return COPIES * bytes
    }
    default:
      return 0
  }
}

function growthOfOp(op: MultiOp): number {
  if (op.type === 'create') return 2 * op.path.length + (op.data?.length ?? 0)
  return op.type === 'setData' ? (op.data?.length ?? 0) : 0
}
