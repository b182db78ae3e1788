/**
 * The protocol between a leader and an observer that is in nobody’s list of servers: the leader takes it in all the
 * same. It acknowledges no epoch, so it never counts in an election, and it sends no request.
 *   we: OBSERVERINFO; leader: LEADERINFO; we: ACKEPOCH with our last zxid
 *   leader: DIFF | TRUNC | SNAP and the snapshot; PROPOSAL, COMMIT, INFORM; NEWLEADER; we: ACK
 *   leader: INFORM …, UPTODATE; we: ACK; from then on INFORM and PING, which we answer
 * Source: LearnerHandler.run, Learner.syncWithLeader, Observer. Neighbours: learner-connection, held-snapshot.
 */
import type { Clock } from '../base/clock.ts'
import { WireError } from '../model/errors.ts'
import { epochOf } from '../model/zxid.ts'
import { JuteReader } from '../protocol/jute/reader.ts'
import { JuteWriter } from '../protocol/jute/writer.ts'
import type { ByteSource } from '../transfer/zookeeper/byte-source.ts'
import {
  PACKET,
  type PacketType,
  type QuorumPacket,
  readQuorumPacket,
  readSnapSignature,
  writeQuorumPacket,
} from '../transfer/zookeeper/quorum-packet.ts'
import { readSnapshot } from '../transfer/zookeeper/snapshot-decoder.ts'
import { ZookeeperTree } from '../transfer/zookeeper/tree.ts'
import { decodeTxn, TXN, type Txn } from '../transfer/zookeeper/txn.ts'
import { isAnswered, refuseTls, unanswered } from './first-answer.ts'
import { HeldSnapshot } from './held-snapshot.ts'
import { type KnownTxn, zxidBefore } from './known-txn.ts'
import type { SourceBounds } from './source-bounds.ts'
import { SourceError } from './source-error.ts'
import { Unconfirmed } from './unconfirmed.ts'

/** What a learner does with what comes. Nothing of it waits: the leader keeps in its memory what we do not read. */
export interface LearnerSink {
  connected(epoch: number): void
  /** `known`: the newest transaction in it; undefined: it does not show. */
  snapshot(tree: ZookeeperTree, isProved: boolean, known: KnownTxn | undefined): void
  truncate(zxid: number): void
  /** `bytes`: as it was sent, and how many. */
  transaction(txn: Txn, count: number, bytes: Buffer): void
  current(zxid: number): void
  ping(): void
  /** The members of the ensemble, as in /zookeeper/config. */
  config(text: string): void
}

/** Of an observer that serves clients: it wants no tree, and speaks for their sessions. */
export interface LearnerService {
  /** What the answer to a PING carries. */
  touches(): Buffer
  /** A SYNC or a REVALIDATE. */
  packet(packet: QuorumPacket): void
  /** All that was committed when we joined was delivered, up to `zxid`: requests may be sent from now on. */
  ready(zxid: number, send: (packet: QuorumPacket) => void): void
}

export interface LearnerOptions {
  readonly source: ByteSource
  readonly send: (bytes: Buffer) => void
  readonly sink: LearnerSink
  readonly clock: Clock
  readonly bounds: Pick<SourceBounds, 'bufferBytesMax' | 'proposedBytesMax' | 'proveMs'>
  /** At UPTODATE. */
  readonly onUpToDate?: () => void
  /** The last zxid that the consumer has; 0: none. */
  readonly from: number
  /** That transaction; undefined: it is not known, and the leader is believed that it has the same. */
  readonly known?: KnownTxn | undefined
  /** The server id that we claim. */
  readonly sid: number
  /** Undefined: it sends no request. */
  readonly service?: LearnerService | undefined
}

const PROTOCOL = 0x10000
/** Of releases to come: an epoch has 24 bits there. Source: ZOOKEEPER-2789. */
const PROTOCOL_LONG_COUNTER = 0x11000
const EPOCH_SHIFT = 32n
/** zxids are exact numbers below it. */
const EPOCH_END = 2n ** 21n
const TWO_32 = 2 ** 32
/** Does not count as an acceptance of the epoch. Source: Leader.waitForEpochAck. */
const NO_EPOCH = Buffer.from([255, 255, 255, 255])
/** Never null, which ends the leader’s thread for us. */
const NO_SESSIONS = Buffer.alloc(0)
/** Of an INFORMANDACTIVATE: a suggested leader comes before the transaction. Unit: bytes. */
const SUGGESTED_LEADER_BYTES = 8

/** As a follower of a new ensemble says it. */
const EMPTY = 'nothing was ever written to it: it is followed once something is'
const NONE_OF_OURS = 'it sent the difference to a tree, and we have none'

const hex = (zxid: number | bigint) => `0x${zxid.toString(16)}`
const malformed = (message: string) => new SourceError('SOURCE_MALFORMED', message)
const unsupported = (message: string) => new SourceError('SOURCE_UNSUPPORTED', message)

export class Learner {
  readonly #options: LearnerOptions
  readonly #writer = new JuteWriter()
  #epoch = 0n
  /** The newest that was received, in a snapshot or as a transaction. */
  #last: number
  #held: HeldSnapshot | undefined
  #isUpToDate = false
  #upToDateMs = 0
  readonly #proposed: { readonly zxid: bigint; readonly data: Buffer }[] = []
  #proposedBytes = 0
  readonly #unconfirmed: Unconfirmed
  /** What we say that we have: the transaction before our newest one, which the leader then sends; else that one. */
  readonly #claimed: number
  /** Our newest one has not come yet. */
  #isAwaited = false

  constructor(options: LearnerOptions) {
    const { from, known, bounds, sink } = options
    this.#options = options
    this.#last = from
    this.#claimed = (known && zxidBefore(known)) ?? from
    const bytesMax = Math.min(bounds.proposedBytesMax, bounds.bufferBytesMax)
    this.#unconfirmed = new Unconfirmed(bytesMax, (txn, bytes) =>
      sink.transaction(txn, bytes.length, bytes),
    )
  }

  /** Until the leader has accepted us. @throws {SourceError} @throws {WireError} @throws what the bytes end with */
  async join(): Promise<void> {
    const { source, sink, sid } = this.#options
    const info = Buffer.alloc(12)
    info.writeBigInt64BE(BigInt(sid))
    info.writeInt32BE(PROTOCOL, 8)
    this.#send(PACKET.observerInfo, 0n, info)
    if (!(await isAnswered(source))) throw unanswered()
    refuseTls(source.ahead)
    const packet = await readQuorumPacket(source)
    this.#checkLeader(packet)
    this.#epoch = packet.zxid >> EPOCH_SHIFT
    this.#send(PACKET.ackEpoch, BigInt(this.#claimed), NO_EPOCH)
    sink.connected(Number(this.#epoch))
  }

  /** Follows, after {@link join}. Ends only by an error, as `join`. */
  async follow(): Promise<never> {
    await this.#synchronise(await this.#read())
    for (;;) await this.#handle(await this.#read())
  }

  #checkLeader({ type, zxid, data }: QuorumPacket): void {
    if (type !== PACKET.leaderInfo) {
      throw malformed(`it answered OBSERVERINFO with a packet of type ${type}`)
    }
    const protocol = data?.length === 4 ? JuteReader.of(Buffer.from(data)).int() : undefined
    if (protocol === PROTOCOL_LONG_COUNTER) {
      throw unsupported('its zxids have 24 bits of epoch (protocol 0x11000), which is not followed')
    }
    if (protocol !== PROTOCOL) {
      throw unsupported(`its protocol ${protocol === undefined ? 'is not said' : hex(protocol)}`)
    }
    if (zxid < 0n || zxid >> EPOCH_SHIFT >= EPOCH_END) {
      throw unsupported(`its epoch is ${zxid >> EPOCH_SHIFT}: only those below 2²¹ are exact here`)
    }
  }

  async #synchronise({ type, zxid }: QuorumPacket): Promise<void> {
    const { from } = this.#options
    switch (type) {
      case PACKET.snap:
        return this.#readSnapshot(exact(zxid))
      case PACKET.diff:
        if (from === 0) throw malformed(zxid === 0n ? EMPTY : NONE_OF_OURS)
        // It has nothing newer than that: it was restored to an earlier state.
        if (exact(zxid) < from) return this.#truncate(exact(zxid))
        this.#isAwaited = this.#claimed < from
        return
      case PACKET.trunc:
        if (exact(zxid) >= from) throw malformed(`it cuts off nothing: TRUNC to ${hex(zxid)}`)
        return this.#truncate(exact(zxid))
      default:
        throw malformed(`a packet of type ${type} came instead of SNAP, DIFF or TRUNC`)
    }
  }

  #truncate(zxid: number): void {
    this.#last = zxid
    this.#options.sink.truncate(zxid)
  }

  async #readSnapshot(zxid: number): Promise<void> {
    const { source, service } = this.#options
    if (service !== undefined) return this.#skipSnapshot(zxid)
    const tree = new ZookeeperTree(zxid)
    for await (const record of readSnapshot(source)) tree.load(record)
    await readSnapSignature(source)
    if (tree.get('/') === undefined) throw malformed('there is no root in its snapshot')
    this.#last = zxid
    this.#held = new HeldSnapshot(tree)
  }

  /** Whoever serves clients has the tree from elsewhere. */
  async #skipSnapshot(zxid: number): Promise<void> {
    const { source } = this.#options
    for await (const _ of readSnapshot(source));
    await readSnapSignature(source)
    this.#last = zxid
  }

  async #read(): Promise<QuorumPacket> {
    const { source } = this.#options
    if ((await source.have(1)) === 0) {
      throw new SourceError('SOURCE_UNREACHABLE', 'it closed the connection')
    }
    return readQuorumPacket(source)
  }

  async #handle(packet: QuorumPacket): Promise<void> {
    const { type, zxid } = packet
    switch (type) {
      case PACKET.inform:
        return this.#committed(zxid, dataOf(packet))
      case PACKET.informAndActivate:
        return this.#committed(zxid, dataOf(packet).subarray(SUGGESTED_LEADER_BYTES))
      case PACKET.proposal:
        return this.#propose(zxid, dataOf(packet))
      case PACKET.commit:
      case PACKET.commitAndActivate:
        return this.#commit(zxid)
      case PACKET.newLeader:
        return this.#newLeader(packet)
      case PACKET.upToDate:
        return this.#upToDate()
      case PACKET.ping:
        return this.#ping(zxid)
      case PACKET.sync:
      case PACKET.revalidate:
        if (this.#options.service !== undefined) return this.#options.service.packet(packet)
        throw malformed(`a packet of type ${type}, and nothing was requested`)
      default:
        throw malformed(`a packet of type ${type}, which no observer gets`)
    }
  }

  #newLeader({ zxid, data }: QuorumPacket): void {
    if (zxid >> EPOCH_SHIFT !== this.#epoch) {
      throw malformed(`NEWLEADER of another epoch than LEADERINFO: ${hex(zxid)}`)
    }
    if (this.#isUpToDate) throw malformed('NEWLEADER after UPTODATE')
    // 3.4 has none in it.
    if (data !== null && data.length > 0) this.#options.sink.config(Buffer.from(data).toString())
    this.#send(PACKET.ack, zxid, null)
  }

  #upToDate(): void {
    const { clock, sink, service, onUpToDate } = this.#options
    this.#send(PACKET.ack, this.#epoch << EPOCH_SHIFT, null)
    if (this.#isUpToDate) throw malformed('UPTODATE twice')
    if (this.#isAwaited) this.#truncate(this.#claimed)
    this.#isUpToDate = true
    this.#upToDateMs = clock.monotonic()
    this.#unconfirmed.confirm()
    onUpToDate?.()
    service?.ready(this.#last, (packet) => this.#write(packet))
    if (this.#held === undefined) return sink.current(this.#last)
    this.#held.upToDate()
    this.#release()
  }

  #ping(zxid: bigint): void {
    const { clock, sink, service, bounds } = this.#options
    this.#send(PACKET.ping, zxid, service?.touches() ?? NO_SESSIONS)
    sink.ping()
    if (this.#held === undefined) {
      // It names the newest proposal: of an epoch without any, the one that began it.
      if (this.#isUpToDate) sink.current(Math.max(exact(zxid), this.#last))
    } else if (this.#isUpToDate && clock.monotonic() - this.#upToDateMs > bounds.proveMs) {
      throw malformed(
        `its snapshot has not become the tree of which it sent the digest (zxid ${hex(this.#last)})`,
      )
    }
  }

  #propose(zxid: bigint, data: Buffer): void {
    this.#proposed.push({ zxid, data })
    this.#proposedBytes += data.length
    const { proposedBytesMax } = this.#options.bounds
    if (this.#proposedBytes > proposedBytesMax) {
      throw malformed(`more than ${proposedBytesMax} bytes are proposed and not committed`)
    }
  }

  #commit(zxid: bigint): void {
    const first = this.#proposed.shift()
    if (first?.zxid !== zxid) {
      const expected = first === undefined ? 'nothing' : hex(first.zxid)
      throw malformed(`a COMMIT of ${hex(zxid)}, and ${expected} is the next that was proposed`)
    }
    this.#proposedBytes -= first.data.length
    this.#committed(zxid, first.data)
  }

  #committed(zxid: bigint, data: Buffer): void {
    const txn = decodeTxn(data)
    if (BigInt(txn.zxid) !== zxid) {
      throw malformed(`a packet of ${hex(zxid)} has the transaction ${hex(txn.zxid)}`)
    }
    if (this.#isAwaited && txn.zxid >= this.#options.from) this.#recognise(txn)
    // While we are brought up to date, some come that the snapshot has.
    if (txn.zxid <= this.#last && !this.#isUpToDate) return
    const gap = gapBetween(this.#last, txn.zxid)
    if (gap !== undefined) throw malformed(gap)
    this.#last = txn.zxid
    if (txn.type === TXN.reconfig) this.#noteConfig(txn)
    if (this.#held !== undefined) {
      this.#held.apply(txn)
      this.#release()
    } else if (this.#isUpToDate) this.#options.sink.transaction(txn, data.length, data)
    else this.#unconfirmed.add(txn, data)
  }

  /** Restored to an earlier state, an ensemble gives out the same zxids again, in epochs of the same numbers. */
  #recognise({ zxid, time }: Txn): void {
    const { from, known } = this.#options
    this.#isAwaited = false
    if (zxid !== from || time !== known?.time) this.#truncate(this.#claimed)
  }

  #noteConfig({ ops }: Txn): void {
    const [op] = ops
    if (op?.op === 'setData') {
      this.#options.sink.config(Buffer.from(op.data ?? '', 'latin1').toString())
    }
  }

  /** The snapshot is complete. */
  #release(): void {
    const held = this.#held
    if (held === undefined || !held.isReady) return
    this.#held = undefined
    this.#options.sink.snapshot(held.tree, held.isProved, held.known)
    this.#options.sink.current(this.#last)
  }

  #send(type: PacketType, zxid: bigint, data: Uint8Array | null): void {
    this.#write({ type, zxid, data, authinfo: null })
  }

  #write(packet: QuorumPacket): void {
    writeQuorumPacket(this.#writer, packet)
    this.#options.send(this.#writer.take() as Buffer)
  }
}

/** Within an epoch zxids have no gaps: what fails has one too. An epoch begins with 1. */
function gapBetween(last: number, zxid: number): string | undefined {
  if (zxid === last + 1) return undefined
  if (epochOf(zxid) > epochOf(last) && zxid % TWO_32 === 1) return undefined
  return zxid > last
    ? `${hex(zxid)} follows ${hex(last)}: what is between them was not sent`
    : `${hex(zxid)} comes again behind ${hex(last)}`
}

function dataOf({ type, data }: QuorumPacket): Buffer {
  if (data === null) throw malformed(`a packet of type ${type} without a transaction`)
  return Buffer.from(data.buffer, data.byteOffset, data.length)
}

function exact(zxid: bigint): number {
  if (zxid >= 0n && zxid < 1n << 53n) return Number(zxid)
  throw new WireError(`a zxid out of range: ${hex(zxid)}`)
}
