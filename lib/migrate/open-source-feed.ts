/**
 * Opens a feed of what an ensemble commits: finds its leader, follows it, and finds the next one when that ends. What is
 * received waits in a buffer for the consumer; when it is full the feed leaves the ensemble, so that no leader ever has
 * to keep anything for us. Line: find-members → learner-connection → event-buffer → the consumer.
 */
import { backoffMs } from '../base/backoff.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { pause } from '../base/pause.ts'
import { badArgument } from '../client/arguments.ts'
import { orAborted } from '../client/inbound.ts'
import { checkTls, type KnownTls } from '../client/tls-options.ts'
import type { ZookeeperTree } from '../transfer/zookeeper/tree.ts'
import type { Txn } from '../transfer/zookeeper/txn.ts'
import { EventBuffer } from './event-buffer.ts'
import { findMembers } from './find-members.ts'
import type { KnownTxn } from './known-txn.ts'
import type { LearnerSink } from './learner.ts'
import { followLeader } from './learner-connection.ts'
import {
  addressesOf,
  distinct,
  type MemberAddresses,
  membersText,
  parseQuorumConfig,
  type QuorumMember,
  shown,
} from './quorum-config.ts'
import { type SourceBounds, sourceBounds } from './source-bounds.ts'
import { SourceError } from './source-error.ts'
import {
  type HostPort,
  SOURCE_SID,
  type SourceEvent,
  type SourceFeed,
  type SourceFeedCounters,
  type SourceFeedOptions,
} from './source-feed.ts'

/** The first pause between attempts. Unit ms. */
const BACKOFF_MS_FIRST = 200
/** Of the buffer: so much is left of it when the feed joins the ensemble again. */
const LOW_WATER = 1 / 2

/**
 * @throws {ZnodeError} ZK_BAD_ARGUMENTS: certificates that cannot be used, or an option out of range
 */
export function openSourceFeed(options: SourceFeedOptions): SourceFeed {
  return new LearnerFeed(options)
}

type Counters = { -readonly [K in keyof SourceFeedCounters]: number }

class LearnerFeed implements SourceFeed {
  readonly #options: SourceFeedOptions
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #tls: KnownTls | undefined
  readonly #clientTls: KnownTls | undefined
  readonly #buffer = new EventBuffer()
  readonly #bounds: SourceBounds
  readonly #ending = new AbortController()
  readonly #running: Promise<void>
  readonly #counts: Counters
  /** The newest that was received, as far as it is known. */
  #known: KnownTxn | undefined
  /** As the leader has them. */
  #members: readonly QuorumMember[] = []
  /** Where one of them may lead, by the addresses that were given. */
  #found: readonly HostPort[] = []
  /** The newest that the consumer has got, as JSON. */
  #addresses = ''
  #leader: HostPort | undefined
  #isConnected = false
  /** A leader that accepts us may still bring nothing that can be used, again and again. */
  #hasBrought = false
  /** We ended the last connection ourselves, too slow for it, and there was none since. */
  #hasLeft = false
  /** Times that no member would have us. */
  #fruitless = 0
  #isIterated = false

  constructor(options: SourceFeedOptions) {
    const { from, known, tls, clientTls } = options
    if (!Number.isSafeInteger(from) || from < 0) throw badArgument('from must be a zxid, or 0')
    this.#bounds = sourceBounds(options)
    this.#options = options
    this.#known = known?.zxid === from ? known : undefined
    this.#clock = options.clock ?? systemClock
    this.#logger = options.logger
    this.#tls = tls === undefined ? undefined : checkTls(tls)
    this.#clientTls = clientTls === undefined ? undefined : checkTls(clientTls)
    const buffer = this.#buffer
    this.#counts = {
      ...{ connects: 0, disconnects: 0, snapshots: 0, snapshotsProved: 0, transactions: 0 },
      ...{ overflows: 0, pings: 0, bytes: 0, zxid: from, leaderZxid: 0, memberChanges: 0 },
      ...{ truncates: 0, silences: 0, unanswered: 0, malformed: 0 },
      get bufferBytes() {
        return buffer.bytes
      },
      get bufferBytesPeak() {
        return buffer.peakBytes
      },
    }
    this.#running = this.#run()
  }

  get counters(): SourceFeedCounters {
    return this.#counts
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<SourceEvent> {
    if (this.#isIterated) throw badArgument('a feed is iterated once')
    this.#isIterated = true
    try {
      for (;;) {
        const event = await this.#buffer.take()
        if (event === undefined) return
        yield event
      }
    } finally {
      await this.close()
    }
  }

  async close(): Promise<void> {
    this.#ending.abort(new SourceError('SOURCE_UNREACHABLE', 'closed'))
    this.#buffer.close()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending
    let unanswered = 0
    for (let failures = 0; !signal.aborted; ) {
      this.#isConnected = false
      this.#hasBrought = false
      const error = await this.#follow()
      if (signal.aborted) return
      this.#counts.disconnects++
      this.#count(error)
      unanswered = error.code === 'SOURCE_UNANSWERED' ? unanswered + 1 : 0
      if (this.#isFinal(error, unanswered)) {
        this.#logger.error({ reason: error.message }, 'the source cannot be followed')
        return this.#buffer.fail(error)
      }
      this.#logger.warn({ reason: error.message }, 'the source is not followed, trying again')
      this.#hasLeft ||= this.#isConnected && error.code === 'SOURCE_SLOW'
      this.#buffer.add({ kind: 'disconnected', why: error.message, left: this.#hasLeft })
      failures = this.#hasBrought ? 1 : failures + 1
      await pause(this.#clock, this.#backoffMs(failures), signal)
      await this.#buffer.drainedTo(this.#bounds.bufferBytesMax * LOW_WATER)
    }
  }

  #backoffMs(failures: number): number {
    const { backoffMsMax: maxMs } = this.#bounds
    return backoffMs(failures, { firstMs: Math.min(BACKOFF_MS_FIRST, maxMs), maxMs })
  }

  #count({ code }: SourceError): void {
    if (code === 'SOURCE_SILENT') this.#counts.silences++
    else if (code === 'SOURCE_UNANSWERED') this.#counts.unanswered++
    else if (code === 'SOURCE_MALFORMED') this.#counts.malformed++
  }

  /** What worked once may work again, whatever a server says meanwhile. */
  #isFinal({ code }: SourceError, unanswered: number): boolean {
    if (code === 'SOURCE_UNSUPPORTED') return true
    if (this.#counts.connects > 0) return false
    return code === 'SOURCE_REFUSED' || unanswered >= this.#bounds.unansweredMax
  }

  /** Until it ends. @returns why */
  async #follow(): Promise<SourceError> {
    let worst: SourceError | undefined
    let candidates: readonly HostPort[]
    try {
      candidates = await this.#candidates()
      for (const address of candidates) {
        const error = await this.#followAt(address)
        if (this.#isConnected || this.#ending.signal.aborted) return error
        worst = worse(worst, error)
      }
      // None of them, as during an election. After a while what is known of the members may be old.
      if (++this.#fruitless % this.#bounds.roundsMax === 0) this.#members = []
      this.#leader = undefined
    } catch (error) {
      if (error instanceof SourceError) return error
      throw error
    }
    return noneOf(candidates, worst as SourceError)
  }

  async #candidates(): Promise<readonly HostPort[]> {
    const { servers, quorum, clientTls } = this.#options
    const known = this.#members.flatMap((member) => member.quorum)
    if (known.length > 0) {
      // Those that were given may be of observer masters, which no list of members has, and the names in that list may mean nothing here.
      const all = distinct([...(quorum ?? []), ...this.#found, ...known])
      // The one that led is the likeliest to lead again, or it is gone.
      return this.#leader === undefined ? all : distinct([this.#leader, ...all])
    }
    // A close does not wait for servers that do not answer.
    const finding = findMembers({
      ...{ servers, quorum, bounds: this.#bounds, clock: this.#clock, logger: this.#logger },
      clientTls:
        clientTls === undefined || this.#clientTls === undefined
          ? undefined
          : { known: this.#clientTls, options: clientTls },
    })
    const found = await orAborted(finding, this.#ending.signal)
    this.#checkSid(found.ids)
    this.#noteAddresses(found.addresses)
    this.#found = found.candidates
    return found.candidates
  }

  /** Two of one id would be taken for each other. @throws {SourceError} SOURCE_UNSUPPORTED */
  #checkSid(ids: readonly number[]): void {
    const { sid = SOURCE_SID } = this.#options
    if (!ids.includes(sid)) return
    throw new SourceError(
      'SOURCE_UNSUPPORTED',
      `${sid} is the id of a member of the source: choose another one for us`,
    )
  }

  async #followAt(address: HostPort): Promise<SourceError> {
    const { sid = SOURCE_SID, sasl } = this.#options
    try {
      return await followLeader({
        ...{ address, sid, bounds: this.#bounds, clock: this.#clock },
        ...{ tls: this.#tls, sasl, from: this.#counts.zxid, known: this.#known },
        sink: this.#sinkOf(address),
        onBytes: (count) => {
          this.#counts.bytes += count
        },
        signal: this.#ending.signal,
      })
    } catch (error) {
      if (error instanceof SourceError) return error
      throw error
    }
  }

  #sinkOf(address: HostPort): LearnerSink {
    const counts = this.#counts
    const buffer = this.#buffer
    const leader = shown(address)
    return {
      connected: (epoch) => {
        this.#isConnected = true
        this.#hasLeft = false
        this.#leader = address
        counts.connects++
        this.#logger.info({ leader, epoch }, 'following the source')
        buffer.add({ kind: 'connected', leader, epoch })
      },
      snapshot: (tree: ZookeeperTree, isProved: boolean, known) => {
        counts.snapshots++
        if (isProved) counts.snapshotsProved++
        counts.zxid = tree.zxid
        this.#known = known
        buffer.add({ kind: 'snapshot', tree })
      },
      truncate: (zxid) => {
        counts.truncates++
        counts.zxid = zxid
        this.#known = undefined
        buffer.add({ kind: 'truncate', zxid })
      },
      transaction: (txn: Txn, bytes: number) => {
        counts.transactions++
        this.#hasBrought = true
        this.#known = { zxid: txn.zxid, time: txn.time, before: counts.zxid }
        counts.zxid = txn.zxid
        buffer.addTransaction(txn, bytes, this.#clock.now())
        this.#checkBuffer()
      },
      current: (zxid) => {
        counts.leaderZxid = zxid
        this.#hasBrought = true
        buffer.add({ kind: 'current', zxid, atMs: this.#clock.now() })
      },
      ping: () => {
        counts.pings++
        this.#checkBuffer()
      },
      config: (text) => this.#noteMembers(text),
    }
  }

  /** @throws {SourceError} SOURCE_SLOW: leaves the ensemble */
  #checkBuffer(): void {
    const { bufferBytesMax } = this.#bounds
    if (this.#buffer.bytes <= bufferBytesMax) return
    this.#counts.overflows++
    throw new SourceError(
      'SOURCE_SLOW',
      `we left the ensemble: more than ${bufferBytesMax} bytes wait to be taken over, because the store is slower than the source`,
    )
  }

  #noteMembers(text: string): void {
    const members = parseQuorumConfig(text)
    if (members.length === 0) return
    this.#checkSid(members.map(({ id }) => id))
    this.#noteAddresses(addressesOf(members))
    const before = membersText(this.#members)
    const after = membersText(members)
    const isNews = this.#members.length > 0 && before !== after
    this.#members = members
    if (!isNews) return
    // A server that is no member any more may lead another ensemble.
    this.#found = []
    this.#counts.memberChanges++
    this.#logger.info({ before, after }, 'the members of the source have changed')
  }

  /** Whoever takes over asks all of them: whatever says it last knows it best, and a list without any says nothing. */
  #noteAddresses(addresses: MemberAddresses): void {
    if (addresses.clients.length + addresses.quorum.length === 0) return
    const text = JSON.stringify(addresses)
    if (text === this.#addresses) return
    this.#addresses = text
    this.#buffer.add({ kind: 'members', addresses })
  }
}

/** As during an election. */
function noneOf(candidates: readonly HostPort[], worst: SourceError): SourceError {
  if (worst.code !== 'SOURCE_UNREACHABLE') return worst
  const names = candidates.map(shown).join(', ')
  return new SourceError(worst.code, `none of ${names} leads at present (${worst.message})`)
}

/** Of two reasons the one that says more: that a follower does not listen is normal. */
function worse(one: SourceError | undefined, other: SourceError): SourceError {
  if (one === undefined) return other
  const isPlain = ({ code }: SourceError) => code === 'SOURCE_UNREACHABLE'
  return isPlain(one) ? other : one
}
