/**
 * A kazoo client with an ephemeral, a watch and a counter is moved from a real ZooKeeper to anykeeper at the same address, and
 * back, and keeps its session; in between, the ZooKeeper that is started again by mistake refuses it.
 */
import { cpSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { openStore } from '../../adapters/index.ts'
import { connect, type MetadataStore } from '../../lib/index.ts'
import { migrationStatus } from '../../lib/internal.ts'
import { PythonScript, type Told } from '../ecosystem/python-script.ts'
import { AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { type Child, spawnChild } from '../support/child.ts'
import { type EtcdServer, startEtcd } from '../support/etcd-server.ts'
import { eventually } from '../support/eventually.ts'
import { freePort } from '../support/free-port.ts'
import { etcdProgram, oldRelease, requireOrSkip } from '../support/requirements.ts'
import { anykeeperProgram, runAnykeeper } from '../support/run-anykeeper.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { startZookeeperLeader, type ZookeeperServer } from '../support/zookeeper-server.ts'

const LATE_MS = 60_000
/** As kazoo demands it: longer than all moves together. */
const SESSION_MS = 40_000

interface Turn extends Told {
  session: number
  owner: number
  sequence: string
  fired: string[]
  states: string[]
  zxid: number
}

describe('migrate: a live client to anykeeper and back', function () {
  this.timeout(240_000)
  let etcd: EtcdServer
  let zookeeper: ZookeeperServer
  let quorum: string
  let store: MetadataStore
  let url: string
  let kazoo: PythonScript
  let first: Turn
  let folder: string | undefined
  let dataFolder: string | undefined
  const children: Child[] = []
  const proxies: AnykeeperProcess[] = []

  before(async function () {
    requireOrSkip(this, 'etcd', 'zookeeper-3.9', 'kazoo', 'anykeeper-0.1')
    etcd = await startEtcd({ binary: etcdProgram() })
    url = `etcd://${etcd.host}`
    store = await openStore(url)
    const leader = await startZookeeperLeader({ version: '3.9' })
    zookeeper = leader.server
    quorum = `127.0.0.1:${leader.quorumPort}`
    kazoo = new PythonScript('moves.py', [zookeeper.connectString, '-', '/room'])
    first = (await kazoo.next()) as Turn
  })
  after(async () => {
    await kazoo?.kill()
    for (const child of children) await child.kill()
    for (const proxy of proxies) await proxy.stop()
    await zookeeper?.stop()
    await store?.close()
    await etcd?.stop()
    for (const made of [folder, dataFolder]) if (made !== undefined) removeFolder(made)
  })

  const command = (...args: string[]) => ['migrate', ...args, '--store', url]

  function follow(into = url): Child {
    const source = ['--source', zookeeper.connectString, '--quorum', quorum]
    const child = spawnChild({
      name: 'follow',
      command: process.execPath,
      args: [...anykeeperProgram, 'migrate', 'follow', ...source, '--store', into],
    })
    children.push(child)
    return child
  }

  /** The build of 0.1.0, with our packages. */
  function oldProgram(): string {
    folder = temporaryFolder('old-release')
    cpSync(oldRelease(), folder, { recursive: true })
    const packages = fileURLToPath(new URL('../../node_modules', import.meta.url))
    symlinkSync(packages, join(folder, 'node_modules'))
    return join(folder, 'dist', 'cli.js')
  }

  const status = (
    what: string,
    is: (found: Awaited<ReturnType<typeof migrationStatus>>) => boolean,
  ) =>
    eventually(
      what,
      async () => {
        const found = await migrationStatus({ store })
        return is(found) ? found : undefined
      },
      LATE_MS,
    )

  function serve(from = url): Promise<AnykeeperProcess> {
    const { port } = zookeeper
    const proxy = startAnykeeper({
      store: from,
      port,
      from: 'sources',
      maxSessionTimeoutMs: SESSION_MS,
    })
    return proxy.then((started) => {
      proxies.push(started)
      return started
    })
  }

  async function turn(): Promise<Turn> {
    kazoo.goAhead()
    return (await kazoo.next(LATE_MS)) as Turn
  }

  /** The same session as at the beginning, alive all the time, and a counter without a gap. */
  function expectKept(seen: Turn, turns: number): void {
    expect(seen.session).to.equal(first.session)
    expect(seen.owner).to.equal(first.session)
    expect(seen.sequence).to.match(new RegExp(`/n-${String(turns).padStart(10, '0')}$`))
    const values = Array.from({ length: turns + 1 }, (_, at) => String(at))
    expect(seen.fired).to.deep.equal(values)
    expect(seen.states).to.not.include('LOST')
  }

  it('keeps the session in both directions', async () => {
    const follower = follow()
    const client = await connect(`zk://${zookeeper.connectString}`)
    await status('the ensemble followed', ({ record }) => record?.leader === quorum)
    await client.create('/proof')
    await client.close()
    const { record } = await status('a digest', (found) => found.record?.digest === 'equal')
    expect(record).to.include({ phase: 'following', resyncs: 0, trouble: '' })

    const old = new AnykeeperProcess(await freePort(), {
      store: url,
      program: oldProgram(),
    }).launch()
    expect((await old.child.exited).code).to.not.equal(0)
    expect(old.child.output).to.match(/head.*format/)

    const early = await runAnykeeper(command('take-over'))
    expect(early.code).to.equal(6)
    expect(early.stderr).to.include(`${zookeeper.connectString}, ${quorum} still answer`)

    await zookeeper.end()
    const standby = await serve()
    expect(await standby.fourLetterWord('srvr')).to.match(/^Mode: standby$/m)
    expect(standby.child.output).to.match(/^anykeeper standby on /m)
    expect(standby.child.output).to.not.match(/^anykeeper ready on /m)
    expect(await standby.fourLetterWord('ruok')).to.include('this is a standby')
    const mntr = await standby.fourLetterWord('mntr')
    expect(mntr).to.match(/^zk_server_state\tstandby$/m)
    expect(mntr).to.match(/^zk_anykeeper_standby\t1$/m)
    expect(mntr).to.match(/^zk_anykeeper_source_digest_ok\t1$/m)

    const taken = await runAnykeeper(command('take-over'))
    expect(taken.stderr).to.match(/taken over: \d+ znodes, 1 sessions/)
    expect(taken.code).to.equal(0)
    expectKept(await turn(), 1)
    expect((await follower.exited).code).to.equal(0)
    const shown = await runAnykeeper(command('status', '--json'))
    expect(JSON.parse(shown.stdout)).to.have.nested.property('record.phase', 'taken')
    await standby.child.waitForLine(/the tree is taken over: clients are served/, {
      timeoutMs: LATE_MS,
    })
    await standby.child.waitForLine(/^anykeeper ready on /, { timeoutMs: LATE_MS })

    // Started again by mistake, with its old tree: it is behind what the client has seen.
    await standby.stop()
    await zookeeper.start()
    await zookeeper.child.waitForLine(/Refusing session.* as it has seen zxid/, {
      timeoutMs: LATE_MS,
    })
    await zookeeper.end()

    // The way back: a snapshot in the place of the old data.
    rmSync(join(zookeeper.dataDir, 'version-2'), { recursive: true })
    const out = ['export', '--store', url, '--format', 'zookeeper-snapshot', zookeeper.dataDir]
    const exported = await runAnykeeper(out)
    expect(exported.stderr).to.match(/exported \d+ znodes, 1 sessions/)
    await zookeeper.start()
    expectKept(await turn(), 2)
  })

  it('takes what nobody followed any more from the logs, into files', async () => {
    dataFolder = temporaryFolder('migrate')
    const files = `file:${dataFolder}`
    const follower = follow(files)
    await follower.waitForLine(/the tree of the ensemble is copied/, { timeoutMs: LATE_MS })
    await follower.kill()
    expectKept(await turn(), 3)
    await zookeeper.end()
    const tail = ['--tail', zookeeper.dataDir, '--store', files]
    const taken = await runAnykeeper(['migrate', 'take-over', ...tail])
    expect(taken.stderr).to.match(/taken over: .* 1 sessions.*, \d+ transactions from the logs/)
    await serve(files)
    expectKept(await turn(), 4)
  })
})
