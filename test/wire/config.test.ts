/** `anykeeper serve` with a configuration file: zoo.cfg, --check-config, secrets in files, SIGHUP. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { digestOf } from '../../lib/index.ts'
import { type Child, spawnChild } from '../support/child.ts'
import { fourLetterWord } from '../support/four-letter-word.ts'
import { freePort } from '../support/free-port.ts'
import { http } from '../support/http.ts'
import { RawClient } from '../support/raw-client.ts'
import { anykeeperProgram, runAnykeeper } from '../support/run-anykeeper.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'

/** Of super:test. */
const DIGEST = 'super:D/InIHSb7yEEbrWz8b9l71RjZJU='

/** config/zookeeper.properties of Kafka 3.9, without its licence. */
const kafkaProperties = (port: number): string => `
# the directory where the snapshot is stored.
dataDir=/tmp/zookeeper
# the port at which the clients will connect
clientPort=${port}
# disable the per-ip limit on the number of connections since this is a non-production config
maxClientCnxns=0
# Disable the adminserver by default to avoid port conflicts.
# Set the port to something non-conflicting if choosing to enable this
admin.enableServer=false
# admin.serverPort=8080
`

describe('anykeeper serve --config', () => {
  let folder: string
  let child: Child | undefined

  before(() => {
    folder = temporaryFolder('config')
  })
  afterEach(async () => {
    await child?.kill()
    child = undefined
  })
  after(() => removeFolder(folder))

  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const serve = (args: readonly string[], env: Record<string, string> = {}): Child => {
    child = spawnChild({
      name: 'anykeeper',
      command: process.execPath,
      args: [...anykeeperProgram, 'serve', ...args],
      env,
    })
    return child
  }

  it('starts from the file that Kafka has for its ZooKeeper, and says what it ignores', async () => {
    const port = await freePort()
    const file = write('zookeeper.properties', kafkaProperties(port))
    const server = serve([], { ANYKEEPER_CONFIG: file, ANYKEEPER_STORE: 'memory:' })
    await server.waitForLine(new RegExp(`^anykeeper ready on 0\\.0\\.0\\.0:${port} `))
    const warned = server.output.split('\n').filter((line) => line.includes('"level":40'))
    expect(warned).to.have.length(1)
    expect(warned[0]).to.contain(`${file}:3: dataDir is ignored`)
    expect(server.output).to.match(/"version":"\d+\.\d+\.\d+","settings":\{"listen":"0\.0\.0\.0:/)
    const client = await RawClient.connect({ port })
    expect((await client.create('/a')).err).to.equal(0)
    await client.close()
  })

  it('--check-config prints every setting and its origin, opens nothing, and hides secrets', async () => {
    const data = join(folder, 'no-data')
    const file = write('good.conf', `tickTime=700\nsuper-digest=${DIGEST}\nmaxCnxns=9\n`)
    const { code, stdout, stderr } = await runAnykeeper(
      ['serve', '--check-config', '--config', file, '--max-identities', '3'],
      { ANYKEEPER_MAX_CONNECTIONS: '8', ANYKEEPER_STORE: `file:${data}`, ANYKEEPER_TICKTIME: '1' },
    )
    expect(code, stderr).to.equal(0)
    expect(stdout).to.contain(`tick-time = 700 (${file}:1)\n`)
    expect(stdout).to.contain('min-session-timeout = 1400 (default)\n')
    expect(stdout).to.contain(`super-digest = … (${file}:2)\n`)
    expect(stdout).to.contain('max-connections = 8 (variable ANYKEEPER_MAX_CONNECTIONS)\n')
    expect(stdout).to.contain('max-identities = 3 (flag)\n')
    expect(stdout + stderr).to.not.contain(DIGEST.slice(6))
    expect(stderr).to.equal(
      'warning: variable ANYKEEPER_TICKTIME is no setting: did you mean ANYKEEPER_TICK_TIME?\n',
    )
    expect(existsSync(data)).to.equal(false)
  })

  it('all errors are named, with exit code 2, whether it is a check or a start', async () => {
    const file = write('bad.conf', 'tickTime=3s\nfrobnicate=1\nsuper-digest=hunter2\n')
    const args = ['serve', '--config', file, '--store', 'etcd://root:hunter2@h,,i', '--prefix', 'x']
    const check = await runAnykeeper([...args, '--check-config'])
    const start = await runAnykeeper(args)
    for (const { code, stderr } of [check, start]) {
      expect(code).to.equal(2)
      expect(stderr).to.contain(`error: ${file}:1: tickTime=3s: expected a whole number`)
      expect(stderr).to.contain(`error: ${file}:2: frobnicate: there is no such setting`)
      expect(stderr).to.contain(`error: ${file}:3: super-digest: expected user:base64`)
      expect(stderr).to.contain("error: option '--prefix <path>' argument 'x' is invalid")
      expect(stderr).to.match(/^error: .*etcd URL.*$/m)
      expect(stderr).to.not.contain('hunter2')
    }
    expect(check.stdout).to.contain('store = etcd://… (flag)').and.not.contain('hunter2')
    expect(start.stdout).to.equal('')
  })

  it('--version names both versions; a mistyped flag does not show its value', async () => {
    const { code, stdout } = await runAnykeeper(['--version'])
    expect(stdout).to.match(/^anykeeper \d+\.\d+\.\d+ \(ZooKeeper 3\.\d+\.\d+\)\n$/)
    expect(code).to.equal(0)
    const { stderr } = await runAnykeeper(['serve', '--super-digset=hunter2'])
    expect(stderr).to.contain("unknown option '--super-digset'").and.not.contain('hunter2')
  })

  it('SIGHUP takes what can be taken, names what cannot, and survives a broken file', async () => {
    const users = write('users', 'alice=wonderland\n')
    const digest = write('digest', `${DIGEST}\n`)
    const basic = `listen=127.0.0.1:0\nstore=memory:\nsuper-digest-file=${digest}\n`
    const file = write('reload.conf', basic)
    const server = serve(['--config', file, '--log-format', 'json', '--super-digest', DIGEST])
    const [, text] = await server.waitForLine(/^anykeeper ready on 127\.0\.0\.1:(\d+) /)
    const address = { host: '127.0.0.1', port: Number(text) }
    expect(server.output).to.contain('--super-digest holds a secret, and everybody')
    expect(server.output).to.not.contain(DIGEST.slice(6))
    const client = await RawClient.connect({ port: address.port })
    expect((await client.sasl(Buffer.alloc(0))).record).to.deep.include({ token: null })

    write(
      'reload.conf',
      `${basic}sasl-users=${users}\n4lw.commands.whitelist=ruok\nmaxCnxns=7\ntickTime=500\n`,
    )
    server.signal('SIGHUP')
    await server.waitForLine(/changed settings that take effect with a restart/)
    expect(server.output).to.contain(
      '"changed":["four-letter-words","max-connections","sasl-users"]',
    )
    expect(server.output).to.contain('"settings":["tick-time"]')
    expect(await fourLetterWord(address, 'conf')).to.contain('not in the whitelist')
    expect(await fourLetterWord(address, 'ruok')).to.equal('imok')
    // The challenge: there are users now. Ids of SASL are ids of ACLs now, too.
    const after = await RawClient.connect({ port: address.port })
    expect((await after.sasl(Buffer.alloc(0))).record.token?.toString()).to.contain('nonce=')
    const acl = [{ perms: 31, scheme: 'sasl', id: 'alice' }]
    expect((await after.create('/hers', { acl })).err).to.equal(0)

    write('reload.conf', `${basic}log-level=loud\nsasl-users=/no/such\n4lw.commands.whitelist=*`)
    server.signal('SIGHUP')
    await server.waitForLine(/"level":50.*sasl-users=\/no\/such.*not reloaded, those before stay/)
    expect(server.output).to.match(/reload\.conf:4: log-level=loud: expected one of debug/)
    expect(await fourLetterWord(address, 'conf')).to.contain('not in the whitelist')

    write('reload.conf', `${basic}log-level=debug\nsasl-users=${users}`)
    server.signal('SIGHUP')
    await server.waitForLine(/"changed":\["four-letter-words","max-connections","log-level"\]/)
    expect(await fourLetterWord(address, 'conf')).to.contain('tickTime=3000')
    await client.close()
    await after.close()
  })

  it('SIGHUP takes another admin token and other super users; a broken token changes nothing', async () => {
    const [ports, tokens] = [
      [await freePort(), await freePort()],
      ['token-of-before-1', 'token-of-later-22'],
    ]
    const [port, adminPort] = ports as [number, number]
    const digest = write('super', `${DIGEST}\n`)
    const token = write('token', `${tokens[0]}\n`)
    const file = write('secrets.conf', `listen=127.0.0.1:${port}\nstore=memory:\n`)
    const admin = ['--admin-listen', `127.0.0.1:${adminPort}`, '--admin-token-file', token]
    const server = serve(['--config', file, '--super-digest-file', digest, ...admin])
    await server.waitForLine(/^anykeeper ready on /)
    const owner = await RawClient.connect({ port })
    await owner.create('/closed', { acl: [{ perms: 31, scheme: 'ip', id: '1.2.3.4' }] })

    /** Of these passwords and tokens, those that are accepted. */
    const accepted = async () => {
      const found: string[] = []
      const send = async (name: string, authorization: string) => {
        const { status } = await http(adminPort, '/api/v1/status', { headers: { authorization } })
        if (status === 200) found.push(name)
      }
      for (const one of tokens) await send(one, `Bearer ${one}`)
      for (const user of ['super:test', 'root:later']) {
        await send(`http ${user}`, `digest ${user}`)
        const client = await RawClient.connect({ port })
        await client.auth('digest', user)
        if ((await client.getData('/closed')).err === 0) found.push(user)
        await client.close()
      }
      return found
    }
    const before = ['token-of-before-1', 'http super:test', 'super:test']
    expect(await accepted()).to.deep.equal(before)
    const root = await RawClient.connect({ port })
    await root.auth('digest', 'super:test')

    write('super', digestOf(Buffer.from('root:later')))
    write('token', 'short')
    server.signal('SIGHUP')
    await server.waitForLine(/admin-token.*not reloaded, those before stay/)
    expect(await accepted()).to.deep.equal(before)

    write('token', tokens[1] as string)
    server.signal('SIGHUP')
    await server.waitForLine(/"changed":\["super-digest","admin-token"\]/)
    const later = ['token-of-later-22', 'http root:later', 'root:later']
    expect(await accepted()).to.deep.equal(later)
    expect((await root.getData('/closed')).err).to.equal(0)

    write('super', digestOf(Buffer.from('root:last'), 'SHA-256'))
    write('secrets.conf', `listen=127.0.0.1:${port}\nstore=memory:\ndigest-algorithm=SHA-256\n`)
    server.signal('SIGHUP')
    await server.waitForLine(/changed settings that take effect with a restart/)
    expect(server.output).to.match(/algorithm changes with a restart.*a part was not reloaded/)
    expect(await accepted()).to.deep.equal(later)
    for (const secret of tokens) expect(server.output).to.not.contain(secret)
    await Promise.all([owner.close(), root.close()])
  })
})
