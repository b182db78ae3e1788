/**
 * The callbacks that wait for a watch event, by path. Each is called once, as ZooKeeper's standard
 * watches are. Neighbour: keeper-client.
 */
import { EVENT, type EventType } from '../model/request.ts'

/**
 * What a watch reports: 1 created, 2 deleted, 3 data changed, 4 children changed, and the znode's
 * path.
 */
export interface WatchEvent {
  readonly type: EventType
  readonly path: string
}
/** Called once, after the replies of its tick. It must not throw: nothing catches it. */
export type WatchCallback = (event: WatchEvent) => void

type Callbacks = Map<string, Set<WatchCallback>>

export class ClientWatches {
  readonly #data: Callbacks = new Map()
  readonly #child: Callbacks = new Map()

  addData(path: string, callback: WatchCallback): void {
    add(this.#data, path, callback)
  }
  addChild(path: string, callback: WatchCallback): void {
    add(this.#child, path, callback)
  }

  /** The callback of a data watch is not called any more. */
  removeData(path: string, callback: WatchCallback): void {
    const callbacks = this.#data.get(path)
    callbacks?.delete(callback)
    if (callbacks?.size === 0) this.#data.delete(path)
  }

  fire(type: EventType, path: string): void {
    const tables: Callbacks[] = []
    if (type !== EVENT.NodeChildrenChanged) tables.push(this.#data)
    if (type === EVENT.NodeChildrenChanged || type === EVENT.NodeDeleted) tables.push(this.#child)
    // After the replies of this tick, so that a watch's own read has been answered.
    setImmediate(() => {
      const callbacks = new Set<WatchCallback>()
      for (const table of tables) {
        for (const callback of table.get(path) ?? []) callbacks.add(callback)
        table.delete(path)
      }
      for (const callback of callbacks) callback({ type, path })
    })
  }

  /**
   * Nothing was seen for a while, so anything may have changed: every callback is to read again.
   */
  fireAll(): void {
    for (const path of [...this.#data.keys()]) this.fire(EVENT.NodeDataChanged, path)
    for (const path of [...this.#child.keys()]) this.fire(EVENT.NodeChildrenChanged, path)
  }
}

function add(table: Callbacks, path: string, callback: WatchCallback): void {
  const known = table.get(path)
  if (known === undefined) table.set(path, new Set([callback]))
  else known.add(callback)
}
