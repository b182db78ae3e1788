/** The long form of kraft.test.ts: more brokers, more proxies, more kills, every store. Neighbour: main. */
import { KafkaCluster } from '../kafka-cluster.ts'
import { expectNumbered, readAll, sendNumbered } from '../messages.ts'
import { changeEverything } from '../metadata-changes.ts'
import { Migration } from '../migration.ts'
import { SteadyProducer } from '../steady-producer.ts'
import { TopicChurn } from '../topic-churn.ts'

const messageCount = 2_000
const partitionCount = 3

export interface HuntOptions {
  readonly brokers: number
  readonly proxies: number
  readonly kills: number
  readonly store: 'etcd' | 'file' | 'zookeeper'
  readonly signal: 'KILL' | 'TERM'
  readonly log: (line: string) => void
}

export interface HuntReport {
  readonly kills: number
  readonly topicsCreated: number
  readonly topicsDeleted: number
  /** Requests for topics that failed, so that nobody knows whether they were done. */
  readonly topicFailures: number
  /** Restarts of the KRaft controller, as its writes had stopped for good: see Migration.mended. */
  readonly controllerRestarts: number
  readonly acknowledged: number
  /** Between two acknowledgements while proxies were ended, ms. */
  readonly worstGapMs: number
  /** The same while brokers were moved to KRaft. */
  readonly worstGapMovingMs: number
  readonly numbered: number
  readonly seconds: number
}

export async function kraftHunt(options: HuntOptions): Promise<HuntReport> {
  const { brokers, proxies, kills, store, log } = options
  const startMs = performance.now()
  const since = (): string => `${((performance.now() - startMs) / 1000).toFixed(0)} s`
  const cluster = await KafkaCluster.start({
    store,
    proxies,
    brokers,
    broker: {
      version: '3.9',
      zookeeperSessionTimeoutMs: 18_000,
      authorizer: true,
      internalReplicationFactor: brokers,
      minInsyncReplicas: Math.min(2, brokers),
    },
  })
  const migration = new Migration(cluster)
  let producer: SteadyProducer | undefined
  let churn: TopicChurn | undefined
  try {
    const numbered: string[] = []
    const produce = async (topic: string): Promise<void> => {
      await migration.createTopics([topic])
      await sendNumbered(cluster, [topic], messageCount)
      numbered.push(topic)
    }
    await produce('before')
    await migration.provision()
    await migration.toDualWrite()
    log(`${since()}: dual write`)
    await changeEverything(migration)
    await produce('dual-write')
    await migration.createTopics(['steady'], partitionCount)
    producer = await SteadyProducer.start(cluster, 'steady', partitionCount)
    churn = await TopicChurn.start(cluster, 'churn')
    producer.resetGap()
    let controllerRestarts = 0
    for (let kill = 0; kill < kills; kill++) {
      const proxy = cluster.proxies[kill % proxies]!
      await churn.more(2)
      if (options.signal === 'KILL') await proxy.kill()
      else await proxy.stop()
      await churn.more(2)
      await proxy.start()
      await producer.goesOn()
      migration.forgetReader()
      const restarts = await migration.unstuck()
      controllerRestarts += restarts
      log(`${since()}: end ${kill + 1} of ${kills}, ${restarts} restarts of the controller`)
    }
    await churn.stop()
    migration.forgetReader()
    controllerRestarts += await migration.mended('churn-', churn)
    const { worstGapMs } = producer
    producer.resetGap()
    log(`${since()}: ZooKeeper has what the brokers have; moving the brokers`)
    for (const broker of cluster.brokers) await migration.brokerToKraft(broker)
    await producer.goesOn()
    const worstGapMovingMs = producer.worstGapMs
    await produce('kraft-brokers')
    await migration.finalise()
    await migration.says('finalised', 0)
    for (const proxy of cluster.proxies) await proxy.stop()
    log(`${since()}: finalised, and no ZooKeeper`)
    await produce('kraft-alone')
    await producer.goesOn()
    await producer.stop()
    await producer.expectNothingLost(cluster, { exactly: false })
    const received = await readAll(cluster, numbered)
    for (const topic of numbered) {
      expectNumbered({ [topic]: received[topic]! }, [topic], messageCount)
    }
    for (const failure of churn.failures) log(failure)
    return {
      kills,
      topicsCreated: churn.created,
      topicsDeleted: churn.deleted,
      topicFailures: churn.failures.length,
      controllerRestarts,
      acknowledged: producer.acknowledged,
      worstGapMs: Math.round(worstGapMs),
      worstGapMovingMs: Math.round(worstGapMovingMs),
      numbered: numbered.length * messageCount,
      seconds: Math.round((performance.now() - startMs) / 1_000),
    }
  } catch (error) {
    migration.showOutput()
    log(`${since()}: ${error}`)
    throw error
  } finally {
    await Promise.allSettled([churn?.stop(), producer?.stop()])
    await migration.dispose()
    await cluster.stop()
  }
}
