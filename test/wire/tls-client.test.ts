/** The client over zks://: the same calls, and errors that say why a connection failed. */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import {
  type ClientOptions,
  type ClientTls,
  connect,
  ZnodeError,
  type ZooKeeper,
} from '../../index.ts'
import type { Certificate } from '../support/certificates.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { TcpFaultProxy } from '../support/tcp-fault-proxy.ts'
import { PASSWORD, type SecureServed, serveSecurely, TlsFixtures } from '../support/tls-bed.ts'
import { WireBench } from '../support/wire-bench.ts'

const OWNER = 'CN=client,OU=Wire,O=Test'

describe('the client over zks://', function () {
  this.timeout(60_000)
  const bench = new WireBench()
  const clients: ZooKeeper[] = []
  let made: TlsFixtures
  let served: SecureServed

  before(async function () {
    requireOrSkip(this, 'openssl')
    made = new TlsFixtures()
    served = await serveSecurely(bench, { files: made.files })
  })
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close()
  })
  after(async () => {
    await bench.close()
    made?.remove()
  })

  const tlsOf = ({ cert, key }: Certificate = made.client): ClientTls => ({
    ca: readFileSync(made.trusted.ca),
    cert: readFileSync(cert),
    key: readFileSync(key, 'utf8'),
  })
  const url = (port = served.securePort, host = 'localhost') => `zks://${host}:${port}`
  async function open(options: ClientOptions = {}, at = url()): Promise<ZooKeeper> {
    const client = await connect(at, { tls: tlsOf(), connectMs: 5_000, ...options })
    clients.push(client)
    return client
  }
  /** What it is rejected with, and its cause. */
  async function refusal(options: ClientOptions, at = url()): Promise<[string, string]> {
    const error = await open({ connectMs: 300, ...options }, at).then(
      () => expect.fail('it was opened'),
      (reason: unknown) => reason,
    )
    expect(error).to.be.instanceOf(ZnodeError)
    const { code, cause } = error as ZnodeError
    return [code, String((cause as Error | undefined)?.message ?? (error as Error).message)]
  }

  it('creates, reads, watches, and closes; in a chroot, too', async () => {
    const root = await open()
    await root.create('/room')
    const client = await open({}, `${url()}/room`)
    const other = await open({}, `zks://127.0.0.1:${served.securePort}/room`)
    await client.create('/a', Buffer.from('1'))
    let fired: (event: unknown) => void = () => {}
    const seen = new Promise((resolve) => {
      fired = resolve
    })
    await other.getData('/a', fired)
    await client.setData('/a', Buffer.alloc(200_000, 7))
    expect(await seen).to.deep.include({ path: '/a' })
    expect((await other.getData('/a')).data?.length).to.equal(200_000)
  })

  it('has the identity of its certificate, from PEM and from PKCS12', async () => {
    const pfx = readFileSync(made.trusted.keyStore(made.client, 'client.p12', PASSWORD))
    const { ca } = tlsOf()
    for (const tls of [tlsOf(), { ca: [ca as Buffer], pfx, passphrase: PASSWORD }]) {
      const client = await open({ tls })
      expect(await client.whoAmI()).to.deep.include({ scheme: 'x509', id: OWNER })
    }
  })

  it('resumes its session over a new connection, with its ephemeral znodes', async () => {
    const wire = await TcpFaultProxy.start(`127.0.0.1:${served.securePort}`)
    try {
      const port = Number(wire.host.split(':')[1])
      const client = await open({ retryMs: 20_000 }, url(port))
      const { sessionId } = client
      await client.create('/mortal', null, { mode: 'ephemeral' })
      wire.cut()
      expect(await client.exists('/mortal')).to.not.equal(undefined)
      expect(client.sessionId).to.equal(sessionId)
    } finally {
      await wire.stop()
    }
  })

  describe('says why', () => {
    it('the server is of another authority', async () => {
      const tls = { ...tlsOf(), ca: readFileSync(made.other.ca) }
      const [code, cause] = await refusal({ tls })
      expect(code).to.equal('ZK_CONNECTION_LOSS')
      expect(cause).to.match(/self-signed|unable to (verify|get)/)
    })

    it('the server has another name', async () => {
      const [code, cause] = await refusal({ tls: { ...tlsOf(), serverName: 'elsewhere' } })
      expect([code, cause]).to.satisfy(
        ([a, b]: string[]) => a === 'ZK_CONNECTION_LOSS' && /elsewhere/.test(b as string),
      )
    })

    it('the server has its name in the subject alone', async () => {
      const nameless = made.trusted.issue('localhost', { hosts: '' })
      const { cert, key } = nameless
      const here = await serveSecurely(bench, { files: { ...made.files, cert, key } })
      const [, cause] = await refusal({}, url(here.securePort))
      expect(cause).to.match(/does not contain a DNS name/)
    })

    it('the server refuses this client', async () => {
      const { ca } = tlsOf()
      const [code, cause] = await refusal({ tls: { ca: ca as Buffer } })
      expect(code).to.equal('ZK_CONNECTION_LOSS')
      expect(cause).to.match(/may want a certificate of this client/)
    })

    it('the server does not speak TLS', async () => {
      const [code] = await refusal({}, url(served.port))
      expect(code).to.equal('ZK_CONNECTION_LOSS')
    })

    const wrong: [string, RegExp, () => ClientOptions, string?][] = [
      ['a certificate without key', /come together/, () => ({ tls: { cert: 'x' } })],
      ['noise as a certificate', /cannot be used/, () => ({ tls: { cert: 'x', key: 'y' } })],
      [
        'the key of another one',
        /cannot be used/,
        () => ({
          tls: { ...tlsOf(), key: readFileSync(made.server.key) },
        }),
      ],
      [
        'a wrong password',
        /cannot be used/,
        () => ({
          tls: { pfx: readFileSync(made.trusted.path('client.p12')), passphrase: 'hunter2' },
        }),
      ],
      [
        'an unknown option',
        /unknown option "certificate"/,
        () => ({ tls: { certificate: 'x' } as never }),
      ],
      ['no object', /tls must be an object/, () => ({ tls: 'yes' as never })],
      ['an old version', /TLSv1.2/, () => ({ tls: { minVersion: 'TLSv1.1' as never } })],
      ['zk://', /zks:\/\/ only/, () => ({ tls: {} }), 'zk://localhost:1'],
      ['a store', /zks:\/\/ only/, () => ({ tls: {} }), 'memory:'],
    ]
    for (const [what, text, options, at] of wrong) {
      it(`options cannot be used: ${what}`, async () => {
        const [code, message] = await refusal(options(), at)
        expect(code).to.equal('ZK_BAD_ARGUMENTS')
        expect(message).to.match(text).and.not.include('hunter2')
      })
    }
  })
})
