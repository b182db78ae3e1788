/**
 * Every command of docs/migration.md, in its order, as a shell runs them: an ensemble of three is checked, followed, verified and
 * taken over; a client keeps its session there, and back at the three servers.
 */
import { execFile } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { connect, type ZooKeeper } from '../../lib/index.ts'
import { type Child, spawnChild } from '../support/child.ts'
import { type EtcdServer, startEtcd } from '../support/etcd-server.ts'
import { eventually } from '../support/eventually.ts'
import { freePort } from '../support/free-port.ts'
import { etcdProgram, requireOrSkip } from '../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { startZookeeperEnsemble, type ZookeeperEnsemble } from '../support/zookeeper-server.ts'

const page = readFileSync(new URL('../../docs/migration.md', import.meta.url), 'utf8')
const program = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
const LATE_MS = 60_000

/** What the page has for a shell, without the variables, which are set here. */
const blocks = [...page.matchAll(/```sh\n(.*?)```/gs)]
  .map(([, block]) => block!.trim())
  .filter((block) => !block.startsWith('SOURCE='))

describe('migrate: the page', function () {
  this.timeout(180_000)
  const folder = temporaryFolder('migration-page')
  const running: Child[] = []
  const run = new Set<string>()
  let etcd: EtcdServer
  let ensemble: ZookeeperEnsemble
  let client: ZooKeeper | undefined
  let variables: Record<string, string>

  before(async function () {
    requireOrSkip(this, 'etcd', 'zookeeper-3.9')
    etcd = await startEtcd({ binary: etcdProgram() })
    ensemble = await startZookeeperEnsemble({ version: '3.9', heapMb: 96 })
    const shim = join(folder, 'anykeeper')
    writeFileSync(shim, `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`)
    chmodSync(shim, 0o755)
    const own = Object.entries(process.env).filter(([name]) => !name.startsWith('ANYKEEPER_'))
    variables = {
      ...(Object.fromEntries(own) as Record<string, string>),
      PATH: `${folder}:${process.env.PATH}`,
      SOURCE: ensemble.connectString,
      STORE: `etcd://${etcd.host}`,
    }
  })
  after(async () => {
    await client?.close()
    for (const child of running) await child.kill()
    await ensemble?.stop()
    await etcd?.stop()
    removeFolder(folder)
  })

  /** The page’s line with these words, with what is of this machine in place of what is of an example. */
  function lineWith(words: string, places: Readonly<Record<string, string>> = {}): string {
    const [line, ...others] = blocks.filter((block) => block.includes(words))
    expect(others, `other lines with "${words}"`).to.deep.equal([])
    if (line === undefined) throw new Error(`the page has no "${words}"`)
    run.add(line)
    return Object.entries(places).reduce((text, [from, to]) => text.replaceAll(from, to), line)
  }

  function commanded(line: string): Promise<{ code: number; output: string }> {
    return new Promise((resolve) => {
      const options = { env: variables, timeout: LATE_MS }
      execFile('/bin/sh', ['-c', line], options, (error, stdout, stderr) => {
        resolve({ code: Number(error?.code ?? 0), output: stdout + stderr })
      })
    })
  }

  function background(line: string): Child {
    const args = ['-c', `exec ${line}`]
    const child = spawnChild({ name: line, command: '/bin/sh', args, env: variables })
    running.push(child)
    return child
  }

  const statusShows = (pattern: RegExp): Promise<unknown> =>
    eventually(
      `a status with ${pattern}`,
      async () => pattern.test((await commanded(lineWith('migrate status'))).output),
      LATE_MS,
    )

  it('leads to anykeeper, and back to ZooKeeper, with one session', async () => {
    const { members } = ensemble
    client = await connect(`zk://${ensemble.connectString}`, { timeoutMs: 40_000 })
    const states: string[] = []
    client.onStateChange((state) => void states.push(String(state)))
    await client.create('/mine', Buffer.from('x'), { mode: 'ephemeral' })
    const { sessionId } = client

    const checked = await commanded(lineWith('migrate check'))
    expect(checked.output).to.include('3.9')
    expect(checked.code, checked.output).to.equal(0)

    const follower = background(lineWith('migrate follow'))
    await statusShows(/phase +following\n.*leader +127/s)
    await client.create('/after', Buffer.from('y'))
    await statusShows(/digest +equal/)

    const verified = await commanded(lineWith('migrate verify'))
    expect(verified.code, verified.output).to.equal(0)

    const own = `127.0.0.1:${await freePort()}`
    const serve = lineWith('anykeeper serve', { '0.0.0.0:2181': own })
    const standby = background(serve)
    await standby.waitForLine(/standby/, { timeoutMs: LATE_MS })
    await standby.stop()

    await Promise.all(members.map((member) => member.end()))
    const taken = await commanded(lineWith('migrate take-over'))
    expect(taken.code, taken.output).to.equal(0)
    expect((await follower.exited).code).to.equal(0)
    const proxy = background(serve.replace(own, members[0]!.connectString))
    await proxy.waitForLine(/^anykeeper ready on /, { timeoutMs: LATE_MS })
    const here = await eventually('the session here', () => client?.exists('/mine'), LATE_MS)
    expect(here.ephemeralOwner).to.equal(sessionId)

    await proxy.stop()
    const rollback = { './rollback': join(folder, 'rollback') }
    const exported = await commanded(lineWith('anykeeper export', rollback))
    expect(exported.code, exported.output).to.equal(0)
    for (const { dataDir } of members) {
      const places = { ...rollback, '/var/lib/zookeeper': dataDir }
      const placed = await commanded(lineWith('mv /var/lib/zookeeper', places))
      expect(placed.code, placed.output).to.equal(0)
      expect(existsSync(join(dataDir, 'myid'))).to.equal(true)
    }
    for (const member of members) member.launch()
    await Promise.all(members.map((member) => member.waitUntilServing()))
    const modes = await Promise.all(members.map((member) => member.mode()))
    expect(modes.toSorted()).to.deep.equal(['follower', 'follower', 'leader'])
    const back = await eventually('the session back', () => client?.exists('/mine'), LATE_MS)
    expect(back.ephemeralOwner).to.equal(sessionId)
    for (const member of members) {
      expect(await member.fourLetterWord('dump')).to.include(`0x${sessionId.toString(16)}`)
    }
    expect(states).to.not.include('lost')

    const finished = await commanded(lineWith('migrate finish'))
    expect(finished.code, finished.output).to.equal(0)
  })

  it('a move that is given up leaves nothing', async () => {
    const other = { STORE: variables.STORE! }
    variables.STORE = `file:${join(folder, 'given-up')}`
    try {
      const follower = background(lineWith('migrate follow'))
      await follower.waitForLine(/the tree of the ensemble is copied/, { timeoutMs: LATE_MS })
      await follower.stop()
      const abandoned = await commanded(lineWith('migrate abandon'))
      expect(abandoned.code, abandoned.output).to.equal(0)
      const { output } = await commanded(lineWith('migrate status'))
      expect(output).to.match(/comes from no ensemble/)
    } finally {
      Object.assign(variables, other)
    }
  })

  it('no other command is on it', () => {
    expect(blocks.filter((block) => !run.has(block))).to.deep.equal([])
  })
})
