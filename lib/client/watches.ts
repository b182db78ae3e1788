/**
 * The callbacks of watches, by path. Those of reads are called once, those of addWatch() until they are removed, as
 * ZooKeeper's are. Source: ZKWatchManager. Neighbours: client-session, callback-faults.
 */

import { parentOf } from '../model/path.ts'
import { EVENT, type EventType, type SetWatchesRequest } from '../model/request.ts'
import type { CallTrace } from './call-trace.ts'
import type { CallbackFaults } from './callback-faults.ts'

/**
 * What a watch reports: −1 none, 1 created, 2 deleted, 3 data changed, 4 children changed; and the znode's path. `none` is
 * for watches that stay: the client was disconnected, so events may be missing, and what is watched is to be read again.
 */
export interface WatchEvent {
  /** A value of {@link EVENT}. */
  readonly type: EventType
  /** Of the znode that the event is about. */
  readonly path: string
}
/**
 * Called after the replies of its tick: once, or until it is removed. What it throws, and the rejection of a promise that
 * it returns, is reported to {@link ClientOptions.onError}, and harms no other callback. Not called after close().
 */
export type WatchCallback = (event: WatchEvent) => unknown

/** Of an addWatch: the znode and the names of its children, or the znode and all below it. */
export type WatchMode = 'persistent' | 'persistent-recursive'

/** A read sets data, exist (there was no znode) or child. */
export type WatchKind = 'data' | 'exist' | 'child' | WatchMode

/** A callback that was passed for a kind and a path. */
interface Registration {
  readonly callback: WatchCallback
  readonly trace: CallTrace
  isRemoved: boolean
}

/** Of a callback, at a path. */
interface WatchHold {
  readonly isThere: boolean
  readonly hasOthers: boolean
}

type Callbacks = Map<string, Map<WatchCallback, Registration>>

/** Bytes of paths in one request, so that it passes every server's jute.maxbuffer. Source: ClientCnxn.SET_WATCHES_MAX_LENGTH. */
const RESTORED_BYTES_MAX = 128 * 1024
/** A character of a path has at most so many bytes; its length, 4 more. */
const CHARACTER_BYTES_MAX = 3
/** Headers, zxid and the counts of five lists. */
const RESTORED_BYTES_MIN = 40

/** What a request that restores watches must fit into. */
export interface RestoredRoom {
  /** Characters that the server's path has before the client's. */
  readonly prefixLength: number
  /** Longest request. Unit bytes. */
  readonly requestBytesMax: number
}

export class ClientWatches {
  readonly #tables: Readonly<Record<WatchKind, Callbacks>> = {
    data: new Map(),
    exist: new Map(),
    child: new Map(),
    persistent: new Map(),
    'persistent-recursive': new Map(),
  }
  readonly #faults: CallbackFaults
  /** Callbacks of reads that are about to be called, by path. */
  readonly #due = new Map<string, Set<Registration>>()
  /** How many are being set, by kind and path. */
  readonly #expected = new Map<string, number>()
  #isClosed = false

  constructor(faults: CallbackFaults) {
    this.#faults = faults
  }

  add(kind: WatchKind, path: string, callback: WatchCallback, trace: CallTrace): void {
    const table = this.#tables[kind]
    const known = table.get(path)
    if (known?.has(callback) === true) return
    const registration = { callback, trace, isRemoved: false }
    if (known === undefined) table.set(path, new Map([[callback, registration]]))
    else known.set(callback, registration)
  }

  /** One of this kind is being set at the path: what the server has there stays. Returns its end. */
  expect(kind: WatchKind, path: string): () => void {
    const key = `${kind} ${path}`
    this.#expected.set(key, (this.#expected.get(key) ?? 0) + 1)
    return () => {
      const left = (this.#expected.get(key) ?? 1) - 1
      if (left === 0) this.#expected.delete(key)
      else this.#expected.set(key, left)
    }
  }

  /**
   * The callback is not called any more, not even for an event in flight.
   * @returns whether nobody else has or sets a watch of its kind and path
   */
  remove(kind: WatchKind, path: string, callback: WatchCallback): boolean {
    const table = this.#tables[kind]
    const callbacks = table.get(path)
    const registration = callbacks?.get(callback)
    if (callbacks === undefined || registration === undefined) return false
    registration.isRemoved = true
    callbacks.delete(callback)
    if (callbacks.size > 0) return false
    return table.delete(path) && !this.#expected.has(`${kind} ${path}`)
  }

  /** Whose callback it is, of a kind at a path; `others`: somebody else has or sets one of these kinds there, too. */
  holds(kinds: readonly WatchKind[], path: string, callback: WatchCallback): WatchHold {
    const held = kinds.map((kind) => this.#tables[kind].get(path))
    return {
      isThere: held.some((one) => one?.has(callback) === true),
      hasOthers:
        held.some((one) => (one?.size ?? 0) > (one?.has(callback) === true ? 1 : 0)) ||
        kinds.some((kind) => this.#expected.has(`${kind} ${path}`)),
    }
  }

  /** As remove(), for all that reads have set. */
  unwatch(path: string, callback: WatchCallback): void {
    for (const kind of ['data', 'exist', 'child'] as const) this.remove(kind, path, callback)
    for (const due of this.#due.get(path) ?? []) {
      if (due.callback === callback) due.isRemoved = true
    }
  }

  /** Somebody has or sets one of this kind at the path. */
  isUsed(kind: WatchKind, path: string): boolean {
    return this.#tables[kind].has(path) || this.#expected.has(`${kind} ${path}`)
  }

  /** Those that wait now; one that is added before they are called waits for the next event. */
  fire(type: EventType, path: string): void {
    const called = this.#take(type, path)
    const isOfData = type !== EVENT.NodeChildrenChanged
    this.#collect('persistent', path, called)
    if (isOfData && this.#tables['persistent-recursive'].size > 0) {
      for (let at = path; ; at = parentOf(at)) {
        this.#collect('persistent-recursive', at, called)
        if (at === '/') break
      }
    }
    this.#call(called, { type, path })
  }

  /** The callbacks of reads that such an event is for. */
  #take(type: EventType, path: string): Set<Registration> {
    const taken = new Set<Registration>()
    const take = (kind: WatchKind): void => {
      const table = this.#tables[kind]
      for (const registration of table.get(path)?.values() ?? []) {
        taken.add(registration)
        const due = this.#due.get(path)
        if (due === undefined) this.#due.set(path, new Set([registration]))
        else due.add(registration)
      }
      table.delete(path)
    }
    if (type !== EVENT.NodeChildrenChanged) {
      take('data')
      take('exist')
    }
    if (type === EVENT.NodeChildrenChanged || type === EVENT.NodeDeleted) take('child')
    return taken
  }

  #collect(kind: WatchMode, path: string, into: Set<Registration>): void {
    for (const registration of this.#tables[kind].get(path)?.values() ?? []) into.add(registration)
  }

  #call(registrations: ReadonlySet<Registration>, event: WatchEvent): void {
    if (registrations.size === 0) return
    // After the replies of this tick, so that a watch's own read has been answered.
    setImmediate(() => {
      // Set twice, it is called once.
      const called = new Set<WatchCallback>()
      for (const registration of registrations) {
        if (this.#isClosed) return
        const { callback, trace } = registration
        this.#settle(registration, event.path)
        if (registration.isRemoved || called.has(callback)) continue
        called.add(callback)
        this.#faults.run(callback, event, `the watch callback of ${event.path}`, trace)
      }
    })
  }

  #settle(registration: Registration, path: string): void {
    const due = this.#due.get(path)
    if (due?.delete(registration) === true && due.size === 0) this.#due.delete(path)
  }

  /** Another session cannot have the events of the one before: every callback of a read is to read again. */
  fireAll(): void {
    const { data, exist, child } = this.#tables
    const fire = (type: EventType, path: string) =>
      this.#call(this.#take(type, path), { type, path })
    for (const path of new Set([...data.keys(), ...exist.keys()])) fire(EVENT.NodeDataChanged, path)
    for (const path of [...child.keys()]) fire(EVENT.NodeChildrenChanged, path)
  }

  /** The watches that stay are set again, but events between may be missing. */
  resynced(): void {
    for (const kind of ['persistent', 'persistent-recursive'] as const) {
      for (const [path, callbacks] of this.#tables[kind]) {
        this.#call(new Set(callbacks.values()), { type: EVENT.None, path })
      }
    }
  }

  /** What sets all of them on another connection, in requests of a size that every server takes. */
  *restored(
    relativeZxid: number,
    { prefixLength, requestBytesMax }: RestoredRoom,
  ): Generator<SetWatchesRequest> {
    const fields = {
      data: 'data',
      exist: 'exist',
      child: 'child',
      persistent: 'persistent',
      'persistent-recursive': 'persistentRecursive',
    } as const satisfies Record<WatchKind, keyof SetWatchesRequest>
    const bytesMax = Math.min(RESTORED_BYTES_MAX, requestBytesMax)
    let bytes = RESTORED_BYTES_MIN
    let lists = emptyLists()
    for (const kind of Object.keys(fields) as WatchKind[]) {
      for (const path of this.#tables[kind].keys()) {
        const more = (prefixLength + path.length) * CHARACTER_BYTES_MAX + 4
        if (bytes > RESTORED_BYTES_MIN && bytes + more > bytesMax) {
          yield { type: 'setWatches', relativeZxid, ...lists }
          bytes = RESTORED_BYTES_MIN
          lists = emptyLists()
        }
        lists[fields[kind]].push(path)
        bytes += more
      }
    }
    if (bytes > RESTORED_BYTES_MIN) yield { type: 'setWatches', relativeZxid, ...lists }
  }

  /** No callback is called any more. */
  close(): void {
    this.#isClosed = true
    for (const table of Object.values(this.#tables)) table.clear()
    this.#due.clear()
  }
}

function emptyLists() {
  const none = (): string[] => []
  return {
    data: none(),
    exist: none(),
    child: none(),
    persistent: none(),
    persistentRecursive: none(),
  }
}
