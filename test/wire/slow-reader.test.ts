/** Output memory is used again for other connections, but not while a client has yet to read it. */
import { expect } from 'chai'
import { WireBench } from '../support/wire-bench.ts'

const SIZE = 20_000
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
})
