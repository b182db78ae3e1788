/** A store, proxies on it and brokers on those, with what the tests ask of them. */
import { readdirSync } from 'node:fs'
import { expect } from 'chai'
import kafkajs from 'kafkajs'
import { startAnykeeper } from '../support/anykeeper-process.ts'
import type { Child } from '../support/child.ts'
import { startEtcd } from '../support/etcd-server.ts'
import { eventually } from '../support/eventually.ts'
import { isAlive } from '../support/is-alive.ts'
import {
  type KafkaBroker,
  type KafkaBrokerOptions,
  startKafkaBrokers,
} from '../support/kafka-broker.ts'
import { etcdProgram } from '../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { ZnodeReader } from '../support/znode-reader.ts'
import { startZookeeper } from '../support/zookeeper-server.ts'

const { Kafka, logLevel } = kafkajs

export const chroot = '/kafka'
const tickTimeMs = 2000
const clientConfig = {
  clientId: 'anykeeper-test',
  logLevel: logLevel.NOTHING,
  connectionTimeout: 3000,
} as const
const linesShown = 40
/** How long a controller may take for a topic: on a busy machine longer than kafkajs’ five seconds. */
export const CREATE_MS = 30_000

/** What brokers take for a ZooKeeper: a proxy, or the real one. It keeps its port, and its data where they are. */
export interface Served {
  readonly connectString: string
  readonly child: Child
  start(): Promise<unknown>
  kill(): Promise<void>
  stop(): Promise<void>
  fourLetterWord(word: string): Promise<string>
}

export interface ClusterOptions {
  /** Files serve one proxy; `zookeeper` is one of those instead. Default `etcd`. */
  store?: keyof typeof stores
  proxies: number
  brokers: number
  broker: Omit<KafkaBrokerOptions, 'brokerId' | 'zookeeperConnect'>
}

export class KafkaCluster {
  readonly proxies: Served[] = []
  readonly brokers: KafkaBroker[] = []
  readonly #store: ClusterStore
  readonly #readers: ZnodeReader[] = []
  readonly #clients: { disconnect(): Promise<void> }[] = []

  private constructor(store: ClusterStore) {
    this.#store = store
  }

  static async start(options: ClusterOptions): Promise<KafkaCluster> {
    const { store = 'etcd', proxies, brokers, broker } = options
    const cluster = new KafkaCluster(await stores[store]())
    return cluster.#begin(brokers, broker, async () => {
      for (let count = 0; count < proxies; count++) {
        cluster.proxies.push(await cluster.#store.serve())
      }
      return cluster.proxies.map((proxy) => proxy.connectString).join(',')
    })
  }

  /** On what somebody else started: `addresses` is what the brokers connect to, `proxies` may serve later. */
  static startOn(
    store: ClusterStore,
    proxies: readonly Served[],
    { addresses, brokers, broker }: { addresses: string } & Omit<ClusterOptions, 'proxies'>,
  ): Promise<KafkaCluster> {
    const cluster = new KafkaCluster(store)
    cluster.proxies.push(...proxies)
    return cluster.#begin(brokers, broker, async () => addresses)
  }

  async #begin(
    brokers: number,
    broker: ClusterOptions['broker'],
    serve: () => Promise<string>,
  ): Promise<this> {
    try {
      const zookeeperConnect = `${await serve()}${chroot}`
      this.brokers.push(...(await startKafkaBrokers(brokers, { ...broker, zookeeperConnect })))
      await this.#untilControllerKnown()
      return this
    } catch (error) {
      this.showOutput()
      await this.stop()
      throw error
    }
  }

  /** A client of all brokers, whichever of them run at the moment. */
  kafka(): kafkajs.Kafka {
    return new Kafka({
      ...clientConfig,
      brokers: this.brokers.map((broker) => broker.address),
      retry: { initialRetryTime: 100, maxRetryTime: 1000, retries: 40 },
    })
  }

  async admin(): Promise<kafkajs.Admin> {
    const admin = this.kafka().admin()
    await admin.connect()
    this.disconnectAtEnd(admin)
    return admin
  }

  disconnectAtEnd(client: { disconnect(): Promise<void> }): void {
    this.#clients.push(client)
  }

  /** A ZooKeeper client of one proxy. */
  async reader(proxy: Served = this.proxies[0]!): Promise<ZnodeReader> {
    const reader = await ZnodeReader.connect(proxy.connectString)
    this.#readers.push(reader)
    return reader
  }

  broker(id: number): KafkaBroker {
    const found = this.brokers.find((broker) => broker.id === id)
    if (found === undefined) throw new Error(`no broker ${id}`)
    return found
  }

  /** With a replica of each partition on every broker; resolves when all are in sync. */
  async createTopics(topics: string[], numPartitions = 3): Promise<void> {
    const admin = await this.admin()
    const replicationFactor = this.brokers.length
    const created = await admin.createTopics({
      waitForLeaders: true,
      timeout: CREATE_MS,
      topics: topics.map((topic) => ({ topic, numPartitions, replicationFactor })),
    })
    expect(created, `created ${topics}`).to.equal(true)
    await this.fullyReplicated(topics)
    await admin.disconnect()
  }

  /** Until every broker shows a leader and all replicas in sync for every partition of these. */
  async fullyReplicated(topics: string[]): Promise<void> {
    await this.#untilEachShows(
      `a leader and all replicas in sync for every partition of ${topics}`,
      async (admin) => {
        const metadata = await admin.fetchTopicMetadata({ topics })
        return metadata.topics.every(({ partitions }) =>
          partitions.every(({ leader, isr, replicas }) => {
            return leader > 0 && isr.length === replicas.length
          }),
        )
      },
    )
  }

  /** A broker says that it started some moments before it has heard from the controller. */
  async #untilControllerKnown(): Promise<void> {
    const replicationFactor = this.brokers.length
    await this.#untilEachShows('the way to a controller of all brokers', (admin) =>
      admin.createTopics({
        validateOnly: true,
        waitForLeaders: false,
        topics: [{ topic: 'probe', numPartitions: 1, replicationFactor }],
      }),
    )
  }

  /** New clients each time: they ask the broker they were told of, and only later any other. */
  async #untilEachShows(
    what: string,
    check: (admin: kafkajs.Admin) => Promise<boolean>,
  ): Promise<void> {
    for (const { id, address, child } of this.brokers) {
      await eventually(
        `broker ${id} shows ${what}`,
        async () => {
          if (!child.running) throw new Error('it is not running')
          const kafka = new Kafka({ ...clientConfig, brokers: [address], retry: { retries: 0 } })
          const admin = kafka.admin()
          try {
            await admin.connect()
            return await check(admin)
          } finally {
            await admin.disconnect()
          }
        },
        60_000,
      )
    }
  }

  /** For a failed test: the last lines of every server. */
  showOutput(): void {
    for (const { child } of [...this.proxies, ...this.brokers]) console.log(lastLines(child))
    console.log(`--- ${this.#store.describe()}`)
  }

  async stop(): Promise<void> {
    for (const reader of this.#readers.splice(0)) reader.close()
    await Promise.allSettled(this.#clients.splice(0).map((client) => client.disconnect()))
    await Promise.all(this.brokers.map((broker) => broker.dispose()))
    await Promise.all(this.proxies.map((proxy) => proxy.stop()))
    await this.#store.stop()
  }
}

export interface ClusterStore {
  serve(): Promise<Served>
  /** For a failed test. */
  describe(): string
  /** Also removes its data. */
  stop(): Promise<void>
}

const stores = { etcd: etcdStore, file: fileStore, zookeeper: realZookeeper }

async function etcdStore(): Promise<ClusterStore> {
  const etcd = await startEtcd({ binary: etcdProgram() })
  return {
    serve: () => startAnykeeper({ store: `etcd://${etcd.host}`, tickTimeMs }),
    describe: () => `etcd ${etcd.host} ${isAlive(etcd.pid) ? 'is running' : 'has ended'}`,
    stop: () => etcd.stop(),
  }
}

async function fileStore(): Promise<ClusterStore> {
  const folder = temporaryFolder('kafka-store')
  return {
    serve: () => startAnykeeper({ store: `file:${folder}`, tickTimeMs }),
    describe: () => `files: ${readdirSync(folder)}`,
    stop: async () => removeFolder(folder),
  }
}

/** The same without anykeeper, to see what is Kafka's own. */
async function realZookeeper(): Promise<ClusterStore> {
  const server = await startZookeeper({ tickTimeMs })
  return {
    serve: async () => ({
      connectString: server.connectString,
      get child() {
        return server.child
      },
      start: () => server.start(),
      kill: () => server.kill(),
      stop: () => server.end(),
      fourLetterWord: (word) => server.fourLetterWord(word),
    }),
    describe: () => `ZooKeeper ${server.connectString}`,
    stop: () => server.stop(),
  }
}

function lastLines({ name, output }: Child): string {
  return [`--- ${name}`, ...output.split('\n').slice(-linesShown)].join('\n')
}

/** What Kafka keeps of a registration: who holds it, and since when. */
export interface Registration {
  session: bigint
  czxid: bigint
}

/** By broker id. */
export async function registrations(reader: ZnodeReader): Promise<Record<string, Registration>> {
  const found: Record<string, Registration> = {}
  for (const id of await reader.children(`${chroot}/brokers/ids`)) {
    const node = await reader.read(`${chroot}/brokers/ids/${id}`)
    if (node !== undefined) found[id] = { session: node.ephemeralOwner, czxid: node.czxid }
  }
  return found
}

export interface Controller {
  brokerId: number
  epoch: number
}

export async function controller(reader: ZnodeReader): Promise<Controller> {
  const { brokerid } = await reader.json(`${chroot}/controller`)
  const epoch = await reader.read(`${chroot}/controller_epoch`)
  return { brokerId: Number(brokerid), epoch: Number(epoch?.text) }
}

/** Of a cluster of one: it is registered, and its own controller. */
export async function soleBroker(reader: ZnodeReader): Promise<Registration> {
  const { 1: own, ...others } = await registrations(reader)
  expect(Object.keys(others), 'other brokers').to.deep.equal([])
  if (own === undefined) throw new Error('broker 1 is not registered')
  expect(own.session, 'session of broker 1').to.not.equal(0n)
  expect(await controller(reader)).to.deep.equal({ brokerId: 1, epoch: 1 })
  return own
}

/** Ids of the sessions with a connection to this proxy. */
export async function sessionsAt(proxy: Served): Promise<Set<bigint>> {
  const text = await proxy.fourLetterWord('cons')
  const ids = [...text.matchAll(/\bsid=0x([0-9a-f]+)/g)]
  return new Set(ids.map(([, hex]) => BigInt.asIntN(64, BigInt(`0x${hex}`))))
}

/** Until each of the sessions has a connection to one of the proxies: taken over, not expired. */
export async function sessionsAttached(
  proxies: readonly Served[],
  held: Record<string, Registration>,
): Promise<void> {
  await eventually(
    `brokers ${Object.keys(held)} connected to ${proxies.map((proxy) => proxy.connectString)}`,
    async () => {
      const here = await Promise.all(proxies.map(sessionsAt))
      return Object.values(held).every(({ session }) => here.some((ids) => ids.has(session)))
    },
  )
}
