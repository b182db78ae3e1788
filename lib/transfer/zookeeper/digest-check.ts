/**
 * Is the tree the one that ZooKeeper had? From 3.6 on, the leader computes a digest of the tree after each transaction and
 * writes it beside it. While a fuzzy snapshot is caught up with, the two differ. Neighbours: tree, restore.
 */
import { DigestDrift } from './digest-drift.ts'
import type { SnapshotTail } from './snapshot-decoder.ts'
import type { ZookeeperTree } from './tree.ts'
import { DIGEST_VERSION, type Txn } from './txn.ts'

export interface DigestCheckOptions {
  /** The snapshot shows changes up to this zxid. */
  readonly fuzzyUpTo: number
  /** What the snapshot’s file says. */
  readonly snapshot: SnapshotTail['digest']
  /** Compare nothing more once one differs. */
  readonly ignoreDigest: boolean
}

export class DigestCheck {
  readonly #tree: ZookeeperTree
  readonly #options: DigestCheckOptions
  /** Digests that were equal. */
  verified = 0
  /** A snapshot of before 3.6 does not say how far it is fuzzy: then the first equal one is the end of that. */
  #isSettled: boolean
  #firstProblem: string | undefined
  readonly #drift = new DigestDrift()

  constructor(tree: ZookeeperTree, options: DigestCheckOptions) {
    this.#tree = tree
    this.#options = options
    const { snapshot } = options
    // Before the first transaction the file has an empty one.
    this.#isSettled = snapshot !== undefined && snapshot.zxid > 0
    if (this.#isSettled && snapshot?.zxid === tree.zxid) {
      this.#firstProblem = this.#compare(snapshot.version, snapshot.value)
    }
  }

  /** @returns what is wrong once the transaction is applied */
  after(txn: Txn): string | undefined {
    const { zxid, digest } = txn
    const { fuzzyUpTo, ignoreDigest, snapshot } = this.#options
    const here = digest ?? (snapshot?.zxid === zxid ? snapshot : undefined)
    if (here === undefined || zxid < fuzzyUpTo) return undefined
    if (ignoreDigest && this.#firstProblem !== undefined) return undefined
    const problem = this.#compare(here.version, here.value, txn)
    if (problem === undefined) {
      if (here.version === DIGEST_VERSION) this.#isSettled = true
      if (!ignoreDigest) this.#firstProblem = undefined
      return undefined
    }
    this.#firstProblem ??= problem
    return this.#isSettled && !ignoreDigest ? problem : undefined
  }

  /** At the end of the logs: a difference that was never made up for. */
  end(): { readonly problem: string | undefined } {
    return { problem: this.#firstProblem }
  }

  #compare(version: number, value: bigint, txn?: Txn): string | undefined {
    if (version !== DIGEST_VERSION) return undefined
    const tree = this.#tree
    const isTheirs =
      txn !== undefined &&
      this.#isSettled &&
      this.#drift.isTheirs(txn, { theirs: value, ours: tree.digest }, (path, as) =>
        tree.digestTerm(path, as),
      )
    if (isTheirs && this.#drift.isDrifting) return undefined
    if (this.#tree.digest === value) {
      this.verified++
      return undefined
    }
    return (
      `at 0x${this.#tree.zxid.toString(16)} the tree is not the one of which ZooKeeper has written the digest: ` +
      'either its servers differed or a file was changed (--ignore-digest takes it as it is)'
    )
  }
}
