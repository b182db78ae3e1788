/** What a leader sent to an observer, captured: its packets, the tree in its SNAP, and the transactions after that. */
import { expect } from 'chai'
import { JuteWriter } from '../../../../../lib/protocol/jute/writer.ts'
import { ByteSource } from '../../../../../lib/transfer/zookeeper/byte-source.ts'
import {
  PACKET,
  type QuorumPacket,
  readQuorumPacket,
  readSnapSignature,
  writeQuorumPacket,
} from '../../../../../lib/transfer/zookeeper/quorum-packet.ts'
import { readSnapshot } from '../../../../../lib/transfer/zookeeper/snapshot-decoder.ts'
import { ZookeeperTree } from '../../../../../lib/transfer/zookeeper/tree.ts'
import { decodeTxn } from '../../../../../lib/transfer/zookeeper/txn.ts'
import { captured } from './folders.ts'

function* pieces(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

function encoded(packet: QuorumPacket): Buffer {
  const writer = new JuteWriter()
  writeQuorumPacket(writer, packet)
  return writer.take() as Buffer
}

describe('transfer/zookeeper: a leader’s packets', () => {
  for (const version of ['3.6.4', '3.8.0', '3.9.5'] as const) {
    it(`${version}: each is written as it was read, and the tree has each digest`, async () => {
      const bytes = captured(version).get('learner.bin')!
      const source = new ByteSource(pieces(bytes, 11))
      const types: number[] = []
      let tree: ZookeeperTree | undefined
      let verified = 0
      while ((await source.have(1)) > 0) {
        const start = source.offset
        const packet = await readQuorumPacket(source)
        const { type, zxid, data } = packet
        expect(encoded(packet)).to.deep.equal(bytes.subarray(start, source.offset))
        types.push(type)
        if (type === PACKET.snap) {
          tree = new ZookeeperTree(Number(zxid))
          for await (const record of readSnapshot(source)) tree.load(record)
          await readSnapSignature(source)
        } else if (type === PACKET.inform) {
          const txn = decodeTxn(Buffer.from(data!))
          tree!.apply(txn)
          if (txn.digest === undefined) continue
          expect(tree!.digest).to.equal(txn.digest.value)
          verified++
        }
      }
      expect(types.filter((type) => type !== PACKET.ping).slice(0, 4)).to.deep.equal([
        ...[PACKET.leaderInfo, PACKET.snap, PACKET.newLeader, PACKET.upToDate],
      ])
      expect(types.at(-1)).to.equal(PACKET.ping)
      expect(verified).to.be.at.least(5)
    })
  }

  it('is read at once when its last byte is there', async () => {
    const packet: QuorumPacket = { type: PACKET.ping, zxid: 5n, data: null, authinfo: null }
    async function* endless(): AsyncGenerator<Buffer> {
      yield encoded(packet)
      await new Promise(() => {})
    }
    expect(await readQuorumPacket(new ByteSource(endless()))).to.deep.equal(packet)
  })

  it('a length beyond any record is refused before its bytes come', async () => {
    const head = encoded({ type: PACKET.inform, zxid: 1n, data: null, authinfo: null })
    head.writeInt32BE(0x7fffffff, 12)
    let taken = 0
    function* endless(): Generator<Buffer> {
      yield head
      for (;;) {
        taken++
        yield Buffer.alloc(1024)
      }
    }
    const error = await readQuorumPacket(new ByteSource(endless())).catch((e: Error) => e)
    expect((error as Error).message).to.match(/at byte 0: a packet has more than \d+ bytes/)
    expect(taken).to.equal(0)
  })
})
