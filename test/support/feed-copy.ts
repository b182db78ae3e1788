/** A copy of a tree that knows nothing but a change feed, and what else a test of feeds needs. */
import { expect } from 'chai'
import type {
  Change,
  ChangeOp,
  ChangeRecord,
  ChangesError,
  Keeper,
  SnapshotZnode,
} from '../../lib/index.ts'
import { pictureOf } from './tree-picture.ts'

interface Copied {
  data: string | null
  acl: unknown
  czxid: number
  mzxid: number
  pzxid: number
  ctime: number
  mtime: number
  version: number
  creates: number
  aversion: number
  owner: string
  kind: number
  ttlMs: number
  children: Set<string>
}

const KINDS = ['plain', 'container', 'ttl']
const hex = (data: Uint8Array | null | undefined): string | null =>
  data == null ? null : Buffer.from(data).toString('hex')
const parentOf = (path: string): string => path.slice(0, Math.max(1, path.lastIndexOf('/')))
const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

/** Applies records as they come, and checks that they come as promised. */
export class FeedCopy {
  readonly nodes = new Map<string, Copied>()
  readonly changes: Change[] = []
  position: string | undefined
  zxid = 0
  #snapshotZxid: number | undefined

  /** Goes on from what another copy has. */
  clone(): FeedCopy {
    const copy = new FeedCopy()
    for (const [path, node] of this.nodes) {
      copy.nodes.set(path, { ...node, children: new Set(node.children) })
    }
    copy.position = this.position
    copy.zxid = this.zxid
    return copy
  }

  apply(record: ChangeRecord): void {
    if (record.kind === 'snapshot') return this.#page(record.zxid, record.znodes)
    if (record.kind === 'live') {
      if (this.#snapshotZxid !== undefined) expect(record.zxid).to.equal(this.#snapshotZxid)
      for (const path of this.nodes.keys()) this.#link(path)
    } else if (record.kind === 'change') {
      expect(record.zxid, 'once, in order').to.be.above(this.zxid)
      expect(record.ops).to.not.have.length(0)
      for (const op of record.ops) this.#op(op, record)
      this.changes.push(record)
    } else expect(record.zxid).to.be.at.least(this.zxid)
    this.zxid = record.zxid
    this.position = record.position
  }

  /** As pictureOf(keeper).nodes. */
  picture(): Record<string, unknown> {
    const nodes = [...this.nodes].sort(([a], [b]) => (a < b ? -1 : 1))
    return Object.fromEntries(
      nodes.map(([path, node]) => [path, { ...node, children: [...node.children].sort() }]),
    )
  }

  #page(zxid: number, znodes: readonly SnapshotZnode[]): void {
    expect(this.#snapshotZxid ?? zxid).to.equal(zxid)
    this.#snapshotZxid = zxid
    for (const { path, data, acl, stat, kind, ttlMs, creates } of znodes) {
      expect(this.nodes.has(path), `${path} comes once`).to.equal(false)
      const { czxid, mzxid, pzxid, ctime, mtime, version, aversion, ephemeralOwner } = stat
      expect(Math.max(czxid, mzxid, pzxid)).to.be.at.most(zxid)
      const owner = ephemeralOwner.toString(16)
      const stats = { czxid, mzxid, pzxid, ctime, mtime, version, aversion, owner }
      const rest = { creates, ttlMs, kind: KINDS.indexOf(kind), children: new Set<string>() }
      this.nodes.set(path, { data: hex(data), acl, ...stats, ...rest })
    }
  }

  #link(path: string): void {
    if (path !== '/') this.nodes.get(parentOf(path))?.children.add(nameOf(path))
  }

  #op(op: ChangeOp, { zxid, time }: Change): void {
    switch (op.op) {
      case 'create': {
        const { path, acl, ttlMs } = op
        const stats = { czxid: zxid, mzxid: zxid, pzxid: zxid, ctime: time, mtime: time }
        this.nodes.set(path, {
          ...{ data: hex(op.data), acl, ...stats, version: 0, creates: 0, aversion: 0, ttlMs },
          owner: op.ephemeralOwner.toString(16),
          kind: KINDS.indexOf(op.kind),
          children: new Set(),
        })
        const parent = this.nodes.get(parentOf(path))
        if (parent !== undefined) {
          parent.creates = op.parentCreates
          parent.pzxid = zxid
        }
        return this.#link(path)
      }
      case 'delete': {
        const wasThere = this.nodes.delete(op.path)
        if (this.#snapshotZxid !== undefined) expect(wasThere, op.path).to.equal(true)
        const parent = this.nodes.get(parentOf(op.path))
        parent?.children.delete(nameOf(op.path))
        if (parent !== undefined) parent.pzxid = zxid
        return
      }
      case 'setData': {
        const node = this.nodes.get(op.path) ?? {}
        Object.assign(node, { data: hex(op.data), version: op.version, mzxid: zxid, mtime: time })
        return
      }
      case 'setACL': {
        const node = this.nodes.get(op.path) ?? {}
        Object.assign(node, { acl: op.acl, aversion: op.aversion })
      }
    }
  }
}

/** What the keeper has, as a FeedCopy should have it. */
export function nodesOf(keeper: Keeper): unknown {
  return pictureOf(keeper).nodes
}

/** Reads a feed until it ends; `isEnough` ends it from within. */
export function follow(
  feed: AsyncIterable<ChangeRecord>,
  isEnough: (record: ChangeRecord) => boolean = () => false,
) {
  const copy = new FeedCopy()
  const records: ChangeRecord[] = []
  const ended = (async (): Promise<ChangesError | undefined> => {
    try {
      for await (const record of feed) {
        records.push(record)
        copy.apply(record)
        if (isEnough(record)) return undefined
      }
      return undefined
    } catch (error) {
      return error as ChangesError
    }
  })()
  return { copy, records, ended }
}
