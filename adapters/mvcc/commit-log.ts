/**
 * What each revision changed since the last compaction: watches read it. Bounded by its bytes.
 * Neighbour: mvcc.ts.
 */
import type { Key, Revision, StoreEvent } from '../../lib/store/types.ts'

/** What one revision changed, in key order. */
export interface Commit {
  readonly revision: Revision
  readonly events: readonly StoreEvent[]
}

/** Bytes of one event's objects beside its key and value, about. */
const EVENT_OVERHEAD_BYTES = 200

export class CommitLog {
  /** One commit a revision without gaps, so a position is arithmetic. */
  #commits: Commit[] = []
  #bytes = 0

  /** Roughly what the log takes in memory. Unit: bytes. */
  get bytes(): number {
    return this.#bytes
  }

  get count(): number {
    return this.#commits.length
  }

  /** `commit.revision` follows the newest one in the log. */
  append(commit: Commit): void {
    this.#commits.push(commit)
    this.#bytes += commitBytes(commit)
  }

  /** Commits of revisions in [from, to], at most `countMax`. */
  read(from: Revision, to: Revision, countMax: number): readonly Commit[] {
    const first = this.#commits[0]?.revision ?? to + 1
    const at = Math.max(0, from - first)
    const end = Math.min(at + countMax, to + 1 - first)
    return end <= at ? [] : this.#commits.slice(at, end)
  }

  dropAfter(revision: Revision): void {
    while ((this.#commits.at(-1)?.revision ?? 0) > revision) {
      this.#bytes -= commitBytes(this.#commits.pop()!)
    }
  }

  /** @returns the keys of what was dropped */
  dropBefore(revision: Revision): Set<Key> {
    const kept = this.#commits.findIndex((commit) => commit.revision >= revision)
    const dropped = this.#commits.splice(0, kept < 0 ? this.#commits.length : kept)
    const keys = new Set<Key>()
    for (const commit of dropped) {
      this.#bytes -= commitBytes(commit)
      // Events of a key share one array, mostly.
      for (const event of commit.events) keys.add(event.type === 'put' ? event.kv.key : event.key)
    }
    return keys
  }

  /**
   * The newest revision to drop so that at most `bytesMax` in at most `commitsMax` are left; undefined: none is
   * in the log.
   */
  excess(bytesMax: number, commitsMax: number): Revision | undefined {
    let bytes = this.#bytes
    let left = this.#commits.length
    return this.#commits.find((commit) => {
      bytes -= commitBytes(commit)
      left--
      return bytes <= bytesMax && left <= commitsMax
    })?.revision
  }
}

function commitBytes({ events }: Commit): number {
  let bytes = 0
  for (const event of events) {
    bytes += EVENT_OVERHEAD_BYTES
    bytes += event.type === 'put' ? event.kv.key.length + event.kv.value.length : event.key.length
  }
  return bytes
}
