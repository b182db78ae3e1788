/** `anykeeper serve --workers N`: several processes behind one port. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { type AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { type EtcdServer, requireEtcd, startEtcd } from '../support/etcd-server.ts'
import { eventually, within } from '../support/eventually.ts'
import { fourLetterWord } from '../support/four-letter-word.ts'
import { isAlive } from '../support/is-alive.ts'
import { RawClient } from '../support/raw-client.ts'
import { stopProcess } from '../support/stop-process.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'

const metric = (text: string, name: string): number =>
  Number(new RegExp(`^zk_${name}\t(\\d+)$`, 'm').exec(text)?.[1])

/** What each worker answers, by its number: asked in turn, they answer in turn. */
async function askEach(server: AnykeeperProcess, count: number): Promise<Map<number, string>> {
  const answers = new Map<number, string>()
  const isEach = async (): Promise<boolean> => {
    const text = await fourLetterWord(server, 'mntr')
    answers.set(metric(text, 'anykeeper_worker'), text)
    return answers.size === count
  }
  await eventually('an answer of each worker', isEach, 30_000)
  return answers
}

/** The process of each worker, by its number, as logged. */
const pidsOf = (server: AnykeeperProcess): Map<number, number> =>
  new Map(
    [...server.child.output.matchAll(/"worker":(\d+),"workerPid":(\d+)/g)].map(
      ([, worker, pid]) => [Number(worker), Number(pid)],
    ),
  )

/** The one in which a busy worker may be left out. */
const SILENT = 'one that does not answer is left out of the sum, and counted'

describe('anykeeper serve --workers', function () {
  this.timeout(60_000)
  let etcd: EtcdServer
  let server: AnykeeperProcess

  let folder: string | undefined
  let config: string

  before(async function () {
    requireEtcd(this)
    etcd = await startEtcd()
    folder = temporaryFolder('workers')
    config = join(folder, 'anykeeper.conf')
  })
  beforeEach(async function () {
    const answerMs = this.currentTest?.title === SILENT ? 700 : 30_000
    writeFileSync(config, '')
    server = await startAnykeeper({
      store: `etcd://${etcd.host}`,
      tickTimeMs: 1_000,
      args: ['--workers', '2', '--worker-answer-timeout', `${answerMs}`, '--config', config],
      from: 'sources',
    })
  })
  afterEach(async () => server?.stop())
  after(async () => {
    if (folder !== undefined) removeFolder(folder)
    await etcd?.stop()
  })

  const open = (more: { sessionId?: bigint; password?: Uint8Array } = {}): Promise<RawClient> =>
    RawClient.connect({ port: server.port, timeoutMs: 10_000, ...more })

  it('clients are spread over them and see one tree; mntr of any is the sum of all', async () => {
    const clients = [await open(), await open(), await open(), await open()]
    for (const text of (await askEach(server, 2)).values()) {
      expect(metric(text, 'anykeeper_workers')).to.equal(2)
      expect(metric(text, 'anykeeper_workers_silent')).to.equal(0)
      expect(metric(text, 'anykeeper_proxies')).to.equal(2)
      expect(metric(text, 'znode_count')).to.equal(4)
      expect(metric(text, 'packets_received')).to.be.at.least(4)
    }
    // The asking connection is one of them.
    const isSum = async (): Promise<boolean> =>
      metric(await fourLetterWord(server, 'mntr'), 'num_alive_connections') === 5
    await eventually('all connections counted', isSum, 30_000)
    await clients[0]!.create('/shared', { data: 'a' })
    for (const client of clients) {
      await client.sync('/shared')
      expect((await client.getData('/shared', true)).record.data?.toString()).to.equal('a')
    }
    await clients[1]!.setData('/shared', 'b')
    for (const client of clients) {
      await client.waitFor(() => client.events.some(({ path }) => path === '/shared'))
    }
    for (const client of clients) await client.close()
  })

  it('one that is killed is replaced, and its clients go on with another', async () => {
    const clients = [await open(), await open()]
    await clients[0]!.create('/mine', { flags: 1 })
    await clients[1]!.create('/yours', { flags: 1 })
    const [killed] = pidsOf(server)
    process.kill(killed![1], 'SIGKILL')
    await eventually('a client cut', () => clients.some(({ closed }) => closed), 30_000)
    const [cut, other] = clients[0]!.closed ? clients : clients.toReversed()
    const { sessionId, password } = cut!
    const moved = await open({ sessionId, password })
    expect(moved.sessionId).to.equal(sessionId)
    await other!.sync('/')
    for (const path of ['/mine', '/yours']) expect((await other!.exists(path)).err).to.equal(0)
    const successors = await askEach(server, 2)
    expect([...successors.keys()]).to.not.include(killed![0])
    await moved.close()
    await other!.close()
  })

  it(SILENT, async () => {
    const [[, stopped] = []] = pidsOf(server)
    stopProcess(stopped!)
    // Connections go to each worker in turn: one of the two answers.
    const asked = [fourLetterWord(server, 'mntr'), fourLetterWord(server, 'mntr')]
    const text = await Promise.race(asked).finally(() => process.kill(stopped!, 'SIGCONT'))
    expect(metric(text, 'anykeeper_workers')).to.equal(1)
    expect(metric(text, 'anykeeper_workers_silent')).to.equal(1)
    await Promise.all(asked)
  })

  it('SIGHUP reloads the settings of all; an error is said once', async () => {
    const reload = async (text: string, ...lines: RegExp[]): Promise<void> => {
      writeFileSync(config, text)
      server.child.signal('SIGHUP')
      for (const line of lines) await server.child.waitForLine(line)
    }
    const ofWorkers = (what: string): RegExp[] =>
      [1, 2].map((worker) => new RegExp(`"worker":${worker},"changed":\\["${what}"\\].*reloaded`))
    await reload('maxCnxns=7', ...ofWorkers('max-connections'))
    await reload('maxCnxns=x', /maxCnxns=x: expected.*settings not reloaded/)
    await reload('maxCnxns=7\nmax-identities=3', ...ofWorkers('max-identities'))
    const errors = server.child.output.split('\n').filter((line) => line.includes('"level":50'))
    expect(errors).to.have.length(1)
  })

  it('SIGTERM ends all of them, exit 0, and leaves sessions alive', async () => {
    const clients = [await open(), await open()]
    await clients[0]!.create('/left', { flags: 1 })
    const pids = [...pidsOf(server).values()]
    expect(pids).to.have.length(2)
    server.child.signal('SIGTERM')
    expect(await server.child.exited).to.deep.equal({ code: 0, signal: null })
    expect(pids.map(isAlive)).to.deep.equal([false, false])
    for (const client of clients) await client.waitFor(() => client.closed)
    writeFileSync(config, 'drain-wait=600000')
    await server.start()
    const { sessionId, password } = clients[0]!
    const moved = await open({ sessionId, password })
    expect((await moved.exists('/left')).record.stat?.ephemeralOwner).to.equal(sessionId)
    await moved.close()
    // A second signal ends the wait of all of them.
    server.child.signal('SIGTERM')
    for (const worker of [1, 2]) {
      await server.child.waitForLine(new RegExp(`"worker":${worker},"signal":.*"stopping"`))
    }
    server.child.signal('SIGTERM')
    expect(await within('the end', 30_000, server.child.exited)).to.include({ code: 0 })
  })

  it('SIGTERM while a worker has only begun to start: exit 0', async () => {
    await server.stop()
    server.launch()
    const [, pid] = await server.child.waitForLine(/"worker":1,"workerPid":(\d+)/)
    server.child.signal('SIGTERM')
    const exit = await within('the end', 30_000, server.child.exited)
    expect(exit).to.deep.equal({ code: 0, signal: null })
    expect(isAlive(Number(pid))).to.equal(false)
  })

  it('SIGKILL of the process that holds the port ends the workers too', async () => {
    const pids = [...pidsOf(server).values()]
    await server.kill()
    expect(pids).to.have.length(2)
    await eventually('no worker left', () => !pids.some(isAlive), 30_000)
  })
})
