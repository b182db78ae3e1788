/**
 * What the change feeds of one member share: they are woken here, and here is known from where they can be resumed.
 * Line: replica → tree/recent-entries → here → change-reader → a caller. Neighbour: keeper (owns it).
 */
import type { Clock } from '../../base/clock.ts'
import type { KeeperLimits } from '../../base/limits.ts'
import type { Digest } from '../../format/digest.ts'
import { ChangesError, StoreError } from '../../model/errors.ts'
import type { RecentEntries } from '../tree/recent-entries.ts'
import type { Replica } from '../tree/replica.ts'
import { type Position, showPosition } from './position.ts'
import type { Wanted } from './to-change.ts'
import { TreeSnapshot } from './tree-snapshot.ts'

export interface ChangeLogOptions {
  readonly clock: Clock
  readonly limits: KeeperLimits
  /** The replica as of now: a reload replaces it. */
  readonly replica: () => Replica
  /** Resolves when the replica has everything that was committed before the call. */
  readonly sync: () => Promise<void>
  /** false: what this member has may be old, so it says nothing new. */
  readonly isServing: () => boolean
}

/** The next transaction to be read: the first one of batch `seq` has index 0. */
export interface Cursor {
  readonly seq: number
  readonly index: number
}

export class ChangeLog {
  /** Feeds opened, and those that ended because their reader was slow, or their history gone. */
  readonly counters = { opened: 0, slow: 0, gone: 0 }
  readonly options: ChangeLogOptions
  /** Changes with each reload of the tree. */
  generation = 0
  #open = 0
  #isClosed = false
  readonly #waiters = new Set<() => void>()
  readonly #snapshots = new Set<TreeSnapshot>()

  constructor(options: ChangeLogOptions) {
    this.options = options
    this.#attach()
  }

  /** Feeds that are read now. */
  get openCount(): number {
    return this.#open
  }
  get recent(): RecentEntries {
    return this.options.replica().recent as RecentEntries
  }

  opened(): void {
    this.#open++
    this.counters.opened++
  }
  ended(): void {
    this.#open--
  }

  /** The tree was reloaded: feeds look whether their history is still there. */
  reloaded(): void {
    this.generation++
    this.#snapshots.clear()
    this.#attach()
    this.#wake()
  }

  close(): void {
    this.#isClosed = true
    this.#wake()
  }

  /**
   * Resolves when the replica has everything that was committed before, or the signal is aborted.
   * @throws {StoreError} STORE_CLOSED: the keeper was closed before
   */
  sync(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return resolve()
      const end = () => resolve()
      signal?.addEventListener('abort', end)
      const unlisten = () => signal?.removeEventListener('abort', end)
      const failed = (error: Error) => {
        // The tree was reloaded before the answer: then it has everything, too.
        if (error instanceof StoreError && error.code === 'STORE_COMPACTED') resolve()
        else reject(error)
      }
      this.options.sync().then(resolve, failed).finally(unlisten)
    })
  }

  /** @throws {StoreError} STORE_CLOSED */
  checkOpen(): void {
    if (this.#isClosed) throw new StoreError('STORE_CLOSED', 'the keeper was closed')
  }

  /** Resolves at the next batch, a reload, the close or the signal, at the latest after `ms`. */
  change(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel()
        this.#waiters.delete(wake)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      const cancel = this.options.clock.after(Math.max(0, ms), wake)
      this.#waiters.add(wake)
      signal?.addEventListener('abort', wake)
      if (signal?.aborted === true || this.#isClosed) wake()
    })
  }

  /** Where the replica is. */
  get end(): Position {
    const { zxid, seq, history } = this.options.replica()
    return { zxid, seq, done: undefined, digest: history.end }
  }

  digestAt(seq: number): Digest | undefined {
    return this.options.replica().history.digestAt(seq)
  }

  snapshot(wanted: Wanted): TreeSnapshot {
    const { tree, zxid } = this.options.replica()
    const snapshot = new TreeSnapshot(tree, zxid, wanted, this.options.limits.changesLagBytesMax)
    this.#snapshots.add(snapshot)
    tree.onChanging = (path, node) => {
      for (const one of this.#snapshots) one.changing(path, node)
    }
    return snapshot
  }

  snapshotEnded(snapshot: TreeSnapshot): void {
    this.#snapshots.delete(snapshot)
    if (this.#snapshots.size === 0) this.options.replica().tree.onChanging = undefined
  }

  /**
   * What comes behind a position. The replica must have applied as much.
   * @throws {ChangesError} CHANGES_GONE: it is of another history, or older than what is kept
   */
  locate(position: Position): Cursor {
    const { seq, done } = position
    this.recent.trim()
    const { first, last } = this.recent
    if (seq < first - 1 && this.digestAt(seq) === undefined) {
      throw this.gone(position, 'what comes behind it is not kept any more')
    }
    if (!this.#isOurs(position)) {
      throw this.gone(position, 'it is of a history that is not this one')
    }
    const cursor = done === undefined ? { seq: seq + 1, index: 0 } : { seq, index: done }
    if (cursor.seq < first) throw this.gone(position, 'what comes behind it is not kept any more')
    if (cursor.seq > last + 1) throw this.gone(position, 'it is ahead of what is committed')
    return cursor
  }

  #isOurs({ zxid, seq, digest }: Position): boolean {
    const replica = this.options.replica()
    if (seq > replica.seq) return false
    if (digest !== undefined) return replica.history.digestAt(seq) === digest
    // Before the first batch, only a tree that is empty is known by its numbers.
    if (seq > 0 || zxid > 0) return false
    return (this.recent.first <= 1 ? (this.recent.oldestZxid ?? replica.zxid + 1) : 0) === 1
  }

  gone(position: Position | undefined, why: string): ChangesError {
    this.counters.gone++
    const at = position && showPosition(position)
    const what = at === undefined ? 'the snapshot' : `position ${at}`
    const { oldestZxid } = this.recent
    return new ChangesError('CHANGES_GONE', `${what} cannot be continued: ${why}`, {
      position: at,
      oldestZxid,
    })
  }

  slow(position: Position | undefined, why: string): ChangesError {
    this.counters.slow++
    const { oldestZxid } = this.recent
    return new ChangesError('CHANGES_SLOW', `the reader of the change feed is too slow: ${why}`, {
      position: position && showPosition(position),
      oldestZxid,
    })
  }

  #attach(): void {
    this.recent.onAdd = () => {
      if (this.#waiters.size > 0) this.#wake()
    }
  }

  #wake(): void {
    for (const wake of [...this.#waiters]) wake()
  }
}
