/** A consumer group of one that reads all the time, and an account of what reached it and what went wrong. */
import type kafkajs from 'kafkajs'
import { eventually } from '../support/eventually.ts'
import type { KafkaCluster } from './kafka-cluster.ts'

export class SteadyConsumer {
  /** `partition/offset` → how often it came. */
  readonly #received = new Map<string, number>()
  readonly #consumer: kafkajs.Consumer
  /** It joined its group so often: 1, unless its coordinator was lost. */
  joins = 0
  crashes = 0
  #lastMs = performance.now()
  /** The longest time between two batches since it was reset. Unit: ms. */
  worstGapMs = 0

  private constructor(consumer: kafkajs.Consumer) {
    this.#consumer = consumer
  }

  /** From the beginning of the topic. Resolves when it has its partitions. */
  static async start(cluster: KafkaCluster, topic: string): Promise<SteadyConsumer> {
    const consumer = cluster.kafka().consumer({ groupId: `steady-${topic}`, maxWaitTimeInMs: 200 })
    cluster.disconnectAtEnd(consumer)
    const steady = new SteadyConsumer(consumer)
    consumer.on(consumer.events.GROUP_JOIN, () => {
      steady.joins++
    })
    consumer.on(consumer.events.CRASH, () => {
      steady.crashes++
    })
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({ eachBatch: async ({ batch }) => steady.#note(batch) })
    await eventually('a consumer with its partitions', () => steady.joins > 0, 60_000)
    return steady
  }

  /** Messages that came, each counted once. */
  get received(): number {
    return this.#received.size
  }
  /** Messages that came twice or more. */
  get twice(): number {
    return [...this.#received.values()].filter((times) => times > 1).length
  }

  resetGap(): void {
    this.#lastMs = performance.now()
    this.worstGapMs = 0
  }

  /** Until it has so many messages. */
  async has(count: number): Promise<void> {
    await eventually(`${count} messages consumed`, () => this.received >= count, 60_000)
  }

  async stop(): Promise<void> {
    await this.#consumer.disconnect()
  }

  #note({ partition, messages }: kafkajs.Batch): void {
    const now = performance.now()
    this.worstGapMs = Math.max(this.worstGapMs, now - this.#lastMs)
    this.#lastMs = now
    for (const { offset } of messages) {
      const place = `${partition}/${offset}`
      this.#received.set(place, (this.#received.get(place) ?? 0) + 1)
    }
  }
}
