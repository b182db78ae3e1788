/**
 * Which connection watches what: the data and the child table, fed by the tree while a transaction
 * is applied, so that an event is queued before any reply that shows the change (V5).
 * Line: replica → here → session (ordered outbox). Source: ZooKeeper's DataTree watch triggers.
 */
import type { Acl } from '../../model/request.ts'
import { EVENT } from '../../model/request.ts'
import type { TreeObserver } from '../tree/data-tree.ts'
import { MODE, type Watcher, WatchTable } from './watch-table.ts'

/** What removeWatches may name. Source: Watcher.WatcherType. */
export const WATCHER_TYPE = {
  children: 1,
  data: 2,
  any: 3,
  persistent: 4,
  persistentRecursive: 5,
} as const

const ALL_MODES = MODE.standard | MODE.persistent | MODE.recursive

export class WatchRegistry implements TreeObserver {
  readonly data = new WatchTable()
  readonly child = new WatchTable()

  nodeCreated(path: string, acl: readonly Acl[], parent: string, parentAcl: readonly Acl[]): void {
    this.data.fire(EVENT.NodeCreated, path, acl)
    this.child.fire(EVENT.NodeChildrenChanged, parent, parentAcl)
  }

  nodeDeleted(path: string, acl: readonly Acl[], parent: string, parentAcl: readonly Acl[]): void {
    const notified = this.data.fire(EVENT.NodeDeleted, path, acl)
    this.child.fire(EVENT.NodeDeleted, path, acl, notified)
    this.child.fire(EVENT.NodeChildrenChanged, parent, parentAcl)
  }

  nodeDataChanged(path: string, acl: readonly Acl[]): void {
    this.data.fire(EVENT.NodeDataChanged, path, acl)
  }

  nodeChildrenChanged(path: string, acl: readonly Acl[]): void {
    this.child.fire(EVENT.NodeChildrenChanged, path, acl)
  }

  /** addWatch: persistent sits in both tables, recursive in the data table only (V8). */
  addPersistent(path: string, watcher: Watcher, recursive: boolean): void {
    if (recursive) this.data.add(path, watcher, MODE.recursive)
    else {
      this.data.add(path, watcher, MODE.persistent)
      this.child.add(path, watcher, MODE.persistent)
    }
  }

  /** Is there a watch that removeWatches of this type would remove? */
  contains(path: string, watcher: Watcher, type: number): boolean {
    const data = this.data.modesOf(path, watcher)
    const child = this.child.modesOf(path, watcher)
    switch (type) {
      case WATCHER_TYPE.children:
        return (child & MODE.standard) !== 0
      case WATCHER_TYPE.data:
        return (data & MODE.standard) !== 0
      case WATCHER_TYPE.persistent:
        return (data & MODE.persistent) !== 0
      case WATCHER_TYPE.persistentRecursive:
        return (data & MODE.recursive) !== 0
      default:
        return data !== 0 || child !== 0
    }
  }

  remove(path: string, watcher: Watcher, type: number): boolean {
    switch (type) {
      case WATCHER_TYPE.children:
        return this.child.remove(path, watcher, MODE.standard)
      case WATCHER_TYPE.data:
        return this.data.remove(path, watcher, MODE.standard)
      case WATCHER_TYPE.persistent: {
        const data = this.data.remove(path, watcher, MODE.persistent)
        return this.child.remove(path, watcher, MODE.persistent) || data
      }
      case WATCHER_TYPE.persistentRecursive:
        return this.data.remove(path, watcher, MODE.recursive)
      default: {
        const data = this.data.remove(path, watcher, ALL_MODES)
        return this.child.remove(path, watcher, ALL_MODES) || data
      }
    }
  }

  /** A connection is gone: its watches are deleted with it (V7). */
  removeWatcher(watcher: Watcher): void {
    this.data.removeWatcher(watcher)
    this.child.removeWatcher(watcher)
  }

  get watchCount(): number {
    return this.data.watchCount + this.child.watchCount
  }
}
