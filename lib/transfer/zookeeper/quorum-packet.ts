/**
 * What the servers of an ensemble send each other, without frames, one behind the other:
 *   QuorumPacket = int type, long zxid, buffer data, vector<Id> authinfo; Id = ustring scheme, ustring id
 * Source: zookeeper.jute, Leader. Neighbours: snapshot-decoder (what follows a SNAP), txn (what is in an INFORM).
 */
import { WireError } from '../../model/errors.ts'
import type { AuthId } from '../../model/request.ts'
import type { JuteWriter } from '../../protocol/jute/writer.ts'
import type { ByteSource } from './byte-source.ts'

export const PACKET = {
  request: 1,
  proposal: 2,
  ack: 3,
  commit: 4,
  ping: 5,
  revalidate: 6,
  sync: 7,
  inform: 8,
  commitAndActivate: 9,
  newLeader: 10,
  followerInfo: 11,
  upToDate: 12,
  diff: 13,
  trunc: 14,
  snap: 15,
  observerInfo: 16,
  leaderInfo: 17,
  ackEpoch: 18,
  informAndActivate: 19,
} as const

export type PacketType = (typeof PACKET)[keyof typeof PACKET]

export interface QuorumPacket {
  readonly type: PacketType
  /** −1 where there is none. An int64: with an epoch alone it is beyond what a tree may have. */
  readonly zxid: bigint
  readonly data: Uint8Array | null
  readonly authinfo: readonly AuthId[] | null
}

/** Behind the znodes of a SNAP’s stream, as a ustring. */
export const SNAP_SIGNATURE = 'BenWasHere'

const TYPES: ReadonlySet<number> = new Set(Object.values(PACKET))

/** @throws {WireError} with the offset: malformed, or the input ends within it */
export async function readQuorumPacket(source: ByteSource): Promise<QuorumPacket> {
  const [type, zxid, data, count] = await source.read('a packet', (reader) => {
    const type = reader.int()
    if (!TYPES.has(type)) throw new WireError(`packets of type ${type} are not known`)
    const packet = [type as PacketType, reader.bigLong(), reader.bytes(), reader.int()] as const
    if (packet[3] < -1) throw new WireError(`a packet with ${packet[3]} ids`)
    return packet
  })
  if (count < 0) return { type, zxid, data, authinfo: null }
  const authinfo: AuthId[] = []
  for (let left = count; left > 0; left--) {
    authinfo.push(
      await source.read('the id of a packet', (reader) => {
        const scheme = reader.string()
        const id = reader.string()
        if (scheme === null || id === null) throw new WireError('an id without scheme or name')
        return { scheme, id }
      }),
    )
  }
  return { type, zxid, data, authinfo }
}

/** The end of the SNAP’s stream. @throws {WireError} it is another one */
export async function readSnapSignature(source: ByteSource): Promise<void> {
  await source.read('the end of a snapshot', (reader) => {
    if (reader.string() !== SNAP_SIGNATURE) throw new WireError('it is not the one of ZooKeeper')
  })
}

export function writeQuorumPacket(writer: JuteWriter, packet: QuorumPacket): void {
  writer.int(packet.type)
  writer.bigLong(packet.zxid)
  writer.bytes(packet.data)
  if (packet.authinfo === null) return writer.int(-1)
  writer.int(packet.authinfo.length)
  for (const { scheme, id } of packet.authinfo) {
    writer.string(scheme)
    writer.string(id)
  }
}
