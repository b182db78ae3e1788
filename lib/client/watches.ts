/**
 * The callbacks that wait for a watch event, by path. Each is called once, as ZooKeeper's standard
 * watches are. Neighbours: keeper-client, callback-faults.
 */
import { EVENT, type EventType } from '../model/request.ts'
import type { CallTrace } from './call-trace.ts'
import type { CallbackFaults } from './callback-faults.ts'

/**
 * What a watch reports: 1 created, 2 deleted, 3 data changed, 4 children changed, and the znode's
 * path.
 */
export interface WatchEvent {
  /** A value of {@link EVENT}. */
  readonly type: EventType
  /** Of the znode that the event is about. */
  readonly path: string
}
/**
 * Called once, after the replies of its tick. What it throws, and the rejection of a promise that it returns, is
 * reported to {@link ClientOptions.onError}, and harms no other callback. Not called after close().
 */
export type WatchCallback = (event: WatchEvent) => unknown

type Callbacks = Map<string, Map<WatchCallback, CallTrace>>

export class ClientWatches {
  readonly #data: Callbacks = new Map()
  readonly #child: Callbacks = new Map()
  readonly #faults: CallbackFaults
  #isClosed = false

  constructor(faults: CallbackFaults) {
    this.#faults = faults
  }

  /** The callback of a data watch is not called any more. */
  removeData(path: string, callback: WatchCallback): void {
    const callbacks = this.#data.get(path)
    callbacks?.delete(callback)
    if (callbacks?.size === 0) this.#data.delete(path)
  }

  addData(path: string, callback: WatchCallback, trace: CallTrace): void {
    add(this.#data, path, callback, trace)
  }
  addChild(path: string, callback: WatchCallback, trace: CallTrace): void {
    add(this.#child, path, callback, trace)
  }

  /** Those that wait now; one that is added before they are called waits for the next event. */
  fire(type: EventType, path: string): void {
    const tables: Callbacks[] = []
    if (type !== EVENT.NodeChildrenChanged) tables.push(this.#data)
    if (type === EVENT.NodeChildrenChanged || type === EVENT.NodeDeleted) tables.push(this.#child)
    const callbacks = new Map<WatchCallback, CallTrace>()
    for (const table of tables) {
      for (const [callback, trace] of table.get(path) ?? []) callbacks.set(callback, trace)
      table.delete(path)
    }
    if (callbacks.size === 0) return
    // After the replies of this tick, so that a watch's own read has been answered.
    setImmediate(() => {
      for (const [callback, trace] of callbacks) {
        if (this.#isClosed) return
        this.#faults.run(callback, { type, path }, `the watch callback of ${path}`, trace)
      }
    })
  }

  /**
   * Nothing was seen for a while, so anything may have changed: every callback is to read again.
   */
  fireAll(): void {
    for (const path of [...this.#data.keys()]) this.fire(EVENT.NodeDataChanged, path)
    for (const path of [...this.#child.keys()]) this.fire(EVENT.NodeChildrenChanged, path)
  }

  /** No callback is called any more. */
  close(): void {
    this.#isClosed = true
    this.#data.clear()
    this.#child.clear()
  }
}

function add(table: Callbacks, path: string, callback: WatchCallback, trace: CallTrace): void {
  const known = table.get(path)
  if (known === undefined) table.set(path, new Map([[callback, trace]]))
  else known.set(callback, trace)
}
