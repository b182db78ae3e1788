/**
 * Restores the watches of a client that reconnects. A change since the zxid it had seen fires its
 * watch immediately; the other watches are registered. Persistent ones are only registered. Source:
 * DataTree.setWatches; statements in zookeeper-reference §1.4.
 */

import { OPEN_ACL } from '../../model/acl.ts'
import { EVENT, type SetWatchesRequest } from '../../model/request.ts'
import { MODE } from '../watch/watch-table.ts'
import { lookUp, type ReadContext } from './context.ts'

/** ZooKeeper sends what a client missed without the zxid of a change, since 3.9 too. */
const NO_ZXID = -1

export function restoreWatches(context: ReadContext, request: SetWatchesRequest): void {
  const { tree, watches, watcher } = context
  const { relativeZxid } = request
  for (const path of request.data) {
    const node = lookUp(tree, path)
    if (node === undefined) watcher.watchFired(EVENT.NodeDeleted, path, OPEN_ACL, NO_ZXID)
    else if (node.mzxid > relativeZxid) {
      watcher.watchFired(EVENT.NodeDataChanged, path, node.acl, NO_ZXID)
    } else watches.data.add(path, watcher, MODE.standard)
  }
  for (const path of request.exist) {
    const node = lookUp(tree, path)
    if (node !== undefined) watcher.watchFired(EVENT.NodeCreated, path, node.acl, NO_ZXID)
    else watches.data.add(path, watcher, MODE.standard)
  }
  for (const path of request.child) {
    const node = lookUp(tree, path)
    if (node === undefined) watcher.watchFired(EVENT.NodeDeleted, path, OPEN_ACL, NO_ZXID)
    else if (node.pzxid > relativeZxid) {
      watcher.watchFired(EVENT.NodeChildrenChanged, path, node.acl, NO_ZXID)
    } else watches.child.add(path, watcher, MODE.standard)
  }
  for (const path of request.persistent) watches.addPersistent(path, watcher, false)
  for (const path of request.persistentRecursive) watches.addPersistent(path, watcher, true)
}
