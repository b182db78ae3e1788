/** The audit log: what cannot be kept out of it, and what it must not cost. Beside ZooKeeper: test/differential/audit.test.ts. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { AdminServer, AuditFile, AuditTrail } from '../../proxy/index.ts'
import { startAnykeeper } from '../support/anykeeper-process.ts'
import { eventually } from '../support/eventually.ts'
import { http } from '../support/http.ts'
import { smallDisk } from '../support/small-disk.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { type Served, SHORT_TIMEOUTS, WireBench } from '../support/wire-bench.ts'

const LOG_FILE = 'audit.log'
const hex = (sessionId: bigint) => `0x${BigInt.asUintN(64, sessionId).toString(16)}`

describe('audit log', function () {
  this.timeout(60_000)
  let folder: string
  let bench: WireBench
  const open: AuditFile[] = []

  beforeEach(() => {
    folder = temporaryFolder('audit')
    bench = new WireBench()
  })
  afterEach(async () => {
    await bench.close()
    for (const file of open.splice(0)) await file.close()
    removeFolder(folder)
  })

  /** One more proxy, with a file of its own. */
  async function serve(name = LOG_FILE): Promise<Served & { lines(): string[] }> {
    const path = join(folder, name)
    const file = AuditFile.open({ file: path })
    open.push(file)
    const audit = new AuditTrail({ file, processUser: 'the server' })
    const served = await bench.serve({ limits: SHORT_TIMEOUTS, proxy: { audit } })
    return { ...served, lines: () => linesOf(path) }
  }
  const linesOf = (path: string) =>
    readFileSync(path, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => line.slice(line.indexOf(': ') + 2).replaceAll('\t', ' '))

  it('has what a client did that did not wait for the answer', async () => {
    const served = await serve()
    const client = await bench.connect(served, { timeoutMs: 4_000 })
    void client.create('/hasty')
    await new Promise<void>((resolve) => client.socket.end(resolve))
    const witness = await bench.connect(served)
    await eventually('the znode', async () => (await witness.exists('/hasty')).err === 0)
    await witness.create('/last')
    await eventually('its line', () => served.lines().some((l) => l.includes('/last')))
    expect(served.lines()[0]).to.equal(
      `session=${hex(client.sessionId)} user=127.0.0.1 ip=127.0.0.1 operation=create znode=/hasty znode_type=persistent result=success`,
    )
  })

  it('says that what came of a write is not known, where it is not', async () => {
    const served = await serve()
    const client = await bench.connect(served, { timeoutMs: 4_000 })
    await client.create('/known')
    let release = () => {}
    const isReleased = new Promise<void>((resolve) => {
      release = resolve
    })
    const isSent = new Promise<void>((resolve) => {
      served.store.beforeTxn = () => {
        resolve()
        return isReleased
      }
    })
    void client.create('/unknown')
    void client.multi([
      { op: 1, path: '/part' },
      { op: 13, path: '/' },
    ])
    await isSent
    await eventually('both', () => served.proxy.stats.writes >= 3)
    const closed = served.keeper.close(0)
    await eventually('all lines', () => served.lines().length >= 3)
    release()
    await closed
    expect(served.lines().map((line) => line.slice(line.indexOf('operation')))).to.deep.equal([
      'operation=create znode=/known znode_type=persistent result=success',
      'operation=create znode=/unknown znode_type=persistent result=invoked',
      'operation=create znode=/part result=invoked',
    ])
  })

  it('has what is changed over HTTP, as for a client: a line for each znode that is deleted together with others', async () => {
    const served = await serve()
    const token = () => 'a-token-of-this-test'
    const admin = await AdminServer.listen({ port: 0, token, canEdit: true })
    try {
      await admin.attach(served.proxy)
      const headers = { authorization: 'Bearer a-token-of-this-test' }
      const send = async (method: string, path: string, body?: object) => {
        const sent = { method, headers, ...(body && { body: JSON.stringify(body) }) }
        return (await http(admin.port, `/api/v1/${path}`, sent)).status
      }
      expect(await send('POST', 'tree?path=/a', {})).to.equal(200)
      expect(await send('POST', 'tree?path=/a/b', {})).to.equal(200)
      const acl = [{ scheme: 'world', id: 'anyone', perms: 1 }]
      expect(await send('PUT', 'acl?path=/a', { acl, aversion: 0 })).to.equal(200)
      expect(await send('PUT', 'tree?path=/a', { data: 'x', version: 7 })).to.equal(409)
      const zxid = served.keeper.replica.zxid
      expect(await send('DELETE', `subtree?path=/a&count=2&zxid=${zxid}`)).to.equal(200)
    } finally {
      await admin.close()
    }
    await eventually('all lines', () => served.lines().length >= 6)
    const who = 'user=127.0.0.1,admin-port ip=127.0.0.1 '
    expect(served.lines().map((line) => line.slice(line.indexOf('user=')))).to.deep.equal([
      `${who}operation=create znode=/a znode_type=persistent result=success`,
      `${who}operation=create znode=/a/b znode_type=persistent result=success`,
      `${who}operation=setAcl znode=/a acl=world:anyone:r result=success`,
      `${who}operation=setData znode=/a result=failure`,
      `${who}operation=delete znode=/a/b result=success`,
      `${who}operation=delete znode=/a result=success`,
    ])
  })

  it('has the end of an ephemeral once, in the log of the proxy that ended the session', async () => {
    const [one, two] = [await serve('one'), await serve('two')]
    const leaving = await bench.connect(one)
    const dying = await bench.connect(two, { timeoutMs: 1_000 })
    await leaving.create('/a', { flags: 1 })
    await dying.create('/b', { flags: 1 })
    await leaving.close()
    dying.socket.pause()
    await eventually('its end', () => two.lines().length >= 2)
    const ends = (served: { lines(): string[] }) =>
      served.lines().filter((line) => line.includes('ephemeralZNodeDeletion'))
    const operation = 'operation=ephemeralZNodeDeletionOnSessionCloseOrExpire'
    expect(ends(one)).to.deep.equal([
      `session=${hex(leaving.sessionId)} user=the server ${operation} znode=/a result=success`,
    ])
    expect(ends(two)).to.deep.equal([
      `session=${hex(dying.sessionId)} user=the server ${operation} znode=/b result=success`,
    ])
  })

  it('cannot be written into by names', async () => {
    const served = await serve()
    const client = await bench.connect(served)
    await client.auth('digest', 'x\nsession=0x0\tuser=root:secret')
    await client.create('/a\nb\tresult=success')
    await client.create('/last')
    await eventually('all lines', () => served.lines().length >= 2)
    expect(served.lines()[0]).to.equal(
      `session=${hex(client.sessionId)} user=127.0.0.1,x\\nsession=0x0\\tuser=root ip=127.0.0.1 operation=create ` +
        'znode=/a\\nb\\tresult=success znode_type=persistent result=failure',
    )
    expect(served.lines()).to.have.length(2)
  })

  it('is written by serve, reopened by SIGHUP, and ends with the stop', async () => {
    const file = join(folder, 'audit.json')
    const moved = join(folder, 'audit.json.1')
    const proxy = await startAnykeeper({
      args: ['--audit', '--audit-file', file, '--audit-format', 'json'],
    })
    try {
      const client = await bench.connect(proxy)
      await client.create('/before')
      await eventually('its line', () => readFileSync(file, 'utf8').includes('/before'))
      renameSync(file, moved)
      proxy.child.signal('SIGHUP')
      await eventually('the new file', () => existsSync(file))
      await client.create('/behind')
      const metrics = await proxy.fourLetterWord('mntr')
      expect(metrics).to.match(/^zk_anykeeper_audit_lines\t3$/m)
      expect(metrics).to.match(/^zk_anykeeper_audit_lines_dropped\t0$/m)
    } finally {
      await proxy.stop()
    }
    const read = (path: string) =>
      readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, string>)
        .map(({ operation, znode, result }) => [operation, znode, result])
    expect(read(moved)).to.deep.equal([
      ['serverStart', undefined, 'success'],
      ['create', '/before', 'success'],
    ])
    expect(read(file)).to.deep.equal([
      ['create', '/behind', 'success'],
      ['serverStop', undefined, 'invoked'],
    ])
  })

  it('where it cannot be written nothing is served, and the reason is said', async () => {
    const file = join(folder, 'none', 'audit.log')
    const error = await startAnykeeper({ args: ['--audit', '--audit-file', file] }).then(
      () => undefined,
      (reason: Error) => reason.message,
    )
    expect(error).to.include('(exit 2)')
    expect(error).to.match(/error: the audit log .* cannot be written \(ENOENT.*: name a file/)
  })

  it('says that the server did not start', async () => {
    const file = join(folder, 'audit.log')
    writeFileSync(join(folder, 'plain'), '')
    const store = `file:${join(folder, 'plain')}`
    await startAnykeeper({ store, args: ['--audit', '--audit-file', file] }).then(
      () => expect.fail('it started'),
      () => {},
    )
    expect(readFileSync(file, 'utf8')).to.match(/operation=serverStart\tresult=failure\n$/)
  })

  it('on a full disk requests are served; lines are lost and counted, and later ones written', async function () {
    const disk = smallDisk(this, 4 * 1024 * 1024)
    const file = join(disk.path, 'audit.log')
    const proxy = await startAnykeeper({
      args: ['--audit', '--audit-file', file, '--max-audit-buffer-bytes', '65536'],
    })
    try {
      const client = await bench.connect(proxy)
      await client.create('/first')
      await eventually('its line', () => readFileSync(file, 'utf8').includes('/first'))
      const release = disk.fill()
      const path = `/${'x'.repeat(500)}`
      for (let i = 0; i < 400; i++) {
        const replies = [client.create(`${path}${i}`), client.setData('/first', 'x')]
        for (const reply of replies) expect((await reply).err).to.equal(0)
      }
      await proxy.child.waitForLine(/lines are dropped, requests are served/)
      const dropped = /^zk_anykeeper_audit_lines_dropped\t(\d+)$/m
      const count = Number(dropped.exec(await proxy.fourLetterWord('mntr'))?.[1])
      expect(count).to.be.above(0)
      release()
      await proxy.child.waitForLine(/the audit log is written again/)
      await client.create('/last')
      await eventually('its line', () => readFileSync(file, 'utf8').includes('/last'))
      // Whole lines, those that are there.
      for (const line of linesOf(file)) expect(line).to.match(/^(session|user)=.*result=\w+$/)
      expect(proxy.child.output.match(/lines are dropped/g)).to.have.length(1)
    } finally {
      await proxy.stop()
      disk.remove()
    }
  })
})
