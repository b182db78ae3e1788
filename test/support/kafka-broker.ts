/** A Kafka broker that keeps its metadata in ZooKeeper, or in what speaks like it, until it is moved to KRaft. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Child } from './child.ts'
import { freePort } from './free-port.ts'
import { spawnJava } from './java.ts'
import {
  type KafkaMode,
  type KafkaQuorum,
  type Properties,
  quorumProperties,
  standardAuthorizer,
  zookeeperProperties,
} from './kafka-quorum.ts'
import { type KafkaLine, kafkaLibs } from './requirements.ts'
import { removeFolder, temporaryFolder } from './temp-folder.ts'

export interface KafkaBrokerOptions {
  /** Release line; the patch is in scripts/versions.json. */
  version: KafkaLine
  brokerId: number
  /** `host:port[,…][/chroot]`, Kafka's zookeeper.connect. */
  zookeeperConnect: string
  /** Default 6000. The server may grant another. */
  zookeeperSessionTimeoutMs?: number
  /** Of __consumer_offsets and __transaction_state. Default 1. */
  internalReplicationFactor?: number
  /** Of the same topics, and the default of the others. Default 1. */
  minInsyncReplicas?: number
  /** ACLs in ZooKeeper; who has none is allowed everything. Default false. */
  authorizer?: boolean
  /** Of -Xmx. Default 384. */
  heapMb?: number
  /** More lines of server.properties; they win over the ones above. */
  config?: Properties
}

export class KafkaBroker {
  readonly id: number
  readonly host = '127.0.0.1'
  readonly port: number
  readonly #options: KafkaBrokerOptions
  readonly #folder: string
  #child: Child | undefined
  #mode: KafkaMode = 'zookeeper'
  #quorum: KafkaQuorum | undefined
  #zookeeperConnect: string

  constructor(port: number, options: KafkaBrokerOptions) {
    this.id = options.brokerId
    this.port = port
    this.#options = options
    this.#zookeeperConnect = options.zookeeperConnect
    this.#folder = temporaryFolder(`kafka-${this.id}`)
  }

  /** What clients bootstrap from. */
  get address(): string {
    return `${this.host}:${this.port}`
  }

  get child(): Child {
    if (this.#child === undefined) throw new Error(`broker ${this.id} was not started`)
    return this.#child
  }

  /** Of the next start. Both other modes than `zookeeper` need a quorum. */
  become(mode: KafkaMode, quorum?: KafkaQuorum): this {
    this.#mode = mode
    this.#quorum = quorum
    return this
  }

  /** Of the next start: another zookeeper.connect. */
  connectTo(zookeeperConnect: string): this {
    this.#zookeeperConnect = zookeeperConnect
    return this
  }

  /** Starts it, also again on the same data and port; does not wait for it to serve. */
  launch(): void {
    const { version, heapMb = 384 } = this.#options
    const properties = join(this.#folder, 'server.properties')
    const lines = Object.entries(this.properties()).map(([key, value]) => `${key}=${value}\n`)
    writeFileSync(properties, lines.join(''))
    this.#child = spawnJava({
      name: `kafka-${version}#${this.id}:${this.port}`,
      classPath: [join(kafkaLibs(version), '*')],
      mainClass: 'kafka.Kafka',
      args: [properties],
      heapMb,
      folder: this.#folder,
    })
  }

  /** Until it is registered and serves. Default 120 000 ms. */
  async waitUntilServing({ timeoutMs = 120_000 }: { timeoutMs?: number } = {}): Promise<void> {
    const started =
      /\[KafkaServer id=\d+\] started|\[KafkaRaftServer nodeId=\d+\] Kafka Server started/
    await this.child.waitForLine(started, { timeoutMs })
    await this.child.waitForPort(this.port)
  }

  async start(): Promise<this> {
    this.launch()
    await this.waitUntilServing()
    return this
  }

  /**
   * SIGKILL. Its ephemeral znodes stay until its session times out, and start(), which brings it
   * back with its data, fails before that: the broker itself gives up on NodeExists.
   */
  async kill(): Promise<void> {
    await this.#child?.kill()
  }

  /** A controlled shutdown (SIGKILL after 30 s); start() brings it back with its data. */
  async shutDown(): Promise<void> {
    await this.#child?.stop({ graceMs: 30_000 })
  }

  /** Ends it at once, whatever its metadata store does, and removes its data. */
  async dispose(): Promise<void> {
    await this.kill()
    removeFolder(this.#folder)
  }

  /** Of server.properties, in its present mode. */
  properties(): Properties {
    const options = this.#options
    const replicationFactor = options.internalReplicationFactor ?? 1
    const insyncMin = options.minInsyncReplicas ?? 1
    return {
      listeners: `PLAINTEXT://${this.address}`,
      'advertised.listeners': `PLAINTEXT://${this.address}`,
      'log.dirs': join(this.#folder, 'logs'),
      'offsets.topic.replication.factor': replicationFactor,
      'offsets.topic.num.partitions': 5,
      'transaction.state.log.replication.factor': replicationFactor,
      'transaction.state.log.num.partitions': 5,
      'transaction.state.log.min.isr': insyncMin,
      'min.insync.replicas': insyncMin,
      'group.initial.rebalance.delay.ms': 0,
      'controlled.shutdown.max.retries': 1,
      'num.network.threads': 2,
      'num.io.threads': 4,
      'background.threads': 2,
      'log.cleaner.dedupe.buffer.size': 4 * 1024 * 1024,
      'socket.send.buffer.bytes': -1,
      'socket.receive.buffer.bytes': -1,
      ...this.#identity(),
      ...options.config,
    }
  }

  /** Where its metadata are, and who says who may do what. */
  #identity(): Properties {
    const { zookeeperSessionTimeoutMs = 6000, authorizer } = this.#options
    const quorum = this.#quorum && quorumProperties(this.#quorum)
    if (this.#mode === 'kraft') {
      return {
        'process.roles': 'broker',
        'node.id': this.id,
        ...quorum,
        ...(authorizer && standardAuthorizer),
      }
    }
    return {
      'broker.id': this.id,
      ...zookeeperProperties(this.#zookeeperConnect, zookeeperSessionTimeoutMs),
      ...(authorizer && {
        'authorizer.class.name': 'kafka.security.authorizer.AclAuthorizer',
        'allow.everyone.if.no.acl.found': true,
      }),
      ...quorum,
      ...(this.#mode === 'migration' && {
        'zookeeper.metadata.migration.enable': true,
        'inter.broker.protocol.version': '3.9',
      }),
    }
  }
}

/** Brokers 1 to `count`, started together, all ready. */
export async function startKafkaBrokers(
  count: number,
  options: Omit<KafkaBrokerOptions, 'brokerId'>,
): Promise<KafkaBroker[]> {
  const brokers: KafkaBroker[] = []
  for (let brokerId = 1; brokerId <= count; brokerId++) {
    brokers.push(new KafkaBroker(await freePort(), { ...options, brokerId }))
  }
  for (const broker of brokers) broker.launch()
  try {
    await Promise.all(brokers.map((broker) => broker.waitUntilServing()))
  } catch (error) {
    await Promise.all(brokers.map((broker) => broker.dispose()))
    throw error
  }
  return brokers
}
