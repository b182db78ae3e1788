/**
 * A snapshot that is still caught up with: it was written while the tree changed, and what changed comes behind it.
 * The leader queues each transaction for us before it applies it, so all of them are here when UPTODATE comes; an
 * observer master may be a little later. Source: Leader.tryToCommit. Neighbour: learner.
 */
import type { ZookeeperTree } from '../transfer/zookeeper/tree.ts'
import { DIGEST_VERSION, type Txn } from '../transfer/zookeeper/txn.ts'
import { type KnownTxn, txnInTree } from './known-txn.ts'

export class HeldSnapshot {
  readonly tree: ZookeeperTree
  #isUpToDate = false
  /** Of the newest transaction that has one: the tree’s, once all changes are made up for. */
  #digest: bigint | undefined
  #isProved = false
  #known: KnownTxn | undefined

  constructor(tree: ZookeeperTree) {
    this.tree = tree
    this.#known = txnInTree(tree)
  }

  /** The newest transaction in it; undefined: it does not show. */
  get known(): KnownTxn | undefined {
    return this.#known
  }

  /** A digest was equal. */
  get isProved(): boolean {
    return this.#isProved
  }

  /** The tree is one that the source has had. */
  get isReady(): boolean {
    if (!this.#isUpToDate || this.tree.withoutAcl.size > 0) return false
    return this.#digest === undefined || this.#isProved
  }

  apply(txn: Txn): void {
    this.#known = { zxid: txn.zxid, time: txn.time, before: this.tree.zxid }
    this.tree.apply(txn)
    const { digest } = txn
    if (digest?.version === DIGEST_VERSION) this.#digest = digest.value
    // A transaction that failed has none, and changes nothing.
    if (this.#isUpToDate) this.#compare()
  }

  /** The leader says so. */
  upToDate(): void {
    this.#isUpToDate = true
    this.#compare()
  }

  #compare(): void {
    if (this.#digest !== undefined && this.tree.digest === this.#digest) this.#isProved = true
  }
}
