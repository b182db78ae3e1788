/**
 * Serves clients while ZooKeeper leads: reads come from the replica, which follows the store; writes, syncs and the life of
 * sessions are the leader's. At the take-over it stops, lets everything be answered, and hands the connected sessions over
 * to this member, which commits what was held meanwhile: no client is disconnected.
 * Line: session → here → leader-link; journal → forwarded-writes → session. Neighbours: hand-over (the other side of a freeze).
 */

import type { Op, TxnEntry } from '../../format/ops.ts'
import type { SourceRecord } from '../../format/source.ts'
import { type CommitTask, OwnTask } from '../../member/commit/task.ts'
import type {
  Upstream,
  UpstreamCounters,
  UpstreamFactory,
  UpstreamHost,
} from '../../member/commit/upstream.ts'
import { ZK_ERRORS } from '../../model/errors.ts'
import type { SyncRequest, WriteRequest } from '../../model/request.ts'
import type { LeaseId } from '../../store/types.ts'
import { PACKET, type QuorumPacket } from '../../transfer/zookeeper/quorum-packet.ts'
import type { Txn } from '../../transfer/zookeeper/txn.ts'
import { outcomeOf } from '../../transfer/zookeeper/txn-outcome.ts'
import { membersOf } from '../host-port.ts'
import { ForwardedWrites } from './forwarded-writes.ts'
import { ForwarderKey } from './forwarder-key.ts'
import { Freeze } from './freeze.ts'
import { forwardedPacket } from './harmless-request.ts'
import { HeldEntries } from './held-entries.ts'
import { HeldTasks } from './held-tasks.ts'
import { isThere } from './is-there.ts'
import { checkAccess, type EnsembleAccess, LeaderLink } from './leader-link.ts'
import { ObserverSessions } from './observer-sessions.ts'
import { PhaseGate } from './phase-gate.ts'
import {
  createSessionPacket,
  readRevalidated,
  revalidatePacket,
  unguarded,
} from './request-packet.ts'
import { Revalidations } from './revalidations.ts'
import { serveTrouble, TroubleWatch, unavailable } from './serve-trouble.ts'
import { SourceLag } from './source-lag.ts'
import { watchSource } from './source-watcher.ts'
import { ZxidWaiters } from './zxid-waiters.ts'

/** Between two looks at the clock: a bound may be passed by so much. Unit: ms. */
const TICK_MS = 250

/** For Keeper.open. Without effect where the tree follows no ensemble. @throws {ZnodeError} ZK_BAD_ARGUMENTS: what is given is refused */
export function serveWhileFollowing(access: EnsembleAccess = {}): UpstreamFactory {
  checkAccess(access)
  return (host) => new ZookeeperUpstream(host, access)
}

class ZookeeperUpstream implements Upstream {
  readonly counters: UpstreamCounters = {
    ...{ forwarded: 0, answered: 0, lost: 0, tooLong: 0, held: 0, heldTooLong: 0 },
    ...{ disconnects: 0, lagged: 0, unreported: 0 },
  }
  readonly #host: UpstreamHost
  readonly #link: LeaderLink
  readonly #writes: ForwardedWrites
  readonly #held: HeldTasks
  readonly #entries: HeldEntries
  readonly #key: ForwarderKey
  readonly #lag: SourceLag
  readonly #ending = new AbortController()
  readonly #gate: PhaseGate
  #record: SourceRecord | undefined
  /** Why there is no leader. */
  #why = 'no leader of the ensemble was found yet'
  /** What the replica must have before anybody is served by this leader. */
  #joinedZxid = Number.POSITIVE_INFINITY
  readonly #troubles: TroubleWatch
  readonly #freeze: Freeze
  readonly #sessions: ObserverSessions
  readonly #revalidations: Revalidations
  readonly #waiters: ZxidWaiters
  #cancelTick: () => void = () => {}
  #watching: Promise<void> = Promise.resolve()

  constructor(host: UpstreamHost, access: EnsembleAccess) {
    this.#host = host
    const { clock, logger, store, layout, proxy } = host
    this.#gate = new PhaseGate(clock, host.replica().mirrors ? 'forwarding' : 'over')
    const zxid = (): number => host.replica().zxid
    this.#lag = new SourceLag(clock, zxid)
    this.#waiters = new ZxidWaiters(zxid)
    this.#held = new HeldTasks(clock)
    this.#entries = new HeldEntries({
      ...{ clock, waitMsMax: host.limits.reportMsMax },
      onUnreported: () => void this.counters.unreported++,
      reported: () => (this.isActive && this.#link.isReady ? this.#link.zxid : undefined),
      onFailed: (error) => host.feedFailed(error),
    })
    this.#troubles = new TroubleWatch({
      logger,
      onTrouble: () => host.troubled(),
      onLag: () => void this.counters.lagged++,
    })
    this.#sessions = new ObserverSessions(clock)
    this.#revalidations = new Revalidations(clock)
    this.#key = new ForwarderKey({
      ...{ store, layout, proxy, clock, logger, signal: this.#ending.signal },
      lease: () => host.lease(),
    })
    this.#writes = new ForwardedWrites({
      ...{ clock, replica: () => host.replica() },
      onAnswered: () => {
        this.counters.answered++
      },
      onLost: (count) => {
        this.counters.lost += count
      },
    })
    this.#freeze = new Freeze({
      ...{ clock, logger, zxid, gate: this.#gate, key: this.#key },
      holdMsMax: host.limits.holdMsMax,
      inFlight: () => this.inFlight,
      sessionCount: () => host.sessionCount(),
      hasLeader: () => this.#link.isReady,
      isHeldBy: (holder) => isThere(store, layout.proxy(holder)),
      sync: (done, failed) => this.#forward(new OwnTask({ type: 'sync', path: '/' }, done, failed)),
      onThaw: () => {
        for (const task of this.#held.take()) this.#forward(task)
      },
    })
    this.#link = new LeaderLink({
      ...{ ...access, clock, logger, zxid },
      members: () => membersOf(this.#record),
      touches: () => this.#sessions.takeTouches(),
      onReady: (joined) => this.#ready(joined),
      onLost: (why) => this.#lost(why),
      onTxn: (txn, bytes) => this.#informed(txn, bytes),
      onPacket: (packet) => this.#packet(packet),
    })
  }

  get isActive(): boolean {
    return this.#gate.phase !== 'over'
  }
  /** The leader has no say any more. */
  get #isTaken(): boolean {
    return this.#gate.phase === 'claiming' || this.#gate.phase === 'over'
  }
  get inFlight(): number {
    return this.#writes.size + this.#revalidations.size
  }
  get isHolding(): boolean {
    return this.#gate.phase === 'frozen' || this.#gate.phase === 'claiming'
  }
  get holding(): number {
    return this.#held.size
  }
  get lagMs(): number {
    return this.#lag.ms
  }

  get trouble(): string | undefined {
    if (this.#gate.phase === 'over' || this.#gate.phase === 'claiming') return undefined
    return serveTrouble({
      record: this.#key.isWritten ? this.#record : undefined,
      leaderless: this.#link.isReady ? undefined : this.#why,
      ...{ zxid: this.#host.replica().zxid, joinedZxid: this.#joinedZxid, lagMs: this.lagMs },
      lagMsMax: this.#host.limits.sourceLagMsMax,
    })
  }

  start(): void {
    if (!this.isActive) return
    const { store, layout, clock, logger, proxy } = this.#host
    logger.info({ proxy }, 'serving clients while the ensemble leads')
    const { signal } = this.#ending
    void this.#key.write({ sessions: 0, freeze: '', zxid: 0 }).then(() => {
      // Read behind our own key: whoever takes over now waits for us, or we see that it has begun.
      const onRecord = (record: SourceRecord | undefined): void => this.#onRecord(record)
      this.#watching = watchSource({ store, layout, clock, logger, signal, onRecord })
    })
    this.#tick()
  }

  leased(lease: LeaseId): Promise<void> {
    return this.#key.leased(lease)
  }

  async close(): Promise<void> {
    this.#ending.abort()
    this.#cancelTick()
    this.#failAll('this proxy stops')
    this.#gate.set('over')
    await Promise.all([this.#link.close(), this.#watching, this.#key.remove()])
  }

  // What sessions want

  submit(task: CommitTask): void {
    if (this.#gate.phase !== 'forwarding') {
      this.counters.held++
      return this.#held.add(task)
    }
    this.#forward(task)
  }

  #forward(task: CommitTask): void {
    const request = unguarded(task.request as WriteRequest | SyncRequest)
    const session = task.session?.id ?? 0n
    const isMalformed = request.type === 'fail' && request.errno === ZK_ERRORS.MARSHALLING.errno
    // What this process answers itself, in the session's order.
    if (request.type === 'fail' && !isMalformed) {
      return this.#writes.add(task, session, { errno: request.errno })
    }
    if (!this.#link.isReady) return task.abandoned(unavailable(this.#why))
    if (!this.#link.knows(request)) {
      return this.#writes.add(task, session, { errno: ZK_ERRORS.UNIMPLEMENTED.errno })
    }
    const asked = { session, cxid: task.cxid ?? 0, ids: task.caller?.ids ?? [] }
    const packet = forwardedPacket(request, asked, this.#link.hasConfig)
    if (!this.#link.takes(packet)) {
      this.counters.tooLong++
      return task.abandoned(unavailable('the request is longer than the ensemble takes'))
    }
    this.counters.forwarded++
    this.#writes.add(task, session)
    this.#link.send(packet)
  }

  async open(timeoutMs: number): Promise<bigint | undefined> {
    if (!(await this.#thawed())) return undefined
    const id = this.#sessions.nextId(this.#link.sid)
    this.counters.forwarded++
    const opened = this.#writes.expectSession(id)
    this.#link.send(createSessionPacket(id, timeoutMs))
    await opened
    return id
  }

  async revalidate(id: bigint, timeoutMs: number): Promise<boolean | undefined> {
    // It writes nothing, so it need not wait for a take-over, during which the session could end.
    const isFrozen = this.#gate.phase === 'frozen' && this.#link.isReady
    if (!isFrozen && !(await this.#thawed())) return undefined
    const answer = this.#revalidations.expect(id)
    this.#link.send(revalidatePacket(id, timeoutMs))
    const isValid = await answer
    if (isValid === true) await this.#waiters.until(this.#link.zxid)
    return this.#isTaken ? undefined : isValid
  }

  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.submit(new OwnTask({ type: 'sync', path: '/' }, () => resolve(), reject))
    })
  }

  touched(id: bigint, timeoutMs: number): void {
    if (this.isActive) this.#sessions.touched(id, timeoutMs)
  }

  /** false: it is over. @throws {StoreError} there is no leader, or the freeze lasts too long */
  async #thawed(): Promise<boolean> {
    const isSettled = await this.#gate.untilSettled(this.#host.limits.holdMsMax)
    if (!isSettled) throw unavailable('the take-over lasts too long')
    if (this.#gate.phase === 'over') return false
    if (!this.#link.isReady) throw unavailable(this.#why)
    return true
  }

  // What the leader says

  #ready(joined: number): void {
    this.#joinedZxid = joined
    this.#lag.committed(joined)
    this.#entries.release()
    this.#judge()
  }

  #lost(why: string): void {
    this.#why = `no leader of the ZooKeeper ensemble: ${why}`
    if (this.#joinedZxid !== Number.POSITIVE_INFINITY) this.counters.disconnects++
    this.#joinedZxid = Number.POSITIVE_INFINITY
    this.#failAll(this.#why)
    this.#entries.release()
    this.#judge()
    this.#freeze.look()
  }

  #informed(txn: Txn, bytes: Buffer): void {
    this.#lag.committed(txn.zxid)
    this.#writes.informed(txn.clientId, txn.cxid, outcomeOf(txn, bytes))
    this.#entries.release()
    this.#freeze.look()
  }

  #packet(packet: QuorumPacket): void {
    if (packet.type === PACKET.sync) this.#writes.synced(this.#link.zxid)
    else {
      const { session, isValid } = readRevalidated(packet)
      this.#revalidations.answered(session, isValid)
    }
    this.#freeze.look()
  }

  /** Nobody knows what becomes of it. */
  #failAll(why: string): void {
    this.#writes.loseAll(why)
    this.#revalidations.loseOlderThan(Number.NEGATIVE_INFINITY, why)
    this.#waiters.giveUp()
  }

  // What the journal says

  begins(txn: TxnEntry): boolean {
    return this.isActive && this.#writes.begins(txn)
  }
  applied(op: Op): void {
    this.#writes.applied(op)
  }
  ended(): void {
    this.#writes.ended()
  }

  receive(entry: Uint8Array, apply: () => void): void {
    this.#entries.receive(entry, () => {
      apply()
      this.#applied()
    })
  }
  reloaded(): void {
    this.#entries.clear()
    this.#applied()
  }

  #applied(): void {
    if (!this.isActive) return
    this.#writes.settleSyncs()
    this.#waiters.look()
    const { mirrors } = this.#host.replica()
    if (!mirrors) {
      if (this.#gate.phase !== 'claiming') void this.#takeOver()
    } else this.#freeze.look()
  }

  // Take-over

  #onRecord(record: SourceRecord | undefined): void {
    this.#record = record
    if (record === undefined || !this.isActive || this.#gate.phase === 'claiming') return
    this.#freeze.seen(record.freeze ?? '')
    this.#link.start()
    this.#judge()
  }

  async #takeOver(): Promise<void> {
    const { logger, clock } = this.#host
    const sinceMs = clock.monotonic()
    this.#gate.set('claiming')
    this.#revalidations.giveBack()
    // Only where nobody had waited for us.
    this.#failAll('the tree was taken over before the leader had answered')
    const sessions = this.#host.sessionCount()
    try {
      await this.#host.claimSessions()
    } finally {
      this.#gate.set('over')
      this.#cancelTick()
      for (const task of this.#held.take()) this.#host.commit(task)
    }
    const ms = Math.round(clock.monotonic() - sinceMs)
    logger.info({ sessions, ms }, 'the tree is taken over: its sessions are ours')
    this.#ending.abort()
    await Promise.all([this.#link.close(), this.#key.remove()])
  }

  // The clock

  #tick(): void {
    this.#cancelTick = this.#host.clock.after(TICK_MS, () => {
      if (!this.isActive) return
      this.#tick()
      const { limits } = this.#host
      for (const sent of [this.#writes, this.#revalidations]) {
        sent.loseOlderThan(limits.forwardMsMax, 'the leader did not answer in time')
      }
      for (const task of this.#held.takeOlderThan(limits.holdMsMax)) {
        this.counters.heldTooLong++
        task.abandoned(unavailable('the take-over lasts too long'))
      }
      this.#entries.release()
      // Where the feed was late, the committer has read the journal without us.
      this.#applied()
      this.#judge()
    })
  }

  /** Disconnects all clients when there is a reason that was not there before. */
  #judge(): void {
    const isLagging = this.#link.isReady && this.lagMs > this.#host.limits.sourceLagMsMax
    this.#troubles.look(this.trouble, isLagging)
  }
}
