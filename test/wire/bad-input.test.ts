/**
 * Bytes and behaviour no honest client shows. Whatever one connection does, the proxy stays up, its
 * memory stays bounded, and the others notice nothing.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect } from 'chai'
import { framed } from '../../lib/protocol/frame.ts'
import type { ClientConnection } from '../../proxy/host.ts'
import { Pack } from '../support/pack.ts'
import { connectBody, type RawClient } from '../support/raw-client.ts'
import { OPEN_ACL, packRequest } from '../support/raw-codec.ts'
import { type Served, type ServeOptions, WireBench } from '../support/wire-bench.ts'

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
  let bench: WireBench
  let served: Served
  let honest: RawClient

  async function start(options: ServeOptions = {}): Promise<void> {
    served = await bench.serve(options)
    honest = await bench.connect(served)
    await honest.create('/honest', { data: 'yes', flags: 1 })
  }

  /** Same connection, same session, still answered. */
  async function expectOthersUnaffected(): Promise<void> {
    const reply = await honest.getData('/honest')
    expect(reply.err).to.equal(0)
    expect(reply.record.data?.toString()).to.equal('yes')
    expect(honest.closed).to.equal(false)
  }

  /** The proxy's side of it. */
  function connectionOf(client: RawClient): ClientConnection {
    return [...served.proxy.connections].find((c) => c.session?.id === client.sessionId)!
  }

  beforeEach(() => {
    bench = new WireBench()
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
        await expectOthersUnaffected()
      })

      it(`a later length of ${length} closes the connection, the session lives on`, async () => {
        await start()
        const client = await bench.connect(served)
        client.sendBytes(int(length))
        await client.waitFor(() => client.closed)
        expect(client.transcript).to.have.length(1)
        const again = await bench.resume(served, client)
        expect(again.sessionId).to.equal(client.sessionId)
        await expectOthersUnaffected()
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
      await expectOthersUnaffected()
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
      await expectOthersUnaffected()
    })

    it('an unknown opcode is UNIMPLEMENTED with zxid −1, then closed', async () => {
      await start()
      for (const op of [0, 10, 13, 20, 23, 108, 500, -1, -10, 2 ** 31 - 1, -(2 ** 31)]) {
        const client = await bench.connect(served)
        const reply = await client.sendRecord(op, Buffer.alloc(12), 7)
        expect(reply, `opcode ${op}`).to.include({ xid: 7, err: -6, zxid: -1 })
        await client.waitFor(() => client.closed)
      }
      await expectOthersUnaffected()
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
      await expectOthersUnaffected()
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
        expect(performance.now() - since).to.be.within(100, 5_000)
        expect(served.proxy.stats.sessionlessDropped).to.equal(1)
        expect(wire.received).to.have.length(0)
        await expectOthersUnaffected()
      })
    }

    it('one that has greeted is not', async () => {
      await start(impatient)
      await new Promise((resolve) => setTimeout(resolve, 300))
      await expectOthersUnaffected()
    })
  })

  describe('greed', () => {
    it('a client that never reads its replies is cut, the others are served', async () => {
      const outputBytesMax = 4 * 1024 * 1024
      await start({ proxy: { outputBytesMax } })
      const client = await bench.connect(served)
      client.socket.pause()
      // Events are not asked for one by one: no pause of reading holds them back.
      client.sendFrame(packRequest(1, 106, { path: '/w', mode: 1 }))
      const connection = connectionOf(client)
      while (served.keeper.watches.watchCount === 0) await turn()
      await honest.create('/w')
      const longPath = `/w/${'x'.repeat(900)}`
      let fired = 0
      while (!connection.socket.destroyed && fired < 40_000) {
        const more = Array.from({ length: 200 }, (_, i) =>
          i % 2 === 0 ? honest.create(longPath) : honest.delete(longPath),
        )
        const replies = await Promise.all(more)
        expect(replies.every((r) => r.err === 0)).to.equal(true)
        expect(connection.socket.writableLength).to.be.below(2 * outputBytesMax)
        fired += more.length
      }
      expect(connection.socket.destroyed, `after ${fired} changes`).to.equal(true)
      await expectOthersUnaffected()
      // It was the connection that was cut; the session waits.
      client.destroy()
      const again = await bench.resume(served, client)
      expect(again.sessionId).to.equal(client.sessionId)
    }).timeout(60_000)

    it('a client that asks for much and reads nothing holds little memory', async () => {
      const outputBytesMax = 8 * 1024 * 1024
      await start({ proxy: { outputBytesMax } })
      const size = 200_000
      await honest.create('/large', { data: Buffer.alloc(size) })
      const client = await bench.connect(served)
      client.socket.pause()
      const count = 2_000
      const connection = connectionOf(client)
      const read = framed(packRequest(1, 4, { path: '/large' }))
      // 400 MB if all of it were answered into memory at once; one chunk of input asks for that.
      client.sendBytes(Buffer.concat(Array.from({ length: count }, () => read)))
      while (connection.sent === 0) await turn()
      for (let i = 0; i < 50; i++) {
        await turn()
        const waiting = connection.socket.writableLength + connection.writer.pendingBytes
        expect(waiting).to.be.below(2 * outputBytesMax)
      }
      await expectOthersUnaffected()
      // It is only slow: what it asked for comes when it reads.
      expect(client.closed).to.equal(false)
      let missing = count * (4 + 16 + 4 + size + 68)
      client.socket.removeAllListeners('data')
      const complete = new Promise<void>((resolve) => {
        client.socket.on('data', (chunk) => {
          missing -= chunk.length
          if (missing <= 0) resolve()
        })
      })
      client.socket.resume()
      await complete
      expect(missing).to.equal(0)
    }).timeout(60_000)

    it('a reply larger than may wait is not built: that connection is cut', async () => {
      await start({ proxy: { outputBytesMax: 8 * 1024 * 1024 } })
      await honest.create('/large', { data: Buffer.alloc(1_000_000) })
      const client = await bench.connect(served)
      // 20 GB in one answer.
      const ops = Array.from({ length: 20_000 }, () => ({ op: 4 as const, path: '/large' }))
      client.multiRead(ops)
      await client.waitFor(() => client.closed)
      await expectOthersUnaffected()
      // Also when it waits in line behind a write.
      const other = await bench.resume(served, client)
      other.create('/x')
      other.multiRead(ops)
      await other.waitFor(() => other.closed)
      await expectOthersUnaffected()
    })

    it('more requests than may be on their way are answered, all and in order', async () => {
      await start({ proxy: { outstandingMax: 10 } })
      const client = await bench.connect(served)
      const count = 3_000
      const bodies: Buffer[] = []
      for (let xid = 1; xid <= count; xid++) {
        const body =
          xid % 3 === 0
            ? packRequest(xid, 4, { path: '/honest' })
            : packRequest(xid, 1, { path: '/honest-', flags: 2 })
        bodies.push(framed(body))
      }
      client.sendBytes(Buffer.concat(bodies))
      const connection = connectionOf(client)
      let outstanding = 0
      while (client.transcript.length < count) {
        outstanding = Math.max(outstanding, connection.queued)
        await turn()
      }
      const xids = client.transcript.map((entry) => entry.kind === 'reply' && entry.xid)
      expect(xids).to.deep.equal(Array.from({ length: count }, (_, i) => i + 1))
      expect(outstanding).to.be.within(1, 10)
    }).timeout(60_000)

    it('reads that wait behind a write count as on their way', async () => {
      await start({ proxy: { outstandingMax: 10 } })
      const client = await bench.connect(served)
      let release = (): void => {}
      const held = new Promise<void>((resolve) => {
        release = resolve
      })
      served.store.beforeTxn = () => held
      const count = 5_000
      const bodies = [framed(packRequest(1, 1, { path: '/slow' }))]
      for (let xid = 2; xid <= count; xid++) {
        bodies.push(framed(packRequest(xid, 4, { path: '/slow' })))
      }
      client.sendBytes(Buffer.concat(bodies))
      const connection = connectionOf(client)
      while (connection.queued < 10) await turn()
      for (let i = 0; i < 100; i++) await turn()
      expect(connection.queued).to.equal(10)
      release()
      await client.waitFor((t) => t.length === count)
      const replies = client.transcript.map((e) => (e.kind === 'reply' ? [e.xid, e.err] : e))
      expect(replies).to.deep.equal(Array.from({ length: count }, (_, i) => [i + 1, 0]))
    })

    it('connections above the limit are closed, one that leaves makes room', async () => {
      await start({ proxy: { connectionsMax: 3 } })
      const second = await bench.connect(served)
      await bench.connect(served)
      const rejected = await bench.connect(served).then(
        () => 'accepted',
        (error: Error) => error.message,
      )
      expect(rejected).to.equal('closed before the connect response')
      expect(served.proxy.stats.connectionsRejected).to.equal(1)
      await second.close()
      await bench.connect(served)
      await expectOthersUnaffected()
    })

    it('so are those above the limit of one address', async () => {
      await start({ proxy: { connectionsPerAddressMax: 1 } })
      const rejected = await bench.connect(served).catch((error: Error) => error.message)
      expect(rejected).to.equal('closed before the connect response')
      await expectOthersUnaffected()
    })

    it('a huge ACL costs no quadratic time', async () => {
      await start()
      const acl = Array.from({ length: 30_000 }, (_, i) => ({
        perms: 31,
        scheme: 'digest',
        id: `user${i % 15_000}:x`,
      }))
      const client = await bench.connect(served)
      const before = process.cpuUsage()
      const reply = await client.create('/acl', { acl: [...OPEN_ACL, ...acl] })
      expect(reply.err).to.equal(0)
      // Not elapsed time: the machine may be busy.
      expect(process.cpuUsage(before).user / 1_000, 'ms').to.be.below(900)
      const read = await client.getAcl('/acl')
      expect(read.record.acl).to.have.length(15_001)
    })
  })

  describe('stopping', () => {
    it('does not wait for a client that does not read', async () => {
      await start()
      await honest.create('/large', { data: Buffer.alloc(1_000_000) })
      const client = await bench.connect(served)
      client.socket.pause()
      for (let xid = 1; xid <= 12; xid++) {
        client.sendFrame(packRequest(xid, 4, { path: '/large' }))
      }
      const connection = connectionOf(client)
      while (connection.socket.writableLength < 1_000_000) await turn()
      const since = performance.now()
      await served.proxy.close(100)
      expect(performance.now() - since).to.be.below(5_000)
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
