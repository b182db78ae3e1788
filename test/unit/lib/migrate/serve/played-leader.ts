/** A leader that takes one observer and says what a test wants: it commits nothing by itself. */
import { createServer, type Server, type Socket } from 'node:net'
import { JuteReader } from '../../../../../lib/protocol/jute/reader.ts'
import { JuteWriter } from '../../../../../lib/protocol/jute/writer.ts'
import { ByteSource } from '../../../../../lib/transfer/zookeeper/byte-source.ts'
import {
  PACKET,
  type PacketType,
  type QuorumPacket,
  readQuorumPacket,
  writeQuorumPacket,
} from '../../../../../lib/transfer/zookeeper/quorum-packet.ts'
import { TXN, type Txn } from '../../../../../lib/transfer/zookeeper/txn.ts'
import { eventually } from '../../../../support/eventually.ts'

export interface Asked {
  readonly session: bigint
  readonly cxid: number
  readonly op: number
  readonly body: Buffer
  readonly ids: readonly string[]
}

const LATE_MS = 20_000
const PROTOCOL = Buffer.from([0, 1, 0, 0])

export class PlayedLeader {
  /** REQUESTs, in their order. */
  readonly requests: Asked[] = []
  readonly revalidations: bigint[] = []
  /** Sessions in answers to PING. */
  readonly touched: bigint[] = []
  /** The server id of each observer. */
  readonly sids: number[] = []
  /** What NEWLEADER says of the members. */
  config = 'version=0'
  readonly #server: Server
  readonly #epoch: () => number
  #observer: Socket | undefined

  /** `epoch`: in which it leads. */
  private constructor(epoch: () => number) {
    this.#epoch = epoch
    this.#server = createServer((socket) => {
      socket.on('error', () => {})
      void this.#lead(socket).catch(() => socket.destroy())
    })
  }

  static async start(epoch: () => number): Promise<PlayedLeader> {
    const leader = new PlayedLeader(epoch)
    await new Promise<void>((resolve) => leader.#server.listen(0, '127.0.0.1', resolve))
    return leader
  }

  get address(): string {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('it does not listen')
    return `127.0.0.1:${address.port}`
  }

  /** The request that comes next, or came already. */
  async request(at: number): Promise<Asked> {
    await eventually(`request ${at}`, () => this.requests.length > at, LATE_MS)
    return this.requests[at]!
  }

  /** What it committed; `errno`: of one that failed. */
  inform({ clientId, cxid, zxid, time }: Txn, errno = 0): void {
    const out = new JuteWriter()
    out.bigLong(clientId)
    out.int(cxid)
    out.long(zxid)
    out.long(time)
    if (errno === 0) {
      out.int(TXN.setData)
      out.string('/x')
      out.bytes(null)
      out.int(1)
    } else {
      out.int(TXN.error)
      out.int(errno)
    }
    this.send(PACKET.inform, BigInt(zxid), out.take())
  }

  /** Answers the oldest sync. */
  sync(): void {
    this.send(PACKET.sync, 0n, null)
  }

  revalidated(session: bigint, isValid: boolean): void {
    const out = new JuteWriter()
    out.bigLong(session)
    out.bool(isValid)
    this.send(PACKET.revalidate, -1n, out.take())
  }

  ping(): void {
    this.send(PACKET.ping, 0n, null)
  }

  send(type: PacketType, zxid: bigint, data: Uint8Array | null): void {
    const out = new JuteWriter()
    writeQuorumPacket(out, { type, zxid, data, authinfo: null })
    this.#observer?.write(out.take() as Buffer)
  }

  /** As if it died. */
  hangUp(): void {
    this.#observer?.destroy()
  }

  stop(): void {
    this.#observer?.destroy()
    this.#server.close()
  }

  async #lead(socket: Socket): Promise<void> {
    const source = new ByteSource(socket as AsyncIterable<Buffer>)
    const info = await readQuorumPacket(source)
    this.sids.push(Number(Buffer.from(info.data ?? []).readBigInt64BE()))
    this.#observer = socket
    const epoch = BigInt(this.#epoch()) << 32n
    this.send(PACKET.leaderInfo, epoch, PROTOCOL)
    const { zxid } = await readQuorumPacket(source)
    // It has what the observer has, and nothing more.
    this.send(PACKET.diff, zxid, null)
    this.send(PACKET.newLeader, epoch, Buffer.from(this.config))
    this.send(PACKET.upToDate, -1n, null)
    for (;;) this.#take(await readQuorumPacket(source))
  }

  #take({ type, data, authinfo }: QuorumPacket): void {
    const bytes = Buffer.from(data ?? [])
    const reader = JuteReader.of(bytes)
    if (type === PACKET.revalidate) this.revalidations.push(reader.bigLong())
    else if (type === PACKET.ping) {
      for (; reader.left > 0; reader.int()) this.touched.push(reader.bigLong())
    } else if (type === PACKET.request) {
      if (authinfo === null) throw new Error('a request without a vector of ids')
      this.requests.push({
        ...{ session: reader.bigLong(), cxid: reader.int(), op: reader.int() },
        body: bytes.subarray(16),
        ids: authinfo.map(({ scheme, id }) => `${scheme}:${id}`),
      })
    }
  }
}
