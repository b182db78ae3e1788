/**
 * Other people’s clients over TLS, each with its own certificate: kazoo, the C client, go-zookeeper, and Java’s with
 * zkCli.sh’s main class. What they make belongs to their certificate. Programs: tls/.
 */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { goClientProgram, requireOrSkip, zookeeperLibs } from '../support/requirements.ts'
import { PASSWORD, type SecureServed, serveSecurely, TlsFixtures } from '../support/tls-bed.ts'
import { WireBench } from '../support/wire-bench.ts'

const run = promisify(execFile)
const OWNER = 'CN=client,OU=Wire,O=Test'
const cSource = fileURLToPath(
  new URL('../../node_modules/zookeeper/deps/zookeeper-client-c/', import.meta.url),
)
const programs = fileURLToPath(new URL('./tls/', import.meta.url))

/** Of the C client, multi-threaded. */
const C_FILES = [
  'src/zookeeper.c',
  'src/recordio.c',
  'src/zk_log.c',
  'src/zk_hashtable.c',
  'src/addrvec.c',
  'src/mt_adaptor.c',
  'src/hashtable/hashtable.c',
  'src/hashtable/hashtable_itr.c',
  'generated/zookeeper.jute.c',
]

describe('clients over TLS', function () {
  this.timeout(120_000)
  const bench = new WireBench()
  let made: TlsFixtures
  let served: SecureServed

  before(async function () {
    requireOrSkip(this, 'openssl')
    made = new TlsFixtures()
    served = await serveSecurely(bench, { files: made.files, onPlainPort: true, port: 0 })
  })
  after(async () => {
    await bench.close()
    made?.remove()
  })

  /** The znode is there, and its owner is the certificate. */
  async function expectOwned(path: string): Promise<void> {
    const plain = await bench.connect(served)
    expect((await plain.getData(path)).err).to.equal(-102)
    const owner = await bench.connect({ port: served.port }, { tls: made.clientOptions() })
    const owned = { perms: 31, scheme: 'x509', id: OWNER }
    expect((await owner.getAcl(path)).record.acl).to.deep.equal([owned])
    expect(String((await owner.getData(path)).record.data)).to.equal('over tls')
  }

  it('kazoo, over the secure port and over the one for both', async function () {
    requireOrSkip(this, 'kazoo')
    for (const port of [served.securePort, served.port]) {
      const { cert, key } = made.client
      const args = [`localhost:${port}`, made.trusted.ca, cert, key, OWNER]
      const { stdout } = await run('/usr/bin/python3', [
        '-B',
        join(programs, 'kazoo_over_tls.py'),
        ...args,
      ])
      expect(stdout).to.equal('over tls\n')
      await expectOwned('/kazoo-client')
      const owner = await bench.connect({ port: served.port }, { tls: made.clientOptions() })
      await owner.delete('/kazoo-client')
    }
  })

  it('the C client: zookeeper_init_ssl', async function () {
    requireOrSkip(this, 'zookeeper-npm', 'libssl')
    const program = join(made.folder, 'c-client')
    const include = ['', 'include', 'generated', 'src'].map(
      (folder) => `-I${join(cSource, folder)}`,
    )
    const sources = [join(programs, 'client.c'), ...C_FILES.map((file) => join(cSource, file))]
    const defines = ['-DTHREADED', '-DHAVE_OPENSSL_H', '-D_GNU_SOURCE']
    const libraries = ['-lssl', '-lcrypto', '-lpthread', '-lm']
    await run('cc', ['-w', ...defines, ...include, ...sources, '-o', program, ...libraries])
    const certificates = [made.trusted.ca, made.client.cert, made.client.key, ''].join(',')
    const { stdout } = await run(program, [`localhost:${served.securePort}`, certificates])
    expect(stdout).to.equal('create 0, get 0, over tls\n')
    await expectOwned('/c-client')
    const strange = [made.other.ca, made.client.cert, made.client.key, ''].join(',')
    const refusing = run(program, [`localhost:${served.securePort}`, strange])
    const { fields } = await served.logged('TLS handshake failed')
    expect(fields.reason).to.match(/does not trust the authority/)
    refusing.child.kill()
    await refusing.catch(() => {})
  })

  it('go-zookeeper, with a dialer of crypto/tls', async function () {
    requireOrSkip(this, 'go-zookeeper')
    const { cert, key } = made.client
    const args = [`localhost:${served.securePort}`, made.trusted.ca, cert, key, OWNER]
    expect((await run(goClientProgram(), args)).stdout).to.equal('over tls\n')
    await expectOwned('/go-client')
  })

  it('zkCli: ZooKeeper 3.9’s command line over Netty', async function () {
    requireOrSkip(this, 'zookeeper-3.9', 'zookeeper-cli')
    const properties = {
      'zookeeper.client.secure': 'true',
      'zookeeper.clientCnxnSocket': 'org.apache.zookeeper.ClientCnxnSocketNetty',
      'zookeeper.ssl.keyStore.location': made.trusted.keyStore(made.client, 'cli.p12', PASSWORD),
      'zookeeper.ssl.keyStore.password': PASSWORD,
      'zookeeper.ssl.trustStore.location': made.trusted.trustStore('cli-trust.p12', PASSWORD),
      'zookeeper.ssl.trustStore.password': PASSWORD,
    }
    const java = [
      '-Xmx128m',
      '-XX:TieredStopAtLevel=1',
      ...Object.entries(properties).map(([name, value]) => `-D${name}=${value}`),
      '-cp',
      `${join(zookeeperLibs('3.9'), '*')}:/usr/share/java/commons-cli.jar`,
      'org.apache.zookeeper.ZooKeeperMain',
      '-waitforconnection',
      '-server',
      `localhost:${served.securePort}`,
    ]
    const running = run('java', java, { timeout: 60_000 })
    running.child.stdin?.end('whoami\ncreate /zkcli "over tls"\nquit\n')
    const { stdout } = await running
    expect(stdout).to.match(new RegExp(`^x509: ${OWNER}$`, 'm'))
    const owner = await bench.connect({ port: served.port }, { tls: made.clientOptions() })
    expect(String((await owner.getData('/zkcli')).record.data)).to.equal('over tls')
  })
})
