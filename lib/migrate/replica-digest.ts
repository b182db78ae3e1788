/**
 * ZooKeeper's digest of the tree that a member has, kept up with each change: equal to what the ensemble says, it proves that
 * nothing was lost or changed in between. Neighbours: transfer/zookeeper/tree-digest, mirror-writer.
 */
import type { DataTree } from '../member/tree/data-tree.ts'
import { KIND, type Znode } from '../model/znode.ts'
import type { DriftView } from '../transfer/zookeeper/digest-drift.ts'
import { termAs, ZookeeperDigest } from '../transfer/zookeeper/tree-digest.ts'
import { CONTAINER_OWNER, TTL_OWNER } from '../transfer/zookeeper/txn.ts'

/** As ZooKeeper writes it. */
export function ownerOf({ kind, ttlMs, ephemeralOwner }: Znode): bigint {
  if (kind === KIND.container) return CONTAINER_OWNER
  return kind === KIND.ttl ? TTL_OWNER + BigInt(ttlMs) : ephemeralOwner
}

export class ReplicaDigest {
  readonly tree: DataTree
  readonly #digest = new ZookeeperDigest()
  /** Created or changed since the digest was read: they are not in the sum. */
  readonly #changed = new Set<string>()

  /** Takes a second for a million znodes. The tree's change hooks are this one's until {@link detach}. */
  constructor(tree: DataTree) {
    this.tree = tree
    for (const [path, node] of tree.entries()) this.#digest.add(path, node, ownerOf(node))
    const { onDirty } = tree
    this.#onDirty = onDirty
    tree.onDirty = (kind, path, isNew) => {
      if (kind === 'n' && isNew === true) this.#changed.add(path)
      onDirty?.(kind, path, isNew)
    }
    tree.onChanging = (path, node) => {
      if (this.#changed.has(path)) return
      this.#changed.add(path)
      this.#digest.remove(path, node, ownerOf(node))
    }
  }
  readonly #onDirty: DataTree['onDirty']

  detach(): void {
    this.tree.onDirty = this.#onDirty
    this.tree.onChanging = undefined
  }

  get driftView(): DriftView {
    const { tree } = this
    const term: DriftView['term'] = (path, believed) => {
      const node = tree.get(path)
      return node && termAs(path, node, { owner: ownerOf(node), ...believed })
    }
    return { term, root: tree.get('/') }
  }

  /** Of the tree as it is now, 64 bits, unsigned. */
  get value(): bigint {
    for (const path of this.#changed) {
      const node = this.tree.get(path)
      if (node !== undefined) this.#digest.add(path, node, ownerOf(node))
    }
    this.#changed.clear()
    return this.#digest.value
  }
}
