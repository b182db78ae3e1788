/**
 * What the change feed says: pages of a snapshot, then one record for each committed transaction. Neighbours:
 * member/changes (makes them), client/cache (applies them).
 */
import type { Acl, Stat } from './request.ts'

/** A znode as a snapshot has it. */
export interface SnapshotZnode {
  /** Full path. */
  readonly path: string
  /** null: it has none, which is not the same as no bytes. Absent with `withoutData`. */
  readonly data?: Uint8Array | null
  /** As it is stored: digests are not masked. */
  readonly acl: readonly Acl[]
  /** As `exists()` would return it. */
  readonly stat: Stat
  /** An ephemeral is `plain`, with an owner in its Stat. */
  readonly kind: ChangeKind
  /** Of a TTL znode, ms; else 0. */
  readonly ttlMs: number
  /** Creates ever made below it: the sequence counter. */
  readonly creates: number
  /** true: its stored record cannot be read, so only its place in the tree is known. */
  readonly unreadable?: true
}

/** An ephemeral znode is `plain`, with an owner. */
export type ChangeKind = 'plain' | 'container' | 'ttl'

/** What one transaction did, in its order. The values are those after it, so applying an op twice does no harm. */
export type ChangeOp =
  | {
      readonly op: 'create'
      readonly path: string
      /** Absent with `withoutData`. */
      readonly data?: Uint8Array | null
      readonly dataLength: number
      readonly acl: readonly Acl[]
      /** Session of an ephemeral, else 0n. */
      readonly ephemeralOwner: bigint
      readonly kind: ChangeKind
      /** Of a TTL znode, ms; else 0. */
      readonly ttlMs: number
      /** Creates ever made below the parent, this one included. */
      readonly parentCreates: number
    }
  /** An ephemeral whose session ended has one as well. */
  | { readonly op: 'delete'; readonly path: string }
  | {
      readonly op: 'setData'
      readonly path: string
      /** Absent with `withoutData`. */
      readonly data?: Uint8Array | null
      readonly dataLength: number
      readonly version: number
    }
  | {
      readonly op: 'setACL'
      readonly path: string
      readonly acl: readonly Acl[]
      readonly aversion: number
    }
  /** Only with `withSessions`, as the two below. `owner`: the proxy that serves it. */
  | {
      readonly op: 'createSession'
      readonly id: bigint
      readonly timeoutMs: number
      readonly owner: string
    }
  | { readonly op: 'moveSession'; readonly id: bigint; readonly owner: string }
  /** Before the deletes of its ephemerals. */
  | { readonly op: 'closeSession'; readonly id: bigint }

/**
 * A part of the tree as it was at `zxid`, which is the same in all pages of a snapshot. Each znode comes once, in no
 * particular order.
 */
export interface SnapshotPage {
  /** Which record it is. */
  readonly kind: 'snapshot'
  /** Of the snapshot. */
  readonly zxid: number
  /** Some of its znodes. */
  readonly znodes: readonly SnapshotZnode[]
}

/** The snapshot is complete. What follows came after it. */
export interface SnapshotEnd {
  /** Which record it is. */
  readonly kind: 'live'
  /** Of the snapshot. */
  readonly zxid: number
  /** Where a feed resumes behind the snapshot. */
  readonly position: string
}

/** One committed transaction; a multi is one, and so is the end of a session. */
export interface Change {
  /** Which record it is. */
  readonly kind: 'change'
  /** Of the transaction. */
  readonly zxid: number
  /** ms since 1970: ctime and mtime of what it changed. */
  readonly time: number
  /** Whose request it was; 0n: none of a client, or not known (of a member before 0.2). */
  readonly session: bigint
  /** That client's number for the request; 0 where session is 0n. */
  readonly cxid: number
  /** What it did, in its order. */
  readonly ops: readonly ChangeOp[]
  /** Where a feed resumes behind this transaction. */
  readonly position: string
}

/** Nothing of interest up to here: the position moves all the same. */
export interface Bookmark {
  /** Which record it is. */
  readonly kind: 'bookmark'
  /** Everything up to it was seen. */
  readonly zxid: number
  /** Where a feed resumes. */
  readonly position: string
}

/** A record of the change feed. */
export type ChangeRecord = SnapshotPage | SnapshotEnd | Change | Bookmark

/** Options of the change feed. */
export interface ChangesOptions {
  /**
   * The `position` of a record: the feed resumes behind it. Absent: it begins with a snapshot. A position holds on every
   * member, across restarts, for as long as the history behind it is kept.
   */
  readonly from?: string | undefined
  /** This path and all below it. A path, without a slash at its end. @default "/" */
  readonly prefix?: string
  /** Leave data out. @default false */
  readonly withoutData?: boolean
  /** Sessions that are opened, moved and closed, too. The snapshot does not list those that are open. @default false */
  readonly withSessions?: boolean
  /** Ends the iteration without an error. */
  readonly signal?: AbortSignal
}

/** Whatever has a change feed: a Keeper, or a ZooKeeper. */
export interface ChangesSource {
  /** As {@link Keeper.changes}. */
  changes(options?: ChangesOptions): AsyncIterableIterator<ChangeRecord>
}
