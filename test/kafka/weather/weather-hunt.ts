/**
 * Two brokers on two proxies on three members of etcd, which are killed and frozen, one or several at a time, while messages
 * flow and topics come and go. With one replica in sync being enough, what was acknowledged is kept by nothing but the leaders
 * and epochs in the tree. Neighbour: main.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import type { EtcdMember } from '../../faults/bed/etcd-member.ts'
import { EtcdCluster } from '../../operations/etcd-cluster.ts'
import { AnykeeperProcess } from '../../support/anykeeper-process.ts'
import { eventually } from '../../support/eventually.ts'
import { freePort } from '../../support/free-port.ts'
import { mulberry32 } from '../../support/mulberry32.ts'
import { runDoctor } from '../../support/run-doctor.ts'
import { chroot, controller, KafkaCluster } from '../kafka-cluster.ts'
import { SteadyConsumer } from '../steady-consumer.ts'
import { SteadyProducer } from '../steady-producer.ts'
import { TopicChurn } from '../topic-churn.ts'
import { Elections } from './elections.ts'

const TOPIC = 'weathered'
const PARTITIONS = 4
const SESSION_MS = 6_000
/** Longer than a session: some faults end it, others do not. */
const FAULT_MS_MAX = 20_000
/** Sessions time out, leaders are elected, clients try again: on a busy machine one after the other. */
const RECOVERY_MS_MAX = 180_000

export interface WeatherOptions {
  readonly minutes: number
  readonly seed: number
  readonly log: (line: string) => void
}

export interface WeatherReport {
  readonly faults: number
  readonly elections: number
  readonly acknowledged: number
  /** From the end of a fault until each partition took new messages, and a topic was created and one deleted. Unit: ms. */
  readonly worstRecoveryMs: number
  readonly topics: number
  /** Requests for topics that failed, so that nobody knows whether they were done. */
  readonly topicFailures: number
}

/** What can be killed, frozen, and put back. */
interface Part {
  readonly name: string
  kill(): Promise<unknown>
  /** Behind `kill`. */
  back(): Promise<unknown>
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void
}

/** @throws {Error} something acknowledged is lost, two brokers were elected for one epoch, or it does not recover */
export async function weatherHunt({ minutes, seed, log }: WeatherOptions): Promise<WeatherReport> {
  const etcd = await EtcdCluster.start()
  const proxies: AnykeeperProcess[] = []
  let cluster: KafkaCluster | undefined
  try {
    for (let count = 0; count < 2; count++) {
      const options = { store: etcd.url, tickTimeMs: 2_000 }
      proxies.push(await new AnykeeperProcess(await freePort(), options).start())
    }
    const store = {
      serve: () => Promise.reject(new Error('the proxies are there')),
      describe: () => etcd.members.map(({ name, output }) => `${name}\n${output}`).join('\n'),
      stop: async () => {},
    }
    cluster = await KafkaCluster.startOn(store, proxies, {
      addresses: proxies.map(({ connectString }) => connectString).join(','),
      brokers: 2,
      broker: {
        ...{ version: '3.9', zookeeperSessionTimeoutMs: SESSION_MS },
        ...{ internalReplicationFactor: 2, minInsyncReplicas: 1 },
        config: { 'replica.lag.time.max.ms': 5_000 },
      },
    })
    const sets = partsOf(etcd.members, proxies, cluster)
    return await underWeather(cluster, sets, { minutes, seed, log })
  } catch (error) {
    cluster?.showOutput()
    throw error
  } finally {
    await cluster?.stop()
    await Promise.all(proxies.map((proxy) => proxy.stop()))
    await etcd.stop()
  }
}

/** What one fault hits together. Brokers are frozen only: Kafka refuses to start before its own session has ended. */
function partsOf(
  members: readonly EtcdMember[],
  proxies: readonly AnykeeperProcess[],
  cluster: KafkaCluster,
): { readonly killed: readonly Part[][]; readonly frozen: readonly Part[][] } {
  const ofEtcd = members.map((member): Part => {
    const back = async (): Promise<void> => member.launch()
    const signal = member.signal.bind(member)
    return { name: member.name, kill: () => member.kill(), back, signal }
  })
  const ofProxies = proxies.map((proxy, index): Part => {
    const signal = (name: NodeJS.Signals): void => proxy.child.signal(name)
    const back = async (): Promise<void> => void proxy.launch()
    return { name: `proxy ${index}`, kill: () => proxy.kill(), back, signal }
  })
  const ofBrokers = cluster.brokers.map(({ id, child }): Part => {
    const none = (): Promise<never> => Promise.reject(new Error('a broker is frozen only'))
    return { name: `broker ${id}`, kill: none, back: none, signal: (name) => child.signal(name) }
  })
  const [one, two, three] = ofEtcd as [Part, Part, Part]
  const served = [...ofProxies.map((part) => [part]), ofProxies, ...ofEtcd.map((part) => [part])]
  const killed = [...served, [one, two], ofEtcd, [ofProxies[0]!, three], [...ofProxies, one]]
  const alone = ofBrokers.map((part) => [part])
  const frozen = [...killed, ...alone, ...alone, [ofBrokers[0]!, ofProxies[1]!], ofBrokers]
  return { killed, frozen }
}

async function underWeather(
  cluster: KafkaCluster,
  { killed, frozen }: ReturnType<typeof partsOf>,
  { minutes, seed, log }: WeatherOptions,
): Promise<WeatherReport> {
  const random = mulberry32(seed)
  const elections = Elections.follow(cluster)
  await cluster.createTopics([TOPIC], PARTITIONS)
  const producer = await SteadyProducer.start(cluster, TOPIC, PARTITIONS)
  const consumer = await SteadyConsumer.start(cluster, TOPIC)
  const churn = await TopicChurn.start(cluster, 'churned')
  let faults = 0
  let worstRecoveryMs = 0
  try {
    await producer.goesOn(RECOVERY_MS_MAX)
    const endMs = performance.now() + minutes * 60_000
    while (performance.now() < endMs) {
      const isKill = random() < 0.5
      const choice = isKill ? killed : frozen
      const parts = choice[Math.floor(random() * choice.length)]!
      const faultMs = Math.round(random() ** 2 * FAULT_MS_MAX)
      const names = parts.map(({ name }) => name).join(' and ')
      const what = `${isKill ? 'killed' : 'frozen'} for ${faultMs} ms: ${names}`
      if (isKill) await Promise.all(parts.map((part) => part.kill()))
      else for (const part of parts) part.signal('SIGSTOP')
      await sleep(faultMs)
      for (const part of parts) {
        if (isKill) await part.back()
        else part.signal('SIGCONT')
      }
      const sinceMs = performance.now()
      // Messages need no tree, topics do.
      await Promise.all([producer.goesOn(RECOVERY_MS_MAX), churn.more(1, RECOVERY_MS_MAX)])
      const tookMs = performance.now() - sinceMs
      worstRecoveryMs = Math.max(worstRecoveryMs, tookMs)
      for (const { child } of cluster.brokers) {
        expect(child.running, `${child.name} runs after ${what}`).to.equal(true)
      }
      elections.expectNoneTwice()
      faults++
      log(`${what}; it went on after ${Math.round(tookMs)} ms, ${producer.acknowledged} messages`)
    }
    await cluster.fullyReplicated([TOPIC])
  } finally {
    await Promise.allSettled([churn.stop(), producer.stop()])
  }
  await consumer.has(producer.acknowledged)
  await consumer.stop()
  await producer.expectNothingLost(cluster, { exactly: false })
  await topicsAreAsTold(cluster, churn)
  const reader = await cluster.reader()
  const last = await controller(reader)
  elections.stop()
  expect(elections.last(), 'the last election and /controller').to.deep.equal(last)
  const proxies = cluster.proxies.map(({ connectString }) => connectString).join(',')
  const found = await runDoctor(`zk://${proxies}${chroot}`)
  expect(found.code, found.text).to.equal(0)
  log(found.text)
  return {
    ...{ faults, elections: elections.count, acknowledged: producer.acknowledged, worstRecoveryMs },
    ...{ topics: churn.created + churn.deleted, topicFailures: churn.failures.length },
  }
}

/** Each broker has the topics whose creation was acknowledged, and none whose deletion was; of others nobody knows. */
async function topicsAreAsTold(cluster: KafkaCluster, churn: TopicChurn): Promise<void> {
  const admin = await cluster.admin()
  await eventually(
    'the topics that were acknowledged, and no others',
    async () => {
      const there = (await admin.listTopics()).filter((name) => name.startsWith('churned-'))
      const known = there.filter((name) => !churn.unknown.has(name))
      const living = churn.living.filter((name) => !churn.unknown.has(name))
      expect(known.sort()).to.deep.equal(living.toSorted())
      return true
    },
    60_000,
  )
}
