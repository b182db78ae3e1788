/** The secure port, and TLS on the plain one: sessions, identities, refusals, and bounds. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect as connectTcp, createServer, type Socket } from 'node:net'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { expect } from 'chai'
import { eventually } from '../support/eventually.ts'
import { fourLetterWord } from '../support/four-letter-word.ts'
import type { RawClient } from '../support/raw-client.ts'
import { requireOrSkip } from '../support/requirements.ts'
import {
  ended,
  openTcp,
  type SecureServed,
  serveSecurely,
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
  const stat = async (name: string): Promise<number> => {
    const lines = await fourLetterWord({ host: '127.0.0.1', port: served.port }, 'mntr')
    return Number(new RegExp(`^zk_${name}\\t(.*)$`, 'm').exec(lines)?.[1])
  }

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
      await eventually('its place is free again', free, 10_000)
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

  describe('is refused, with the reason in the log, when', () => {
    before(() => {
      revoked = made.trusted.issue('revoked')
      lists = made.trusted.revoke(revoked)
    })
    let revoked: { cert: string; key: string }
    let lists: string

    const cases: [what: string, reason: RegExp, options: () => ConnectionOptions][] = [
      [
        'the client shows no certificate',
        /shows no certificate/,
        () => made.clientOptions(null as never),
      ],
      [
        'another authority issued it',
        /authority that is not trusted/,
        () => made.clientOptions(made.other.issue('a')),
      ],
      [
        'it has expired',
        /has expired/,
        () => made.clientOptions(made.trusted.issue('old', { until: '20210101000000Z' })),
      ],
      [
        'it is for servers only',
        /not for clients/,
        () => made.clientOptions(made.trusted.issue('host', { usage: 'serverAuth' })),
      ],
      ['it is revoked', /is revoked/, () => made.clientOptions(revoked)],
      [
        'the client does not trust the server',
        /closed the connection in the middle/,
        () => ({
          ...made.clientOptions(),
          ca: readFileSync(made.other.ca),
        }),
      ],
      [
        'the client speaks TLS 1.1 at most',
        /no version of TLS/,
        () => ({
          ...made.clientOptions(),
          minVersion: 'TLSv1.1',
          maxVersion: 'TLSv1.1',
          ciphers: 'DEFAULT@SECLEVEL=0',
        }),
      ],
      [
        'there is no cipher suite in common',
        /no cipher suite in common/,
        () => ({
          ...made.clientOptions(),
          maxVersion: 'TLSv1.2',
          ciphers: 'ECDHE-ECDSA-AES128-SHA',
        }),
      ],
    ]

    beforeEach(async () => {
      served = await serveSecurely(bench, {
        files: { ...made.files, crl: lists },
        ciphers: ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', 'TLS_AES_256_GCM_SHA384'],
      })
    })

    for (const [what, reason, options] of cases) {
      it(what, async () => {
        expect(await failureOf(dial(options()))).to.be.instanceOf(Error)
        const { fields, level } = await served.logged('TLS handshake failed')
        expect(level).to.equal('warn')
        expect(fields.reason).to.match(reason)
        expect(fields.client).to.match(/^127\.0\.0\.1:\d+$/)
        expect(await stat('unsuccessful_handshake')).to.equal(1)
        expect(await stat('outstanding_tls_handshake')).to.equal(0)
        expect((await (await dial()).create('/after')).err).to.equal(0)
      })
    }

    const bytes: [what: string, reason: RegExp, sent: string | Buffer][] = [
      ['a client sends a four-letter word', /does not speak TLS/, 'ruok'],
      ['a client sends a ConnectRequest', /does not speak TLS/, Buffer.from('0000002d00', 'hex')],
      ['a client sends an HTTP request', /does not speak TLS/, 'GET / HTTP/1.1\r\n\r\n'],
      [
        'a client sends noise in a handshake record',
        /./,
        Buffer.from(`160301000a${'ff'.repeat(10)}`, 'hex'),
      ],
    ]
    for (const [what, reason, sent] of bytes) {
      it(what, async () => {
        const socket = await openTcp(served.securePort)
        socket.write(sent)
        await ended(socket)
        const { fields } = await served.logged('TLS handshake failed')
        expect(fields.reason).to.match(reason)
        expect(fields.client).to.match(/^127\.0\.0\.1:\d+$/)
      })
    }

    it('a client goes away in the middle of the handshake', async () => {
      const hello = await clientHello()
      const socket = await openTcp(served.securePort)
      socket.write(hello)
      await once(socket, 'data')
      socket.destroy()
      const { fields } = await served.logged('TLS handshake failed')
      expect(fields.reason).to.match(/closed the connection in the middle/)
    })
  })

  describe('bounds', () => {
    it('a client that sends nothing, or a part of its first message, has the greeting timeout', async () => {
      served = await serveSecurely(
        bench,
        { files: made.files, onPlainPort: true },
        { greetingTimeoutMs: 300 },
      )
      for (const sent of [[], [0x16], [0x16, 3, 1, 2]]) {
        for (const port of [served.port, served.securePort]) {
          const socket = await openTcp(port)
          socket.write(Buffer.from(sent))
          await ended(socket)
        }
      }
      expect(await stat('sessionless_connections_expired')).to.equal(6)
      await served.logged('no TLS handshake or ConnectRequest in time')
    })

    it('a handshake that stops has its own timeout', async () => {
      served = await serveSecurely(bench, { files: made.files, handshakeTimeoutMs: 200 })
      const socket = await openTcp(served.securePort)
      socket.write(await clientHello())
      await ended(socket)
      const { fields } = await served.logged('TLS handshake failed')
      expect(fields.reason).to.match(/took too long/)
    })

    it('above the bound on handshakes the oldest is ended, and an honest client gets in', async () => {
      served = await serveSecurely(bench, { files: made.files, handshakesMax: 2 })
      const hello = await clientHello()
      const holders: Socket[] = []
      for (let i = 0; i < 5; i++) {
        const socket = await openTcp(served.securePort)
        socket.write(hello)
        await once(socket, 'data')
        holders.push(socket)
      }
      expect((await (await dial()).create('/in')).err).to.equal(0)
      await Promise.all(holders.slice(0, 4).map(ended))
      expect(await stat('tls_handshake_exceeded')).to.equal(4)
      expect(await stat('outstanding_tls_handshake')).to.equal(1)
      await served.logged('too many TLS handshakes')
      for (const socket of holders) socket.destroy()
    })

    it('a client cannot renegotiate', async () => {
      served = await serveSecurely(bench, { files: made.files })
      const client = await dial({ ...made.clientOptions(), maxVersion: 'TLSv1.2' })
      const failed = new Promise((resolve) => {
        client.socket.on('error', resolve)
        client.socket.on('close', resolve)
        ;(client.socket as TLSSocket).renegotiate({}, resolve)
      })
      await failed
      expect((await (await dial()).create('/after')).err).to.equal(0)
    })
  })
})

async function failureOf(attempt: Promise<unknown>): Promise<unknown> {
  return attempt.then(
    () => undefined,
    (error: unknown) => error,
  )
}

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

/** The first message of a client of Node. */
async function clientHello(): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const client = connect({ port, host: '127.0.0.1' })
  client.on('error', () => {})
  const [socket] = (await once(server, 'connection')) as [Socket]
  const [hello] = (await once(socket, 'data')) as [Buffer]
  client.destroy()
  socket.destroy()
  server.close()
  return hello
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
