/**
 * What a ZooKeeper ensemble commits, event by event, to whoever follows it: a snapshot, then every transaction in order.
 * The contract between the two halves of this room: source-feed-learner.ts produces it, the mirror consumes it.
 */
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { ClientTls } from '../client/tls-options.ts'
import type { Server } from '../client/wire/server-list.ts'
import type { ZookeeperTree } from '../transfer/zookeeper/tree.ts'
import type { Txn } from '../transfer/zookeeper/txn.ts'
import type { KnownTxn } from './known-txn.ts'
import type { MemberAddresses } from './quorum-config.ts'
import type { SourceBounds } from './source-bounds.ts'

/** A server’s address: name or IP address, an IPv6 address without brackets, and a port. */
export type HostPort = Server

export type SourceEvent =
  /** Where members may be reached, as the ensemble says: when it is known, and when it changes. */
  | { readonly kind: 'members'; readonly addresses: MemberAddresses }
  /** The leader has accepted us. `leader`: host:port that we are connected to. `epoch`: the one that it leads. */
  | { readonly kind: 'connected'; readonly leader: string; readonly epoch: number }
  /**
   * The whole tree, which belongs to the consumer from now on. What changed while it was written is replayed. Where
   * the source computes digests (3.6 and later), the newest of them was equal, or none has come yet.
   */
  | { readonly kind: 'snapshot'; readonly tree: ZookeeperTree }
  /** The source has nothing behind this zxid of what we have, as one that was restored: what follows continues from here. */
  | { readonly kind: 'truncate'; readonly zxid: number }
  /**
   * Committed, in order, each zxid greater than the one before; those that failed too, with op `error` or no ops.
   * `atMs`: when the last of them arrived, clock.now().
   */
  | { readonly kind: 'transactions'; readonly txns: readonly Txn[]; readonly atMs: number }
  /**
   * All that the source had committed when it sent this was delivered. `zxid`: the newest that the leader had
   * proposed, as far as known; not everything that is proposed is committed. `atMs`: when it arrived, clock.now().
   */
  | { readonly kind: 'current'; readonly zxid: number; readonly atMs: number }
  /**
   * `why`: a sentence without full stop. The feed reconnects by itself, with a back-off. `left`: it was we who ended it, and
   * the source may commit more.
   */
  | { readonly kind: 'disconnected'; readonly why: string; readonly left?: boolean }

/** Live: each read gives the present value. */
export interface SourceFeedCounters {
  /** Connections that a leader accepted. */
  readonly connects: number
  /** Connections that ended, and attempts that failed. */
  readonly disconnects: number
  /** Snapshots delivered. */
  readonly snapshots: number
  /** Transactions delivered as such, not those replayed into a snapshot. */
  readonly transactions: number
  /** Snapshots of which a digest was equal before they were delivered. */
  readonly snapshotsProved: number
  /** Times that a consumer let the buffer reach its bound. */
  readonly overflows: number
  /** Delivered events that wait for the consumer. Unit: bytes, as estimated. */
  readonly bufferBytes: number
  /** The most that ever waited. Unit: bytes. */
  readonly bufferBytesPeak: number
  /** Heartbeats of leaders. */
  readonly pings: number
  /** Bytes received from leaders. */
  readonly bytes: number
  /** The newest zxid that was received; 0: none. */
  readonly zxid: number
  /** The newest zxid that the leader said it had proposed; 0: none. */
  readonly leaderZxid: number
  /** Times that the members of the ensemble changed while it was followed. */
  readonly memberChanges: number
  /** Times that a leader had lost what we have. */
  readonly truncates: number
  /** Connections that ended because nothing came in time. */
  readonly silences: number
  /** Servers that closed without an answer. */
  readonly unanswered: number
  /** Connections that ended because of what came: no protocol that is known, a bound of it, or a snapshot without its digest. */
  readonly malformed: number
}

/**
 * Iterate it once. Ends when it is closed; throws SourceError where no retry can help: SOURCE_UNSUPPORTED at any time,
 * SOURCE_REFUSED before it was ever connected.
 */
export interface SourceFeed extends AsyncIterable<SourceEvent> {
  readonly counters: SourceFeedCounters
  /** Leaves the ensemble. What is buffered is dropped, and the iteration ends. May be called more than once. */
  close(): Promise<void>
}

/** A login for servers with `quorum.auth.enableSasl`: DIGEST-MD5. */
export interface QuorumSasl {
  readonly user: string
  readonly password: string
}

/** Bounds: those that are missing are of {@link SOURCE_BOUNDS}. */
export interface SourceFeedOptions extends Partial<SourceBounds> {
  /** Client addresses of the ensemble; one that answers is enough. */
  readonly servers: readonly HostPort[]
  /** Quorum addresses of its members, instead of looking for them. */
  readonly quorum?: readonly HostPort[]
  /** The last zxid that the consumer has; 0: none, a snapshot comes. */
  readonly from: number
  /** That transaction: an ensemble that has another one of its zxid has lost it. @default it is believed to have the same */
  readonly known?: KnownTxn | undefined
  /** TLS between the servers (`sslQuorum`), which want our certificate. @default none */
  readonly tls?: ClientTls
  /** TLS of the client ports, for looking for the members. @default none */
  readonly clientTls?: ClientTls
  /** @default none */
  readonly sasl?: QuorumSasl
  /** The server id that we claim: one that no member has, 1 to 254. @default {@link SOURCE_SID} */
  readonly sid?: number
  readonly logger: Logger
  /** @default the system’s */
  readonly clock?: Clock
}

/** Our server id, as a member of the ensemble, unless given. */
export const SOURCE_SID = 254
