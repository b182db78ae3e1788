/**
 * Clients that want too much or read too little. The proxy's memory stays bounded, and the others notice
 * nothing. Neighbour: bad-input.test.ts.
 */
import { expect } from 'chai'
import { framed } from '../../lib/protocol/frame.ts'
import { HonestBench } from '../support/honest-bench.ts'
import type { RawClient } from '../support/raw-client.ts'
import { OPEN_ACL, packRequest } from '../support/raw-codec.ts'
import type { Served, ServeOptions } from '../support/wire-bench.ts'

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

  describe('greed', () => {
    it('a client that never reads its replies is cut, the others are served', async () => {
      const outputBytesMax = 4 * 1024 * 1024
      await start({ proxy: { outputBytesMax } })
      const client = await bench.connect(served)
      client.socket.pause()
      // Events are not asked for one by one: no pause of reading holds them back.
      client.sendFrame(packRequest(1, 106, { path: '/w', mode: 1 }))
      const connection = bench.connectionOf(client)
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
      await bench.expectOthersUnaffected()
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
      const connection = bench.connectionOf(client)
      const read = framed(packRequest(1, 4, { path: '/large' }))
      // 400 MB if all of it were answered into memory at once; one chunk of input asks for that.
      client.sendBytes(Buffer.concat(Array.from({ length: count }, () => read)))
      while (connection.sent === 0) await turn()
      for (let i = 0; i < 50; i++) {
        await turn()
        const waiting = connection.socket.writableLength + connection.writer.pendingBytes
        expect(waiting).to.be.below(2 * outputBytesMax)
      }
      await bench.expectOthersUnaffected()
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
      await bench.expectOthersUnaffected()
      // Also when it waits in line behind a write.
      const other = await bench.resume(served, client)
      other.create('/x')
      other.multiRead(ops)
      await other.waitFor(() => other.closed)
      await bench.expectOthersUnaffected()
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
      const connection = bench.connectionOf(client)
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
      const connection = bench.connectionOf(client)
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
      await bench.expectOthersUnaffected()
    })

    it('so are those above the limit of one address', async () => {
      await start({ proxy: { connectionsPerAddressMax: 1 } })
      const rejected = await bench.connect(served).catch((error: Error) => error.message)
      expect(rejected).to.equal('closed before the connect response')
      await bench.expectOthersUnaffected()
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
      const connection = bench.connectionOf(client)
      while (connection.socket.writableLength < 1_000_000) await turn()
      const since = performance.now()
      await served.proxy.close(100)
      expect(performance.now() - since).to.be.below(5_000)
    })
  })
})
