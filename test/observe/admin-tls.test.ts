/** HTTPS on the admin port: who comes in, what is said of those who do not, and certificates that change. */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync } from 'node:fs'
import { connect } from 'node:tls'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { AdminServer } from '../../proxy/admin/http/admin-server.ts'
import type { AdminTlsOptions } from '../../proxy/admin/http/options.ts'
import { eventually } from '../support/eventually.ts'
import { http } from '../support/http.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { failureOf, subjectAt, TlsFixtures } from '../support/tls-bed.ts'
import { collectingLogger, WireBench } from '../support/wire-bench.ts'

describe('observe/admin-tls', function () {
  this.timeout(60_000)
  let made: TlsFixtures
  let bench: WireBench
  let admin: AdminServer | undefined
  let log: ReturnType<typeof collectingLogger>

  before(function () {
    requireOrSkip(this, 'openssl')
    made = new TlsFixtures()
  })
  beforeEach(() => {
    bench = new WireBench()
    log = collectingLogger()
  })
  afterEach(async () => {
    await admin?.close()
    admin = undefined
    await bench.close()
  })
  after(() => made?.remove())

  async function listen(tls: AdminTlsOptions): Promise<AdminServer> {
    admin = await AdminServer.listen({ port: 0, tls }, log.logger)
    await admin.attach((await bench.serve()).proxy)
    return admin
  }
  const own = () => ({ cert: made.server.cert, key: made.server.key })
  const logged = (text: string) =>
    eventually(text, () => log.entries.find(({ message }) => message.includes(text)))
  /** Of the handshakes that were refused. */
  const reasons = () =>
    log.entries
      .filter(({ message }) => message.includes('TLS handshake failed'))
      .map(({ fields }) => String(fields.reason))

  it('answers HTTPS and nothing else, by openssl, too; metrics on their own port as well', async () => {
    const { port } = await listen({ files: own() })
    const metricsPort = await admin!.listenForMetrics('127.0.0.1', 0)
    const tls = made.clientOptions(undefined)
    expect((await http(port, '/livez', { tls })).status).to.equal(200)
    const { body } = await http(metricsPort, '/metrics', { tls })
    expect(body).to.match(/^anykeeper_admin_tls_certificate_expires_seconds [1-9]\d{7,}$/m)
    expect(body).to.match(/^anykeeper_admin_tls_handshakes_failed 0$/m)
    const verify = ['-CAfile', made.trusted.ca, '-verify_return_error', '-brief', '-ign_eof']
    const run = promisify(execFile)('openssl', [
      ...['s_client', '-connect', `127.0.0.1:${port}`, ...verify],
    ])
    run.child.stdin?.end('GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n')
    const { stdout, stderr } = await run
    expect(stderr).to.contain('TLSv1.3').and.contain('Verification: OK')
    expect(stdout).to.contain('HTTP/1.1 200 OK')
    expect(await failureOf(http(port, '/livez'))).to.be.instanceOf(Error)
    await eventually('the reason', () => reasons().length === 1)
    expect(reasons()[0]).to.equal('what the client sends is not TLS, but plain HTTP')
    expect(await failureOf(http(port, '/livez', { tls: {} }))).to.be.instanceOf(Error)
  })

  it('with authorities: a certificate of one of them, or nothing', async () => {
    const { port } = await listen({ files: { ...own(), ca: made.trusted.ca } })
    const status = async (tls: ReturnType<TlsFixtures['clientOptions']>) =>
      (await http(port, '/livez', { tls })).status
    expect(await status(made.clientOptions())).to.equal(200)
    const stranger = made.other.issue('stranger')
    const expired = made.trusted.issue('expired', { until: '20210101000000Z' })
    const refused = [undefined, stranger, expired]
    for (const who of refused) {
      const { ca } = made.clientOptions(undefined)
      const tls = who === undefined ? { ca: ca! } : made.clientOptions(who)
      expect(await failureOf(status(tls)), who?.cert).to.be.instanceOf(Error)
    }
    await eventually('the reasons', () => reasons().length === 3)
    expect(reasons().join('; ')).to.match(/no certificate.*; .*authority.*; .*expired/)
    expect(await status(made.clientOptions())).to.equal(200)
  })

  it('no TLS session is resumed: each connection shows a certificate that is valid then', async () => {
    const { port } = await listen({ files: { ...own(), ca: made.trusted.ca } })
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const options = { ...made.clientOptions(), host: '127.0.0.1', port, maxVersion }
      let session: Buffer | undefined
      const dial = async (known: Buffer | undefined) => {
        const socket = connect({ ...options, ...(known && { session: known }) })
        socket.on('session', (given: Buffer) => {
          session = given
        })
        socket.end('GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n')
        socket.resume()
        await once(socket, 'secureConnect')
        const isReused = socket.isSessionReused()
        await once(socket, 'close')
        return isReused
      }
      expect(await dial(undefined)).to.equal(false)
      expect(await dial(session), maxVersion).to.equal(false)
    }
    expect(reasons()).to.deep.equal([])
  })

  it('a certificate that changes is used for new connections; open ones stay', async () => {
    const files = { cert: made.trusted.path('live.pem'), key: made.trusted.path('live.key') }
    const put = ({ cert, key }: { cert: string; key: string }) => {
      copyFileSync(cert, files.cert)
      copyFileSync(key, files.key)
    }
    put(made.server)
    const { port } = await listen({ files })
    const open = connect({ port, host: '127.0.0.1', ...made.clientOptions(undefined) })
    let received = ''
    open.on('data', (chunk) => {
      received += String(chunk)
    })
    const ask = () => open.write('GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n')
    const answers = (count: number) =>
      eventually('an answer', () => received.split('200 OK').length === count + 1)
    ask()
    await answers(1)
    put(made.trusted.issue('next'))
    const { fields } = await logged('certificates reloaded')
    expect(fields).to.include({ port: 'admin port', subject: 'CN=next' })
    expect(await subjectAt(port, made)).to.equal('next')
    ask()
    await answers(2)
    open.destroy()
    copyFileSync(made.server.cert, files.cert)
    const failure = await failureOf(admin!.reloadCertificates())
    expect(String(failure)).to.contain('does not belong')
    expect(await subjectAt(port, made)).to.equal('next')
    put(made.server)
    expect(await admin!.reloadCertificates()).to.match(/^admin port: certificates \w+: CN=server/)
  })

  it('files that do not fit together are an error of the start', async () => {
    const files = { cert: made.server.cert, key: made.client.key }
    expect(String(await failureOf(listen({ files })))).to.contain('does not belong')
  })
})
