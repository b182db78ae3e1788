/**
 * The whole replicated state of one member: tree, sessions, records behind the journal. Batches of
 * the journal are applied strictly in order, transaction by transaction.
 * The why: DESIGN.md beside this file. Line: txn → here → watch events and replies.
 */

import type { Digest } from '../../format/digest.ts'
import { CUTS_MAX } from '../../format/head.ts'
import { sessionName } from '../../format/layout.ts'
import type { Batch, Op, TreeCheck, TxnEntry } from '../../format/ops.ts'
import type { SessionRecord } from '../../format/record.ts'
import { epochOf } from '../../model/zxid.ts'
import { Backlog } from './backlog.ts'
import { DataTree } from './data-tree.ts'
import { History } from './history.ts'
import { type JournalKept, JournalTail } from './journal-tail.ts'
import type { EndedSession, RecentEntries } from './recent-entries.ts'

/** Notified of what becomes of sessions, while it is applied. */
export interface SessionObserver {
  sessionOpened(session: SessionRecord): void
  sessionMoved(session: SessionRecord, before: SessionRecord): void
  sessionClosed(session: SessionRecord): void
  /** With the end of their session, by a commit of `proxy`. Not where there were none. */
  ephemeralsDeleted(sessionId: bigint, paths: readonly string[], proxy: string): void
  /** History went back, and this replica has applied what counts as lost now, or may have. */
  epochBegan(): void
}

/** Notified of each transaction while it is applied. */
export interface TxnObserver {
  /** Before it. true: its operations and its end are of interest. */
  begins(txn: TxnEntry): boolean
  /** The tree is as of this operation of it. */
  applied(op: Op): void
  /** The tree is as of its end. */
  ended(): void
}

/** A transaction by what no other one of the same ensemble has. */
export interface NewestTxn {
  readonly zxid: number
  /** ms since 1970. */
  readonly time: number
  /** Zxid of the one before it; 0: not known. */
  readonly before: number
}

/** What is known of a journal entry besides what it says. */
export interface EntryFacts {
  /** As it is stored. */
  readonly encoded: Uint8Array
  readonly digest: Digest
  /** The number of the try, where it is a batch of our own; else 0. */
  readonly attempt: number
}

/** Why a member that could serve does not. */
export const STANDBY =
  'this is a standby: the tree follows a ZooKeeper ensemble, and clients are served after anykeeper migrate take-over'

/** Batches back that another replica's claim about the tree can be compared with. */
const CHECKS_MAX = 256

export class Replica {
  readonly tree = new DataTree()
  readonly sessions = new Map<bigint, SessionRecord>()
  /** Sessions that have ended, but still own ephemerals: of some a part goes in an entry of its own. */
  readonly endedInPart = new Set<bigint>()
  readonly backlog = new Backlog()
  readonly journal: JournalTail
  readonly history = new History()
  /** Of a member, for its change feeds; undefined: nobody can read one here. */
  recent: RecentEntries | undefined
  /** Where history went back: see format/record. */
  readonly cuts = new Map<number, number>()
  /** By batch, the newest ones: see checkAt(). */
  readonly #checks = new Map<number, TreeCheck>()
  /** Newest batch applied. */
  seq = 0
  /** Newest zxid applied: what reply headers carry (Z2). */
  zxid = 0
  /** Every change of batches up to here is in the n/, c/ and s/ records. */
  flushed = 0
  /** The tree follows a ZooKeeper ensemble: nobody is served, and only what that one committed is written. */
  mirrors = false
  /** Of a tree that follows an ensemble, its newest transaction; undefined: not known, as where none came since it was copied. */
  newest: NewestTxn | undefined
  sessionObserver: SessionObserver | undefined
  /** Of a member that forwards writes. */
  txnObserver: TxnObserver | undefined
  /** Before the transaction that is applied. */
  #zxidBefore = 0
  #applying = 0
  /** Whose batch it is. */
  #applyingOf = ''
  #replaying = false
  /** By the transactions of the batch that is applied, where it does not name their ephemerals. */
  #ended: EndedSession[] = []

  constructor(recent?: RecentEntries, kept?: JournalKept) {
    this.recent = recent
    this.journal = new JournalTail(kept)
    this.tree.onDirty = (kind, path, isNew) =>
      this.backlog.touch(kind, path, this.#applying, isNew === true && !this.#replaying)
  }

  /**
   * Applies the next batch. `afterTxn` runs after each transaction, before the next one: that is
   * where its reply is written and the session's waiting reads see exactly this state (Z3).
   */
  apply(batch: Batch, entry: EntryFacts, afterTxn?: (index: number) => void): void {
    this.#applying = batch.seq
    this.#applyingOf = batch.proxy
    const { txns } = batch
    for (let i = 0; i < txns.length; i++) {
      const txn = txns[i] as TxnEntry
      this.#zxidBefore = this.zxid
      // An ensemble that elects a leader loses nothing that it had committed.
      if (txn.zxid > this.zxid && batch.mirrors !== true) this.#enterEpoch(txn)
      const { txnObserver } = this
      // What it answers now carries the zxid of the state that is there.
      const isObserved = txnObserver?.begins(txn) === true
      // Before the ops: an event fired by this transaction already carries its zxid.
      this.zxid = txn.zxid
      if (isObserved) this.#applyObserved(txn, i, txnObserver)
      else for (const op of txn.ops) this.#applyOp(op, txn, i)
      afterTxn?.(i)
    }
    this.zxid = batch.zxid
    this.seq = batch.seq
    this.mirrors = batch.mirrors === true
    if (this.mirrors) this.noteNewest(batch)
    this.journal.add(batch.seq, entry.encoded.length)
    if (this.#replaying) this.history.found(batch.seq, entry.digest, batch.zxid)
    else this.history.extend(entry.digest, batch.zxid, entry.attempt)
    this.#rememberCheck()
    this.#keep(batch, entry.encoded)
    if (batch.flushed > this.flushed) {
      this.flushed = batch.flushed
      this.backlog.flushedTo(batch.flushed)
      this.journal.flushedTo(batch.flushed)
    }
  }

  /** `batch` is the newest one that is in the tree. */
  noteNewest({ seq, txns }: Batch): void {
    const last = txns.at(-1)
    if (last === undefined) return
    const before = txns.at(-2)?.zxid ?? this.history.zxidAt(seq - 1) ?? 0
    this.newest = { zxid: last.zxid, time: last.time, before }
  }

  #applyObserved(txn: TxnEntry, index: number, observer: TxnObserver): void {
    for (const op of txn.ops) {
      this.#applyOp(op, txn, index)
      observer.applied(op)
    }
    observer.ended()
  }

  /** This one continues the history of `before`: change feeds resume from before the reload, too. */
  keepRecent({ recent }: Replica): void {
    if (this.recent !== undefined) recent?.continueWith(this.recent, this.seq)
    this.recent = recent
  }

  #keep(batch: Batch, encoded: Uint8Array): void {
    this.recent?.add(batch, encoded, this.#ended)
    if (this.#ended.length === 0) return
    // Over newer records nobody can say what the session owned then.
    if (this.#replaying) this.recent?.restart(batch.seq)
    this.#ended = []
  }

  /**
   * Applies an entry over records of which some may be newer: what they lack is known afterwards,
   * but not what is absent. Marks of earlier commits must not drop what this finds: the head's mark
   * rules.
   */
  replay(batch: Batch, entry: EntryFacts): void {
    this.#replaying = true
    this.apply({ ...batch, flushed: 0 }, entry)
    this.#replaying = false
  }

  /** What others may compare: the newest batch and the tree behind it; undefined: not all of it can be read. */
  get knownCheck(): TreeCheck | undefined {
    return this.tree.unreadable.size > 0 ? undefined : this.check
  }

  /** The newest batch and the tree behind it. */
  get check(): TreeCheck {
    const { nodeCount, digest } = this.tree
    return { seq: this.seq, znodes: nodeCount, digest }
  }

  /** What the tree was after that batch; undefined: not known any more. */
  checkAt(seq: number): TreeCheck | undefined {
    return this.#checks.get(seq)
  }

  /** After a load: from here on it is known what the tree was. */
  loaded(): void {
    if (this.recent !== undefined && this.recent.last !== this.seq) this.recent.restart(this.seq)
    this.#checks.clear()
    this.#rememberCheck()
    this.endedInPart.clear()
    for (const [id] of this.tree.ephemeralEntries()) {
      if (!this.sessions.has(id)) this.endedInPart.add(id)
    }
  }

  #rememberCheck(): void {
    if (this.#replaying || this.tree.unreadable.size > 0) return
    this.#checks.set(this.seq, this.check)
    if (this.#checks.size > CHECKS_MAX) this.#checks.delete(this.seq - CHECKS_MAX)
  }

  /** May a client have seen this zxid in a history that is lost? */
  isLost(zxid: number): boolean {
    for (const [epoch, lastZxid] of this.cuts) {
      if (zxid > lastZxid && epochOf(zxid) < epoch) return true
    }
    return false
  }

  /** An epoch that begins without saying what was kept (format 2): nothing counts as kept. */
  #enterEpoch({ zxid, ops }: TxnEntry): void {
    if (epochOf(zxid) === epochOf(this.zxid) || this.seq === 0) return
    if (ops[0]?.type !== 'newEpoch') this.#cut(epochOf(zxid), 0)
  }

  #cut(epoch: number, lastZxid: number): void {
    this.cuts.set(epoch, lastZxid)
    for (const oldest of this.cuts.keys()) {
      if (this.cuts.size <= CUTS_MAX) break
      this.cuts.delete(oldest)
    }
    this.backlog.touch('e', '', this.#applying, false)
    // At a take-over nothing that was applied is lost.
    const isTakeOver = this.mirrors && lastZxid === this.#zxidBefore
    if (!isTakeOver) this.sessionObserver?.epochBegan()
  }

  #applyOp(op: Op, txn: TxnEntry, index: number): void {
    const { zxid, time } = txn
    switch (op.type) {
      case 'createSession': {
        const session: SessionRecord = {
          id: op.id,
          timeoutMs: op.timeoutMs,
          passwordDigest: op.passwordDigest,
          owner: op.owner,
          fence: 0,
        }
        const isNew = !this.sessions.has(op.id)
        this.sessions.set(op.id, session)
        this.#touchSession(op.id, isNew)
        this.sessionObserver?.sessionOpened(session)
        return
      }
      case 'moveSession': {
        const before = this.sessions.get(op.id)
        if (before === undefined) return
        const session = { ...before, owner: op.owner, fence: op.fence }
        this.sessions.set(op.id, session)
        this.#touchSession(op.id)
        this.sessionObserver?.sessionMoved(session, before)
        return
      }
      case 'closeSession': {
        const session = this.sessions.get(op.id)
        for (const path of op.paths) this.tree.remove(path, zxid)
        this.sessions.delete(op.id)
        this.#touchSession(op.id)
        if (this.tree.ephemeralsOf(op.id).size > 0) this.endedInPart.add(op.id)
        else this.endedInPart.delete(op.id)
        const observer = this.sessionObserver
        if (session !== undefined) observer?.sessionClosed(session)
        if (op.paths.length > 0) observer?.ephemeralsDeleted(op.id, op.paths, this.#applyingOf)
        return
      }
      case 'endSession': {
        // A replica that loaded them knows them in another order than one that saw them made.
        const paths = [...this.tree.ephemeralsOf(op.id)].sort()
        this.#ended.push([index, paths])
        return this.#applyOp({ type: 'closeSession', id: op.id, paths }, txn, index)
      }
      case 'newEpoch':
        return this.#cut(epochOf(zxid), op.lastZxid)
      default:
        this.tree.apply(op, zxid, time)
    }
  }

  #touchSession(id: bigint, isNew = false): void {
    this.backlog.touch('s', sessionName(id), this.#applying, isNew && !this.#replaying)
  }
}
