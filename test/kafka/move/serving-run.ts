/**
 * Kafka brokers on a ZooKeeper ensemble are given proxies instead, one after the other, while it leads; then the tree is taken
 * over and the ensemble stopped, while messages flow and topics come and go. Nobody notices: sessions, registrations, epochs
 * and connections stay, and no send fails.
 */
import { expect } from 'chai'
import { AnykeeperProcess } from '../../support/anykeeper-process.ts'
import { startEtcd } from '../../support/etcd-server.ts'
import { eventually } from '../../support/eventually.ts'
import { freePort } from '../../support/free-port.ts'
import { etcdProgram, type ZookeeperLine } from '../../support/requirements.ts'
import { startZookeeperEnsemble, type ZookeeperEnsemble } from '../../support/zookeeper-server.ts'
import { chroot, KafkaCluster, registrations } from '../kafka-cluster.ts'
import { SteadyConsumer } from '../steady-consumer.ts'
import { SteadyProducer } from '../steady-producer.ts'
import { TopicChurn } from '../topic-churn.ts'
import { anykeeper, connectionsOf, done, givenStore, startFollower, stateOf } from './parts.ts'

const PROXIES = 2
const PARTITIONS = 6
const SESSION_MS = 18_000
/** Topics that come, and go, before the take-over and behind it. */
const TOPICS = 3

export interface ServingMoveOptions {
  readonly line: ZookeeperLine
  /** Default 3. */
  readonly servers?: number
  /** Default 3. */
  readonly brokers?: number
  readonly onLine?: (text: string) => void
}

export interface ServingMoveReport {
  readonly takeOverMs: number
  /** Messages; and, from before the take-over until the ensemble was gone, the longest times between two sends, and two batches. */
  readonly acknowledged: number
  readonly producerGapMs: number
  readonly consumerGapMs: number
  /** Created and deleted meanwhile. */
  readonly topics: number
  /** Client connections before the take-over, and those of them that were there behind it. */
  readonly connections: number
  readonly kept: number
  /** Requests that the proxies let wait for it. */
  readonly held: number
}

/** @throws {Error} somebody has noticed */
export async function servingMoveRun(options: ServingMoveOptions): Promise<ServingMoveReport> {
  const { line, servers = 3 } = options
  const ends: (() => Promise<unknown>)[] = []
  try {
    const config = { standaloneEnabled: 'false' }
    const ensemble = await startZookeeperEnsemble({ version: line, size: servers, config })
    ends.push(() => ensemble.stop())
    const etcd = await startEtcd({ binary: etcdProgram() })
    ends.push(() => etcd.stop())
    const store = `etcd://${etcd.host}`
    const source = ['--source', ensemble.connectString]
    const follower = await startFollower(source, store)
    ends.push(() => follower.stop())
    const proxies: AnykeeperProcess[] = []
    ends.push(() => Promise.all(proxies.map((proxy) => proxy.stop())))
    for (let count = 0; count < PROXIES; count++) proxies.push(await observer(store))
    const report = await underLoad(options, ensemble, proxies, store)
    expect((await follower.exited).code, 'of the follower').to.equal(0)
    return report
  } finally {
    for (const end of ends.reverse()) await end()
  }
}

/** Serves while the ensemble leads. */
async function observer(store: string): Promise<AnykeeperProcess> {
  const args = ['--serve-while-following']
  const proxy = new AnykeeperProcess(await freePort(), { store, args }).launch()
  await proxy.child.waitForPort(proxy.port)
  await proxy.child.waitUntil('a proxy that serves while ZooKeeper leads', async () =>
    /^Mode: observer$/m.test(await proxy.fourLetterWord('srvr')),
  )
  return proxy
}

async function underLoad(
  options: ServingMoveOptions,
  ensemble: ZookeeperEnsemble,
  proxies: readonly AnykeeperProcess[],
  store: string,
): Promise<ServingMoveReport> {
  const { brokers = 3, onLine = () => {} } = options
  const cluster = await KafkaCluster.startOn(givenStore(store), proxies, {
    addresses: ensemble.connectString,
    brokers,
    broker: {
      version: '3.9',
      zookeeperSessionTimeoutMs: SESSION_MS,
      internalReplicationFactor: brokers,
      minInsyncReplicas: Math.min(brokers, 2),
    },
  })
  try {
    await moveBrokers(cluster, proxies, onLine)
    return await taken(cluster, ensemble, proxies, store, onLine)
  } catch (error) {
    cluster.showOutput()
    throw error
  } finally {
    await cluster.stop()
  }
}

/** A rolling restart with another zookeeper.connect, under load where there are enough brokers for it. */
async function moveBrokers(
  cluster: KafkaCluster,
  proxies: readonly AnykeeperProcess[],
  onLine: (text: string) => void,
): Promise<void> {
  const topic = 'rolled'
  await cluster.createTopics([topic], PARTITIONS)
  const isServed = cluster.brokers.length > 2
  const producer = isServed ? await SteadyProducer.start(cluster, topic, PARTITIONS) : undefined
  const addresses = proxies.map(({ connectString }) => connectString)
  for (const [at, broker] of cluster.brokers.entries()) {
    await broker.shutDown()
    const from = at % addresses.length
    const ours = [...addresses.slice(from), ...addresses.slice(0, from)]
    await broker.connectTo(`${ours.join(',')}${chroot}`).start()
    await cluster.fullyReplicated([topic])
    onLine(`broker ${broker.id} is at the proxies`)
  }
  await producer?.goesOn()
  await producer?.stop()
  await producer?.expectNothingLost(cluster, { exactly: false })
}

async function taken(
  cluster: KafkaCluster,
  ensemble: ZookeeperEnsemble,
  proxies: readonly AnykeeperProcess[],
  store: string,
  onLine: (text: string) => void,
): Promise<ServingMoveReport> {
  const topic = 'moved'
  await cluster.createTopics([topic], PARTITIONS)
  const producer = await SteadyProducer.start(cluster, topic, PARTITIONS)
  const consumer = await SteadyConsumer.start(cluster, topic)
  const churn = await TopicChurn.start(cluster, 'churned')
  await producer.goesOn()
  await churn.more(TOPICS)
  const reader = await cluster.reader()
  const state = await stateOf(reader)
  const held = await registrations(reader)
  const before = await connectionsOf(proxies)
  for (const { session } of Object.values(held)) {
    expect(before.get(session), `the proxy of session ${session}`).to.not.equal(undefined)
  }
  producer.resetGap()
  consumer.resetGap()
  const sinceMs = performance.now()
  onLine(await done(anykeeper('migrate', 'take-over', '--store', store)))
  const takeOverMs = performance.now() - sinceMs
  await producer.goesOn()
  await churn.more(TOPICS)
  await Promise.all(ensemble.members.map((member) => member.end()))
  await producer.goesOn()
  await churn.more(TOPICS)
  const { worstGapMs: producerGapMs } = producer
  const { worstGapMs: consumerGapMs } = consumer
  const after = await connectionsOf(proxies)
  expect(Object.fromEntries(after), 'connections').to.deep.equal(Object.fromEntries(before))
  expect(await stateOf(reader)).to.deep.equal(state)
  await churn.stop()
  expect(churn.failures).to.deep.equal([])
  await producer.stop()
  await consumer.has(producer.acknowledged)
  expect([consumer.received, consumer.twice]).to.deep.equal([producer.acknowledged, 0])
  expect([consumer.joins, consumer.crashes]).to.deep.equal([1, 0])
  await consumer.stop()
  await producer.expectNothingLost(cluster, { exactly: true })
  const waited = await Promise.all(proxies.map(heldBy))
  return {
    ...{ takeOverMs, producerGapMs, consumerGapMs, acknowledged: producer.acknowledged },
    ...{ topics: churn.created + churn.deleted, connections: before.size },
    kept: [...before].filter(([session, at]) => after.get(session) === at).length,
    held: waited.reduce((sum, count) => sum + count, 0),
  }
}

/** Requests that waited for the take-over; none of them too long, and none lost. */
async function heldBy(proxy: AnykeeperProcess): Promise<number> {
  const of = (text: string, name: string): number =>
    Number(new RegExp(`^zk_anykeeper_${name}\\t(\\d+)$`, 'm').exec(text)?.[1])
  const text = await eventually(`${proxy.connectString} taken over`, async () => {
    const mntr = await proxy.fourLetterWord('mntr')
    return of(mntr, 'forwarding') === 0 && mntr
  })
  expect(of(text, 'forwarded_held_too_long'), 'held too long').to.equal(0)
  expect(of(text, 'forwarded_lost'), 'lost').to.equal(0)
  return of(text, 'forwarded_held')
}
