/** One broker of an old release line, alone: its ZooKeeper client is older too. */
import { requireOrSkip } from '../support/requirements.ts'
import { KafkaCluster, soleBroker } from './kafka-cluster.ts'
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
    await soleBroker(await cluster.reader())
  })

  it('keeps 10,000 messages: each read once, in order in its partition', async () => {
    await cluster.createTopics(topics)
    await sendNumbered(cluster, topics, messageCount)
    expectNumbered(await readAll(cluster, topics), topics, messageCount)
  })
})
