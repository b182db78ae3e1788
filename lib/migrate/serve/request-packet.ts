/**
 * What an observer that serves clients sends its leader, beside what each learner does:
 *   REQUEST    = long session, int cxid, int type, the record of the request; with the identities of the client
 *   REVALIDATE = long session, int timeout; answered with long session, bool valid
 *   the answer to PING = (long session, int timeout)*, of the sessions whose clients sent something since the one before
 * A sync is a REQUEST and is answered by a SYNC packet, in the order of the syncs.
 * Source: Learner.request, Learner.validateSession, Learner.ping, LearnerHandler.run. Neighbours: leader-link, forwarded-writes.
 */
import { opOf } from '../../client/wire/to-wire.ts'
import { WireError } from '../../model/errors.ts'
import {
  type AuthId,
  type GuardedRequest,
  OP,
  type SyncRequest,
  type WriteRequest,
} from '../../model/request.ts'
import { JuteReader } from '../../protocol/jute/reader.ts'
import { JuteWriter } from '../../protocol/jute/writer.ts'
import { encodeRequest } from '../../protocol/wire/encode-request.ts'
import { PACKET, type QuorumPacket } from '../../transfer/zookeeper/quorum-packet.ts'

const LENGTH_BYTES = 4
/** Of a frame: its length, the xid and the opcode. */
const FRAME_HEADER_BYTES = 12
const REQUEST_HEADER_BYTES = 16

/** Requests that a leader takes: the others never leave this process. */
export type ForwardedRequest = Exclude<
  WriteRequest | SyncRequest,
  { readonly type: 'fail' | 'deleteContainer' | 'guarded' }
>

/** A leader knows versions alone: who sent a guarded change has compared its guards with the replica. */
export function unguarded(
  request: WriteRequest | SyncRequest,
): Exclude<WriteRequest | SyncRequest, GuardedRequest> {
  return request.type === 'guarded' ? request.request : request
}

/** Whose request it is. */
export interface Asked {
  readonly session: bigint
  readonly cxid: number
  /** Of its client. */
  readonly ids: readonly AuthId[]
}

const writer = new JuteWriter()

export function requestPacket(request: ForwardedRequest, asked: Asked): QuorumPacket {
  const op = opOf(request)
  // The opcode belongs to the type of the request, which the compiler does not see.
  encodeRequest(writer, asked.cxid, op, request as never)
  return packetOf(op, asked, (writer.take() as Buffer).subarray(FRAME_HEADER_BYTES))
}

/**
 * In the place of a write that cannot be decoded: one that fails at every release, so that it takes a zxid and has its turn. Its
 * own bytes must not reach the leader: one of 3.9.5 gives a record that it cannot read the zxid of the transaction before, and
 * an ensemble commits nothing any more behind that.
 */
export function malformedPacket(asked: Asked): QuorumPacket {
  return requestPacket({ type: 'setData', path: '', data: '', version: -1 }, asked)
}

/** Of the frame in which a client of the ensemble would send it, bytes behind its length. */
export function frameBytesOf({ data }: QuorumPacket): number {
  return (data?.length ?? 0) - REQUEST_HEADER_BYTES + FRAME_HEADER_BYTES - LENGTH_BYTES
}

/** Its cxid is 0, as of all servers. */
export function createSessionPacket(session: bigint, timeoutMs: number): QuorumPacket {
  const record = Buffer.alloc(4)
  record.writeInt32BE(timeoutMs)
  return packetOf(OP.createSession, { session, cxid: 0, ids: [] }, record)
}

/** Never without a vector of identities: a leader answers null with MARSHALLINGERROR. */
function packetOf(op: number, { session, cxid, ids }: Asked, record: Uint8Array): QuorumPacket {
  const data = Buffer.alloc(REQUEST_HEADER_BYTES + record.length)
  data.writeBigInt64BE(session)
  data.writeInt32BE(cxid, 8)
  data.writeInt32BE(op, 12)
  data.set(record, REQUEST_HEADER_BYTES)
  const authinfo = ids.map(({ scheme, id }) => ({ scheme, id }))
  return { type: PACKET.request, zxid: -1n, data, authinfo }
}

export function revalidatePacket(session: bigint, timeoutMs: number): QuorumPacket {
  const data = Buffer.alloc(12)
  data.writeBigInt64BE(session)
  data.writeInt32BE(timeoutMs, 8)
  return { type: PACKET.revalidate, zxid: -1n, data, authinfo: null }
}

/** @throws {WireError} it is malformed */
export function readRevalidated({ data }: QuorumPacket): { session: bigint; isValid: boolean } {
  if (data === null) throw new WireError('a REVALIDATE without data')
  const reader = JuteReader.of(Buffer.from(data.buffer, data.byteOffset, data.length))
  return { session: reader.bigLong(), isValid: reader.bool() }
}

/** Session → its timeout, ms. */
export function touchesOf(touched: ReadonlyMap<bigint, number>): Buffer {
  const data = Buffer.alloc(touched.size * 12)
  let at = 0
  for (const [session, timeoutMs] of touched) {
    data.writeBigInt64BE(session, at)
    data.writeInt32BE(timeoutMs, at + 8)
    at += 12
  }
  return data
}
