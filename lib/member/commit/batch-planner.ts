/**
 * Makes the next batch of the pending requests: plans each against what the ones before it will
 * have done, writes the journal entry, and adds as much write-behind as fits.
 * Line: plan → here → group-committer.
 */
import type { Clock } from '../../base/clock.ts'
import type { KeeperLimits } from '../../base/limits.ts'
import type { Logger } from '../../base/log.ts'
import { ByteWriter } from '../../format/bytes.ts'
import { type Digest, digestOfEntry } from '../../format/digest.ts'
import { headBehind } from '../../format/head.ts'
import { encodeEntry, JOURNAL_FORMAT, type TxnBase, writeTxn } from '../../format/journal.ts'
import type { Layout } from '../../format/layout.ts'
import type { Batch, TxnEntry } from '../../format/ops.ts'
import type { AclSchemes } from '../../model/acl-schemes.ts'
import { ZK_ERRORS } from '../../model/errors.ts'
import type { StoreFeatures } from '../../store/types.ts'
import { planNewEpoch } from '../plan/epoch.ts'
import { planMirrored, planTakeOver, refusalOfMirror } from '../plan/mirrored.ts'
import { checkSession, planSession, planWrite } from '../plan/plan.ts'
import type { Caller, Planned } from '../plan/planned.ts'
import { QuotaGuard } from '../plan/quota-guard.ts'
import { planRestOfClose } from '../plan/session.ts'
import { PlanView } from '../plan/view.ts'
import type { Replica } from '../tree/replica.ts'
import { type Flush, planFlush } from './flush.ts'
import { FlushPacer } from './flush-pacer.ts'
import { entryBytesMax, hasLargerRecord, OVERHEAD_BYTES, recordBytesMax } from './large-record.ts'
import type { CommitTask } from './task.ts'
import { idOf, isAlone, nextZxid, takesZxid, timeOf } from './zxid-of.ts'

export interface PlannedBatch {
  readonly batch: Batch
  readonly tasks: readonly CommitTask[]
  readonly planned: readonly Planned[]
  /** Per task: the transaction that answers it, or −1. */
  readonly txnOf: readonly number[]
  readonly flush: Flush
  readonly journal: Uint8Array
  /** Of the journal entry. */
  readonly digest: Digest
  /** Head's value once this is committed: no other batch's is the same. */
  readonly head: Uint8Array
}

/** What the store has to take, keys aside. Unit: bytes. */
export const bytesOf = ({ journal, flush }: PlannedBatch): number => journal.length + flush.bytes

export interface BatchPlannerOptions {
  readonly features: StoreFeatures
  readonly layout: Layout
  readonly proxy: string
  readonly limits: KeeperLimits
  readonly clock: Clock
  readonly logger: Logger
  /** Schemes an ACL may name, besides world and auth. */
  readonly aclSchemes: AclSchemes
  /** Is there no memory for a larger tree? Then requests that make it larger are refused. */
  readonly isMemoryShort?: (() => boolean) | undefined
  /** Newest format of journal entries that every live proxy reads. */
  readonly journalFormat: () => number
  /** Bytes of journal that the store has room for. */
  readonly journalRoom: () => number
  readonly times: { readonly plan: { observe(ms: number): void } }
}

export interface PlanOptions {
  /** No request waits: write-behind gets a whole portion. Otherwise what keeps the backlog within its bounds. */
  readonly flushAll: boolean
  readonly passes: boolean
  /** Requests of the batch. */
  readonly tasksMax: number
  /** A batch is wanted even if nothing is to be written. */
  readonly probe: boolean
  /** Bytes that its transaction may have, beside a single request. */
  readonly bytesMax: number
}

/** The answer to a sync; the session adds its path. */
const SYNCED: Planned = { type: 'none' }
/** How long nothing is written behind after the store refused one record alone. Unit ms. */
export const FLUSH_HOLD_MS = 1_000

export class BatchPlanner {
  readonly #options: BatchPlannerOptions
  readonly #writer = new ByteWriter()
  readonly #pacer: FlushPacer
  readonly #view: PlanView
  /** Judges by the hard limits of quotas; undefined: they are not enforced. */
  readonly quotaGuard: QuotaGuard | undefined
  #replica: Replica
  /** The batches that have a layer in the view, oldest first. */
  #chain: PlannedBatch[] = []
  #attempt = 0
  /** Entries are of a format that has epochs. */
  #saysCuts = true
  #lastTimeMs = 0
  /** Lowered when the store takes less than its features say. */
  #flushKeysMax: number
  /** The same while the store is nearly full. */
  #tightKeysMax = Number.MAX_SAFE_INTEGER
  #batchBytesMax: number
  /** Until then no record is written behind. Monotonic ms. */
  #flushHeldUntilMs = Number.NEGATIVE_INFINITY
  /** Tasks that are refused, and with what: above all those that are too large for any commit. */
  readonly #rejected = new WeakMap<CommitTask, number>()
  /** Ends of sessions of which a part was planned. */
  readonly #begun = new WeakSet<CommitTask>()

  constructor(options: BatchPlannerOptions, replica: Replica) {
    this.#options = options
    const { features, limits, clock, logger, aclSchemes } = options
    this.#replica = replica
    const { pathBytesMax } = options.layout
    const { closeBytesMax } = limits
    if (limits.enforceQuota) this.quotaGuard = new QuotaGuard(logger, () => clock.monotonic())
    this.#view = new PlanView(replica, {
      ...{ aclSchemes, pathBytesMax, closeBytesMax },
      isMemoryShort: options.isMemoryShort,
      quotaGuard: this.quotaGuard,
    })
    this.#pacer = new FlushPacer(limits, clock, options.journalRoom)
    // head, journal entry and the removal of old entries take three ops.
    this.#flushKeysMax = Math.min(limits.flushKeysPerTxnMax, features.txnOpsMax - 3)
    this.#batchBytesMax = Math.min(
      limits.batchBytesMax,
      entryBytesMax(features),
      Math.floor(features.txnBytesMax / 2),
    )
  }

  /**
   * The store takes less than its features say, and applied nothing: later batches are smaller, or that
   * one request is refused, or records wait. @returns how long they wait, ms; 0: they do not
   */
  shrink(refused: PlannedBatch): number {
    const { flush, tasks, journal } = refused
    const { clock } = this.#options
    if (flush.ops.length > 1) {
      this.#flushKeysMax = Math.max(1, Math.floor(flush.ops.length / 2))
    } else if (tasks.length === 0 || (flush.ops.length > 0 && !this.#isFlushHeld)) {
      // Whether the store takes it later is not known, but requests do not depend on it.
      this.#flushHeldUntilMs = clock.monotonic() + FLUSH_HOLD_MS
      return FLUSH_HOLD_MS
    } else if (tasks.length > 1) {
      this.#batchBytesMax = Math.max(1_024, Math.floor(journal.length / 2))
    } else this.refuse(tasks[0] as CommitTask, ZK_ERRORS.BAD_ARGUMENTS.errno)
    return 0
  }

  /** It is answered with this, in its turn. */
  refuse(task: CommitTask, errno: number): void {
    this.#rejected.set(task, errno)
  }

  /** The store has no space for it: records come in smaller portions, or wait. @returns how long, ms */
  holdFlush({ flush, tasks }: PlannedBatch): number | undefined {
    const { length } = flush.portion.entries
    if (length === 0) return undefined
    this.#tightKeysMax = Math.max(1, Math.floor(length / 2))
    if (length > 1 && tasks.length === 0) return 0
    this.#flushHeldUntilMs = this.#options.clock.monotonic() + FLUSH_HOLD_MS
    return FLUSH_HOLD_MS
  }

  get #isFlushHeld(): boolean {
    return this.#options.clock.monotonic() < this.#flushHeldUntilMs
  }

  /** The oldest planned batch is in the store: the replica applies it next. */
  committed(): void {
    const first = this.#chain.shift() as PlannedBatch
    if (first.flush.portion.entries.length > 0) this.#tightKeysMax *= 2
    this.#view.applied()
    this.#replica.backlog.written(first.flush.portion)
  }

  /** The replica has applied a batch, ours or another's. */
  applied(seq: number): void {
    this.#pacer.applied(seq)
  }

  /** The planned batch at `index` and those behind it will never be committed. */
  lost(index: number): void {
    const lost = this.#chain.splice(index)
    this.#view.truncate(index)
    this.#replica.backlog.giveBack(lost.map(({ flush }) => flush.portion))
  }

  /** The tree was reloaded: nothing is planned. */
  reset(replica: Replica): void {
    this.#replica = replica
    this.#chain = []
    this.#view.reset(replica)
  }

  /**
   * Plans requests from the front of `queue`, in order, behind what is planned already. undefined: nothing to do.
   */
  plan(queue: readonly CommitTask[], options: PlanOptions): PlannedBatch | undefined {
    const { clock, proxy, layout, features, times } = this.#options
    const sinceMs = clock.monotonic()
    const replica = this.#replica
    const view = this.#view
    const out = this.#writer
    const last = this.#chain.at(-1)
    const before = last?.batch ?? replica
    // A version that reads an older one only has not loaded what follows an ensemble.
    const mirrors = before.mirrors === true
    const format = mirrors
      ? JOURNAL_FORMAT
      : Math.min(JOURNAL_FORMAT, this.#options.journalFormat())
    this.#saysCuts = format >= JOURNAL_FORMAT
    view.hasEndSession = format >= JOURNAL_FORMAT
    // What a quota says is known when it is applied: those behind its change wait.
    const waits = view.changesQuotas
    view.push()
    out.clear()
    const time = Math.max(clock.now(), this.#lastTimeMs)
    this.#lastTimeMs = time
    const tasks: CommitTask[] = []
    const planned: Planned[] = []
    const txnOf: number[] = []
    const txns: TxnEntry[] = []
    let standsAlone = false
    view.mirrors = mirrors
    let base: TxnBase = { zxid: before.zxid, time, session: 0n }
    const throttled = this.#pacer.isThrottled(replica)
    const countMax = throttled || waits ? 0 : Math.min(queue.length, options.tasksMax)
    for (let i = 0; i < countMax; i++) {
      const task = queue[i] as CommitTask
      if (i > 0 && (isAlone(task) || standsAlone)) break
      standsAlone = isAlone(task)
      const length = out.length
      view.begin(nextZxid(base.zxid, task), base.zxid, timeOf(task, time))
      let result = this.#planTask(view, task)
      let isNew = takesZxid(task, result, view.mirrors)
      let txn = -1
      if (result !== SYNCED && (isNew || view.ops.length > 0)) {
        let entry = this.#entryOf(view, task, isNew, base)
        writeTxn(out, format, entry, base)
        if (hasLargerRecord(view, recordBytesMax(features))) {
          out.truncate(length)
          view.rollback()
          result = this.#tooLarge(task)
          isNew = takesZxid(task, result, view.mirrors)
          entry = this.#entryOf(view, task, isNew, base)
          writeTxn(out, format, entry, base)
        }
        if (out.length > this.#batchBytesMax) {
          if (tasks.length > 0) {
            out.truncate(length)
            view.rollback()
            break
          }
          if (out.length > entryBytesMax(features)) {
            out.truncate(length)
            view.rollback()
            result = this.#tooLarge(task)
            isNew = takesZxid(task, result, view.mirrors)
            entry = this.#entryOf(view, task, isNew, base)
            writeTxn(out, format, entry, base)
          }
        }
        txn = txns.length
        txns.push(entry)
        base = entry
        view.settle()
        if (view.isPartial) {
          // The task stays in the queue.
          this.#begun.add(task)
          break
        }
      }
      tasks.push(task)
      planned.push(result)
      txnOf.push(txn)
      if (view.changesQuotas) break
    }
    const bytesLeft = Math.min(features.txnBytesMax, options.bytesMax) - out.length - OVERHEAD_BYTES
    const isHeld = this.#isFlushHeld
    const keys = isHeld
      ? 0
      : Math.min(
          this.#pacer.keysFor(replica, tasks.length, options.flushAll),
          this.#flushKeysMax,
          this.#tightKeysMax,
        )
    const flush = planFlush(replica, layout, {
      keysMax: keys,
      bytesMax: bytesLeft,
      before: before.flushed,
    })
    // Moving the mark alone is worth a commit only where requests wait for exactly that.
    const moves = throttled && !isHeld && flush.flushed > before.flushed
    const isWanted = moves || options.probe
    if (
      txns.length === 0 &&
      tasks.length === 0 &&
      flush.portion.entries.length === 0 &&
      !isWanted
    ) {
      view.truncate(view.depth - 1)
      return undefined
    }
    const batch: Batch = {
      format,
      seq: before.seq + 1,
      previous: last === undefined ? replica.history.end : last.digest,
      proxy,
      attempt: ++this.#attempt,
      zxid: base.zxid,
      flushed: flush.flushed,
      time,
      passes: options.passes,
      check: replica.knownCheck,
      ...(view.mirrors && { mirrors: true }),
      txns,
    }
    const journal = encodeEntry(batch, out)
    const digest = digestOfEntry(journal)
    const head = headBehind(batch, digest)
    const next = { batch, tasks, planned, txnOf, flush, journal, digest, head }
    this.#chain.push(next)
    times.plan.observe(clock.monotonic() - sinceMs)
    return next
  }

  #entryOf(view: PlanView, task: CommitTask, isNew: boolean, base: TxnBase): TxnEntry {
    const { request, session, cxid } = task
    const zxid = isNew ? view.zxid : base.zxid
    const id = session?.id ?? idOf(request)
    return { zxid, takesZxid: isNew, time: view.time, session: id, cxid: cxid ?? 0, ops: view.ops }
  }

  /** A planner that throws fails its request alone. Source: PrepRequestProcessor. */
  #planTask(view: PlanView, task: CommitTask): Planned {
    try {
      return this.#planned(view, task)
    } catch (err) {
      view.rollback()
      this.#options.logger.error({ err, request: task.request.type }, 'a request cannot be planned')
      return ZK_ERRORS.MARSHALLING.errno
    }
  }

  #planned(view: PlanView, task: CommitTask): Planned {
    const { request, session, caller } = task
    const refusal = this.#rejected.get(task) ?? refusalOfMirror(view, request)
    if (refusal !== undefined) return refusal
    const ended = this.#begun.has(task) ? (session?.id ?? idOf(request)) : 0n
    if (ended !== 0n && view.session(ended) === undefined) return planRestOfClose(view, ended)
    switch (request.type) {
      case 'sync':
        return SYNCED
      case 'openSession':
      case 'moveSession':
      case 'expireSession':
      case 'finishClose':
        return planSession(view, request)
      case 'newEpoch':
        // An older format cannot say what was kept: the same holds for all who read it.
        return planNewEpoch(view, this.#saysCuts ? request : { ...request, lastZxid: 0 })
      case 'mirrored':
        return planMirrored(view, request)
      case 'takeOver':
        return planTakeOver(view)
      default: {
        if (session !== undefined) {
          const errno = checkSession(view, session)
          if (errno !== 0) return errno
        }
        return planWrite(view, request, caller as Caller)
      }
    }
  }

  #tooLarge(task: CommitTask): Planned {
    this.#options.logger.warn(
      { request: task.request.type, bytesMax: this.#options.features.valueBytesMax },
      'a request is larger than one transaction of the store: refused',
    )
    return ZK_ERRORS.BAD_ARGUMENTS.errno
  }
}
