/** One broker on one proxy whose store is files: nobody but the disk keeps its session meanwhile. */
import { expect } from 'chai'
import { requireOrSkip } from '../support/requirements.ts'
import { chroot, KafkaCluster, sessionsAttached, soleBroker } from './kafka-cluster.ts'
import { expectNumbered, readAll, sendNumbered } from './messages.ts'
import { SteadyProducer } from './steady-producer.ts'

const topics = ['one', 'two', 'three']
const messageCount = 10_000

describe('one Kafka 3.9 broker on one proxy on files', function () {
  this.timeout(120_000)
  let cluster: KafkaCluster
  let producer: SteadyProducer | undefined

  before(async function () {
    this.timeout(180_000)
    requireOrSkip(this, 'kafka-3.9')
    cluster = await KafkaCluster.start({
      store: 'file',
      proxies: 1,
      brokers: 1,
      broker: { version: '3.9', zookeeperSessionTimeoutMs: 18_000 },
    })
  })

  afterEach(async function () {
    if (this.currentTest?.state === 'failed') cluster.showOutput()
    await producer?.stop()
    producer = undefined
  })

  after(async () => {
    await cluster?.stop()
  })

  it('registers and is the controller', async () => {
    await soleBroker(await cluster.reader())
  })

  it('keeps 10,000 messages: each read once, in order in its partition', async () => {
    await cluster.createTopics(topics)
    await sendNumbered(cluster, topics, messageCount)
    expectNumbered(await readAll(cluster, topics), topics, messageCount)
  })

  it('goes on with its session when the proxy is killed and started again', async () => {
    const [proxy] = cluster.proxies
    const held = await soleBroker(await cluster.reader())
    await cluster.createTopics(['steady'])
    producer = await SteadyProducer.start(cluster, 'steady', 3)

    await proxy!.kill()
    await producer.goesOn()
    await proxy!.start()

    await sessionsAttached([proxy!], { 1: held })
    const reader = await cluster.reader()
    expect(await soleBroker(reader)).to.deep.equal(held)
    // The controller hears of it by a watch that its client has set again.
    await cluster.createTopics(['afterwards'])
    const known = await reader.children(`${chroot}/brokers/topics`)
    expect(known).to.include.members([...topics, 'steady', 'afterwards'])
    await sendNumbered(cluster, ['afterwards'], messageCount)
    const received = await readAll(cluster, [...topics, 'afterwards'])
    expectNumbered(received, topics, messageCount)
    expectNumbered(received, ['afterwards'], messageCount)
    await producer.stop()
    await producer.expectNothingLost(cluster, { exactly: true })
    expect(await soleBroker(reader), 'at the end').to.deep.equal(held)
  })
})
