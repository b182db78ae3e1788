/** What a repair writes: the tree as it is to be, as records, and the head and journal that go with it. */
import { ByteWriter } from '../format/bytes.ts'
import { digestOfEntry } from '../format/digest.ts'
import { decodeHead, headBehind } from '../format/head.ts'
import { encodeEntry, JOURNAL_FORMAT, writeTxn } from '../format/journal.ts'
import { type Layout, sessionName } from '../format/layout.ts'
import type { TxnEntry } from '../format/ops.ts'
import { writeRecord } from '../member/commit/flush.ts'
import type { Dirty } from '../member/tree/backlog.ts'
import type { Finding } from '../member/tree/damage.ts'
import type { Loaded } from '../member/tree/load.ts'
import type { Replica } from '../member/tree/replica.ts'
import { isReservedPath } from '../model/path.ts'
import { epochOf } from '../model/zxid.ts'
import type { Key, WriteOp } from '../store/types.ts'

export interface RepairPlan {
  readonly records: readonly WriteOp[]
  /** The last transaction: head, and the journal. */
  readonly end: readonly WriteOp[]
  /** Keys whose values change because of a finding. */
  readonly overwritten: readonly Key[]
  /** What becomes of the findings. */
  readonly actions: readonly string[]
}

/** Names the commit of a repair in head and journal. */
const BY = 'repair'

export function repairPlan(
  loaded: Loaded,
  layout: Layout,
  findings: readonly Finding[],
  now: number,
): RepairPlan {
  const harmful = findings.filter(({ isHarmless }) => isHarmless !== true)
  if (harmful.length === 0) return mendHarmless(loaded.replica, layout, findings)
  const mender = new Mender(loaded, now)
  mender.mend(harmful)
  const { replica } = loaded
  const records = new Map<string, Dirty>()
  for (const dirty of replica.backlog.oldest()) records.set(dirty.kind + dirty.name, dirty)
  const touched = [...mender.touched.values()]
  for (const dirty of touched) records.set(dirty.kind + dirty.name, dirty)
  const ops = [...records.values()].map((dirty) => writeRecord(replica, layout, dirty))
  const overwritten = touched.map((dirty) => keyOf(writeRecord(replica, layout, dirty)))
  return {
    records: ops,
    end: endOf(layout, mender, now),
    overwritten: [...overwritten, layout.head],
    actions: [
      ...mender.actions,
      `a new epoch begins with zxid 0x${mender.zxid.toString(16)}: sessions of clients end`,
    ],
  }
}

/** Nothing is lost: unusable entries go, records that the journal has are written, and head stays. */
function mendHarmless(replica: Replica, layout: Layout, findings: readonly Finding[]): RepairPlan {
  const records = findings.map(({ kind, key, path }): WriteOp => {
    if (path === undefined) return { type: 'delete', key: Buffer.from(key) }
    return writeRecord(replica, layout, { kind: kind === 'child' ? 'c' : 'n', name: path })
  })
  const byKey = new Map(records.map((op) => [Buffer.from(keyOf(op)).toString(), op]))
  const ops = [...byKey.values()]
  return {
    records: ops,
    end: [],
    overwritten: ops.map(keyOf),
    actions: ops.map((op) => {
      const verb = op.type === 'put' ? 'is written again' : 'is removed'
      return `${Buffer.from(keyOf(op)).toString()} ${verb}`
    }),
  }
}

class Mender {
  readonly actions: string[] = []
  readonly touched = new Map<string, Dirty>()
  /** Of the epoch that begins. */
  readonly zxid: number
  readonly seq: number
  readonly #replica: Replica
  readonly #now: number

  constructor({ replica, head }: Loaded, now: number) {
    this.#replica = replica
    this.#now = now
    const { seq, zxid } = headOrNothing(head)
    let newest = Math.max(zxid, replica.zxid)
    for (const [, node] of replica.tree.entries()) {
      newest = Math.max(newest, node.czxid, node.mzxid, node.pzxid)
    }
    this.zxid = (epochOf(newest) + 1) * 2 ** 32
    this.seq = Math.max(seq, replica.seq) + 1
  }

  mend(findings: readonly Finding[]): void {
    const { tree } = this.#replica
    const lost = new Set<string>()
    for (const { kind, path } of findings) {
      if (path !== undefined && (kind === 'znode' || kind === 'missing')) lost.add(path)
    }
    for (const { kind, path } of findings) {
      if (kind === 'child' && path !== undefined && tree.unreadable.has(path) && !lost.has(path))
        this.#recount(path)
      if (kind === 'session') this.#endSession(path)
      if (kind === 'epochs') this.#touch('e', '')
    }
    this.#endUnreadableSessions()
    // The deepest first: what is below it decides.
    const paths = [...tree.unreadable].sort((a, b) => b.length - a.length)
    for (const path of paths) this.#replace(path)
    tree.completeChildRecords()
    for (const { kind, path } of findings)
      if (kind === 'child' && path !== undefined) this.#touch('c', path)
    // Fields were set past the digest, which nothing compares before the tree is loaded again.
  }

  /** The znode can be read, but not how many creates there were below it. */
  #recount(path: string): void {
    const { tree } = this.#replica
    const node = tree.get(path)
    tree.unreadable.delete(path)
    if (node === undefined) return
    node.creates = 0
    node.pzxid = this.zxid
    this.#touch('c', path)
    this.actions.push(
      `the creates below ${path} are counted again: numbers of deleted sequential znodes may come again`,
    )
  }

  #replace(path: string): void {
    const { tree } = this.#replica
    const node = tree.get(path)
    if (node === undefined) return
    tree.unreadable.delete(path)
    this.#touch('n', path)
    this.#touch('c', path)
    if (node.childCount === 0 && !isReservedPath(path)) {
      tree.remove(path, this.zxid)
      this.actions.push(`${path} is removed`)
      return
    }
    node.czxid = this.zxid
    node.mzxid = this.zxid
    node.pzxid = this.zxid
    node.ctime = this.#now
    node.mtime = this.#now
    this.actions.push(
      `${path} is put back without its data, and only the super user may use it until its ACL is set`,
    )
  }

  #endSession(path: string | undefined): void {
    if (path === undefined) return
    const { tree } = this.#replica
    this.#touch('n', path)
    tree.remove(path, this.zxid)
    this.actions.push(`${path} is removed, as its session has ended`)
  }

  #endUnreadableSessions(): void {
    const { sessions } = this.#replica
    for (const [id, { passwordDigest }] of sessions) {
      if (passwordDigest !== '') continue
      sessions.delete(id)
      this.#touch('s', sessionName(id))
      this.actions.push(`session 0x${sessionName(id)} has ended`)
    }
  }

  #touch(kind: Dirty['kind'], name: string): void {
    this.touched.set(kind + name, { kind, name })
  }
}

function headOrNothing(value: Uint8Array | undefined): { seq: number; zxid: number } {
  try {
    return value === undefined ? { seq: 0, zxid: 0 } : decodeHead(value)
  } catch {
    return { seq: 0, zxid: 0 }
  }
}

/** One entry alone, which begins the epoch: all that was before it is in the records. */
function endOf(layout: Layout, { seq, zxid }: Mender, time: number): WriteOp[] {
  const txns = new ByteWriter()
  const txn: TxnEntry = {
    zxid,
    takesZxid: true,
    time,
    session: 0n,
    cxid: 0,
    // Any client may have seen what is lost.
    ops: [{ type: 'newEpoch', lastZxid: 0 }],
  }
  writeTxn(txns, JOURNAL_FORMAT, txn, { zxid: zxid - 1, time, session: 0n })
  const header = {
    format: JOURNAL_FORMAT,
    seq,
    previous: undefined,
    proxy: BY,
    attempt: 1,
    zxid,
    flushed: seq - 1,
    time,
    passes: false,
    check: undefined,
  }
  const entry = encodeEntry(header, txns)
  const { start, end } = layout.journal
  return [
    { type: 'deleteRange', start, end: layout.journalEntry(seq) },
    { type: 'deleteRange', start: layout.journalEntry(seq + 1), end },
    { type: 'put', key: layout.journalEntry(seq), value: entry },
    { type: 'put', key: layout.head, value: headBehind(header, digestOfEntry(entry)) },
  ]
}

function keyOf(op: WriteOp): Key {
  return op.type === 'deleteRange' ? op.start : op.key
}
