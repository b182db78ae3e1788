/**
 * The states of every key since the last compaction, oldest first, over a base that holds the
 * newest published ones. Knows revisions, not transactions. Neighbours: key-index.ts, mvcc.ts.
 */
import { compareBytes } from '../../lib/store/bytes.ts'
import type { Key, KeyValue, RangeQuery, Revision } from '../../lib/store/types.ts'
import { KeyIndex } from './key-index.ts'

/**
 * The newest published state of every key, kept elsewhere (on disk). With a base, only what changed
 * since the last compaction is in memory. It may be ahead of what is published, never behind.
 */
export interface MvccBase {
  /** The newest state of one key; undefined: there is none. */
  get(key: Key): KeyValue | undefined
  /** Keys of [start, end), the lowest first. */
  ascend(start: Key, end: Key): Iterable<KeyValue>
  /** Keys of [start, end), the highest first. */
  descend(start: Key, end: Key): Iterable<KeyValue>
}

interface Version {
  readonly revision: Revision
  /** undefined: deleted. */
  readonly kv: KeyValue | undefined
}

/** A key's states, oldest first. Empty only until the first {@link KeyStates.add}. */
export interface KeyHistory {
  readonly key: Key
  versions: Version[]
}

export class KeyStates {
  readonly #base: MvccBase | undefined
  readonly #index = new KeyIndex<KeyHistory>()

  constructor(base: MvccBase | undefined) {
    this.#base = base
  }

  newest(key: Key): KeyValue | undefined {
    const history = this.#index.get(key)
    return history === undefined ? this.#base?.get(key) : history.versions.at(-1)!.kv
  }

  /** The states as of `at`, in the query's order. */
  *range(query: RangeQuery, at: Revision): Generator<KeyValue> {
    const { start, end, descending = false } = query
    if (end === undefined) {
      const history = this.#index.get(start)
      const kv = history === undefined ? this.#base?.get(start) : stateAt(history, at)
      if (kv !== undefined) yield kv
      return
    }
    const recent = descending ? this.#index.descend(start, end) : this.#index.ascend(start, end)
    const base = descending ? this.#base?.descend(start, end) : this.#base?.ascend(start, end)
    for (const { history, kv } of merged(recent, base ?? [], descending)) {
      const state = history === undefined ? kv : stateAt(history, at)
      if (state !== undefined) yield state
    }
  }

  /** The key's history, made if there is none; with its state in the base as the oldest one. */
  historyOf(given: Key): KeyHistory {
    const known = this.#index.get(given)
    if (known !== undefined) return known
    const kv = this.#base?.get(given)
    const versions = kv === undefined ? [] : [{ revision: kv.modRevision, kv }]
    const history: KeyHistory = { key: kv?.key ?? new Uint8Array(given), versions }
    this.#index.insert(history)
    return history
  }

  /** Adds a key's newest state. Returns what removes it; the newest state must be removed first. */
  add(history: KeyHistory, version: Version): () => void {
    history.versions.push(version)
    return () => {
      history.versions.pop()
      if (history.versions.length === 0) this.#index.remove(history.key)
    }
  }

  /**
   * Forgets the states of `keys` that no read at `revision` or later can return. O(keys): those that did not change
   * since the last compaction have none.
   */
  compact(revision: Revision, keys: Iterable<Key>): void {
    for (const key of keys) {
      const history = this.#index.get(key)
      if (history === undefined) continue
      const newest = history.versions.findLastIndex((version) => version.revision <= revision)
      if (newest > 0) history.versions = history.versions.slice(newest)
      const [oldest] = history.versions
      if (history.versions.length > 1 || oldest!.revision > revision) continue
      if (this.#base !== undefined || oldest!.kv === undefined) this.#index.remove(key)
    }
  }
}

function stateAt(history: KeyHistory, revision: Revision): KeyValue | undefined {
  const { versions } = history
  const newest = versions.at(-1)!
  if (newest.revision <= revision) return newest.kv
  return versions.findLast((version) => version.revision <= revision)?.kv
}

/** Two sorted lists as one; of a key in both, only the history counts. */
function* merged(
  recent: Iterable<KeyHistory>,
  base: Iterable<KeyValue>,
  descending: boolean,
): Generator<{ history?: KeyHistory; kv?: KeyValue }> {
  const histories = recent[Symbol.iterator]()
  const kvs = base[Symbol.iterator]()
  let left = histories.next()
  let right = kvs.next()
  try {
    while (!left.done || !right.done) {
      const order = left.done
        ? 1
        : right.done
          ? -1
          : compareBytes(left.value.key, right.value.key) * (descending ? -1 : 1)
      if (order <= 0) yield { history: left.value as KeyHistory }
      else yield { kv: right.value as KeyValue }
      if (order >= 0) right = kvs.next()
      if (order <= 0) left = histories.next()
    }
  } finally {
    histories.return?.()
    kvs.return?.()
  }
}
