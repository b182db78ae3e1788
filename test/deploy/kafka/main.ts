/**
 * `npm run test:kafka-manifest`: the brokers of the example with Kafka, as its StatefulSet starts them and with the server.properties of its
 * ConfigMap, on the proxies that its values make. Messages are produced and consumed, also while each proxy is replaced.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import kafkajs from 'kafkajs'
import { registrations } from '../../kafka/kafka-cluster.ts'
import { findEtcd, startEtcd } from '../../support/etcd-server.ts'
import { eventually } from '../../support/eventually.ts'
import { log4jProperties, quickStartFlags } from '../../support/java.ts'
import { kafkaLibs } from '../../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../../support/temp-folder.ts'
import { ZnodeReader } from '../../support/znode-reader.ts'
import { deployFolder, manifest, manifestsOf, render } from '../chart.ts'
import { Pod } from '../pod.ts'

const TOPIC = 'orders'
const MESSAGES = 300
/** The pods ask for 1 GiB. */
const HEAP = '-Xmx384m'

if (findEtcd() === undefined) throw new Error('no etcd found: set ANYKEEPER_ETCD')
const example = join(deployFolder, 'examples', 'kafka')
const proxyText = render({ values: [join(example, 'anykeeper.values.yaml')], release: 'anykeeper' })
const proxyManifests = manifestsOf(proxyText)
const kafkaManifests = manifestsOf(await readFile(join(example, 'kafka.yaml'), 'utf8'))
const proxySet = manifest(proxyManifests, 'StatefulSet', 'anykeeper')
const kafkaSet = manifest(kafkaManifests, 'StatefulSet', 'kafka')

const folder = temporaryFolder('kafka-manifest')
// The image brings one; without it a broker that does not start says nothing.
const logConfiguration = join(folder, 'log4j.properties')
writeFileSync(logConfiguration, log4jProperties)
const etcd = await startEtcd()
const proxies: Pod[] = []
const brokers: Pod[] = []
let starts = 0

const own = (): string => {
  const path = join(folder, `${++starts}`)
  mkdirSync(path)
  return path
}

/** A pod that is replaced has the address of the one before. */
function startProxy(index: number, ports?: ReadonlyMap<number, number>): Promise<Pod> {
  const places = { 'etcd-0.etcd:2379,etcd-1.etcd:2379,etcd-2.etcd:2379': etcd.host }
  return Pod.start(proxyManifests, proxySet, { folder: own(), index, places, ports })
}

async function startBroker(index: number): Promise<Pod> {
  const addresses = proxies.map((pod, proxy) => [
    `anykeeper-${proxy}.anykeeper-headless:2181`,
    `127.0.0.1:${pod.port('zookeeper')}`,
  ])
  const flags = [HEAP, ...quickStartFlags, `-Dlog4j.configuration=file:${logConfiguration}`]
  const classPath = join(kafkaLibs('3.9'), '*')
  return Pod.start(kafkaManifests, kafkaSet, {
    folder: own(),
    index,
    programs: {
      '/opt/kafka/bin/kafka-server-start.sh': ['java', ...flags, '-cp', classPath, 'kafka.Kafka'],
    },
    places: {
      ...Object.fromEntries(addresses),
      [`kafka-${index}.kafka.kafka.svc`]: '127.0.0.1',
    },
  })
}

async function run(): Promise<void> {
  for (let index = 0; index < proxySet.spec.replicas; index++) proxies.push(await startProxy(index))
  for (const pod of proxies) await pod.becomesReady()
  for (let index = 0; index < kafkaSet.spec.replicas; index++)
    brokers.push(await startBroker(index))
  for (const pod of brokers) await pod.becomesReady()
  console.log(`${brokers.length} brokers are ready on ${proxies.length} proxies`)
  const { Kafka, logLevel } = kafkajs
  const kafka = new Kafka({
    brokers: brokers.map((pod) => `127.0.0.1:${pod.port('kafka')}`),
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 40 },
  })
  const admin = kafka.admin()
  await admin.connect()
  // No number of replicas: the broker's own default is what the ConfigMap says.
  await admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: 3, replicationFactor: -1 }] })
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner })
  await producer.connect()
  const received = new Set<string>()
  const consumer = kafka.consumer({ groupId: 'readers' })
  await consumer.connect()
  await consumer.subscribe({ topic: TOPIC, fromBeginning: true })
  await consumer.run({ eachMessage: async ({ message }) => void received.add(`${message.value}`) })
  let sent = 0
  const produce = async (): Promise<void> => {
    const messages = Array.from({ length: MESSAGES }, () => ({
      key: `${sent}`,
      value: `${sent++}`,
    }))
    await producer.send({ topic: TOPIC, acks: -1, messages })
    await eventually(`${sent} messages are received`, async () => received.size === sent, 60_000)
  }
  await produce()
  const reader = await ZnodeReader.connect(
    proxies.map((pod) => `127.0.0.1:${pod.port('zookeeper')}`).join(','),
  )
  const registered = await registrations(reader)
  expect(Object.keys(registered)).to.have.length(brokers.length)
  for (const [index, pod] of proxies.entries()) {
    const end = await pod.terminate()
    expect(end).to.deep.equal({ code: 0, signal: null, isInGracePeriod: true })
    proxies[index] = await startProxy(index, pod.ports)
    await proxies[index].becomesReady()
    await produce()
  }
  const { topics } = await admin.fetchTopicMetadata({ topics: [TOPIC] })
  for (const { replicas, isr } of topics[0]!.partitions) {
    expect([replicas.length, isr.length]).to.deep.equal([3, 3])
  }
  expect(await registrations(reader)).to.deep.equal(registered)
  reader.close()
  await consumer.disconnect()
  await producer.disconnect()
  await admin.disconnect()
  for (const pod of brokers) {
    const { isInGracePeriod } = await pod.terminate()
    expect(isInGracePeriod, pod.child.output).to.equal(true)
  }
  console.log(
    `${sent} messages sent, ${received.size} received; ${proxies.length} proxies replaced, no session of a broker ended`,
  )
}

try {
  await run()
} catch (error) {
  for (const { child } of [...proxies, ...brokers]) {
    console.log(`--- ${child.name}\n${child.output.split('\n').slice(-30).join('\n')}`)
  }
  throw error
} finally {
  for (const { child } of [...proxies, ...brokers]) await child.kill()
  await etcd.stop()
  removeFolder(folder)
}
