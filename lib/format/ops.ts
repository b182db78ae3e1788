/**
 * What a committed transaction does to the state, in order: planners write these, the journal
 * carries them, every replica applies them. They hold absolute values, so that replaying a journal
 * over a newer snapshot ends in the right state.
 */

import type { ByteString } from '../model/byte-string.ts'
import type { Acl } from '../model/request.ts'
import type { Kind } from '../model/znode.ts'

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

export type Op = TreeOp | SessionOp

/**
 * One transaction: one zxid, except moves of a session, which take none (zxid of the one before).
 */
export interface TxnEntry {
  readonly zxid: number
  /** Empty: a write that failed and only took its place in the order. */
  readonly ops: readonly Op[]
}

/** One commit: what one guarded store txn adds to the journal. */
export interface Batch {
  readonly seq: number
  /** The proxy that committed it, and which of its tries it was: they settle an unknown outcome. */
  readonly proxy: string
  readonly attempt: number
  /** zxid of the last transaction up to and including this batch. */
  readonly zxid: number
  /** Write-behind mark after this batch. */
  readonly flushed: number
  /** ms since 1970: ctime and mtime of all its changes. */
  readonly time: number
  /** Its proxy lets others commit next: see commit/turns. */
  readonly passes: boolean
  readonly txns: readonly TxnEntry[]
}
