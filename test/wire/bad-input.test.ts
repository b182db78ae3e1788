/**
 * Bytes no honest client sends. Whatever one connection sends, the proxy stays up, and the others notice
 * nothing. Clients that want too much: greed.test.ts.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect } from 'chai'
import { framed } from '../../lib/protocol/frame.ts'
import { HonestBench } from '../support/honest-bench.ts'
import { Pack } from '../support/pack.ts'
import { connectBody, type RawClient } from '../support/raw-client.ts'
import { packRequest } from '../support/raw-codec.ts'
import type { Served, ServeOptions } from '../support/wire-bench.ts'

const MAX = 0xfffff

/** Bytes sent by hand, and what came back. */
class Wire {
  readonly socket: Socket
  received = Buffer.alloc(0)
  readonly closed: Promise<void>

  constructor({ port }: { port: number }) {
    this.socket = connect({ port, host: '127.0.0.1' })
    this.socket.on('data', (chunk) => {
      this.received = Buffer.concat([this.received, chunk])
    })
    this.socket.on('error', () => {})
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()))
  }
  async send(bytes: Uint8Array | string): Promise<void> {
    if (this.socket.connecting) await once(this.socket, 'connect')
    await new Promise((resolve) => this.socket.write(bytes, resolve))
  }
}

const int = (value: number): Buffer => new Pack().int(value).done()
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('bad input', () => {
  let bench: HonestBench
  let served: Served
  let honest: RawClient

  async function start(options?: ServeOptions): Promise<void> {
    ;({ served, honest } = await bench.start(options))
  }

  beforeEach(() => {
    bench = new HonestBench()
  })
  afterEach(() => bench.close())

  describe('frames', () => {
    for (const length of [-1, -(2 ** 31), MAX + 1, 2 ** 31 - 1]) {
      it(`a first length of ${length} closes the connection without a reply`, async () => {
        await start()
        const wire = new Wire(served)
        await wire.send(int(length))
        await wire.closed
        expect(wire.received).to.have.length(0)
        expect(served.proxy.stats.malformedDropped).to.equal(1)
        await bench.expectOthersUnaffected()
      })

      it(`a later length of ${length} closes the connection, the session lives on`, async () => {
        await start()
        const client = await bench.connect(served)
        client.sendBytes(int(length))
        await client.waitFor(() => client.closed)
        expect(client.transcript).to.have.length(1)
        const again = await bench.resume(served, client)
        expect(again.sessionId).to.equal(client.sessionId)
        await bench.expectOthersUnaffected()
      })
    }

    it('an empty frame closes the connection: no handshake, no header', async () => {
      await start()
      const wire = new Wire(served)
      await wire.send(int(0))
      await wire.closed
      const client = await bench.connect(served)
      client.sendBytes(int(0))
      await client.waitFor(() => client.closed)
      await bench.expectOthersUnaffected()
    })

    it('a frame of exactly the longest length passes', async () => {
      await start()
      const client = await bench.connect(served)
      const fixed = packRequest(1, 1, { path: '/big', data: '' }).length
      const body = packRequest(1, 1, { path: '/big', data: Buffer.alloc(MAX - fixed) })
      expect(body.length).to.equal(MAX)
      const reply = await client.sendBody(1, body, 1)
      expect(reply.err).to.equal(0)
      const read = await client.getData('/big')
      expect(read.record.data).to.have.length(MAX - fixed)
    })

    it('a header cut short closes the connection', async () => {
      await start()
      for (const bytes of [1, 3, 4, 7]) {
        const client = await bench.connect(served)
        client.sendFrame(Buffer.alloc(bytes))
        await client.waitFor(() => client.closed)
      }
      await bench.expectOthersUnaffected()
    })

    it('an unknown opcode is UNIMPLEMENTED with zxid −1, then closed', async () => {
      await start()
      for (const op of [0, 10, 13, 20, 23, 108, 500, -1, -10, 2 ** 31 - 1, -(2 ** 31)]) {
        const client = await bench.connect(served)
        const reply = await client.sendRecord(op, Buffer.alloc(12), 7)
        expect(reply, `opcode ${op}`).to.include({ xid: 7, err: -6, zxid: -1 })
        await client.waitFor(() => client.closed)
      }
      await bench.expectOthersUnaffected()
    })

    it('a ConnectRequest cut short in its frame closes the connection without a reply', async () => {
      await start()
      const body = connectBody({})
      for (const length of [1, 4, 12, 27, body.length - 1]) {
        const wire = new Wire(served)
        await wire.send(framed(body.subarray(0, length)))
        await wire.closed
        expect(wire.received, `${length} bytes`).to.have.length(0)
      }
      await bench.expectOthersUnaffected()
    })

    it('a ConnectRequest may arrive in any two pieces', async () => {
      await start()
      const bytes = framed(connectBody({ readOnly: false }))
      for (let at = 1; at < bytes.length; at++) {
        const accepted = served.proxy.connections.size
        const wire = new Wire(served)
        await wire.send(bytes.subarray(0, at))
        while (served.proxy.connections.size === accepted) await turn()
        const connection = [...served.proxy.connections].at(-1)!
        // The first piece is read before the second is sent.
        while (connection.socket.bytesRead < at) await turn()
        await wire.send(bytes.subarray(at))
        const deadline = performance.now() + 2_000
        while (wire.received.length < 41 && performance.now() < deadline) await turn()
        expect(wire.received, `cut after ${at} bytes`).to.have.length(41)
        wire.socket.destroy()
        await wire.closed
        while (served.proxy.connections.size > accepted) await turn()
      }
    })

    it('four bytes that spell a word are one only at the very beginning', async () => {
      await start()
      const body = connectBody({ password: Buffer.from('ruokruokruokruok') })
      const bytes = framed(body)
      const at = bytes.indexOf('ruok')
      const client = await bench.connect(served, { handshake: false })
      client.sendBytes(bytes.subarray(0, at))
      const connection = [...served.proxy.connections].at(-1)!
      while (connection.socket.bytesRead < at) await turn()
      client.sendBytes(bytes.subarray(at))
      await client.waitFor(() => client.bytesReceived.length === 40)
      expect(client.bytesReceived.readInt32BE(0)).to.equal(36)
    })

    it('what follows a four-letter word is not looked at', async () => {
      await start()
      const wire = new Wire(served)
      await wire.send('ruok')
      await wire.send(framed(connectBody({})))
      await wire.closed
      expect(wire.received.toString()).to.equal('imok')
      expect(served.keeper.replica.sessions.size).to.equal(1)
    })
  })

  describe('silence', () => {
    const impatient = { proxy: { greetingTimeoutMs: 150 } }
    const beginnings: [what: string, bytes: Uint8Array][] = [
      ['nothing', Buffer.alloc(0)],
      ['three bytes', Buffer.from([0, 0, 0])],
      ['half a ConnectRequest', framed(connectBody({})).subarray(0, 20)],
    ]
    for (const [what, bytes] of beginnings) {
      it(`a connection that sends ${what} is dropped after the greeting timeout`, async () => {
        await start(impatient)
        const wire = new Wire(served)
        await wire.send(bytes)
        const since = performance.now()
        await wire.closed
        expect(performance.now() - since).to.be.at.least(100)
        expect(served.proxy.stats.sessionlessDropped).to.equal(1)
        expect(wire.received).to.have.length(0)
        await bench.expectOthersUnaffected()
      })
    }

    it('one that has greeted is not', async () => {
      await start(impatient)
      await new Promise((resolve) => setTimeout(resolve, 300))
      await bench.expectOthersUnaffected()
    })
  })

  describe('sessions that ended', () => {
    it('requests behind closeSession are dropped, the reply is the last thing said', async () => {
      await start()
      const client = await bench.connect(served)
      client.sendBytes(
        Buffer.concat([
          framed(packRequest(1, 1, { path: '/before' })),
          framed(packRequest(2, -11, {})),
          framed(packRequest(3, 1, { path: '/after' })),
          framed(packRequest(4, 4, { path: '/before' })),
        ]),
      )
      await client.waitFor(() => client.closed)
      const said = client.transcript.map((e) => (e.kind === 'reply' ? [e.xid, e.err] : e.kind))
      expect(said).to.deep.equal([[1, 0], [2, 0], 'closed'])
      expect((await honest.exists('/before')).err).to.equal(0)
      expect((await honest.exists('/after')).err).to.equal(-101)
    })

    it('a write on its way when its session moved is not applied', async () => {
      await start()
      const other = await bench.serve()
      const client = await bench.connect(served)
      // The commit loses its race to the move: it is planned again, and judged anew.
      let moved: RawClient | undefined
      served.store.beforeTxn = async () => {
        served.store.beforeTxn = undefined
        moved = await bench.resume(other, client)
      }
      const reply = client.create('/late').catch((error: Error) => error.message)
      await client.waitFor(() => client.closed)
      expect(await reply).to.match(/^connection closed before the reply/)
      expect(client.transcript).to.deep.equal([{ kind: 'closed' }])
      await moved!.sync('/')
      expect((await moved!.exists('/late')).err).to.equal(-101)
      await honest.sync('/')
      expect((await honest.exists('/late')).err).to.equal(-101)
    })

    it('a write on its way when its session expired is not applied', async () => {
      await start()
      const other = await bench.serve()
      const client = await bench.connect(served, { timeoutMs: 6_000 })
      const { id, owner, fence } = served.keeper.replica.sessions.get(client.sessionId)!
      served.store.beforeTxn = () => {
        served.store.beforeTxn = undefined
        // Another keeper proposes the end, as it would for a vanished proxy.
        return new Promise<void>((resolve, reject) => {
          other.keeper.committer.submit({
            request: { type: 'expireSession', id, owner, fence },
            committed: (_zxid, planned) =>
              typeof planned === 'number' ? reject(new Error(`errno ${planned}`)) : resolve(),
            abandoned: reject,
          })
        })
      }
      client.create('/late', { flags: 1 })
      await client.waitFor(() => client.closed)
      expect(client.transcript).to.deep.equal([{ kind: 'closed' }])
      await honest.sync('/')
      expect((await honest.exists('/late')).err).to.equal(-101)
      const again = await bench.resume(served, client)
      expect([again.timeoutMs, again.sessionId]).to.deep.equal([0, 0n])
    })
  })
})
