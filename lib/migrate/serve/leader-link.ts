/**
 * The connection of a member that serves clients while ZooKeeper leads: finds the leader, joins as an observer that nobody
 * lists, and finds the next one when that ends. It wants no tree: what the leader commits is noted and left to the replica.
 * Line: find-members → learner-connection → here → zookeeper-upstream.
 */
import { backoffMs } from '../../base/backoff.ts'
import { type Clock, type Random, systemRandom } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { pause } from '../../base/pause.ts'
import { reasonOf } from '../../base/reason-of.ts'
import { type ClientTls, checkTls, type KnownTls } from '../../client/tls-options.ts'
import { OP, type SyncRequest, type WriteRequest } from '../../model/request.ts'
import type { QuorumPacket } from '../../transfer/zookeeper/quorum-packet.ts'
import type { Txn } from '../../transfer/zookeeper/txn.ts'
import { findMembers } from '../find-members.ts'
import type { LearnerService, LearnerSink } from '../learner.ts'
import { followLeader } from '../learner-connection.ts'
import { PROBE_BOUNDS } from '../probe.ts'
import { parseQuorumConfig, shown } from '../quorum-config.ts'
import { type SourceBounds, sourceBounds } from '../source-bounds.ts'
import { SourceError } from '../source-error.ts'
import type { HostPort, QuorumSasl } from '../source-feed.ts'
import { frameLimit, JUTE_BYTES_MAX } from './frame-limit.ts'
import { frameBytesOf } from './request-packet.ts'

/** Between attempts, short since clients are waiting: a pace, which ends nothing. Unit: ms. */
const BACKOFF = { firstMs: 100, maxMs: 2_000 }
/** Server ids that an observer of ours may claim: no member has one so high, as a rule, and 255 has a meaning of its own. */
const SIDS = { first: 129, last: 253 }

/** How the ensemble is reached. */
export interface EnsembleAccess {
  /** TLS between the servers (`sslQuorum`). @default none */
  readonly tls?: ClientTls
  /** TLS of the client ports. @default none */
  readonly clientTls?: ClientTls
  /** @default none */
  readonly sasl?: QuorumSasl
  /** Bytes of the longest request of our clients. @default that of ZooKeeper, 1,048,575 */
  readonly frameBytesMax?: number
  /** Bounds of a connection to the ensemble. @default {@link SOURCE_BOUNDS} */
  readonly bounds?: Partial<SourceBounds>
  /** For a server to answer one question: how long a request it takes. Unit ms. @default {@link PROBE_BOUNDS} */
  readonly lookMs?: number
}

export interface LeaderLinkOptions extends EnsembleAccess {
  /** Client addresses of the ensemble, and its quorum addresses where they are known. */
  readonly members: () => { servers: readonly HostPort[]; quorum: readonly HostPort[] }
  /** Newest zxid of the replica. */
  readonly zxid: () => number
  readonly clock: Clock
  readonly logger: Logger
  readonly random?: Random
  /** What the answer to the leader’s PING carries. */
  readonly touches: () => Buffer
  /** The leader takes requests. `zxid`: all that was committed by then. */
  readonly onReady: (zxid: number) => void
  /** It takes none any more. `why`: a sentence without full stop. */
  readonly onLost: (why: string) => void
  readonly onTxn: (txn: Txn, bytes: Buffer) => void
  /** A SYNC or a REVALIDATE. */
  readonly onPacket: (packet: QuorumPacket) => void
}

/** @throws {ZnodeError} ZK_BAD_ARGUMENTS: a bound that is none, or TLS that is incomplete */
export function checkAccess({ bounds, tls, clientTls }: EnsembleAccess) {
  return {
    bounds: sourceBounds(bounds ?? {}),
    tls: tls && checkTls(tls),
    clientTls: clientTls && checkTls(clientTls),
  }
}

export class LeaderLink {
  /** The server id that we claim, in the top byte of the sessions that begin here. */
  sid: number
  /** Newest zxid that came from the leader. */
  zxid = 0
  /** Host and port of the leader; empty: there is none. */
  leader = ''
  /** Releases before 3.5 say nothing of their configuration. */
  hasConfig = false
  readonly #options: LeaderLinkOptions
  readonly #tls: KnownTls | undefined
  readonly #clientTls: KnownTls | undefined
  readonly #bounds: SourceBounds
  readonly #ending = new AbortController()
  #running: Promise<void> | undefined
  #send: ((packet: QuorumPacket) => void) | undefined
  /** What the leader said last. */
  #quorum: readonly HostPort[] = []
  /** Of a request, behind its length: the servers take no longer ones. */
  #frameBytesMax = JUTE_BYTES_MAX
  #isLimitKnown = false
  #isLimitNoted = false

  /** @throws {ZnodeError} ZK_BAD_ARGUMENTS: certificates that cannot be used, a bound that is not positive */
  constructor(options: LeaderLinkOptions) {
    this.#options = options
    const { bounds, tls, clientTls } = checkAccess(options)
    this.#bounds = bounds
    this.#tls = tls
    this.#clientTls = clientTls
    this.sid = this.#drawSid()
  }

  /** `taken`: those of members. */
  #drawSid(taken: readonly number[] = []): number {
    const { random = systemRandom } = this.#options
    const all = Array.from({ length: SIDS.last - SIDS.first + 1 }, (_, at) => SIDS.first + at)
    const free = all.filter((sid) => !taken.includes(sid))
    return free[Math.floor(random.fraction() * free.length)] ?? SIDS.first
  }

  get isReady(): boolean {
    return this.#send !== undefined
  }

  /** Once. */
  start(): void {
    this.#running ??= this.#run()
  }

  /** There must be a leader. */
  send(packet: QuorumPacket): void {
    this.#send?.(packet)
  }

  /** false: the release of the leader does not. A REQUEST that it does not know makes it end this connection, for all clients. */
  knows(request: WriteRequest | SyncRequest): boolean {
    return this.hasConfig || request.type !== 'create' || request.op === OP.create
  }

  /** false: it is longer than a server takes, which ends the connection of its client; a leader would end ours, for all clients. */
  takes(request: QuorumPacket): boolean {
    return frameBytesOf(request) <= this.#frameBytesMax
  }

  /** Leaves the ensemble. */
  async close(): Promise<void> {
    this.#ending.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { clock, logger, onLost } = this.#options
    const { signal } = this.#ending
    for (let failures = 0; !signal.aborted; ) {
      const why = await this.#followOne()
      const wasReady = this.isReady
      this.#send = undefined
      this.leader = ''
      if (signal.aborted) return
      if (wasReady) {
        logger.warn({ why }, 'the leader of the ensemble is lost: its clients are disconnected')
        failures = 0
        this.#isLimitKnown = false
      } else logger.info({ why }, 'no leader of the ensemble')
      onLost(why)
      await pause(clock, backoffMs(++failures, BACKOFF), signal)
    }
  }

  /** One round of all that may lead. @returns why it ended */
  async #followOne(): Promise<string> {
    let why = 'no member leads'
    try {
      for (const address of await this.#sought()) {
        if (this.#ending.signal.aborted) break
        why = await this.#followAt(address)
        if (this.isReady) return why
      }
    } catch (error) {
      why = reasonOf(error)
    }
    this.#quorum = []
    return why
  }

  /** Both together: a server that hangs delays each of them, and clients are waiting. */
  async #sought(): Promise<readonly HostPort[]> {
    const limit = this.#isLimitKnown ? undefined : this.#findLimit()
    try {
      return await this.#candidates()
    } finally {
      await limit
    }
  }

  /** A server that was restarted may have another. */
  async #findLimit(): Promise<void> {
    const { clock, logger, members, frameBytesMax = JUTE_BYTES_MAX, lookMs } = this.#options
    const found = await frameLimit({
      ...{ clock, servers: members().servers, tls: this.#clientTls, bytesMax: frameBytesMax },
      ...{ timeoutMs: lookMs ?? PROBE_BOUNDS.lookMs, signal: this.#ending.signal },
    })
    if (found === undefined) return this.#limitUnknown()
    this.#isLimitKnown = true
    this.#frameBytesMax = found
    if (found < frameBytesMax) {
      logger.warn(
        { bytes: found, ours: frameBytesMax },
        'the ensemble takes shorter requests (jute.maxbuffer) than this proxy: clients that send longer ones are disconnected',
      )
    }
  }

  #limitUnknown(): void {
    if (this.#isLimitNoted) return
    this.#isLimitNoted = true
    this.#options.logger.warn(
      { bytes: this.#frameBytesMax },
      'no server of the ensemble says how long a request may be (--source-look-timeout): that is assumed',
    )
  }

  async #candidates(): Promise<readonly HostPort[]> {
    if (this.#quorum.length > 0) return this.#quorum
    const { clock, logger, clientTls, members } = this.#options
    const { servers, quorum } = members()
    const known = this.#clientTls
    const { candidates, ids } = await findMembers({
      ...{ servers, quorum, clock, logger, bounds: this.#bounds },
      clientTls:
        known === undefined || clientTls === undefined ? undefined : { known, options: clientTls },
    })
    // Before it joins: while there is no leader yet, it would be counted as that member, which could hold an election up.
    if (ids.includes(this.sid)) this.sid = this.#drawSid(ids)
    return candidates
  }

  async #followAt(address: HostPort): Promise<string> {
    const { clock, sasl, zxid } = this.#options
    try {
      return await followLeader({
        ...{ address, sid: this.sid, bounds: this.#bounds, clock, sasl },
        ...{ tls: this.#tls, from: zxid(), signal: this.#ending.signal },
        sink: this.#sink(),
        service: this.#service(address),
        onBytes: () => {},
      })
    } catch (error) {
      return reasonOf(error)
    }
  }

  #service(address: HostPort): LearnerService {
    const { touches, onPacket, onReady, logger } = this.#options
    return {
      touches,
      packet: onPacket,
      ready: (zxid, send) => {
        this.#send = send
        this.zxid = zxid
        this.leader = shown(address)
        logger.info(
          { leader: this.leader, sid: this.sid },
          'forwarding to the leader of the ensemble',
        )
        onReady(zxid)
      },
    }
  }

  #sink(): LearnerSink {
    return {
      connected: () => {
        this.hasConfig = false
      },
      snapshot: () => {},
      truncate: (zxid) => {
        throw new SourceError(
          'SOURCE_MALFORMED',
          `the ensemble has lost what is in the tree behind 0x${zxid.toString(16)}`,
        )
      },
      transaction: (txn, _count, bytes) => {
        this.zxid = txn.zxid
        if (this.isReady) this.#options.onTxn(txn, bytes)
      },
      current: () => {},
      ping: () => {},
      config: (text) => {
        this.hasConfig = true
        const members = parseQuorumConfig(text)
        if (members.some(({ id }) => id === this.sid)) {
          const taken = this.sid
          this.sid = this.#drawSid(members.map(({ id }) => id))
          throw new SourceError(
            'SOURCE_REFUSED',
            `a member has the server id ${taken}, which was to be ours`,
          )
        }
        this.#quorum = members.flatMap(({ quorum }) => quorum)
      },
    }
  }
}
