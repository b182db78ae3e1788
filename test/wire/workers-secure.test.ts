/** `anykeeper serve --workers N` with TLS, an audit log and the admin port: what all workers do alike, and report together. */
import { copyFileSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { type AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { type EtcdServer, requireEtcd, startEtcd } from '../support/etcd-server.ts'
import { eventually } from '../support/eventually.ts'
import { freePort } from '../support/free-port.ts'
import { http } from '../support/http.ts'
import { RawClient } from '../support/raw-client.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { subjectAt, TlsFixtures } from '../support/tls-bed.ts'

describe('anykeeper serve --workers, secure and observed', function () {
  this.timeout(120_000)
  let made: TlsFixtures
  let etcd: EtcdServer
  let server: AnykeeperProcess
  let securePort: number
  let adminPort: number
  const clients: RawClient[] = []

  const path = (name: string): string => join(made.folder, name)
  const put = (name: 'server' | 'next'): void => {
    const { cert, key } = name === 'server' ? made.server : made.trusted.issue(name)
    copyFileSync(cert, path('tls.crt'))
    copyFileSync(key, path('tls.key'))
  }

  before(async function () {
    requireOrSkip(this, 'openssl')
    requireEtcd(this)
    made = new TlsFixtures()
    put('server')
    etcd = await startEtcd()
    securePort = await freePort()
    adminPort = await freePort()
    const tls = [
      '--tls-cert',
      path('tls.crt'),
      '--tls-key',
      path('tls.key'),
      '--tls-reload',
      'false',
    ]
    server = await startAnykeeper({
      store: `etcd://${etcd.host}`,
      args: [
        ...['--workers', '2', '--secure-listen', `127.0.0.1:${securePort}`],
        ...[...tls, '--tls-ca', made.trusted.ca, '--audit', '--audit-file', path('audit.log')],
        ...['--admin-listen', `127.0.0.1:${adminPort}`, '--worker-answer-timeout', '20000'],
        ...['--admin-tls-cert', path('tls.crt'), '--admin-tls-key', path('tls.key')],
      ],
      from: 'sources',
    })
    // Connections go to each worker in turn.
    for (let i = 0; i < 4; i++) {
      const tls = made.clientOptions()
      clients.push(await RawClient.connect({ port: securePort, timeoutMs: 30_000, tls }))
    }
  })
  after(async () => {
    for (const client of clients) client.destroy()
    await server?.stop()
    await etcd?.stop()
    made?.remove()
  })

  const both = (line: string): Promise<unknown> =>
    Promise.all(
      [1, 2].map((worker) => server.child.waitForLine(new RegExp(`"worker":${worker},.*${line}`))),
    )
  /** Lines of changes, as they stand there. */
  const audited = (file: string): string[] =>
    readFileSync(path(file), 'utf8')
      .split('\n')
      .slice(0, -1)
      .filter((line) => line.includes('operation=create'))

  /** What each worker answers to a scrape, by its number. */
  async function scrapeEach(): Promise<string[]> {
    const answers = new Map<string, string>()
    await eventually(
      'an answer of each worker',
      async () => {
        const tls = made.clientOptions()
        const { body } = await http(adminPort, '/metrics', { tls, timeoutMs: 30_000 })
        const worker = /^anykeeper_worker (\d+)$/m.exec(body)?.[1]
        expect(worker, body.slice(0, 200)).to.match(/^[12]$/)
        answers.set(worker!, body)
        return answers.size === 2
      },
      60_000,
    )
    return [...answers.values()]
  }
  const sample = (body: string, name: string): number =>
    Number(
      body
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        ?.split(' ')[1],
    )

  it('each serves TLS; every change of every worker is audited with its certificate, whole lines', async () => {
    for (const [i, client] of clients.entries()) {
      const many = Array.from({ length: 50 }, (_, j) => client.create(`/of${i}-${j}`))
      for (const { err } of await Promise.all(many)) expect(err).to.equal(0)
    }
    await eventually('all lines', () => audited('audit.log').length === 200, 30_000)
    const shape =
      /^[\d-]{10} [\d:,]{12} INFO .*: session=0x[0-9a-f]+\tuser=127\.0\.0\.1,CN=client,OU=Wire,O=Test\tip=127\.0\.0\.1\toperation=create\tznode=\/of\d-\d+\tznode_type=persistent\tresult=success$/
    const lines = audited('audit.log')
    for (const line of lines) expect(line).to.match(shape)
    expect(new Set(lines.map((line) => /znode=(\S+)/.exec(line)?.[1])).size).to.equal(200)
  })

  it('/metrics of any is the sum of all: operations, errors, histograms and summaries', async () => {
    await Promise.all(clients.map((client) => client.create('/of0-0')))
    for (const body of await scrapeEach()) {
      expect(sample(body, 'anykeeper_workers')).to.equal(2)
      expect(sample(body, 'op_count_create')).to.equal(204)
      expect(sample(body, 'op_count_total')).to.be.at.least(204)
      expect(sample(body, 'anykeeper_request_errors{code="NODE_EXISTS"}')).to.equal(4)
      // Opening a session is a write, too.
      const writes = sample(body, 'updatelatency_count')
      expect(writes).to.be.at.least(204)
      expect(sample(body, 'anykeeper_request_seconds_count{kind="write"}')).to.equal(writes)
      const all = 'anykeeper_request_seconds_bucket{kind="write",le="+Inf"}'
      expect(sample(body, all)).to.equal(writes)
      expect(sample(body, 'updatelatency{quantile="0.5"}')).to.be.greaterThan(0)
      const commits = sample(body, 'fsynctime_count')
      expect(commits).to.be.at.least(8)
      expect(sample(body, 'commit_count')).to.be.at.least(8)
    }
  })

  it('SIGHUP: all have the new certificate on both ports, and write to the new audit file', async () => {
    renameSync(path('audit.log'), path('audit.log.1'))
    put('next')
    server.child.signal('SIGHUP')
    await both('settings reloaded')
    for (const port of [securePort, securePort, adminPort, adminPort]) {
      expect(await subjectAt(port, made)).to.equal('next')
    }
    const before = audited('audit.log.1').length
    for (const [i, client] of clients.entries()) await client.create(`/later${i}`)
    await eventually('lines of all', () => audited('audit.log').length === 4, 30_000)
    expect(audited('audit.log.1')).to.have.length(before)
  })
})
