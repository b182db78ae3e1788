/** The secure port, and TLS on the plain one: sessions, identities, refusals, and bounds. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect as connectTcp, createServer } from 'node:net'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { expect } from 'chai'
import { eventually } from '../support/eventually.ts'
import { fourLetterWord } from '../support/four-letter-word.ts'
import type { RawClient } from '../support/raw-client.ts'
import { requireOrSkip } from '../support/requirements.ts'
import {
  ended,
  failureOf,
  openTcp,
  type SecureServed,
  serveSecurely,
  statOf,
  TlsFixtures,
} from '../support/tls-bed.ts'
import { WireBench } from '../support/wire-bench.ts'

const X509 = 'CN=client,OU=Wire,O=Test'

describe('TLS', function () {
  this.timeout(60_000)
  let made: TlsFixtures
  let bench: WireBench
  let served: SecureServed

  before(function () {
    requireOrSkip(this, 'openssl')
    made = new TlsFixtures()
  })
  after(() => made?.remove())
  beforeEach(() => {
    bench = new WireBench()
  })
  afterEach(() => bench.close())

  const dial = (
    tls: ConnectionOptions = made.clientOptions(),
    port = served.securePort,
  ): Promise<RawClient> => bench.connect({ port }, { tls })
  const idsOf = async (client: RawClient) => (await client.whoAmI()).record.ids
  const stat = (name: string): Promise<number> => statOf(served, name)

  describe('a session', () => {
    beforeEach(async () => {
      served = await serveSecurely(bench, { files: made.files })
    })

    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      it(`is served over ${version}, with the certificate's subject as its identity`, async () => {
        const client = await dial({ ...made.clientOptions(), maxVersion: version })
        expect((client.socket as TLSSocket).getProtocol()).to.equal(version)
        await client.create('/a', { data: 'x'.repeat(300_000) })
        const { record } = await client.getData('/a')
        expect(record.data?.length).to.equal(300_000)
        expect(await idsOf(client)).to.deep.equal([
          { scheme: 'ip', user: '127.0.0.1' },
          { scheme: 'x509', user: X509 },
        ])
        expect(await stat('anykeeper_tls_handshakes')).to.equal(1)
      })
    }

    it('has the identity of the connection that it is on: its znodes stay closed to a plain one', async () => {
      const client = await dial()
      const acl = [{ perms: 31, scheme: 'x509', id: X509 }]
      expect((await client.create('/mine', { acl })).err).to.equal(0)
      expect((await client.getData('/mine')).err).to.equal(0)
      const plain = await bench.resume({ port: served.port }, client)
      expect(plain.sessionId).to.equal(client.sessionId)
      expect((await plain.getData('/mine')).err).to.equal(-102)
      const again = await bench.resume({ port: served.securePort }, plain, {
        tls: made.clientOptions(),
      })
      expect((await again.getData('/mine')).err).to.equal(0)
    })

    it('is served when the client sends its handshake byte by byte', async () => {
      const { port, stop } = await byteByByte(served.securePort)
      const client = await dial(made.clientOptions(), port)
      expect((await client.create('/slow')).err).to.equal(0)
      client.destroy()
      await stop()
    })

    it('keeps its identity on a resumed TLS session', async () => {
      for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
        const options = { ...made.clientOptions(), maxVersion, host: '127.0.0.1' }
        const first = connect({ ...options, port: served.securePort })
        const [session] = (await once(first, 'session')) as [Buffer]
        first.destroy()
        const second = await dial({ ...options, session })
        expect((second.socket as TLSSocket).isSessionReused()).to.equal(true)
        expect(await idsOf(second)).to.deep.include({ scheme: 'x509', user: X509 })
      }
    })

    it('is counted among the connections of its address also before its handshake ends', async () => {
      const limited = await serveSecurely(
        bench,
        { files: made.files },
        { connectionsPerAddressMax: 1 },
      )
      const silent = await openTcp(limited.securePort)
      const second = await openTcp(limited.securePort)
      await ended(second)
      await limited.logged('too many connections')
      silent.destroy()
      const free = () => dial(made.clientOptions(), limited.securePort)
      await eventually('its place is free again', free)
    })
  })

  describe('openssl s_client', () => {
    it('verifies the server, and gets an answer to a four-letter word', async () => {
      served = await serveSecurely(bench, { files: made.files })
      const args = [
        's_client',
        '-connect',
        `127.0.0.1:${served.securePort}`,
        '-verify_return_error',
      ]
      const who = ['-cert', made.client.cert, '-key', made.client.key, '-CAfile', made.trusted.ca]
      const answer = await runOpenssl(
        [...args, ...who, '-verify_ip', '127.0.0.1', '-ign_eof'],
        'ruok',
      )
      expect(answer).to.include('Verify return code: 0 (ok)').and.include('imok')
    })

    it('says why when it does not trust the server', async () => {
      served = await serveSecurely(bench, { files: made.files })
      const args = [
        's_client',
        '-connect',
        `127.0.0.1:${served.securePort}`,
        '-verify_return_error',
      ]
      await runOpenssl([...args, '-CAfile', made.other.ca], '')
      const { fields } = await served.logged('TLS handshake failed')
      expect(fields.reason).to.match(/does not trust the authority/)
    })
  })

  describe('one port for both', () => {
    beforeEach(async () => {
      served = await serveSecurely(bench, { files: made.files, onPlainPort: true, port: 0 })
    })

    it('takes plain clients, four-letter words, and TLS', async () => {
      const plain = await bench.connect(served)
      const secure = await dial(made.clientOptions(), served.port)
      await plain.create('/a')
      expect((await secure.exists('/a')).err).to.equal(0)
      expect(await idsOf(plain)).to.deep.equal([{ scheme: 'ip', user: '127.0.0.1' }])
      expect(await idsOf(secure)).to.deep.include({ scheme: 'x509', user: X509 })
      const word = await fourLetterWord({ host: '127.0.0.1', port: served.port }, 'ruok')
      expect(word).to.equal('imok')
    })

    it('loses no byte of either when they come one by one', async () => {
      const { port, stop } = await byteByByte(served.port)
      const secure = await dial(made.clientOptions(), port)
      const plain = await bench.connect({ port })
      expect((await secure.create('/a')).err).to.equal(0)
      expect((await plain.exists('/a')).err).to.equal(0)
      expect(await fourLetterWord({ host: '127.0.0.1', port }, 'ruok')).to.equal('imok')
      secure.destroy()
      plain.destroy()
      await stop()
    })
  })

  describe('client authentication', () => {
    it('want: none is needed, and one that is shown must be trusted', async () => {
      served = await serveSecurely(bench, { files: made.files, clientAuth: 'want' })
      const nobody = await dial(made.clientOptions(null as never))
      expect(await idsOf(nobody)).to.deep.equal([{ scheme: 'ip', user: '127.0.0.1' }])
      expect(await idsOf(await dial())).to.deep.include({ scheme: 'x509', user: X509 })
      const stranger = await failureOf(dial(made.clientOptions(made.other.issue('stranger'))))
      expect(stranger).to.be.instanceOf(Error)
      expect((await served.logged('TLS handshake failed')).fields.reason).to.match(/authority/)
    })

    it('none: no certificate is requested, and no identity comes of one', async () => {
      const { cert, key } = made.server
      served = await serveSecurely(bench, { files: { cert, key }, clientAuth: 'none' })
      expect(await idsOf(await dial())).to.deep.equal([{ scheme: 'ip', user: '127.0.0.1' }])
    })

    it('the super user passes every ACL', async () => {
      served = await serveSecurely(bench, {
        files: made.files,
        superUser: X509,
        clientAuth: 'want',
      })
      const nobody = await dial(made.clientOptions(null as never))
      await nobody.create('/shut', { acl: [{ perms: 1, scheme: 'ip', id: '192.0.2.1' }] })
      expect((await nobody.getData('/shut')).err).to.equal(-102)
      expect((await (await dial()).getData('/shut')).err).to.equal(0)
    })
  })
})

/** openssl, which ends when the server closes. */
function runOpenssl(args: readonly string[], input: string): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn('openssl', args)
    let output = ''
    child.stdout.on('data', (text) => {
      output += text
    })
    child.on('close', () => resolve(output))
    child.stdin.on('error', () => {})
    child.stdin.write(input)
  })
}

/** A relay that passes on what clients send one byte at a time. */
async function byteByByte(to: number): Promise<{ port: number; stop: () => Promise<void> }> {
  const server = createServer((from) => {
    const onward = connectTcp({ port: to, host: '127.0.0.1', noDelay: true })
    const queue: number[] = []
    let isSending = false
    const next = (): void => {
      const byte = queue.shift()
      isSending = byte !== undefined
      if (byte !== undefined) onward.write(Buffer.from([byte]), () => setImmediate(next))
    }
    from.on('data', (bytes: Buffer) => {
      for (const byte of bytes) queue.push(byte)
      if (!isSending) next()
    })
    onward.pipe(from)
    for (const socket of [from, onward]) socket.on('error', () => {})
    from.on('close', () => onward.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as { port: number }).port,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
