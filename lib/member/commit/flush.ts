/**
 * The write-behind part of a commit: the oldest stale records, in their newest state, plus the
 * deletion of journal entries that no load needs any more. Neighbours: backlog (what is stale),
 * flush-pacer (how many), batch-planner (adds it to a batch).
 */

import { encodeCuts } from '../../format/head.ts'
import { type Layout, sessionNamed } from '../../format/layout.ts'
import { encodeChildRecord, encodeSession, encodeZnode } from '../../format/record.ts'
import { opBytes } from '../../store/txn-size.ts'
import type { WriteOp } from '../../store/types.ts'
import type { Dirty, Portion } from '../tree/backlog.ts'
import type { Replica } from '../tree/replica.ts'

export interface Flush {
  readonly ops: readonly WriteOp[]
  /** Of the records in them. */
  readonly bytes: number
  /** Taken from the backlog: to be reported as written, or given back. */
  readonly portion: Portion
  /** The mark once this is committed. */
  readonly flushed: number
}

/** What brings this record to the replica's state. */
export function writeRecord(replica: Replica, layout: Layout, { kind, name }: Dirty): WriteOp {
  switch (kind) {
    case 'n': {
      const key = layout.znode(name)
      const node = replica.tree.get(name)
      return node === undefined
        ? { type: 'delete', key }
        : { type: 'put', key, value: encodeZnode(node) }
    }
    case 'c': {
      const key = layout.childRecord(name)
      const node = replica.tree.get(name)
      return node?.hasChildRecord === true
        ? { type: 'put', key, value: encodeChildRecord(node) }
        : { type: 'delete', key }
    }
    case 'e':
      return { type: 'put', key: layout.epochs, value: encodeCuts(replica.cuts) }
    case 's': {
      const id = sessionNamed(name)
      const key = layout.session(id)
      const session = replica.sessions.get(id)
      return session === undefined
        ? { type: 'delete', key }
        : { type: 'put', key, value: encodeSession(session) }
    }
  }
}

/**
 * As many of the oldest stale records as fit into `keysMax` ops and `bytesMax` bytes, as of the
 * replica's state. A record that was never written and is gone again costs no op. `before`: the
 * mark that the batch before leaves.
 */
export function planFlush(
  replica: Replica,
  layout: Layout,
  options: { readonly keysMax: number; readonly bytesMax: number; readonly before: number },
): Flush {
  const { keysMax, bytesMax, before } = options
  const { backlog } = replica
  const ops: WriteOp[] = []
  const taken: Dirty[] = []
  let bytes = 0
  if (keysMax > 0) {
    for (const dirty of backlog.oldest()) {
      const op = writeRecord(replica, layout, dirty)
      if (op.type !== 'delete' || !backlog.isAbsent(dirty)) {
        const size = opBytes(op)
        if (ops.length >= keysMax || bytes + size > bytesMax) break
        bytes += size
        ops.push(op)
      }
      taken.push(dirty)
    }
  }
  const portion = backlog.take(taken, replica.seq)
  const flushed = Math.max(backlog.mark(replica.seq), before)
  const { first } = replica.journal
  const kept = flushed > before ? replica.journal.keptFrom(flushed) : first
  if (kept > first) {
    // Those before are deleted already. etcd walks deleted keys too, until they are compacted.
    ops.push({
      type: 'deleteRange',
      start: layout.journalEntry(first),
      end: layout.journalEntry(kept),
    })
  }
  return { ops, bytes, portion, flushed }
}
