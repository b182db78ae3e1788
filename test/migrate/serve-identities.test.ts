/**
 * Servers that want certificates and a login of each other, and a proxy that serves meanwhile, over TLS as well: it gets in with the
 * right ones alone, and what its clients have proven reaches the leader, which judges by it.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { connect, Keeper } from '../../lib/index.ts'
import type { EnsembleAccess } from '../../lib/migrate/serve/leader-link.ts'
import { serveWhileFollowing } from '../../lib/migrate/serve/zookeeper-upstream.ts'
import { eventually } from '../support/eventually.ts'
import { RawClient } from '../support/raw-client.ts'
import { OPEN_ACL, type RawAcl } from '../support/raw-codec.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { saslLogin } from '../support/sasl-answer.ts'
import { TlsFixtures } from '../support/tls-bed.ts'
import { startZookeeperLeader, ZookeeperEnsemble } from '../support/zookeeper-server.ts'
import { loginFlags } from './serving/credentials-run.ts'
import { phaseTwoByCommand } from './serving/phase-two-command.ts'
import { quiet, ServeBed, type ServingProxy } from './serving/serve-bed.ts'

const LATE_MS = 60_000
const NO_AUTH = -102
const OWN: readonly RawAcl[] = [{ perms: 31, scheme: 'auth', id: '' }]
/** Of the servers, and of the proxy. */
const USER = { user: 'anykeeper', password: 'quorum secret' }

describe('migrate: identities while ZooKeeper leads', function () {
  this.timeout(180_000)
  let made: TlsFixtures
  let bed: ServeBed
  let proxies: readonly ServingProxy[]
  const clients: RawClient[] = []
  let right: EnsembleAccess

  before(async function () {
    requireOrSkip(this, 'etcd', 'zookeeper-3.9', 'openssl')
    made = new TlsFixtures()
    const { folder, server: own, client, trusted } = made
    const store = join(folder, 'quorum.pem')
    writeFileSync(store, Buffer.concat([readFileSync(own.key), readFileSync(own.cert)]))
    const jaas = join(folder, 'jaas.conf')
    writeFileSync(jaas, JAAS)
    const { server } = await startZookeeperLeader({
      ...{ version: '3.9', heapMb: 96, tickTimeMs: 500 },
      config: {
        ...{ sslQuorum: 'true', 'ssl.quorum.hostnameVerification': 'false' },
        'ssl.quorum.keyStore.location': store,
        'ssl.quorum.trustStore.location': trusted.ca,
        'quorum.auth.enableSasl': 'true',
        'quorum.auth.learnerRequireSasl': 'true',
        'quorum.auth.serverRequireSasl': 'true',
        'quorum.auth.learner.loginContext': 'QuorumLearner',
        'quorum.auth.server.loginContext': 'QuorumServer',
      },
      properties: {
        'java.security.auth.login.config': jaas,
        'zookeeper.authProvider.1': 'org.apache.zookeeper.server.auth.SASLAuthenticationProvider',
      },
    })
    const [ca, cert, key] = [trusted.ca, client.cert, client.key].map((path) => readFileSync(path))
    right = { tls: { ca: ca!, cert: cert!, key: key! }, sasl: USER }
    bed = await ServeBed.open(new ZookeeperEnsemble([server]))
    bed.access = right
    await bed.follow()
    const options = {
      saslUsers: new Map([['anna', 'pw']]),
      secure: { port: 0, onPlainPort: true, files: made.files, clientAuth: 'want' as const },
    }
    proxies = [await bed.serve({}, {}, options), await bed.serve({}, {}, options)]
  })
  after(async () => {
    for (const client of clients) client.destroy()
    await bed?.close()
    made?.remove()
  })

  async function open(at = 0, more: object = {}): Promise<RawClient> {
    const client = await RawClient.connect({ port: proxies[at]!.port, ...more })
    clients.push(client)
    return client
  }

  it('a proxy without the right certificate and login serves nobody, and says why', async () => {
    const { sasl: _, ...withoutLogin } = right
    for (const [access, why] of [
      [{}, /TLS \(sslQuorum\)/],
      [{ ...right, tls: { ca: right.tls!.ca! } }, /refuses our certificate, or the lack of one/],
      [withoutLogin, /SASL/],
      [
        { ...right, sasl: { ...USER, password: 'wrong' } },
        /refused the login of .*SASL DIGEST-MD5/,
      ],
    ] as const) {
      const store = await bed.store()
      const upstream = serveWhileFollowing(access)
      const keeper = await Keeper.open({ store, logger: quiet, upstream })
      try {
        await eventually(`${why}`, () => why.test(keeper.trouble ?? ''), LATE_MS).catch((error) => {
          throw new Error(`${error.message}: ${keeper.trouble}`)
        })
        expect(keeper.isServing).to.equal(false)
      } finally {
        await keeper.close(0)
      }
    }
  })

  for (const [scheme, id, prove] of [
    ['digest', /^bob:/, (client: RawClient) => client.auth('digest', 'bob:secret')],
    ['sasl', /^anna$/, (client: RawClient) => saslLogin(client, 'anna', 'pw')],
  ] as const) {
    it(`${scheme}, over TLS: the leader knows who asks, and refuses the others`, async () => {
      const path = `/of-${scheme}`
      const owner = await open(0, { tls: made.clientOptions() })
      expect((await prove(owner)).err).to.equal(0)
      expect((await owner.create(path, { acl: OWN, data: 'x' })).err).to.equal(0)
      const { acl = [] } = (await owner.getAcl(path)).record
      const ours = acl.filter((entry) => entry.scheme === scheme)
      expect(ours).to.have.length(1)
      expect(ours[0]!.id).to.match(id)

      const stranger = await open(1)
      await stranger.sync('/')
      expect((await stranger.getData(path)).err).to.equal(NO_AUTH)
      expect((await stranger.setData(path, 'y')).err).to.equal(NO_AUTH)
      expect((await stranger.setAcl(path, OPEN_ACL)).err).to.equal(NO_AUTH)
      expect((await stranger.create(`${path}/child`)).err).to.equal(NO_AUTH)
      const ops = [{ op: 5 as const, path, data: 'y' }]
      const { results } = (await stranger.multi(ops)).record
      expect(results?.map(({ err }) => err)).to.deep.equal([NO_AUTH])

      const elsewhere = await open(1)
      expect((await prove(elsewhere)).err).to.equal(0)
      expect((await elsewhere.setData(path, 'z')).err).to.equal(0)
    })
  }

  it('zks: the library reads and writes', async () => {
    const { ca } = right.tls!
    const client = await connect(`zks://127.0.0.1:${proxies[0]!.port}`, { tls: { ca: ca! } })
    try {
      await client.create('/by-zks', Buffer.from('x'))
      expect(Buffer.from((await client.getData('/by-zks')).data ?? []).toString()).to.equal('x')
    } finally {
      await client.close()
    }
  })

  it('by commands: a wrong password is refused with a sentence, the right flags lead to the take-over', async () => {
    const { folder, trusted, client } = made
    const files = ['--quorum-cert', client.cert, '--quorum-key', client.key]
    const tls = ['--quorum-ca', trusted.ca, ...files]
    await phaseTwoByCommand(bed.ensemble.members[0]!, {
      right: [...tls, ...loginFlags(folder, USER)],
      wrong: [...tls, ...loginFlags(folder, { ...USER, password: 'wrong' })],
      why: /refused the login of .*SASL DIGEST-MD5/,
    })
  })
})

const JAAS = `QuorumServer {
  org.apache.zookeeper.server.auth.DigestLoginModule required
  user_anykeeper="${USER.password}";
};
QuorumLearner {
  org.apache.zookeeper.server.auth.DigestLoginModule required
  username="anykeeper" password="${USER.password}";
};
`
