/**
 * The life of sessions on this proxy: opening, resuming, liveness, expiry. A session that this
 * proxy owns expires when its client was silent for its timeout; a session of a vanished proxy,
 * when no client resumed it in time. Both end by a journaled close, which any proxy may propose;
 * the first one wins. The why: DESIGN.md beside this file. Line: handshake → here → plan/session.
 */
import type { Clock, Random } from '../../base/clock.ts'
import type { KeeperLimits } from '../../base/limits.ts'
import type { Logger } from '../../base/log.ts'
import type { ProxyRecord, SessionRecord } from '../../format/record.ts'
import { StoreError, ZK_ERRORS } from '../../model/errors.ts'
import type { AuthId } from '../../model/request.ts'
import { commitOwn } from '../commit/task.ts'
import type { Planned } from '../plan/planned.ts'
import type { SessionRequest } from '../plan/session.ts'
import { type SessionObserver, STANDBY } from '../tree/replica.ts'
import { ExpiryTicks } from './expiry-ticks.ts'
import { attend, claimSessions, openForwarded, resumeForwarded } from './forwarded-sessions.ts'
import { Orphans } from './orphans.ts'
import {
  isClaim,
  leaveMoved,
  type OpenedSession,
  type OwnedSession,
  ownedSession,
} from './owned-session.ts'
import { PASSWORD_BYTES, passwordDigest, SessionIds, samePassword } from './password.ts'
import { Remains } from './remains.ts'
import { Session, type SessionHost, type SessionSink } from './session.ts'
import { Stall } from './stall.ts'
import { zookeeperPassword } from './zookeeper-password.ts'

export class SessionManager implements SessionObserver {
  readonly #host: SessionHost
  readonly #proxy: string
  readonly #limits: KeeperLimits
  readonly #clock: Clock
  readonly #random: Random
  readonly #logger: Logger
  readonly #ids: SessionIds
  readonly #owned = new Map<bigint, OwnedSession>()
  readonly #orphans = new Orphans()
  readonly #remains: Remains
  #suspended: boolean
  /** When serving began last, monotonic ms. */
  #servedFromMs = Number.NEGATIVE_INFINITY
  readonly #ticks: ExpiryTicks
  /** When silence was judged last with all pauses counted, monotonic ms. */
  #expiredMs = Number.NEGATIVE_INFINITY
  #isAlive: (proxy: string) => boolean = () => true
  expiredCount = 0

  constructor(options: {
    host: SessionHost
    proxy: string
    limits: KeeperLimits
    clock: Clock
    random: Random
    logger: Logger
  }) {
    this.#host = options.host
    this.#proxy = options.proxy
    this.#limits = options.limits
    this.#clock = options.clock
    this.#random = options.random
    this.#logger = options.logger
    this.#ids = new SessionIds(options.clock, options.random)
    this.#remains = new Remains(options.random, options.limits.tickTimeMs)
    this.#ticks = new ExpiryTicks({
      ...{ clock: options.clock, tickTimeMs: options.limits.tickTimeMs },
      stall: new Stall(options.host.committer),
      check: () => options.host.checkStore(),
      pause: (ms) => this.pause(ms),
      expire: (now) => this.#expire(now),
    })
    // The ensemble that the tree follows ends its own sessions.
    this.#suspended = options.host.replica.mirrors
  }

  /** Sessions found at load: those of proxies that are gone get their whole timeout from now. */
  start(alive: (proxy: string) => boolean): void {
    this.#isAlive = alive
    for (const record of this.#host.replica.sessions.values()) {
      if (!alive(record.owner)) this.#orphans.add(record, this.#clock.monotonic())
    }
    this.#ticks.start()
  }

  stop(): void {
    this.#ticks.stop()
    for (const { connection } of this.#owned.values()) connection?.end('stopping')
    this.#owned.clear()
  }

  /** Connected sessions of this proxy. */
  *connections(): IterableIterator<Session> {
    for (const { connection } of this.#owned.values()) if (connection) yield connection
  }

  /** H3: the timeout a client gets. */
  clampTimeout(requestedMs: number): number {
    const { sessionTimeoutMsMin: min, sessionTimeoutMsMax: max } = this.#limits
    return Math.min(Math.max(requestedMs, min), max)
  }

  /**
   * Opens a session.
   * @throws {StoreError} the committer closed, or the tree was reloaded, before the outcome was known
   */
  async open(
    requestedTimeoutMs: number,
    sink: SessionSink,
    ids: readonly AuthId[],
  ): Promise<OpenedSession> {
    const { replica, upkeep } = this.#host
    const timeoutMs = this.clampTimeout(requestedTimeoutMs)
    const forwarded = await openForwarded(this.#host.upstream, timeoutMs)
    if (forwarded !== undefined) {
      const session = this.#attachForwarded(forwarded, sink, ids, timeoutMs)
      if (session !== undefined) return { session, password: zookeeperPassword(forwarded) }
    }
    if (replica.mirrors) throw new StoreError('STORE_UNAVAILABLE', STANDBY)
    const drawn = this.#random.bytes(PASSWORD_BYTES)
    for (;;) {
      const id = this.#ids.next()
      const password = upkeep.source.hasWayBack ? zookeeperPassword(id) : drawn
      const digest = passwordDigest(password)
      let session: Session | undefined
      await this.#commit(
        { type: 'openSession', id, timeoutMs, passwordDigest: digest, owner: this.#proxy },
        (planned) => {
          if (typeof planned !== 'number') session = this.#attach(id, sink, ids)
        },
      )
      if (session !== undefined) return { session, password }
    }
  }

  /** undefined: it has ended. */
  #attachForwarded(
    id: bigint,
    sink: SessionSink,
    ids: readonly AuthId[],
    timeoutMs: number,
  ): Session | undefined {
    const record = this.#host.replica.sessions.get(id)
    if (record !== undefined && !this.#owned.has(id)) this.#own(record)
    return this.#attach(id, sink, ids, timeoutMs)
  }

  /** After a take-over: the connected sessions become ours. Whoever is not connected has its whole timeout. */
  claim(): Promise<void> {
    this.unsuspend()
    return claimSessions({
      ...{ owned: this.#owned, sessions: this.#host.replica.sessions, proxy: this.#proxy },
      commit: (request, done) => this.#commit(request, done),
    })
  }

  /**
   * Through the log, also where this proxy has the session: only the log knows whether it lives.
   * undefined: there is no such session (any more), or the password is wrong, or its client has seen a
   * history that is lost: then the session ends. The timeout is
   * renegotiated, as by ZooKeeper; without `requestedTimeoutMs` it stays. (If the proxy vanishes after that,
   * the session has the timeout it was opened with until its client reconnects.)
   */
  async resume(
    id: bigint,
    password: Uint8Array,
    sink: SessionSink,
    ids: readonly AuthId[],
    options: { readonly requestedTimeoutMs?: number; readonly lastZxidSeen?: number } = {},
  ): Promise<Session | undefined> {
    const { requestedTimeoutMs, lastZxidSeen = 0 } = options
    if (this.#host.replica.isLost(lastZxidSeen)) return this.#endLost(id, password, lastZxidSeen)
    const timeoutMs = this.clampTimeout(requestedTimeoutMs ?? 0)
    const lives = await resumeForwarded(this.#host.upstream, id, password, timeoutMs)
    if (lives === false) return undefined
    if (lives === true) return this.#attachForwarded(id, sink, ids, timeoutMs)
    let session: Session | undefined
    await this.#commit(
      {
        type: 'moveSession',
        id,
        passwordDigest: passwordDigest(password),
        owner: this.#proxy,
      },
      (planned) => {
        // An epoch may have begun before it.
        if (typeof planned === 'number' || this.#host.replica.isLost(lastZxidSeen)) return
        session = this.#attach(id, sink, ids, requestedTimeoutMs)
      },
    )
    if (this.#host.replica.isLost(lastZxidSeen)) return this.#endLost(id, password, lastZxidSeen)
    return session
  }

  /** What its client believes is not so any more: it must notice, and begin again. */
  #endLost(id: bigint, password: Uint8Array, lastZxidSeen: number): undefined {
    const record = this.#host.replica.sessions.get(id)
    if (record === undefined || !samePassword(record.passwordDigest, password)) return
    this.#logger.warn(
      { session: `0x${id.toString(16)}`, lastZxidSeen },
      'the client has seen a history that is lost, ending its session',
    )
    this.#proposeEnd(record, () => {})
  }

  /** The client sent something, be it a ping. */
  touch(session: Session): void {
    const owned = this.#owned.get(session.id)
    if (owned?.connection !== session) return
    owned.lastSeenMs = this.#clock.monotonic()
    this.#host.upstream?.touched(session.id, session.timeoutMs)
  }

  /** The client's connection is gone; its session waits for it. */
  detach(session: Session): void {
    const owned = this.#owned.get(session.id)
    if (owned?.connection !== session) return
    owned.connection = undefined
    // Its leader ends it.
    if (this.#host.upstream?.isActive === true) this.#owned.delete(session.id)
  }

  /** The store is out of reach: connections end, and no session expires meanwhile. */
  suspend(): void {
    this.#suspended = true
    this.epochBegan()
    // A leader looks after them.
    if (this.#host.replica.mirrors) this.#owned.clear()
  }

  /**
   * The store is back. Clients could not reach us meanwhile: each session has its whole timeout
   * again.
   */
  unsuspend(): void {
    this.#suspended = false
    const now = this.#clock.monotonic()
    this.#servedFromMs = now
    for (const owned of this.#owned.values()) owned.lastSeenMs = now
    this.#orphans.extend(this.#host.replica.sessions, now)
  }

  /** A proxy vanished: its sessions have what is left of their timeouts. */
  peerLeft(proxy: string, record: ProxyRecord): void {
    const spreadMsMax = this.#limits.tickTimeMs * 0.5
    this.#orphans.addAllOf(
      proxy,
      record,
      this.#host.replica.sessions,
      { nowMs: this.#clock.monotonic(), servedFromMs: this.#servedFromMs },
      () => this.#random.fraction() * spreadMsMax,
    )
  }

  /** The registry knows all proxies that there were at `sentMs`, monotonic, or later. */
  peersListed(sentMs: number): void {
    if (this.#suspended || this.#host.replica.mirrors) return
    const dueMs = Math.min(sentMs, this.#expiredMs)
    for (const record of this.#orphans.takeDue(this.#host.replica.sessions, dueMs)) {
      this.#proposeEnd(record, () => {})
    }
  }

  peerJoined(proxy: string): void {
    this.#orphans.removeAllOf(proxy, this.#host.replica.sessions)
  }

  // SessionObserver: what the journal says became of sessions.

  sessionOpened(record: SessionRecord): void {
    if (record.owner === this.#proxy) this.#own(record)
    else this.#watchOver(record)
  }

  sessionMoved(record: SessionRecord, _before: SessionRecord): void {
    this.#orphans.remove(record.id)
    const owned = this.#owned.get(record.id)
    if (record.owner === this.#proxy && isClaim(owned, record)) return
    owned?.connection?.end('moved')
    if (record.owner === this.#proxy) this.#own(record)
    else {
      this.#owned.delete(record.id)
      this.#watchOver(record)
    }
  }

  /** Its proxy may have vanished before its entry reached us. */
  #watchOver(record: SessionRecord): void {
    if (!this.#isAlive(record.owner)) this.#orphans.add(record, this.#clock.monotonic())
  }

  sessionClosed(record: SessionRecord): void {
    this.#orphans.remove(record.id)
    const owned = this.#owned.get(record.id)
    this.#owned.delete(record.id)
    // A client's own close is answered first, and that ends the connection (E4).
    const connection = owned?.connection
    if (connection?.closeRequested === false) connection.end('expired')
  }

  ephemeralsDeleted(sessionId: bigint, paths: readonly string[], proxy: string): void {
    // Each member applies it: the one that proposed it keeps the record.
    if (proxy === this.#proxy) this.#host.witness?.ephemeralsDeleted(sessionId, paths)
  }

  /** What its clients have seen is judged when they come back. */
  epochBegan(): void {
    for (const owned of this.#owned.values()) {
      owned.connection?.end('suspended')
      owned.connection = undefined
    }
  }

  /** After a resync: sessions that ended, moved or were opened while the feed was lost. */
  reconcile(): void {
    const { sessions } = this.#host.replica
    leaveMoved(this.#owned, sessions, this.#proxy)
    this.#orphans.retain(sessions)
    const now = this.#clock.monotonic()
    for (const record of sessions.values()) {
      if (record.owner === this.#proxy && !this.#owned.has(record.id)) this.#own(record)
      else if (!this.#isAlive(record.owner)) this.#orphans.add(record, now)
    }
  }

  #own(record: SessionRecord): void {
    this.#owned.set(record.id, ownedSession(record, this.#clock.monotonic()))
  }

  #attach(
    id: bigint,
    sink: SessionSink,
    ids: readonly AuthId[],
    requestedTimeoutMs?: number,
  ): Session | undefined {
    const owned = this.#owned.get(id)
    if (owned === undefined) return undefined
    const before = owned.connection
    if (requestedTimeoutMs !== undefined) owned.timeoutMs = this.clampTimeout(requestedTimeoutMs)
    const { record, timeoutMs } = owned
    const session = new Session(this.#host, { ...record, timeoutMs }, sink, ids)
    owned.connection = session
    owned.lastSeenMs = this.#clock.monotonic()
    before?.end('moved')
    return session
  }

  #commit(request: SessionRequest, done: (planned: Planned) => void): Promise<void> {
    return commitOwn(this.#host.committer, request, done)
  }

  /** Time in which no client could come back is not counted. */
  pause(ms: number): void {
    const now = this.#clock.monotonic()
    for (const owned of this.#owned.values()) {
      owned.lastSeenMs = Math.min(now, owned.lastSeenMs + ms)
    }
    this.#orphans.delay(ms)
  }

  #expire(now: number): void {
    if (this.#host.replica.mirrors) return attend(this.#owned, now, this.#host.upstream)
    if (this.#suspended) return
    this.#expiredMs = now
    for (const owned of this.#owned.values()) {
      const { record, timeoutMs } = owned
      if (owned.connection?.hasProgress === true) owned.lastSeenMs = now
      if (owned.closing || now - owned.lastSeenMs < timeoutMs) continue
      owned.closing = true
      this.#proposeEnd(record, () => {
        owned.closing = false
      })
    }
    if (this.#orphans.isDue(now)) this.#host.listProxies()
    for (const id of this.#remains.takeDue(this.#host.replica.endedInPart, now)) {
      this.#commit({ type: 'finishClose', id }, () => {}).catch(() => {})
    }
  }

  #proposeEnd(record: SessionRecord, failed: () => void): void {
    const { id, owner, fence } = record
    this.#commit({ type: 'expireSession', id, owner, fence }, (planned) => {
      if (typeof planned === 'number') return failed()
      this.expiredCount++
      this.#logger.info(
        { session: `0x${id.toString(16)}`, timeoutMs: record.timeoutMs, owner },
        'session expired',
      )
    }).catch((error: unknown) => {
      failed()
      this.#logger.warn(
        { err: error, code: ZK_ERRORS.SESSION_EXPIRED.code },
        'expiry not committed',
      )
    })
  }
}
