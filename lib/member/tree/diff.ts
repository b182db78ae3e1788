/**
 * Notifies watchers of what changed while the feed was lost: the tree before against the tree
 * after, by the rule of setWatches. Neighbours: keeper (resync), watch-registry.
 */
import { parentOf } from '../../model/path.ts'
import type { DataTree, TreeObserver } from './data-tree.ts'

/** Intermediate states are gone, as for any client that was away (V7). */
export function reportDifferences(before: DataTree, after: DataTree, observer: TreeObserver): void {
  const notifiedParents = new Set<string>()
  const aclOf = (tree: DataTree, path: string) => tree.get(path)?.acl ?? []
  for (const [path, old] of before.entries()) {
    const now = after.get(path)
    if (now !== undefined && now.czxid === old.czxid) continue
    const parent = parentOf(path)
    notifiedParents.add(parent)
    observer.nodeDeleted(path, old.acl, parent, aclOf(before, parent))
  }
  for (const [path, now] of after.entries()) {
    const old = before.get(path)
    if (old === undefined || old.czxid !== now.czxid) {
      const parent = parentOf(path)
      notifiedParents.add(parent)
      observer.nodeCreated(path, now.acl, parent, aclOf(after, parent))
    } else {
      if (now.mzxid !== old.mzxid) observer.nodeDataChanged(path, now.acl)
    }
  }
  for (const [path, now] of after.entries()) {
    const old = before.get(path)
    if (old !== undefined && old.pzxid !== now.pzxid && !notifiedParents.has(path)) {
      observer.nodeChildrenChanged(path, now.acl)
    }
  }
}
