/** The secure port beside ZooKeeper 3.9's: identities of certificates, ACLs of the x509 scheme, its super user. */
import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import { expect } from 'chai'
import type { Certificate } from '../support/certificates.ts'
import { freePort } from '../support/free-port.ts'
import { RawClient, type RawReply } from '../support/raw-client.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { ended, openTcp, PASSWORD, serveSecurely, TlsFixtures } from '../support/tls-bed.ts'
import { WireBench } from '../support/wire-bench.ts'
import { startZookeeper, type ZookeeperServer } from '../support/zookeeper-server.ts'

const SUPER = 'CN=admin,O=Test'

/** Subjects as openssl's -subj has them. */
const SUBJECTS: Record<string, string> = {
  plain: '/CN=broker',
  ordered: '/C=DE/ST=Berlin/L=Berlin/O=Test/OU=Kafka/CN=broker-1',
  multi: '/O=Test/CN=a+UID=b',
  mail: '/O=Test/CN=x/emailAddress=a@example.org',
  serial: '/serialNumber=12/title=Dr/CN=x',
  components: '/DC=com/DC=example/CN=x',
  escaped: '/O=A, Inc./CN=\\#a \\+ <b>; "c" \\\\ =',
  spaces: '/O= x /CN=  ',
  utf8: '/O=Café/CN=日本',
  street: '/street=Main St. 1/CN=x/L=y',
  super: '/O=Test/CN=admin',
}

/** Ids for an ACL, valid and not. */
const IDS = [
  'CN=broker',
  'cn=broker',
  '',
  'broker',
  'CN',
  'CN=a,',
  'CN="a',
  'OID.1.2.3=a',
  '1.2.3=#0500',
  'XX=a',
  'CN=a\\',
  ' CN = a ',
]

interface Subject {
  readonly plainPort: number
  readonly securePort: number
}

describe('the secure port beside ZooKeeper 3.9', function () {
  this.timeout(120_000)
  let made: TlsFixtures
  let zookeeper: ZookeeperServer
  const bench = new WireBench()
  const certificates = new Map<string, Certificate>()
  const subjects: Subject[] = []
  const clients: RawClient[] = []

  before(async function () {
    requireOrSkip(this, 'zookeeper-3.9', 'openssl')
    made = new TlsFixtures()
    for (const [name, subject] of Object.entries(SUBJECTS)) {
      certificates.set(name, made.trusted.issue(name, { subject }))
    }
    const securePort = await freePort()
    zookeeper = await startZookeeper({
      version: '3.9',
      config: { secureClientPort: securePort, secureClientPortAddress: '127.0.0.1' },
      properties: {
        'zookeeper.serverCnxnFactory': 'org.apache.zookeeper.server.NettyServerCnxnFactory',
        'zookeeper.ssl.keyStore.location': made.trusted.keyStore(made.server, 'zk.p12', PASSWORD),
        'zookeeper.ssl.keyStore.password': PASSWORD,
        'zookeeper.ssl.trustStore.location': made.trusted.trustStore('zk-trust.p12', PASSWORD),
        'zookeeper.ssl.trustStore.password': PASSWORD,
        'zookeeper.X509AuthenticationProvider.superUser': SUPER,
      },
    })
    const ours = await serveSecurely(bench, { files: made.files, superUser: SUPER })
    subjects.push({ plainPort: ours.port, securePort: ours.securePort })
    subjects.push({ plainPort: zookeeper.port, securePort })
  })
  after(async () => {
    for (const client of clients) client.destroy()
    await bench.close()
    await zookeeper?.stop()
    made?.remove()
  })

  const tlsOf = (name: string): ConnectionOptions => made.clientOptions(certificates.get(name))

  /** What each of the two answers to the same steps; they must be equal. */
  async function same(steps: (subject: Subject) => Promise<unknown>): Promise<unknown> {
    const [ours, theirs] = await Promise.all(subjects.map(steps))
    expect(ours).to.deep.equal(theirs)
    return ours
  }
  async function dial(port: number, tls?: ConnectionOptions, more = {}): Promise<RawClient> {
    const client = await RawClient.connect({ port, ...more, ...(tls && { tls }) })
    clients.push(client)
    return client
  }
  const secure = (subject: Subject, name: string) => dial(subject.securePort, tlsOf(name))
  /** ZooKeeper keeps them in no order. */
  const idsOf = async (client: RawClient): Promise<string[]> => {
    const { ids = [] } = (await client.whoAmI()).record
    return ids.map(({ scheme, user }) => `${scheme}:${user}`).sort()
  }
  const errOf = ({ err }: RawReply) => err

  for (const name of Object.keys(SUBJECTS)) {
    it(`whoAmI of ${SUBJECTS[name]}`, async () => {
      const ids = await same(async (subject) => {
        const client = await secure(subject, name)
        return idsOf(client)
      })
      expect(JSON.stringify(ids)).to.include('"x509:')
    })
  }

  it('an ACL of "auth" is that of the certificate, and shuts out the others', async () => {
    const seen = await same(async (subject) => {
      const client = await secure(subject, 'escaped')
      const created = await client.create('/auth', { acl: [{ perms: 31, scheme: 'auth', id: '' }] })
      const { record } = await client.getAcl('/auth')
      const other = await secure(subject, 'plain')
      const plain = await dial(subject.plainPort)
      const admin = await secure(subject, 'super')
      const answers = await Promise.all(
        [client, other, plain, admin].map((each) => each.getData('/auth')),
      )
      return { created: created.err, acl: record.acl, answers: answers.map(errOf) }
    })
    expect(seen).to.deep.include({ created: 0, answers: [0, -102, -102, 0] })
  })

  it('ids that an ACL may have, and those that it may not', async () => {
    const seen = await same(async (subject) => {
      const client = await secure(subject, 'plain')
      const answers: unknown[] = []
      for (const [at, id] of IDS.entries()) {
        const path = `/id${at}`
        const { err } = await client.create(path, { acl: [{ perms: 31, scheme: 'x509', id }] })
        answers.push([id, err, errOf(await client.getData(path))])
      }
      return answers
    })
    expect(seen).to.deep.include(['CN=broker', 0, 0]).and.deep.include(['broker', -114, -101])
  })

  it('an ACL of x509 is taken from a plain client, too', async () => {
    await same(async (subject) => {
      const plain = await dial(subject.plainPort)
      const acl = [{ perms: 31, scheme: 'x509', id: 'CN=broker' }]
      const created = await plain.create('/from-plain', { acl })
      const owner = await secure(subject, 'plain')
      return [
        created.err,
        errOf(await plain.getData('/from-plain')),
        errOf(await owner.getData('/from-plain')),
      ]
    })
  })

  it('auth of x509 succeeds with a certificate, and whoAmI is the same behind it', async () => {
    await same(async (subject) => {
      const client = await secure(subject, 'multi')
      const { err } = await client.send(100, { scheme: 'x509', auth: Buffer.from('x') }, -4)
      return [err, await idsOf(client)]
    })
  })

  it('a session that is resumed has the identity of its new connection', async () => {
    const seen = await same(async (subject) => {
      const first = await secure(subject, 'plain')
      const acl = [{ perms: 31, scheme: 'x509', id: 'CN=broker' }]
      await first.create('/resumed', { acl })
      const { sessionId, password } = first
      const second = await dial(subject.securePort, tlsOf('mail'), { sessionId, password })
      const third = await dial(subject.securePort, tlsOf('plain'), { sessionId, password })
      return [second.sessionId === sessionId, errOf(await third.getData('/resumed'))]
    })
    expect(seen).to.deep.equal([true, 0])
  })

  it('is closed to clients without certificate, of another authority, and without TLS', async () => {
    const stranger = made.other.issue('stranger')
    const seen = await same(async (subject) => {
      const isRefused = (tls: ConnectionOptions) =>
        RawClient.connect({ port: subject.securePort, tls }).then(
          () => false,
          () => true,
        )
      const socket = await openTcp(subject.securePort)
      socket.write(Buffer.from('0000002d', 'hex'))
      socket.write(Buffer.alloc(45))
      await ended(socket)
      const ca = readFileSync(made.trusted.ca)
      return [await isRefused({ ca }), await isRefused(made.clientOptions(stranger))]
    })
    expect(seen).to.deep.equal([true, true])
  })
})
