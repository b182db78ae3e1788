/**
 * One of the two watch tables (data, child): path → its watchers, in which modes. Standard watches
 * are deleted when they fire; persistent and recursive ones stay and coexist with them (V9).
 * Source: ZooKeeper's WatchManager. Neighbour: watch-registry.
 */

import type { Acl, EventType } from '../../model/request.ts'
import { EVENT } from '../../model/request.ts'

/** A connection, as watches see it. */
export interface Watcher {
  /**
   * Queues one event. It must not throw, and must not touch the tree or add a watch: it may leave the tables. `zxid`: of the
   * change; default: that of the transaction being applied.
   */
  watchFired(type: EventType, path: string, acl: readonly Acl[], zxid?: number): void
}

export const MODE = { standard: 1, persistent: 2, recursive: 4 } as const
export type Mode = (typeof MODE)[keyof typeof MODE]

export class WatchTable {
  readonly #byPath = new Map<string, Map<Watcher, number>>()
  readonly #byWatcher = new Map<Watcher, Set<string>>()
  #count = 0
  /** Lengths of the paths that have recursive watches → how many. */
  readonly #recursive = new Map<number, number>()

  add(path: string, watcher: Watcher, mode: Mode): void {
    let watchers = this.#byPath.get(path)
    if (watchers === undefined) {
      watchers = new Map()
      this.#byPath.set(path, watchers)
    }
    const modes = watchers.get(watcher) ?? 0
    if ((modes & mode) !== 0) return
    watchers.set(watcher, modes | mode)
    if (mode === MODE.recursive) this.#countRecursive(path, 1)
    if (modes !== 0) return
    this.#count++
    const paths = this.#byWatcher.get(watcher)
    if (paths === undefined) this.#byWatcher.set(watcher, new Set([path]))
    else paths.add(path)
  }

  /** The modes a watcher has on a path, as a bit set. */
  modesOf(path: string, watcher: Watcher): number {
    return this.#byPath.get(path)?.get(watcher) ?? 0
  }

  /** Removes the given modes. Returns whether any was there. */
  remove(path: string, watcher: Watcher, modes: number): boolean {
    const watchers = this.#byPath.get(path)
    const had = watchers?.get(watcher) ?? 0
    if (watchers === undefined || (had & modes) === 0) return false
    const left = had & ~modes
    if ((had & modes & MODE.recursive) !== 0) this.#countRecursive(path, -1)
    if (left !== 0) {
      watchers.set(watcher, left)
      return true
    }
    watchers.delete(watcher)
    this.#count--
    if (watchers.size === 0) this.#byPath.delete(path)
    const paths = this.#byWatcher.get(watcher)
    paths?.delete(path)
    if (paths?.size === 0) this.#byWatcher.delete(watcher)
    return true
  }

  removeWatcher(watcher: Watcher): void {
    const paths = this.#byWatcher.get(watcher)
    if (paths === undefined) return
    for (const path of paths) {
      const watchers = this.#byPath.get(path)
      if (((watchers?.get(watcher) ?? 0) & MODE.recursive) !== 0) this.#countRecursive(path, -1)
      watchers?.delete(watcher)
      if (watchers?.size === 0) this.#byPath.delete(path)
    }
    this.#count -= paths.size
    this.#byWatcher.delete(watcher)
  }

  #countRecursive(path: string, change: 1 | -1): void {
    // No znode is below the empty path, which ZooKeeper takes for a watch all the same.
    if (path === '') return
    const count = (this.#recursive.get(path.length) ?? 0) + change
    if (count === 0) this.#recursive.delete(path.length)
    else this.#recursive.set(path.length, count)
  }

  /**
   * Notifies the watchers of `type` on `path`, except those in `already`. Returns the notified
   * ones, so that a second table can leave them out (one Deleted per connection, V2).
   */
  fire(
    type: EventType,
    path: string,
    acl: readonly Acl[],
    already?: ReadonlySet<Watcher>,
  ): ReadonlySet<Watcher> | undefined {
    const exact = this.#byPath.get(path)
    if (exact === undefined && this.#recursive.size === 0) return undefined
    const notified = new Set<Watcher>()
    if (exact !== undefined) {
      for (const [watcher, modes] of exact) {
        const direct = modes & (MODE.standard | MODE.persistent)
        const recursive = type !== EVENT.NodeChildrenChanged && (modes & MODE.recursive) !== 0
        if (direct !== 0 || recursive) notified.add(watcher)
        if ((modes & MODE.standard) !== 0) this.remove(path, watcher, MODE.standard)
      }
    }
    if (type !== EVENT.NodeChildrenChanged) {
      // Not level by level: a path may have thousands, and few of them are watched.
      for (const length of this.#recursive.keys()) {
        const isRoot = length === 1
        if (length >= path.length || (!isRoot && path[length] !== '/')) continue
        const above = this.#byPath.get(path.slice(0, length))
        if (above === undefined) continue
        for (const [watcher, modes] of above) {
          if ((modes & MODE.recursive) !== 0) notified.add(watcher)
        }
      }
    }
    for (const watcher of notified) {
      if (already?.has(watcher) !== true) watcher.watchFired(type, path, acl)
    }
    return notified
  }

  get pathCount(): number {
    return this.#byPath.size
  }
  get watcherCount(): number {
    return this.#byWatcher.size
  }
  get watchCount(): number {
    return this.#count
  }
  pathsOf(watcher: Watcher): ReadonlySet<string> | undefined {
    return this.#byWatcher.get(watcher)
  }
  byPath(): ReadonlyMap<string, ReadonlyMap<Watcher, number>> {
    return this.#byPath
  }
  watchers(): IterableIterator<Watcher> {
    return this.#byWatcher.keys()
  }
}
