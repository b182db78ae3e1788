/** Output memory is used again for other connections, but not while a client has yet to read it. */
import { expect } from 'chai'
import { type Served, WireBench } from '../support/wire-bench.ts'

const SIZE = 20_000
/** Below the high-water mark of a socket. */
const VALUE = 4_000
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('slow reader', () => {
  let bench: WireBench

  beforeEach(() => {
    bench = new WireBench()
  })

  afterEach(() => bench.close())

  it('reads what was answered, whatever others were answered meanwhile', async () => {
    const served = await bench.serve()
    const honest = await bench.connect(served)
    await honest.create('/slow', { data: 's'.repeat(SIZE) })
    await honest.create('/fast', { data: 'f'.repeat(SIZE) })
    const client = await bench.connect(served)
    const { socket } = [...served.proxy.connections].find(
      ({ session }) => session?.id === client.sessionId,
    )!
    client.socket.pause()
    // More than the two sockets' kernel buffers hold, less than the client is cut for.
    const asked = Array.from({ length: 1_000 }, () => client.getData('/slow'))
    while (socket.writableLength === 0) await turn()
    for (let i = 0; i < 20; i++) {
      const others = await Promise.all(Array.from({ length: 50 }, () => honest.getData('/fast')))
      for (const { record } of others)
        expect(record.data?.equals(Buffer.alloc(SIZE, 'f'))).to.be.true
    }
    expect(socket.writableLength, 'still unread').to.be.above(0)
    client.socket.resume()
    const replies = await Promise.all(asked)
    for (const { record } of replies)
      expect(record.data?.equals(Buffer.alloc(SIZE, 's'))).to.be.true
  }).timeout(30_000)

  it('is in no budget any more once it has read what was unsent, however little that was', async () => {
    const served = await bench.serve()
    const { client, asked } = await someUnsent(served)
    expect(served.proxy.replyBytes.bytes).to.be.above(0)
    client.socket.resume()
    await Promise.all(asked)
    // Its answer comes behind all others, and the second one when the first has left.
    for (let i = 0; i < 2; i++) await client.getData('/little')
    expect(served.proxy.replyBytes.bytes).to.equal(0)
  }).timeout(30_000)

  it('is served again once it has read, also where little unsent output makes its requests wait', async () => {
    // A sixteenth of it is less than the socket's high-water mark, so no drain is emitted.
    const served = await bench.serve({ proxy: { outputBytesMax: 10 * VALUE } })
    const { client, asked } = await someUnsent(served)
    const behind = client.getData('/little')
    client.socket.resume()
    await Promise.all([...asked, behind])
  }).timeout(30_000)

  /** A client that has left less unread than the socket's high-water mark. */
  async function someUnsent(served: Served) {
    const client = await bench.connect(served)
    await client.create('/little', { data: 'l'.repeat(VALUE) })
    const { socket } = [...served.proxy.connections].find(
      ({ session }) => session?.id === client.sessionId,
    )!
    client.socket.pause()
    const asked: Promise<unknown>[] = []
    const { stats } = served.proxy
    while (socket.writableLength === 0) {
      const { packetsSent } = stats
      asked.push(client.getData('/little'))
      while (stats.packetsSent === packetsSent) await turn()
      // It leaves at the end of that tick.
      await turn()
    }
    expect(socket.writableLength).to.be.below(socket.writableHighWaterMark)
    return { client, asked }
  }
})
