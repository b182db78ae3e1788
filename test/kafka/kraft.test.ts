/**
 * One Kafka 3.9 broker on anykeeper: to dual write, back to ZooKeeper, to dual write again, to KRaft alone, and anykeeper
 * stopped for good. The doctor is called at each step.
 */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { requireOrSkip } from '../support/requirements.ts'
import { chroot, KafkaCluster } from './kafka-cluster.ts'
import { expectNumbered, readAll, sendNumbered } from './messages.ts'
import { changeEverything } from './metadata-changes.ts'
import { Migration } from './migration.ts'
import { SteadyProducer } from './steady-producer.ts'
import { TopicChurn } from './topic-churn.ts'

const messageCount = 1_000
const kills = 3

describe('a Kafka 3.9 cluster that moves to KRaft through anykeeper on etcd', function () {
  this.timeout(240_000)
  this.bail(true)
  let cluster: KafkaCluster
  let migration: Migration
  let producer: SteadyProducer | undefined
  let churn: TopicChurn | undefined
  const numbered: string[] = []

  before(async function () {
    requireOrSkip(this, 'etcd', 'kafka-3.9')
    cluster = await KafkaCluster.start({
      proxies: 1,
      brokers: 1,
      broker: { version: '3.9', zookeeperSessionTimeoutMs: 18_000, authorizer: true },
    })
    migration = new Migration(cluster)
  })

  afterEach(function () {
    if (this.currentTest?.state === 'failed') migration?.showOutput()
  })

  after(async () => {
    await churn?.stop().catch(() => {})
    await producer?.stop().catch(() => {})
    await migration?.dispose()
    await cluster?.stop()
  })

  /** A topic of its own, so that the counts are exact. */
  async function produce(topic: string): Promise<void> {
    await migration.createTopics([topic])
    await sendNumbered(cluster, [topic], messageCount)
    numbered.push(topic)
  }

  it('is healthy in ZooKeeper mode', async () => {
    await produce('before')
    await migration.says('zookeeper', 0)
  })

  it('waits for its broker, and reaches dual write', async () => {
    await migration.provision()
    await migration.says('waiting-for-brokers', 0)
    await migration.toDualWrite()
    await migration.says('dual-write', 0)
    const [ofControllers, ofBrokers, ...others] = documentedProperties()
    expect(others).to.deep.equal([])
    expect(migration.controller.properties(true)).to.include.all.keys(ofControllers!)
    expect(cluster.broker(1).properties()).to.include.all.keys(ofBrokers!)
    await produce('first-dual-write')
    await migration.caughtUp('first-', ['first-dual-write'])
  })

  it('goes back to ZooKeeper mode, and keeps what was made under KRaft', async () => {
    await migration.revert()
    const reader = await migration.reader()
    const topics = await reader.children(`${chroot}/brokers/topics`)
    expect(topics).to.include.members(['before', 'first-dual-write'])
    await migration.says('reverted, trap stale-migration', 1)
    await migration.deleteZnode('/migration')
    await migration.says('zookeeper', 0)
    await produce('reverted')
  })

  it('reaches dual write again, and writes every kind of change', async () => {
    await migration.provision()
    await migration.toDualWrite()
    await changeEverything(migration)
    await produce('dual-write')
    await migration.says('dual-write', 0)
  })

  it(`loses nothing when its proxy is killed ${kills} times while topics come and go`, async () => {
    await migration.createTopics(['steady'])
    producer = await SteadyProducer.start(cluster, 'steady', 2)
    churn = await TopicChurn.start(cluster, 'churn')
    const [proxy] = cluster.proxies
    for (let kill = 0; kill < kills; kill++) {
      await churn.more(2)
      await proxy!.kill()
      await churn.more(3)
      await proxy!.start()
      await producer.goesOn()
    }
    await churn.more(2)
    await churn.stop()
    migration.forgetReader()
    await migration.mended('churn-', churn)
    await producer.stop()
    await producer.expectNothingLost(cluster, { exactly: true })
  })

  it('says so when the controller is silent', async () => {
    await migration.controller.kill()
    await migration.says('silent, trap stale-controller', 1, '--watch', '3000')
    migration.controller.launch('migration')
    await migration.controller.waitUntilServing()
    await migration.says('dual-write', 0)
  })

  it('moves its broker to KRaft, and is finalised', async () => {
    await migration.brokerToKraft(cluster.broker(1))
    await migration.says('brokers-moved', 0)
    await produce('kraft-broker')
    await migration.caughtUp('kraft-', ['kraft-broker'])
    await migration.finalise()
    await migration.says('finalised', 0)
  })

  it('needs anykeeper no more', async () => {
    await cluster.proxies[0]!.stop()
    expect((await migration.doctor('--timeout', '2000')).code).to.equal(2)
    await produce('kraft-alone')
    const received = await readAll(cluster, numbered)
    for (const topic of numbered) {
      expectNumbered({ [topic]: received[topic]! }, [topic], messageCount)
    }
  })
})

/** The names of the lines in each block of the page. */
function documentedProperties(): string[][] {
  const page = readFileSync(new URL('../../docs/kafka-to-kraft.md', import.meta.url), 'utf8')
  const blocks = [...page.matchAll(/^```properties\n([\s\S]*?)^```$/gm)].map(([, text]) => text!)
  return blocks.map((text) => [...text.matchAll(/^([\w.]+)=/gm)].map(([, name]) => name!))
}
