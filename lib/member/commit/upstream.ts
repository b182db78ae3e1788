/**
 * Who decides writes and sessions while the tree follows a ZooKeeper ensemble: this member serves its clients from its replica
 * and forwards the rest. The contract between the member and lib/migrate/serve, which fulfils it.
 * Neighbours: session/session-manager, session/session (submits), keeper (wires it).
 */
import type { Clock } from '../../base/clock.ts'
import type { KeeperLimits } from '../../base/limits.ts'
import type { Logger } from '../../base/log.ts'
import type { Layout } from '../../format/layout.ts'
import type { MetadataStore } from '../../store/metadata-store.ts'
import type { LeaseId } from '../../store/types.ts'
import { type Replica, STANDBY, type TxnObserver } from '../tree/replica.ts'
import type { CommitTask } from './task.ts'

export interface UpstreamCounters {
  /** Requests sent to the leader: writes, syncs, starts of sessions. */
  forwarded: number
  /** Of those, answered. */
  answered: number
  /** Outcome unknown: the leader was lost, or did not answer in time. Their clients were disconnected. */
  lost: number
  /** Longer than the ensemble takes: not sent, their clients were disconnected. */
  tooLong: number
  /** Held while the tree was taken over. */
  held: number
  /** Of those, longer than may be: their clients were disconnected, and nothing was sent. */
  heldTooLong: number
  /** Connections to a leader that ended. */
  disconnects: number
  /** How often the store was too far behind the ensemble to serve from it. */
  lagged: number
  /** Entries of the journal that were taken after reportMsMax, before the leader had reported them. */
  unreported: number
}

export interface Upstream extends TxnObserver {
  /** false: writes are committed to the store as ever. */
  readonly isActive: boolean
  /** Why nobody is served, a sentence without full stop; undefined: they are. */
  readonly trouble: string | undefined
  readonly counters: Readonly<UpstreamCounters>
  /** Sent, and not answered yet. */
  readonly inFlight: number
  /** Waits for the end of a take-over. */
  readonly holding: number
  /** A take-over is in progress: what comes is held. */
  readonly isHolding: boolean
  /** How long the oldest transaction waits that the ensemble has committed and the replica has not, ms. */
  readonly lagMs: number
  start(): void
  /** The member is about to be listed on this lease: what says that it forwards lives as long. @throws {StoreError} */
  leased(lease: LeaseId): Promise<void>
  /** A write or sync of a session, in its order. */
  submit(task: CommitTask): void
  /**
   * Opens a session. Resolves with its id when the replica has it; undefined: the tree is taken over meanwhile.
   * @throws {StoreError} it is not known whether there is one
   */
  open(timeoutMs: number): Promise<bigint | undefined>
  /**
   * Moves a session here. Resolves when the replica has all that the leader had committed by then. false: it has
   * ended; undefined: the tree is taken over meanwhile. @throws {StoreError} the leader did not answer
   */
  revalidate(id: bigint, timeoutMs: number): Promise<boolean | undefined>
  /** Resolves when the replica has everything that was acknowledged before the call. @throws {StoreError} */
  sync(): Promise<void>
  /** The client of a session has sent something. */
  touched(id: bigint, timeoutMs: number): void
  /**
   * An entry of the journal came: applies it, now or in a moment, behind all before it.
   * @throws what `apply` throws now
   */
  receive(entry: Uint8Array, apply: () => void): void
  /** The replica was reloaded: what was held is in it. */
  reloaded(): void
  /** Leaves. */
  close(): Promise<void>
}

/** The member, as its upstream sees it. */
export interface UpstreamHost {
  readonly store: MetadataStore
  readonly layout: Layout
  readonly proxy: string
  readonly clock: Clock
  readonly logger: Logger
  readonly limits: KeeperLimits
  /** On which the member is listed: what it writes of itself lives as long. */
  lease(): LeaseId
  replica(): Replica
  /** Sessions connected here. */
  sessionCount(): number
  /** There is a reason now why nobody is served: all clients are to be disconnected. */
  troubled(): void
  /** An entry that was held cannot be applied: the tree is to be reloaded. */
  feedFailed(error: Error): void
  /** After a take-over: the connected sessions become this member's. */
  claimSessions(): Promise<void>
  /** Commits what was held. */
  commit(task: CommitTask): void
}

export type UpstreamFactory = (host: UpstreamHost) => Upstream

/** Why nobody may be served while the tree follows a ZooKeeper ensemble; undefined: they may. */
export function standbyOf(
  { mirrors }: Replica,
  upstream: Upstream | undefined,
): string | undefined {
  if (!mirrors) return undefined
  return upstream === undefined ? STANDBY : upstream.trouble
}
