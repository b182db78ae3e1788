/** What a leader sends, made up: packets and transactions; and a learner on such bytes, with what it did. */
import { systemClock } from '../../../../lib/base/clock.ts'
import type { KnownTxn } from '../../../../lib/migrate/known-txn.ts'
import { Learner, type LearnerSink } from '../../../../lib/migrate/learner.ts'
import { SOURCE_BOUNDS, type SourceBounds } from '../../../../lib/migrate/source-bounds.ts'
import { JuteWriter } from '../../../../lib/protocol/jute/writer.ts'
import { ByteSource } from '../../../../lib/transfer/zookeeper/byte-source.ts'
import {
  PACKET,
  type PacketType,
  type QuorumPacket,
  readQuorumPacket,
  writeQuorumPacket,
} from '../../../../lib/transfer/zookeeper/quorum-packet.ts'

export const EPOCH = 3n << 32n
/** Of each transaction. */
export const TIME_MS = 1_700_000_000_000
const OPEN = -1n

export function packet(
  type: PacketType | number,
  zxid: bigint,
  data: Uint8Array | null = null,
): Buffer {
  const writer = new JuteWriter()
  writeQuorumPacket(writer, { type: type as PacketType, zxid, data, authinfo: null })
  return writer.take() as Buffer
}

/** setData of /; `digest`: as of a 3.6 and later. */
export function setData(zxid: bigint, data = 'x', digest?: bigint): Buffer {
  const writer = header(zxid, 5)
  writer.string('/')
  writer.byteString(data)
  writer.int(Number(zxid & 0xffffn))
  if (digest !== undefined) {
    writer.int(2)
    writer.bigLong(BigInt.asIntN(64, digest))
  }
  return writer.take() as Buffer
}

export function setAcl(zxid: bigint, path: string): Buffer {
  const writer = header(zxid, 7)
  writer.string(path)
  writer.int(-1)
  writer.int(1)
  return writer.take() as Buffer
}

export function reconfig(zxid: bigint, text: string): Buffer {
  const writer = header(zxid, 16)
  writer.string('/zookeeper/config')
  writer.byteString(text)
  writer.int(1)
  return writer.take() as Buffer
}

function header(zxid: bigint, type: number): JuteWriter {
  const writer = new JuteWriter()
  writer.bigLong(0x1234n)
  writer.int(1)
  writer.bigLong(zxid)
  writer.bigLong(BigInt(TIME_MS))
  writer.int(type)
  return writer
}

export const leaderInfo = (epoch = EPOCH, version = 0x10000): Buffer =>
  packet(PACKET.leaderInfo, epoch, int(version))

export function int(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

/** A SNAP with a root and `/a`, whose ACL is of that index. */
export function snap(zxid: bigint, { acl = OPEN, root = true } = {}): Buffer {
  const writer = new JuteWriter()
  writer.int(1)
  writer.bigLong(0x77n)
  writer.int(30_000)
  writer.int(0)
  if (root) znode(writer, '', zxid, OPEN)
  if (root) znode(writer, '/a', zxid, acl)
  writer.string('/')
  writer.string('BenWasHere')
  return Buffer.concat([packet(PACKET.snap, zxid), writer.take() as Buffer])
}

function znode(writer: JuteWriter, path: string, zxid: bigint, acl: bigint): void {
  writer.string(path)
  writer.byteString('')
  writer.bigLong(acl)
  for (let i = 0; i < 2; i++) writer.bigLong(zxid)
  for (let i = 0; i < 2; i++) writer.bigLong(BigInt(TIME_MS))
  for (let i = 0; i < 3; i++) writer.int(0)
  writer.bigLong(0n)
  writer.bigLong(zxid)
}

export const upToDate = (): Buffer =>
  Buffer.concat([packet(PACKET.newLeader, EPOCH), packet(PACKET.upToDate, -1n)])
export const inform = (zxid: bigint, digest?: bigint): Buffer =>
  packet(PACKET.inform, zxid, setData(zxid, 'x', digest))

export interface Learned {
  /** In order: `connected 3`, `snapshot 0x…`, `txn 0x…`, … */
  readonly events: string[]
  readonly sent: readonly QuorumPacket[]
  readonly error: Error
}

export interface LearnOptions {
  readonly from?: number
  readonly known?: KnownTxn
  /** Of the pieces in which the bytes come. */
  readonly size?: number
  readonly bounds?: SourceBounds
}

/** Until the bytes end, which is an error too. */
export async function learn(
  bytes: Buffer,
  { from = 0, known, size = 65_536, bounds = SOURCE_BOUNDS }: LearnOptions = {},
): Promise<Learned> {
  const events: string[] = []
  const sent: Buffer[] = []
  const source = new ByteSource(pieces(bytes, size))
  const learner = new Learner({
    ...{ source, from, known, sid: 200, clock: systemClock, sink: noting(events) },
    bounds,
    send: (piece) => void sent.push(piece),
  })
  const error = await learner
    .join()
    .then(
      () => learner.follow(),
      (cause: Error) => cause,
    )
    .catch((cause: Error) => cause)
  return { events, sent: await packetsIn(Buffer.concat(sent)), error }
}

function noting(events: string[]): LearnerSink {
  const hex = (zxid: number) => `0x${zxid.toString(16)}`
  return {
    connected: (epoch) => events.push(`connected ${epoch}`),
    snapshot: (tree, isProved) =>
      events.push(`snapshot ${hex(tree.zxid)}${isProved ? ' proved' : ''}`),
    truncate: (zxid) => events.push(`truncate ${hex(zxid)}`),
    transaction: (txn) => events.push(`txn ${hex(txn.zxid)}`),
    current: (zxid) => events.push(`current ${hex(zxid)}`),
    ping: () => events.push('ping'),
    config: (text) => events.push(`config ${text}`),
  }
}

async function packetsIn(bytes: Buffer): Promise<QuorumPacket[]> {
  const source = new ByteSource([bytes])
  const packets: QuorumPacket[] = []
  while ((await source.have(1)) > 0) packets.push(await readQuorumPacket(source))
  return packets
}

function* pieces(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
