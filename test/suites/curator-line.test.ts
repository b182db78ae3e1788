/**
 * The library's recipes beside Curator's in one line, in both directions: Curator through a proxy, the library as a
 * member of its own on the same etcd. Program: curator-line/Contender.java.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { expect } from 'chai'
import { openEtcdStore } from '../../adapters/etcd/etcd-store.ts'
import {
  connect,
  Keeper,
  LeaderLatch,
  type MetadataStore,
  Mutex,
  type ZooKeeper,
} from '../../lib/index.ts'
import { type AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { type EtcdServer, startEtcd } from '../support/etcd-server.ts'
import { eventually } from '../support/eventually.ts'
import { outcomeOf } from '../support/recipe-bench.ts'
import { curatorLibs, etcdProgram, requireOrSkip } from '../support/requirements.ts'
import { temporaryFolder } from '../support/temp-folder.ts'
import { compileWith, sourcesIn } from './compile.ts'

const WAIT_MS = 40_000

describe('recipes in one line with Curator’s', function () {
  this.timeout(120_000)
  let etcd: EtcdServer
  let proxy: AnykeeperProcess
  let store: MetadataStore
  let keeper: Keeper
  let client: ZooKeeper
  let program: ChildProcessWithoutNullStreams
  let lines: Interface
  const said: string[] = []

  before(async function () {
    requireOrSkip(this, 'etcd', 'jdk', 'curator')
    etcd = await startEtcd({ binary: etcdProgram() })
    proxy = await startAnykeeper({ store: `etcd://${etcd.host}` })
    store = await openEtcdStore({ hosts: [etcd.host] })
    keeper = await Keeper.open({ store })
    client = await connect(keeper, { timeoutMs: 10_000 })
    const classes = temporaryFolder('curator-line')
    const libs = join(curatorLibs(), '*')
    const sources = sourcesIn('curator-line', '.java')
    await compileWith('javac', ['-nowarn', '-proc:none', '-cp', libs, '-d', classes, ...sources])
    program = spawn('java', [
      '-Xmx256m',
      '-XX:+UseSerialGC',
      '-XX:TieredStopAtLevel=1',
      '-cp',
      `${classes}:${libs}`,
      'Contender',
      proxy.connectString,
      '/line',
      '/latch',
    ])
    program.stderr.resume()
    lines = createInterface(program.stdout)
    lines.on('line', (line) => said.push(line))
  })
  after(async () => {
    program?.kill('SIGKILL')
    await client?.close()
    await keeper?.close()
    await store?.close()
    await proxy?.stop()
    await etcd?.stop()
  })

  const says = (line: string): Promise<boolean> =>
    eventually(`"${line}" of ${said}`, () => said.includes(line), WAIT_MS)
  const waiting = (path: string, count: number): Promise<boolean> =>
    eventually(
      `${count} contenders`,
      async () => (await client.getChildren(path)).children.length === count,
      WAIT_MS,
    )

  it('Mutex and InterProcessMutex, LeaderLatch and LeaderLatch', async () => {
    const mutex = new Mutex(client, '/line')
    const first = await mutex.acquire({ timeoutMs: WAIT_MS })
    const leader = new LeaderLatch(client, '/latch', { id: 'ours' })
    await leader.waitForLeadership({ timeoutMs: WAIT_MS })

    await says('tried false')
    await waiting('/line', 2)
    const second = mutex.acquire({ timeoutMs: WAIT_MS })
    const outcome = outcomeOf(second)
    await waiting('/line', 3)
    await first.release()
    await says('acquired true')
    await client.sync()
    expect(outcome.now).to.equal('pending')
    program.stdin.write('\n')
    const last = await second
    expect(last.token).to.be.greaterThan(first.token)
    await last.release()

    await waiting('/latch', 2)
    const next = new LeaderLatch(client, '/latch', { id: 'next' })
    await next.start()
    expect(said).to.not.include('leads true')
    await leader.close()
    await says('leads true')
    expect([next.isLeader, await next.leader()]).to.deep.equal([false, 'curator'])
    const ended = once(program, 'exit')
    program.stdin.write('\n')
    await next.waitForLeadership({ timeoutMs: WAIT_MS })
    await ended
    await next.close()
    await waiting('/line', 0)
    await waiting('/latch', 0)
  })
})
