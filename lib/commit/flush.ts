/**
 * The write-behind part of a commit: the oldest stale records, in their newest state, plus the
 * removal of journal entries nobody needs any more. Neighbours: backlog (what is stale),
 * group-committer (who carries it).
 */
import { opBytes } from '../store/txn-size.ts'
import type { WriteOp } from '../store/types.ts'
import type { DirtyKey } from '../tree/backlog.ts'
import type { Replica } from '../tree/replica.ts'
import type { Layout } from '../znode/layout.ts'
import { encodeChildRecord, encodeSession, encodeZnode } from '../znode/record.ts'

export interface Flush {
  readonly ops: readonly WriteOp[]
  readonly written: readonly DirtyKey[]
  /** The mark once this is committed. */
  readonly flushed: number
}

function writeRecord(replica: Replica, layout: Layout, dirty: DirtyKey): WriteOp {
  const name = dirty.slice(1)
  switch (dirty[0]) {
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
      return node === undefined
        ? { type: 'delete', key }
        : { type: 'put', key, value: encodeChildRecord(node) }
    }
    default: {
      const id = BigInt(`0x${name}`)
      const key = layout.session(id)
      const session = replica.sessions.get(id)
      return session === undefined
        ? { type: 'delete', key }
        : { type: 'put', key, value: encodeSession(session) }
    }
  }
}

/** As many of the oldest stale records as fit into `keysMax` ops and `bytesMax` bytes. */
export function planFlush(
  replica: Replica,
  layout: Layout,
  keysMax: number,
  bytesMax: number,
): Flush {
  const ops: WriteOp[] = []
  const written: DirtyKey[] = []
  let bytes = 0
  for (const dirty of replica.backlog.oldest(keysMax)) {
    const op = writeRecord(replica, layout, dirty)
    bytes += opBytes(op)
    if (bytes > bytesMax) break
    ops.push(op)
    written.push(dirty)
  }
  const flushed = replica.backlog.markAfter(new Set(written), replica.seq)
  if (flushed > replica.flushed) {
    ops.push({
      type: 'deleteRange',
      start: layout.journalEntry(0),
      end: layout.journalEntry(flushed + 1),
    })
  }
  return { ops, written, flushed }
}
