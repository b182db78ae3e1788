/** What a read is answered from. Neighbours: read, set-watches, session. */
import type { AuthId } from '../../model/request.ts'
import type { Znode } from '../../model/znode.ts'
import type { DataTree } from '../tree/data-tree.ts'
import type { WatchRegistry } from '../watch/watch-registry.ts'
import type { Watcher } from '../watch/watch-table.ts'

/** The session that reads, and what it reads from. */
export interface ReadContext {
  readonly tree: DataTree
  readonly watches: WatchRegistry
  readonly watcher: Watcher
  readonly sessionId: bigint
  readonly ids: readonly AuthId[]
}

/** Its record could not be read: nobody knows who may read it. */
export function isUnreadable({ unreadable }: DataTree, path: string): boolean {
  return unreadable.size > 0 && unreadable.has(path === '' ? '/' : path)
}

/** The empty path reads the root, as ZooKeeper's node table has it under both names. */
export function lookUp(tree: DataTree, path: string): Znode | undefined {
  return tree.get(path === '' ? '/' : path)
}
