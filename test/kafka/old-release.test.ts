/** One broker of an old release line, alone: its ZooKeeper client is older too. */
import { expect } from 'chai'
import { requireOrSkip } from '../support/requirements.ts'
import { controller, KafkaCluster, registrations } from './kafka-cluster.ts'
import { expectNumbered, readAll, sendNumbered } from './messages.ts'

const topics = ['one', 'two', 'three']
const messageCount = 10_000

describe('one Kafka 2.8 broker on two proxies', function () {
  this.timeout(120_000)
  let cluster: KafkaCluster

  before(async function () {
    this.timeout(180_000)
    requireOrSkip(this, 'etcd', 'kafka-2.8')
    cluster = await KafkaCluster.start({
      proxies: 2,
      brokers: 1,
      broker: { version: '2.8', zookeeperSessionTimeoutMs: 18_000 },
    })
  })

  afterEach(function () {
    if (this.currentTest?.state === 'failed') cluster.showOutput()
  })

  after(async () => {
    await cluster?.stop()
  })

  it('registers and is the controller', async () => {
    const reader = await cluster.reader()
    const registered = await registrations(reader)
    expect(Object.keys(registered)).to.deep.equal(['1'])
    expect(registered[1]?.session).to.not.equal(0n)
    expect(await controller(reader)).to.deep.equal({ brokerId: 1, epoch: 1 })
  })

  it('keeps 10,000 messages: each read once, in order in its partition', async () => {
    const admin = await cluster.admin()
    const created = await admin.createTopics({
      waitForLeaders: true,
      topics: topics.map((topic) => ({ topic, numPartitions: 3, replicationFactor: 1 })),
    })
    expect(created).to.equal(true)
    await cluster.fullyReplicated(topics)
    await sendNumbered(cluster, topics, messageCount)
    expectNumbered(await readAll(cluster, topics), topics, messageCount)
  })
})
