/** Who does not come in over TLS, with the reason in the log, and what handshakes may cost. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { expect } from 'chai'
import type { RawClient } from '../support/raw-client.ts'
import { requireOrSkip } from '../support/requirements.ts'
import {
  clientHello,
  ended,
  failureOf,
  openTcp,
  type SecureServed,
  serveSecurely,
  statOf,
  TlsFixtures,
} from '../support/tls-bed.ts'
import { WireBench } from '../support/wire-bench.ts'

describe('a client of the secure port', function () {
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
  const stat = (name: string): Promise<number> => statOf(served, name)

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
