/**
 * Kafka brokers on a ZooKeeper ensemble, which becomes anykeeper under them while messages flow: follower, two standbys, the
 * ensemble is stopped, take-over. Nobody notices: sessions, registrations and epochs stay, and no send fails.
 */
import { expect } from 'chai'
import { AnykeeperProcess } from '../../support/anykeeper-process.ts'
import type { Child } from '../../support/child.ts'
import { startEtcd } from '../../support/etcd-server.ts'
import { freePort } from '../../support/free-port.ts'
import { etcdProgram, type ZookeeperLine } from '../../support/requirements.ts'
import { ZnodeReader } from '../../support/znode-reader.ts'
import { startZookeeperEnsemble, type ZookeeperEnsemble } from '../../support/zookeeper-server.ts'
import { KafkaCluster, registrations, sessionsAttached } from '../kafka-cluster.ts'
import { SteadyProducer } from '../steady-producer.ts'
import { anykeeper, done, givenStore, startFollower, stateOf } from './parts.ts'

const TOPIC = 'moved'
const PARTITIONS = 6
const BROKERS = 3
const SESSION_MS = 18_000

export interface MoveReport {
  /** From the moment at which the first server of the ensemble was stopped until each broker’s session was at a proxy. */
  readonly pauseMs: number
  readonly takeOverMs: number
  readonly acknowledged: number
  readonly worstGapMs: number
  /** Sends and offsets were as if nothing had been. */
  readonly isExact: boolean
}

export async function moveRun(
  line: ZookeeperLine,
  onLine: (text: string) => void,
): Promise<MoveReport> {
  const ends: (() => Promise<unknown>)[] = []
  try {
    const ensemble = await startZookeeperEnsemble({ version: line })
    ends.push(() => ensemble.stop())
    const etcd = await startEtcd({ binary: etcdProgram() })
    ends.push(() => etcd.stop())
    const store = `etcd://${etcd.host}`
    const follower = await startFollower(['--source', ensemble.connectString], store)
    ends.push(() => follower.stop())
    const proxies = [await standby(store), await standby(store)]
    ends.push(() => Promise.all(proxies.map((proxy) => proxy.stop())))
    return await underLoad(ensemble, proxies, store, follower, onLine)
  } finally {
    for (const end of ends.reverse()) await end()
  }
}

/** Loaded, and refusing clients. */
async function standby(store: string): Promise<AnykeeperProcess> {
  const proxy = new AnykeeperProcess(await freePort(), { store }).launch()
  await proxy.child.waitForPort(proxy.port)
  return proxy
}

async function underLoad(
  ensemble: ZookeeperEnsemble,
  proxies: readonly AnykeeperProcess[],
  store: string,
  follower: Child,
  onLine: (text: string) => void,
): Promise<MoveReport> {
  const all = [...ensemble.members, ...proxies].map(({ connectString }) => connectString)
  const cluster = await KafkaCluster.startOn(givenStore(store), proxies, {
    addresses: all.join(','),
    brokers: BROKERS,
    broker: {
      version: '3.9',
      zookeeperSessionTimeoutMs: SESSION_MS,
      internalReplicationFactor: BROKERS,
      minInsyncReplicas: 2,
    },
  })
  try {
    await cluster.createTopics([TOPIC], PARTITIONS)
    const producer = await SteadyProducer.start(cluster, TOPIC, PARTITIONS)
    await producer.goesOn()
    const before = await ZnodeReader.connect(ensemble.connectString)
    const held = await registrations(before)
    const state = await stateOf(before)
    before.close()
    producer.resetGap()
    onLine(`${producer.acknowledged} messages acknowledged; the ensemble is stopped`)
    const begunMs = performance.now()
    await Promise.all(ensemble.members.map((member) => member.end()))
    const stoppedMs = performance.now()
    await done(anykeeper('migrate', 'take-over', '--store', store))
    const takenMs = performance.now()
    onLine(`taken over in ${Math.round(takenMs - stoppedMs)} ms`)
    await sessionsAttached(proxies, held)
    const pauseMs = performance.now() - begunMs
    await producer.goesOn()
    const after = await cluster.reader()
    expect(await stateOf(after)).to.deep.equal(state)
    // Kafka writes through it: a topic is made by the controller, and has leaders.
    await cluster.createTopics(['after'], PARTITIONS)
    await producer.goesOn()
    expect(await stateOf(after)).to.deep.equal(state)
    await producer.stop()
    await producer.expectNothingLost(cluster, { exactly: true })
    expect(follower.running, 'the follower after the take-over').to.equal(false)
    const { acknowledged, worstGapMs } = producer
    return { pauseMs, takeOverMs: takenMs - stoppedMs, acknowledged, worstGapMs, isExact: true }
  } catch (error) {
    cluster.showOutput()
    onLine(follower.output)
    throw error
  } finally {
    await cluster.stop()
  }
}
