/**
 * What a committed transaction does to the state, in order: planners write these, the journal
 * carries them, every replica applies them. They hold absolute values, so that replaying a journal
 * over a newer snapshot ends in the right state.
 */

import type { ByteString } from '../model/byte-string.ts'
import type { Acl } from '../model/request.ts'
import type { Kind } from '../model/znode.ts'
import type { Digest } from './digest.ts'

export type TreeOp =
  | {
      readonly type: 'create'
      readonly path: string
      readonly data: ByteString | null
      readonly acl: readonly Acl[]
      readonly ephemeralOwner: bigint
      readonly kind: Kind
      readonly ttlMs: number
      /** The parent's create counter afterwards. */
      readonly parentCreates: number
    }
  | { readonly type: 'delete'; readonly path: string }
  | {
      readonly type: 'setData'
      readonly path: string
      readonly data: ByteString | null
      readonly version: number
    }
  | {
      readonly type: 'setACL'
      readonly path: string
      readonly acl: readonly Acl[]
      readonly aversion: number
    }

export type SessionOp =
  | {
      readonly type: 'createSession'
      readonly id: bigint
      readonly timeoutMs: number
      readonly passwordDigest: string
      readonly owner: string
    }
  | {
      readonly type: 'moveSession'
      readonly id: bigint
      readonly owner: string
      readonly fence: number
    }
  /**
   * Removes the session and every ephemeral it owns, under one zxid. The paths are named: a replay
   * may find the znodes gone already, but must still set their parents' pzxid.
   */
  | { readonly type: 'closeSession'; readonly id: bigint; readonly paths: readonly string[] }
  /**
   * The same, where the paths are too many to be named: those that it owns by then, in the order of their UTF-16
   * code units. From format 3 on. A parent's child record is written no later than its ephemeral is removed, so a
   * replay misses no pzxid.
   */
  | { readonly type: 'endSession'; readonly id: bigint }

/**
 * History went back, and an epoch begins here: what came after `lastZxid` before it is lost. Takes a zxid,
 * the first of its epoch.
 */
export interface EpochOp {
  readonly type: 'newEpoch'
  /** The newest zxid that is known to be part of this history; 0: none is. */
  readonly lastZxid: number
}

export type Op = TreeOp | SessionOp | EpochOp

/**
 * One transaction: one zxid, except moves of a session, which take none (zxid of the one before).
 */
export interface TxnEntry {
  readonly zxid: number
  readonly takesZxid: boolean
  /** ms since 1970: ctime and mtime of what it changes. Entries before format 3 have one for all. */
  readonly time: number
  /** Whose request it is, and that one's number; 0n and 0 where none is, and before format 3. */
  readonly session: bigint
  readonly cxid: number
  /** Empty: a write that failed and only took its place in the order. */
  readonly ops: readonly Op[]
}

/** What the tree was after batch `seq`, for replicas to compare. Source of the idea: ZooKeeper 3.6. */
export interface TreeCheck {
  readonly seq: number
  readonly znodes: number
  /** See tree/tree-digest. */
  readonly digest: Digest
}

/** One commit: what one guarded store txn adds to the journal. */
export interface Batch {
  /** 1 and 2 are of versions before 0.2. */
  readonly format: number
  readonly seq: number
  /** Digest of entry `seq` - 1; undefined: not known, which only formats before 3 may. */
  readonly previous: Digest | undefined
  /** Who committed it, and which of its tries it was: how an unknown outcome is found out. */
  readonly proxy: string
  readonly attempt: number
  /** zxid of the last transaction up to and including this batch. */
  readonly zxid: number
  /** Write-behind mark after this batch. */
  readonly flushed: number
  /** ms since 1970, when it was planned. */
  readonly time: number
  /** Its proxy lets others commit next: see commit/turns. */
  readonly passes: boolean
  readonly check: TreeCheck | undefined
  /** After it the tree still follows a ZooKeeper ensemble: see format/source. Absent: it does not. */
  readonly mirrors?: true
  readonly txns: readonly TxnEntry[]
}
