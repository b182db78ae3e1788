/** The steps of a migration from ZooKeeper to KRaft, and back, on a real cluster whose ZooKeeper is anykeeper. */
import { expect } from 'chai'
import { eventually } from '../support/eventually.ts'
import { spawnJava } from '../support/java.ts'
import type { KafkaBroker } from '../support/kafka-broker.ts'
import { KafkaController } from '../support/kafka-controller.ts'
import { kafkaLibs } from '../support/requirements.ts'
import { runDoctor } from '../support/run-doctor.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import type { ZnodeReader } from '../support/znode-reader.ts'
import { chroot, type KafkaCluster } from './kafka-cluster.ts'
import type { TopicChurn } from './topic-churn.ts'

const NODE_ID = 3000
const STEP_MS = 120_000

export class Migration {
  readonly cluster: KafkaCluster
  #controller: KafkaController | undefined
  #reader: ZnodeReader | undefined

  constructor(cluster: KafkaCluster) {
    this.cluster = cluster
  }

  get controller(): KafkaController {
    if (this.#controller === undefined) throw new Error('there is no KRaft controller yet')
    return this.#controller
  }

  /** All proxies, as in zookeeper.connect. */
  get connectString(): string {
    const { proxies } = this.cluster
    return `${proxies.map((proxy) => proxy.connectString).join(',')}${chroot}`
  }

  /** A client of the proxies that live: those that are killed end it. */
  async reader(): Promise<ZnodeReader> {
    this.#reader ??= await this.cluster.reader()
    return this.#reader
  }

  /** After a kill of the proxy that it is connected to. */
  forgetReader(): void {
    this.#reader = undefined
  }

  /** Formats and starts a controller in migration mode, until it waits for the brokers. */
  async provision(): Promise<void> {
    const reader = await this.reader()
    const { id } = await reader.json(`${chroot}/cluster/id`)
    const zookeeperConnect = this.connectString
    this.#controller = await KafkaController.make({ nodeId: NODE_ID, zookeeperConnect })
    await this.controller.format(String(id))
    this.controller.launch('migration')
    await this.controller.waitUntilServing()
    await reader.until(`${chroot}/migration`, 'prepared', (found) => found !== undefined, STEP_MS)
  }

  /** Until the metadata are copied, and KRaft leads. */
  async toDualWrite(): Promise<void> {
    const { quorum } = this.controller
    await this.#restartEach((broker) => broker.become('migration', quorum))
    const hasOffset = (text = '{}'): boolean => JSON.parse(text).kraft_metadata_offset > 0
    const reader = await this.reader()
    await reader.until(`${chroot}/migration`, 'an offset', (it) => hasOffset(it?.text), STEP_MS)
  }

  async brokerToKraft(broker: KafkaBroker): Promise<void> {
    const { quorum } = this.controller
    await broker.shutDown()
    await broker.become('kraft', quorum).start()
  }

  async finalise(): Promise<void> {
    await this.controller.end()
    this.controller.launch('kraft')
    await this.controller.waitUntilServing()
    await this.controller.child.waitForLine(/from MIGRATION to POST_MIGRATION/)
  }

  /** Of dual write, as Kafka's documentation has it, but for /migration, which `deleteZnode` is for. */
  async revert(): Promise<void> {
    await this.controller.end()
    await this.deleteZnode('/controller')
    const reader = await this.reader()
    await reader.until(
      `${chroot}/controller`,
      'a broker',
      (found) => found !== undefined && JSON.parse(found.text).brokerid !== NODE_ID,
      STEP_MS,
    )
    await this.#restartEach((broker) => broker.become('zookeeper'))
    await this.dispose()
  }

  /** With zookeeper-shell.sh of Kafka. */
  async deleteZnode(path: string): Promise<void> {
    const folder = temporaryFolder('zookeeper-shell')
    try {
      const child = spawnJava({
        name: 'zookeeper-shell',
        classPath: [`${kafkaLibs('3.9')}/*`],
        mainClass: 'org.apache.zookeeper.ZooKeeperMainWithTlsSupportForKafka',
        args: ['-server', this.connectString, 'delete', path],
        heapMb: 64,
        folder,
      })
      const { code } = await child.exited
      expect(code, child.output).to.equal(0)
    } finally {
      removeFolder(folder)
    }
  }

  /**
   * With a leader for each partition. kafkajs must not wait for those: it fails on the first answer of KRaft; and it finds no
   * broker to send to as long as that one does not know the controller. A repeated request finds the topics there.
   */
  async createTopics(topics: readonly string[], numPartitions = 2): Promise<void> {
    const admin = await this.cluster.admin()
    const replicationFactor = this.cluster.brokers.length
    await eventually(
      `${topics} created`,
      async () => {
        const requested = topics.map((topic) => ({ topic, numPartitions, replicationFactor }))
        await admin.createTopics({ waitForLeaders: false, topics: requested })
        return true
      },
      STEP_MS,
    )
    await admin.disconnect()
    await this.cluster.fullyReplicated([...topics])
  }

  /**
   * Until ZooKeeper and the brokers have exactly these of the topics whose names begin so: dual write has caught up. Brokers
   * in ZooKeeper mode get their metadata from the same thread of the controller, and lag with it. `unknown`: may be there.
   */
  async caughtUp(
    start: string,
    expected: readonly string[],
    unknown: ReadonlySet<string> = new Set(),
  ): Promise<void> {
    const admin = await this.cluster.admin()
    const own = (names: readonly string[]): string =>
      names
        .filter((name) => name.startsWith(start) && !unknown.has(name))
        .sort()
        .join()
    const due = own(expected)
    try {
      await eventually(
        `the topics ${start}… in ZooKeeper and on the brokers`,
        async () => {
          const reader = await this.reader()
          const there = own(await reader.children(`${chroot}/brokers/topics`))
          const here = own(await admin.listTopics())
          if (there === due && here === due) return true
          throw new Error(`${there} in ZooKeeper, ${here} on the brokers, not ${due}`)
        },
        STEP_MS,
      )
    } finally {
      await admin.disconnect()
    }
  }

  /**
   * Does what the doctor says where the controller writes no more: a write that was done and whose reply was lost makes Kafka's
   * controller repeat it with the old version for ever (BadVersion for /migration). Resolves with how many restarts it took.
   */
  async unstuck(): Promise<number> {
    for (let restarts = 0; ; restarts++) {
      const { words } = await this.doctor('--json', '--watch', '10000')
      if (!words.startsWith('silent')) return restarts
      expect(this.controller.output).to.match(/BadVersion for \/migration/)
      await this.controller.end()
      this.controller.launch('migration')
      await this.controller.waitUntilServing()
      await this.controller.child.waitForLine(/to DUAL_WRITE/)
    }
  }

  /** Both: see `unstuck` and `caughtUp`. */
  async mended(
    start: string,
    { living, unknown }: Pick<TopicChurn, 'living' | 'unknown'>,
  ): Promise<number> {
    const restarts = await this.unstuck()
    await this.caughtUp(start, living, unknown)
    return restarts
  }

  /** What the doctor says through all proxies. */
  doctor(...flags: readonly string[]): ReturnType<typeof runDoctor> {
    return runDoctor(`zk://${this.connectString}`, ...flags)
  }

  /**
   * Until the doctor says exactly this, and ends with this code: a session that was just moved may be a note of its own for a
   * moment.
   */
  async says(words: string, code: number, ...flags: readonly string[]): Promise<void> {
    await eventually(
      `the doctor says ${words}`,
      async () => {
        const run = await this.doctor('--json', ...flags)
        if (run.words === words && run.code === code) return true
        throw new Error(`${run.code}: ${run.text}`)
      },
      STEP_MS,
    )
  }

  showOutput(): void {
    this.cluster.showOutput()
    if (this.#controller === undefined) return
    const { output } = this.#controller
    console.log(['--- controller', ...output.split('\n').slice(-60)].join('\n'))
  }

  async dispose(): Promise<void> {
    await this.#controller?.dispose()
    this.#controller = undefined
  }

  /** One that does not end in time is killed, and its registration stays: a start before its end fails with NodeExists. */
  async #restartEach(change: (broker: KafkaBroker) => void): Promise<void> {
    const reader = await this.reader()
    for (const broker of this.cluster.brokers) {
      change(broker)
      await broker.shutDown()
      const registration = `${chroot}/brokers/ids/${broker.id}`
      await reader.until(registration, 'gone', (found) => found === undefined, STEP_MS)
      await broker.start()
    }
  }
}
