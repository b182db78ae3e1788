/**
 * A rolling restart as Kubernetes does it with the chart's probes: SIGTERM to one proxy, which is no endpoint any more once its
 * readiness has ended, the next one when it is ready again. etcd is slow all the time. Clients, kazoo's as well, and a Kafka broker
 * stay on their sessions, and no write is lost.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { connect, type ZooKeeper } from '../../lib/index.ts'
import { PythonScript, type Told } from '../ecosystem/python-script.ts'
import { registrations } from '../kafka/kafka-cluster.ts'
import { type AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { type EtcdServer, requireEtcd, startEtcd } from '../support/etcd-server.ts'
import { freePort } from '../support/free-port.ts'
import { http } from '../support/http.ts'
import { KafkaBroker } from '../support/kafka-broker.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { ZnodeReader } from '../support/znode-reader.ts'

const DRAIN_MS = 1_500
/** Of the readiness probe; the drain takes several. */
const PERIOD_MS = 300
const CLIENTS = 6
/** Session of kazoo's client; a proxy is away for less. Unit s. */
const KAZOO_S = 15
/** etcd stands still for so long, and then runs for so long, again and again. */
const STILL_MS = 150
const RUN_MS = 100

/** What kazoo has seen so far. */
interface Turn extends Told {
  readonly session: number
  readonly owner: number
  readonly sequence: string
  readonly fired: readonly string[]
  readonly states: readonly string[]
}

/** An etcd on a disk that is too slow for it: each commit waits. */
class SlowEtcd {
  readonly #etcd: EtcdServer
  #isOver = false
  readonly #loop: Promise<void>
  stops = 0

  constructor(etcd: EtcdServer) {
    this.#etcd = etcd
    this.#loop = this.#run()
  }

  async end(): Promise<void> {
    this.#isOver = true
    await this.#loop
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      this.#etcd.signal('SIGSTOP')
      this.stops++
      await sleep(STILL_MS)
      this.#etcd.signal('SIGCONT')
      await sleep(RUN_MS)
    }
  }
}

/** A pod of the StatefulSet: the process, and whether the last probe found it ready. */
class Pod {
  readonly adminPort: number
  isEndpoint = false
  readonly server: AnykeeperProcess

  constructor(server: AnykeeperProcess, adminPort: number) {
    this.server = server
    this.adminPort = adminPort
  }

  async probe(path: '/livez' | '/readyz'): Promise<boolean> {
    const answer = await http(this.adminPort, path).catch(() => undefined)
    return answer?.status === 200
  }
}

/** A client that writes all the time: how many writes were acknowledged, and how many may have been. */
class Worker {
  readonly zk: ZooKeeper
  readonly path: string
  readonly states: string[] = []
  acknowledged = 0
  unknown = 0
  #isOver = false
  #loop: Promise<void> | undefined

  private constructor(zk: ZooKeeper, path: string) {
    this.zk = zk
    this.path = path
    zk.onStateChange((state) => this.states.push(state))
  }

  static async start(servers: string, index: number): Promise<Worker> {
    const zk = await connect(`zk://${servers}`, { timeoutMs: 15_000 })
    const worker = new Worker(zk, `/workers/w${index}`)
    await zk.create(worker.path, null)
    await zk.create(`${worker.path}/alive`, null, { mode: 'ephemeral' })
    worker.#loop = worker.#run()
    return worker
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await this.#loop
    await this.zk.close()
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      try {
        await this.zk.setData(this.path, Buffer.from(`${this.acknowledged}`))
        this.acknowledged++
      } catch {
        this.unknown++
      }
      await sleep(5)
    }
  }
}

describe('deploy/rolling restart', function () {
  this.timeout(240_000)
  let etcd: EtcdServer
  let slow: SlowEtcd | undefined
  let kazoo: PythonScript
  let broker: KafkaBroker
  let reader: ZnodeReader
  const pods: Pod[] = []
  const workers: Worker[] = []
  const late: ZooKeeper[] = []

  before(async function () {
    requireEtcd(this)
    requireOrSkip(this, 'kafka-3.9', 'kazoo')
    etcd = await startEtcd()
    for (let i = 0; i < 3; i++) {
      const adminPort = await freePort()
      const admin = ['--admin-listen', `127.0.0.1:${adminPort}`, '--drain-wait', `${DRAIN_MS}`]
      const server = await startAnykeeper({ store: `etcd://${etcd.host}`, args: admin })
      pods.push(new Pod(server, adminPort))
    }
    const servers = pods.map(({ server }) => server.connectString).join(',')
    broker = new KafkaBroker(await freePort(), {
      version: '3.9',
      brokerId: 1,
      zookeeperConnect: `${servers}/kafka`,
      zookeeperSessionTimeoutMs: 18_000,
    })
    await broker.start()
    reader = await ZnodeReader.connect(servers)
    const parent = await connect(`zk://${servers}`)
    await parent.create('/workers', null)
    await parent.close()
    for (let i = 0; i < CLIENTS; i++) workers.push(await Worker.start(servers, i))
    kazoo = new PythonScript('moves.py', [servers, '-', '/room', `${KAZOO_S}`])
  })
  after(async () => {
    await slow?.end()
    await kazoo?.kill()
    for (const worker of workers) await worker.stop().catch(() => {})
    for (const zk of late) await zk.close().catch(() => {})
    reader?.close()
    await broker?.dispose()
    for (const { server } of pods) await server.kill()
    await etcd?.stop()
  })

  /** What kubelet and the endpoint controller do between two looks. */
  async function probeAll(): Promise<void> {
    for (const pod of pods) pod.isEndpoint = await pod.probe('/readyz')
  }

  async function until(what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
    const deadlineMs = performance.now() + 60_000
    while (!(await isSo())) {
      if (performance.now() > deadlineMs) throw new Error(`not after 60 s: ${what}`)
      await sleep(PERIOD_MS)
      await probeAll()
    }
  }

  it('no session is lost, of a client or of a broker; new clients come to proxies that stay', async () => {
    await until('all ready', () => pods.every(({ isEndpoint }) => isEndpoint))
    const before = {
      sessions: workers.map(({ zk }) => zk.sessionId),
      brokers: await registrations(reader),
    }
    expect(Object.keys(before.brokers)).to.deep.equal(['1'])
    const first = (await kazoo.next()) as Turn
    slow = new SlowEtcd(etcd)
    for (const [index, pod] of pods.entries()) {
      pod.server.child.signal('SIGTERM')
      await until('no endpoint any more', () => !pod.isEndpoint)
      // Still there for its own clients, and alive: kubelet does not kill it.
      expect(pod.server.child.running).to.equal(true)
      expect(await pod.probe('/livez')).to.equal(true)
      // The Service leads to one of the others.
      const [endpoint] = pods.filter(({ isEndpoint }) => isEndpoint)
      late.push(await connect(`zk://${endpoint!.server.connectString}`))
      // The drain is cut short, as by somebody who is in a hurry.
      if (index === 1) pod.server.child.signal('SIGTERM')
      expect(await pod.server.child.exited).to.deep.equal({ code: 0, signal: null })
      await pod.server.start()
      await until('ready again', () => pod.isEndpoint)
      kazoo.goAhead()
      const turn = (await kazoo.next()) as Turn
      expect([turn.session, turn.owner]).to.deep.equal([first.session, first.session])
      expect(turn.sequence).to.match(new RegExp(`-000000000${index + 1}$`))
      expect(turn.fired).to.have.length(index + 2)
      expect(turn.states).to.not.include('LOST')
    }
    expect(slow.stops).to.be.above(10)
    for (const [index, worker] of workers.entries()) {
      const more = worker.acknowledged + 20
      await until('it writes again', () => worker.acknowledged > more)
      expect(worker.zk.sessionId, `session of client ${index}`).to.equal(before.sessions[index])
      expect(worker.states).to.not.include('lost')
      const alive = await worker.zk.exists(`${worker.path}/alive`)
      expect(alive?.ephemeralOwner).to.equal(worker.zk.sessionId)
      await worker.stop()
    }
    const counts = await connect(`zk://${pods[0]!.server.connectString}`)
    late.push(counts)
    for (const { path, acknowledged, unknown } of workers) {
      const stat = await counts.exists(path)
      expect(stat?.version).to.be.within(acknowledged, acknowledged + unknown)
    }
    expect(await registrations(reader)).to.deep.equal(before.brokers)
    expect(broker.child.output).to.not.match(/session .* (?:has )?expired/i)
    const moves = workers.map(
      ({ states }) => states.filter((state) => state === 'connected').length,
    )
    console.log(`      moves of ${CLIENTS} clients: ${moves.join(', ')}`)
    expect(Math.max(...moves)).to.be.at.least(1)
  })
})
