/**
 * The whole replicated state of one member: tree, sessions, records behind the journal. Batches of
 * the journal are applied strictly in order, transaction by transaction.
 * The why: DESIGN.md beside this file. Line: txn → here → watch events and replies.
 */

import { sessionName } from '../../format/layout.ts'
import type { Batch, Op, TxnEntry } from '../../format/ops.ts'
import type { SessionRecord } from '../../format/record.ts'
import { Backlog } from './backlog.ts'
import { DataTree } from './data-tree.ts'
import { JournalTail } from './journal-tail.ts'

/** Notified of what becomes of sessions, while it is applied. */
export interface SessionObserver {
  sessionOpened(session: SessionRecord): void
  sessionMoved(session: SessionRecord, before: SessionRecord): void
  sessionClosed(session: SessionRecord): void
}

export class Replica {
  readonly tree = new DataTree()
  readonly sessions = new Map<bigint, SessionRecord>()
  readonly backlog = new Backlog()
  readonly journal = new JournalTail()
  /** Newest batch applied. */
  seq = 0
  /** Newest zxid applied: what reply headers carry (Z2). */
  zxid = 0
  /** Every change of batches up to here is in the n/, c/ and s/ records. */
  flushed = 0
  sessionObserver: SessionObserver | undefined
  #applying = 0
  #replaying = false

  constructor() {
    this.tree.onDirty = (kind, path, isNew) =>
      this.backlog.touch(kind, path, this.#applying, isNew === true && !this.#replaying)
  }

  /**
   * Applies the next batch. `afterTxn` runs after each transaction, before the next one: that is
   * where its reply is written and the session's waiting reads see exactly this state (Z3).
   * `bytes`: how long its journal entry is.
   */
  apply(batch: Batch, bytes: number, afterTxn?: (index: number) => void): void {
    this.#applying = batch.seq
    const { txns, time } = batch
    for (let i = 0; i < txns.length; i++) {
      const txn = txns[i] as TxnEntry
      // Before the ops: an event fired by this transaction already carries its zxid.
      this.zxid = txn.zxid
      for (const op of txn.ops) this.#applyOp(op, txn.zxid, time)
      afterTxn?.(i)
    }
    this.zxid = batch.zxid
    this.seq = batch.seq
    this.journal.add(batch.seq, bytes)
    if (batch.flushed > this.flushed) {
      this.flushed = batch.flushed
      this.backlog.flushedTo(batch.flushed)
      this.journal.flushedTo(batch.flushed)
    }
  }

  /**
   * Applies an entry over records of which some may be newer: what they lack is known afterwards,
   * but not what is absent. Marks of earlier commits must not drop what this finds: the head's mark
   * rules.
   */
  replay(batch: Batch, bytes: number): void {
    this.#replaying = true
    this.apply({ ...batch, flushed: 0 }, bytes)
    this.#replaying = false
  }

  #applyOp(op: Op, zxid: number, time: number): void {
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
        if (session !== undefined) this.sessionObserver?.sessionClosed(session)
        return
      }
      default:
        this.tree.apply(op, zxid, time)
    }
  }

  #touchSession(id: bigint, isNew = false): void {
    this.backlog.touch('s', sessionName(id), this.#applying, isNew && !this.#replaying)
  }
}
