/** Topics created and deleted without a rest, and an account of what the brokers acknowledged. */
import { setTimeout as sleep } from 'node:timers/promises'
import type kafkajs from 'kafkajs'
import { eventually } from '../support/eventually.ts'
import { CREATE_MS, type KafkaCluster } from './kafka-cluster.ts'

/** So many live at a time. */
const LIVING_MAX = 5
/** Between two requests. */
const PAUSE_MS = 60

export class TopicChurn {
  readonly #admin: kafkajs.Admin
  readonly #prefix: string
  readonly #replicationFactor: number
  /** Acknowledged and not deleted. */
  readonly #living: string[] = []
  /** Of which nobody knows whether the request was done. */
  readonly #unknown = new Set<string>()
  readonly #failures: string[] = []
  created = 0
  deleted = 0
  #next = 0
  #stopping = false
  #running: Promise<void> = Promise.resolve()

  private constructor(admin: kafkajs.Admin, prefix: string, replicationFactor: number) {
    this.#admin = admin
    this.#prefix = prefix
    this.#replicationFactor = replicationFactor
  }

  static async start(cluster: KafkaCluster, prefix: string): Promise<TopicChurn> {
    const churn = new TopicChurn(await cluster.admin(), prefix, cluster.brokers.length)
    churn.#running = churn.#run()
    return churn
  }

  get living(): readonly string[] {
    return this.#living
  }
  get unknown(): ReadonlySet<string> {
    return this.#unknown
  }
  get failures(): readonly string[] {
    return this.#failures
  }

  /** Until so many more topics were created and as many deleted. */
  async more(count: number, deadlineMs = 120_000): Promise<void> {
    const created = this.created + count
    const deleted = this.deleted + count
    await eventually(
      `${count} more topics created and deleted`,
      () => this.created >= created && this.deleted >= deleted,
      deadlineMs,
    )
  }

  async stop(): Promise<void> {
    this.#stopping = true
    await this.#running
    await this.#admin.disconnect()
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      if (this.#living.length < LIVING_MAX) await this.#create(`${this.#prefix}-${this.#next++}`)
      else await this.#delete(this.#living.shift() as string)
      await sleep(PAUSE_MS)
    }
  }

  async #create(topic: string): Promise<void> {
    const replicationFactor = this.#replicationFactor
    const asked = { topic, numPartitions: 1, replicationFactor }
    try {
      await this.#admin.createTopics({
        ...{ waitForLeaders: false, timeout: CREATE_MS, topics: [asked] },
      })
      this.#living.push(topic)
      this.created++
    } catch (error) {
      this.#fail(topic, error)
    }
  }

  async #delete(topic: string): Promise<void> {
    try {
      await this.#admin.deleteTopics({ topics: [topic], timeout: CREATE_MS })
      this.deleted++
    } catch (error) {
      this.#fail(topic, error)
    }
  }

  #fail(topic: string, error: unknown): void {
    this.#unknown.add(topic)
    this.#failures.push(`${topic}: ${error}`)
  }
}
