/** `anykeeper migrate check` on real ZooKeepers: what it finds, and what it ends with. */
import { expect } from 'chai'
import { silentLogger } from '../../lib/base/log.ts'
import { type CheckOptions, checkSource } from '../../lib/migrate/check-source.ts'
import { RawClient } from '../support/raw-client.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { runAnykeeper } from '../support/run-anykeeper.ts'
import {
  startZookeeper,
  startZookeeperLeader,
  type ZookeeperServer,
} from '../support/zookeeper-server.ts'

const KEPT_OPEN_MS = 60_000

interface Found {
  readonly severity: string
  readonly sentence: string
}

/** The same without a process of its own. */
async function findingsOf(server: ZookeeperServer, more: Partial<CheckOptions>): Promise<string[]> {
  const { host, port } = server
  const findings = await checkSource({ servers: [{ host, port }], logger: silentLogger, ...more })
  return findings.map(({ severity, sentence }) => `${severity} ${sentence}`)
}

async function check(server: ZookeeperServer, ...flags: string[]) {
  const args = ['migrate', 'check', '--source', server.connectString, '--json', ...flags]
  const { code, stdout, stderr } = await runAnykeeper(args)
  const { findings } = JSON.parse(stdout || '{"findings":[]}') as { findings: Found[] }
  return {
    code,
    stderr,
    lines: findings.map(({ severity, sentence }) => `${severity} ${sentence}`),
  }
}

describe('migrate check: a source that can be followed', function () {
  this.timeout(120_000)
  let server: ZookeeperServer

  before(async function () {
    requireOrSkip(this, 'zookeeper')
    const started = await startZookeeperLeader({
      ...{ version: '3.8', tickTimeMs: 500 },
      properties: {
        'zookeeper.authProvider.1': 'org.apache.zookeeper.server.auth.SASLAuthenticationProvider',
      },
    })
    server = started.server
    const client = await RawClient.connect({ port: server.port, timeoutMs: KEPT_OPEN_MS })
    const acl = (scheme: string, id: string) => [{ perms: 31, scheme, id }]
    const kerberos = await client.create('/kerberos', { acl: acl('sasl', 'alice@EXAMPLE.ORG') })
    expect(kerberos.err).to.equal(0)
    await client.create('/plain', { acl: acl('digest', 'bob:xa8CYSDUPrXsrXPfmDNGJCzQrBU=') })
    await client.create('/large', { data: Buffer.alloc(3_000) })
    await client.createContainer('/container')
    await client.createTtl('/ttl', 3_600_000, { flags: 5 })
    client.destroy()
  })
  after(() => server?.stop())

  it('says what will be different, and ends with 0', async () => {
    const { code, lines } = await check(server, '--session-timeout-max', '5000')
    expect(code).to.equal(0)
    const text = lines.join('\n')
    for (const pattern of [
      /^warns ACLs of 1 znodes name Kerberos principals .* \/kerberos$/m,
      /^warns 1 sessions have timeouts outside \d+ to 5000 ms, from 10000 to 10000 ms/m,
      /^info .* is a leader of ZooKeeper 3\.8\.0$/m,
      /^info the leader at 127\.0\.0\.1:\d+ accepts observers$/m,
      /^info its quorum ports want no credentials/m,
      /^info \d+ znodes with 0\.0 MiB of data, \d sessions, zxid 0x1/m,
      /^info 1 znodes are containers$/m,
      /^info 1 znodes have a TTL/m,
      /^info \/zookeeper\/config names the servers/m,
    ]) {
      expect(text).to.match(pattern)
    }
    expect(text).not.to.match(/^blocks/m)
  })

  it('ends with 8 where the store takes no data so large, and names the znode', async () => {
    const { code, lines } = await check(server, '--znode-bytes-max', '2000')
    expect(code).to.equal(8)
    expect(lines[0]).to.match(/^blocks 1 znode has more data .*2000 bytes: \/large \(3000 bytes\)/)
  })

  it('no quorum port that can be reached blocks', async () => {
    const lines = await findingsOf(server, { quorum: [{ host: '127.0.0.1', port: 1 }] })
    expect(lines[0]).to.match(/^blocks it cannot be followed: .*127\.0\.0\.1:1.*ECONNREFUSED/)
  })

  it('an id of a member’s blocks', async () => {
    const lines = await findingsOf(server, { sid: 1 })
    expect(lines[0]).to.match(/^blocks .*1 is the id of a member of the source/)
  })
})

describe('migrate check: a standalone server', function () {
  this.timeout(120_000)
  let server: ZookeeperServer

  before(async function () {
    requireOrSkip(this, 'zookeeper')
    server = await startZookeeper({ version: '3.8' })
  })
  after(() => server?.stop())

  it('is refused once, with what it needs', async () => {
    const { code, lines } = await check(server)
    expect(code).to.equal(8)
    expect(lines[0]).to.match(
      /^blocks .* is a standalone server.*standaloneEnabled=false.*server\.1=/,
    )
    expect(lines.filter((line) => line.startsWith('blocks'))).to.have.lengthOf(1)
  })
})
