/** An ensemble that is played: each change is a transaction with its digest, and feeds bring what the script says. */
import type {
  SourceEvent,
  SourceFeed,
  SourceFeedCounters,
} from '../../../../lib/migrate/source-feed.ts'
import { OPEN_ACL, READ_ACL } from '../../../../lib/model/acl.ts'
import { Znode } from '../../../../lib/model/znode.ts'
import { TreeExport } from '../../../../lib/transfer/export.ts'
import { finishTree } from '../../../../lib/transfer/zookeeper/finished-tree.ts'
import { ZookeeperTree } from '../../../../lib/transfer/zookeeper/tree.ts'
import { DIGEST_VERSION, type Txn, type TxnOp } from '../../../../lib/transfer/zookeeper/txn.ts'

const EPOCH = 2 ** 32

export function create(path: string, more: Partial<TxnOp & { op: 'create' }> = {}): TxnOp {
  const { data = '', acl = OPEN_ACL, ephemeralOwner = 0n, parentCVersion = -1 } = more
  return { op: 'create', path, data, acl, ephemeralOwner, parentCVersion }
}

function emptyTree(): ZookeeperTree {
  const tree = new ZookeeperTree(0)
  const config = Znode.reserved(READ_ACL, 'server.1=zk1:2888:3888;2181')
  config.aversion = -1
  const znodes: [string, Znode][] = [
    ['/', Znode.reserved()],
    ['/zookeeper', Znode.reserved()],
    ['/zookeeper/quota', Znode.reserved()],
    ['/zookeeper/config', config],
  ]
  for (const [path, node] of znodes) tree.load({ kind: 'znode', path, node, hasAcl: true })
  return tree
}

export class ScriptedSource {
  readonly log: Txn[] = []
  /** Transactions that a leader brings without a snapshot; undefined: all. */
  keeps: number | undefined
  /** Releases before 3.6 have none. */
  hasDigests = true
  readonly feeds: ScriptedFeed[] = []
  #tree = emptyTree()
  #zxid = EPOCH
  #cxid = 0

  get zxid(): number {
    return this.#zxid
  }
  /** The next one follows it. */
  set zxid(zxid: number) {
    this.#zxid = zxid
  }
  get feed(): ScriptedFeed {
    const feed = this.feeds.at(-1)
    if (feed === undefined) throw new Error('nobody follows')
    return feed
  }

  /** A new leader. */
  newEpoch(): void {
    this.#zxid = (Math.floor(this.#zxid / EPOCH) + 1) * EPOCH
  }

  /** Commits it, and sends it to all that follow. */
  commit(clientId: bigint, ...ops: TxnOp[]): Txn {
    return this.answer(clientId, ++this.#cxid, ...ops)
  }

  /** The same, as the request with that number. */
  answer(clientId: bigint, cxid: number, ...ops: TxnOp[]): Txn {
    const time = 1_700_000_000_000 + this.log.length * 7
    const header = { clientId, cxid, zxid: ++this.#zxid, time, type: 0 }
    const bare: Txn = { ...header, ops, digest: undefined }
    this.#tree.apply(bare)
    const failed = ops.length === 0 || ops[0]?.op === 'error'
    const digest = { version: DIGEST_VERSION, value: this.#tree.digest }
    const txn = { ...bare, digest: this.hasDigests && !failed ? digest : undefined }
    this.log.push(txn)
    for (const feed of this.feeds) feed.transactions([txn])
    return txn
  }

  /** The newest transactions are lost, as those of a leader that had not spread them. */
  lose(count: number): void {
    this.log.splice(-count)
    this.#tree = this.copy()
    this.#zxid = this.log.at(-1)?.zxid ?? EPOCH
  }

  /** Of what is committed. */
  copy(): ZookeeperTree {
    const tree = emptyTree()
    for (const txn of this.log) tree.apply(txn)
    return tree
  }

  readonly openFeed = (from: number): ScriptedFeed => {
    const feed = new ScriptedFeed(from)
    this.feeds.push(feed)
    const epoch = Math.floor(this.#zxid / EPOCH)
    feed.push({ kind: 'connected', leader: `zk${this.feeds.length}:2888`, epoch })
    const behind = this.log.filter(({ zxid }) => zxid > from)
    const isKnown = from !== 0 && this.log.some(({ zxid }) => zxid === from)
    if (from > this.#zxid) feed.push({ kind: 'truncate', zxid: this.#zxid })
    else if (!isKnown || behind.length > (this.keeps ?? behind.length)) {
      feed.push({ kind: 'snapshot', tree: this.copy() })
    } else feed.transactions(behind)
    feed.push({ kind: 'current', zxid: this.#zxid, atMs: Date.now() })
    return feed
  }

  /** What the store must have: every line of an export. */
  lines(): string {
    const tree = this.copy()
    const { sessions } = finishTree(tree, { withTtl: false })
    return [...new TreeExport({ tree, sessions, zxid: this.#zxid }, '/', true)].join('')
  }
}

export class ScriptedFeed implements SourceFeed {
  readonly counters = {} as SourceFeedCounters
  readonly from: number
  isClosed = false
  readonly #events: SourceEvent[] = []
  #error: Error | undefined
  #wake: (() => void) | undefined

  constructor(from: number) {
    this.from = from
  }

  push(event: SourceEvent): void {
    if (this.isClosed) return
    this.#events.push(event)
    this.#wake?.()
  }

  transactions(txns: readonly Txn[]): void {
    if (txns.length > 0) this.push({ kind: 'transactions', txns, atMs: Date.now() })
  }

  fail(error: Error): void {
    this.#error = error
    this.#wake?.()
  }

  async close(): Promise<void> {
    this.isClosed = true
    this.#events.length = 0
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncIterator<SourceEvent> {
    for (;;) {
      const event = this.#events.shift()
      if (event !== undefined) yield event
      else if (this.#error !== undefined) throw this.#error
      else if (this.isClosed) return
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    }
  }
}
