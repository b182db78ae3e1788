/** An observer that joins a leader for a moment, and keeps every byte that it sent. For captures. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { JuteWriter } from '../../lib/protocol/jute/writer.ts'
import { ByteSource } from '../../lib/transfer/zookeeper/byte-source.ts'
import {
  PACKET,
  type QuorumPacket,
  readQuorumPacket,
  readSnapSignature,
  writeQuorumPacket,
} from '../../lib/transfer/zookeeper/quorum-packet.ts'
import { readSnapshot } from '../../lib/transfer/zookeeper/snapshot-decoder.ts'

/** No member has it. */
const SERVER_ID = 200n
const PROTOCOL = 0x10000

/** Until it has seen a ping behind as many INFORMs. `meanwhile` runs once it is up to date. */
export async function captureLearner(options: {
  readonly port: number
  readonly informs: number
  readonly meanwhile: () => Promise<void>
}): Promise<Buffer> {
  const socket = connect({ port: options.port, host: '127.0.0.1' })
  await once(socket, 'connect')
  const received: Buffer[] = []
  socket.on('data', (chunk: Buffer) => received.push(chunk))
  const source = new ByteSource(socket)
  const send = (type: QuorumPacket['type'], zxid: bigint, data: Uint8Array | null): void => {
    const writer = new JuteWriter()
    writeQuorumPacket(writer, { type, zxid, data, authinfo: null })
    socket.write(writer.take() as Buffer)
  }
  const info = Buffer.alloc(12)
  info.writeBigInt64BE(SERVER_ID)
  info.writeInt32BE(PROTOCOL, 8)
  send(PACKET.observerInfo, 0n, info)
  let meanwhile: Promise<void> | undefined
  let epoch = 0n
  try {
    for (let informs = 0; ; ) {
      const packet = await readQuorumPacket(source)
      if (packet.type === PACKET.leaderInfo) {
        epoch = packet.zxid
        send(PACKET.ackEpoch, 0n, Buffer.from([255, 255, 255, 255]))
      } else if (packet.type === PACKET.snap) {
        for await (const _ of readSnapshot(source));
        await readSnapSignature(source)
      } else if (packet.type === PACKET.newLeader) send(PACKET.ack, packet.zxid, null)
      else if (packet.type === PACKET.upToDate) {
        send(PACKET.ack, epoch, null)
        meanwhile = options.meanwhile()
      } else if (packet.type === PACKET.inform) informs++
      else if (packet.type === PACKET.ping) {
        send(PACKET.ping, packet.zxid, Buffer.alloc(0))
        if (informs >= options.informs) break
      }
    }
    await meanwhile
  } finally {
    socket.destroy()
  }
  return Buffer.concat(received).subarray(0, source.offset)
}
