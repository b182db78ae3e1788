/** `anykeeper serve` as a process: what it says, how it ends, what it takes. */
import { expect } from 'chai'
import { startAnykeeper } from '../support/anykeeper-process.ts'
import { type Child, spawnChild } from '../support/child.ts'
import { type EtcdServer, requireEtcd, startEtcd } from '../support/etcd-server.ts'
import { fourLetterWord } from '../support/four-letter-word.ts'
import { freePort } from '../support/free-port.ts'
import { RawClient } from '../support/raw-client.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { anykeeperProgram, runAnykeeper } from '../support/run-anykeeper.ts'
import { serveVariables } from '../support/serve-variables.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { TlsFixtures } from '../support/tls-bed.ts'

describe('anykeeper serve', () => {
  const children: Child[] = []
  let etcd: EtcdServer | undefined
  let folder: string | undefined
  let fixtures: TlsFixtures | undefined

  afterEach(async () => {
    if (folder !== undefined) removeFolder(folder)
    folder = undefined
    fixtures?.remove()
    fixtures = undefined
    for (const child of children.splice(0)) await child.kill()
    await etcd?.stop()
    etcd = undefined
  })

  function serve(args: readonly string[], env: Record<string, string | undefined> = {}): Child {
    const child = spawnChild({
      name: 'anykeeper',
      command: process.execPath,
      args: [...anykeeperProgram, 'serve', ...args],
      env,
    })
    children.push(child)
    return child
  }

  const wrong: [what: string, args: string[], says: RegExp, env?: Record<string, string>][] = [
    ['an unknown flag', ['--frobnicate'], /unknown option '--frobnicate'/],
    ['an argument too many', ['more'], /serve takes no arguments, only flags/],
    ['a listen address without a port', ['--listen', 'localhost'], /--listen.*expected HOST:PORT/],
    ['a port too high', ['--listen', '127.0.0.1:65536'], /--listen.*expected HOST:PORT/],
    ['a store that is none', ['--store', 'bolt://x'], /store URL must begin with one of .*etcd/],
    ['a store without a scheme', ['--store', '127.0.0.1:2379'], /store URL must begin with one of/],
    ['a store URL with a bad host', ['--store', 'etcd://a b:1'], /host 1 in the etcd URL/],
    ['an unknown store parameter', ['--store', 'etcd://h?x=1'], /no parameter "x"/],
    ['a relative prefix', ['--prefix', 'any'], /--prefix.*expected a path/],
    ['a tick of nothing', ['--tick-time', '0'], /--tick-time.*whole number above 0/],
    ['a tick of words', ['--tick-time', '3s'], /--tick-time.*whole number above 0/],
    [
      'timeouts upside down',
      ['--min-session-timeout', '900', '--max-session-timeout', '800'],
      /--min-session-timeout 900 is above --max-session-timeout 800/,
    ],
    ['a super digest that is a password', ['--super-digest', 'super:secret'], /base64\(sha1/],
    ['an unknown four-letter word', ['--four-letter-words', 'ruok,quit'], /unknown word "quit"/],
    [
      'a file of users that is not there',
      ['--sasl-users', '/nowhere/users'],
      /--sasl-users.*ENOENT/,
    ],
    ['too many workers', ['--workers', '65'], /--workers.*at most 64 workers/],
    [
      'workers on a store for one process',
      ['--workers', '2', '--store', 'memory:', '--log-level', 'silent'],
      /--workers 2: memory: can be used by one process only/,
    ],
    ['an unknown log level', ['--log-level', 'loud'], /--log-level.*debug, info, warn/],
    [
      'a bad environment variable',
      [],
      /'--tick-time <ms>' value '-3' from env 'ANYKEEPER_TICK_TIME' is invalid/,
      { ANYKEEPER_TICK_TIME: '-3' },
    ],
  ]
  for (const [what, args, says, env] of wrong) {
    it(`${what}: one sentence on stderr, exit 2`, async () => {
      const { code, stdout, stderr } = await runAnykeeper(['serve', ...args], env)
      expect(stderr).to.match(says)
      expect(stderr).to.match(/^error: .+\n$/)
      expect(stdout).to.equal('')
      expect(code).to.equal(2)
    })
  }

  it('never shows the password in a store URL', async () => {
    const { stderr, stdout } = await runAnykeeper(['serve', '--store', 'etcd://root:hunter2@h:1:2'])
    expect(stderr).to.match(/^error: /)
    expect(stderr + stdout).to.not.contain('hunter2')
  })

  it('says where it serves, in one line on stdout', async () => {
    const child = serve(['--store', 'memory:', '--listen', '127.0.0.1:0', '--log-level', 'silent'])
    const [, port] = await child.waitForLine(
      /^anykeeper ready on 127\.0\.0\.1:(\d+) \(store memory:\)$/,
    )
    expect(child.output.split('\n')).to.have.length(1)
    expect(await fourLetterWord({ host: '127.0.0.1', port: Number(port) }, 'ruok')).to.equal('imok')
  })

  it('takes every setting from the environment, and flags win', async function () {
    requireOrSkip(this, 'openssl')
    const made = new TlsFixtures()
    fixtures = made
    folder = temporaryFolder('cli')
    const env = serveVariables(folder, made)
    // Every flag there is has its variable here.
    const { stdout: help } = await runAnykeeper(['serve', '--help'])
    const named = [...help.matchAll(/env:\s+(\w+)/g)].map((match) => match[1]!)
    const files = ['ANYKEEPER_CONFIG', 'ANYKEEPER_STORE_FILE', 'ANYKEEPER_SUPER_DIGEST_FILE']
    files.push('ANYKEEPER_ADMIN_TOKEN_FILE', 'ANYKEEPER_TLS_PASSWORD_FILE')
    files.push('ANYKEEPER_TLS_CA_PASSWORD_FILE', 'ANYKEEPER_ADMIN_TLS_PASSWORD_FILE')
    files.push('ANYKEEPER_QUORUM_PASSWORD_FILE')
    expect(named.sort()).to.deep.equal([...Object.keys(env), ...files].sort())

    const child = serve(['--tick-time', '600'], env)
    const [, text] = await child.waitForLine(/^anykeeper ready on 127\.0\.0\.1:(\d+), TLS on /)
    const port = Number(text)
    const conf = await fourLetterWord({ host: '127.0.0.1', port }, 'conf')
    expect(conf).to.contain('tickTime=600\nmaxClientCnxns=70\n')
    expect(conf).to.contain('minSessionTimeout=1500\nmaxSessionTimeout=2500\n')
    const refused = await fourLetterWord({ host: '127.0.0.1', port }, 'mntr')
    expect(refused).to.contain('not in the whitelist')
    const client = await RawClient.connect({ port, timeoutMs: 60_000 })
    expect(client.timeoutMs).to.equal(2_500)
    await client.create('/mine', { acl: [{ perms: 31, scheme: 'digest', id: 'x:y' }] })
    expect((await client.getData('/mine')).err).to.equal(-102)
    await client.auth('digest', 'super:test')
    expect((await client.getData('/mine')).err).to.equal(0)
    await client.create('/zookeeper/quota/mine')
    await client.create('/zookeeper/quota/mine/zookeeper_limits', { data: 'countHardLimit=0' })
    await client.create('/zookeeper/quota/mine/zookeeper_stats')
    expect((await client.create('/mine/more')).err).to.equal(-125)
    client.create('/big', { data: Buffer.alloc(6_000) })
    await client.waitFor(() => client.closed)
    // Nothing below warn is logged.
    expect(child.output.split('\n').filter((line) => line.includes('"level":30'))).to.have.length(0)
  })

  it('SIGTERM, also repeated: answers what is on its way, exit 0 within seconds', async () => {
    const server = await startAnykeeper({ from: 'sources' })
    children.push(server.child)
    const client = await RawClient.connect({ port: server.port })
    const replies = Array.from({ length: 200 }, (_, i) => client.create(`/n${i}`))
    await replies[0]
    const since = performance.now()
    for (let i = 0; i < 3; i++) server.child.signal('SIGTERM')
    server.child.signal('SIGINT')
    const exit = await server.child.exited
    expect(exit).to.deep.equal({ code: 0, signal: null })
    expect(performance.now() - since).to.be.below(8_000)
    await client.waitFor(() => client.closed)
    const all = await Promise.allSettled(replies)
    const answered = all.filter((result) => result.status === 'fulfilled')
    expect(answered.every(({ value }) => value.err === 0)).to.equal(true)
  })

  describe('on etcd', () => {
    before(function () {
      requireEtcd(this)
    })

    it('keeps trying while etcd is not there, says which and why, then serves', async function () {
      this.timeout(60_000)
      etcd = await startEtcd()
      await etcd.kill()
      const url = `etcd://${etcd.host}`
      const child = serve(['--store', url, '--listen', '127.0.0.1:0'])
      const [line] = await child.waitForLine(/^\{"level":40,.*trying again.*$/)
      const entry = JSON.parse(line) as Record<string, string>
      expect(entry.store).to.equal(url)
      expect(entry.reason).to.contain(etcd.host)
      await child.waitForLine(/"tries":2.*trying again/)
      expect(child.output).to.not.contain('ready')
      await etcd.restart()
      const [, port] = await child.waitForLine(/^anykeeper ready on 127\.0\.0\.1:(\d+) /)
      const client = await RawClient.connect({ port: Number(port) })
      expect((await client.create('/a')).err).to.equal(0)
      await client.close()
    })

    it('SIGTERM while it waits for etcd: exit 0', async () => {
      const child = serve(['--store', `etcd://127.0.0.1:${await freePort()}`])
      await child.waitForLine(/trying again/)
      child.signal('SIGTERM')
      expect(await child.exited).to.deep.equal({ code: 0, signal: null })
    })

    it('SIGTERM leaves sessions alive for another proxy', async function () {
      this.timeout(60_000)
      etcd = await startEtcd()
      const options = { store: `etcd://${etcd.host}`, tickTimeMs: 1_000, from: 'sources' } as const
      const one = await startAnykeeper(options)
      children.push(one.child)
      const two = await startAnykeeper(options)
      children.push(two.child)
      const client = await RawClient.connect({ port: one.port, timeoutMs: 4_000 })
      await client.create('/e', { flags: 1 })
      one.child.signal('SIGTERM')
      await client.waitFor(() => client.closed)
      expect(await one.child.exited).to.deep.equal({ code: 0, signal: null })
      const { sessionId, password } = client
      const moved = await RawClient.connect({ port: two.port, sessionId, password })
      expect(moved.sessionId).to.equal(sessionId)
      expect((await moved.exists('/e')).record.stat?.ephemeralOwner).to.equal(sessionId)
      await moved.close()
    })

    it('a proxy stopped for longer than its sessions last does them no harm', async function () {
      this.timeout(90_000)
      etcd = await startEtcd()
      const options = { store: `etcd://${etcd.host}`, tickTimeMs: 1_000, from: 'sources' } as const
      const one = await startAnykeeper(options)
      children.push(one.child)
      const two = await startAnykeeper(options)
      children.push(two.child)
      const timeoutMs = 3_000
      const stuck = await RawClient.connect({ port: one.port, timeoutMs })
      await stuck.create('/e', { flags: 1 })
      await stuck.create('/fresh', { data: 'old' })
      const abandoned = await RawClient.connect({ port: one.port, timeoutMs })
      const living = setInterval(() => [stuck, abandoned].map((client) => client.ping()), 500)
      living.unref()
      await abandoned.create('/abandoned', { flags: 1 })
      clearInterval(living)
      one.child.signal('SIGSTOP')
      const { sessionId, password } = stuck
      const moved = await RawClient.connect({ port: two.port, sessionId, password, timeoutMs })
      expect(moved.sessionId).to.equal(sessionId)
      await moved.setData('/fresh', 'new')
      const isWatched = (await moved.exists('/abandoned', true)).err === 0
      const alive = setInterval(() => moved.ping(), 500)
      try {
        // Whom nobody took over is dead: seen by the survivor.
        if (isWatched) {
          await moved.waitFor(() => moved.events.some((e) => e.path === '/abandoned'))
        }
        // Asked while it sleeps, in the belief that all is well.
        const stale = stuck.getData('/fresh').then(
          (reply) => reply.record.data?.toString(),
          () => 'closed',
        )
        one.child.signal('SIGCONT')
        expect(await stale).to.equal('closed')
        await stuck.waitFor(() => stuck.closed)
        await abandoned.waitFor(() => abandoned.closed)
        // It is back, and nobody else died of it.
        await one.child.waitUntil('serving again', async () => {
          return (await one.fourLetterWord('ruok')) === 'imok'
        })
        const fresh = await RawClient.connect({ port: one.port, timeoutMs })
        await fresh.sync('/')
        expect((await fresh.getData('/fresh')).record.data?.toString()).to.equal('new')
        expect((await fresh.exists('/e')).record.stat?.ephemeralOwner).to.equal(sessionId)
        expect((await fresh.exists('/abandoned')).err).to.equal(-101)
        await fresh.close()
        const endMs = performance.now() + timeoutMs + 1_500
        await moved.waitFor(() => moved.closed || performance.now() > endMs, timeoutMs + 5_000)
        expect(moved.closed).to.equal(false)
        expect((await moved.exists('/e')).err).to.equal(0)
      } finally {
        clearInterval(alive)
      }
      await moved.close()
    })
  })
})
