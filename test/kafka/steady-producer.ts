/** A producer that never rests, and an account of every message that the brokers acknowledged. */
import { expect } from 'chai'
import type kafkajs from 'kafkajs'
import { eventually } from '../support/eventually.ts'
import type { KafkaCluster } from './kafka-cluster.ts'
import { byPartition, connectProducer, expectEveryOffsetOnce, readAll } from './messages.ts'

const perSend = 10

export class SteadyProducer {
  readonly topic: string
  readonly #partitions: number
  readonly #producer: kafkajs.Producer
  /** `partition/offset` → value. */
  readonly #acknowledged = new Map<string, string>()
  readonly #failures: unknown[] = []
  /** Longest time between two acknowledged sends, since the first or since it was set to 0. Unit: ms. */
  worstGapMs = 0
  #acknowledgedMs = Number.NaN
  #next = 0
  #stopping = false
  #running: Promise<void> = Promise.resolve()

  private constructor(producer: kafkajs.Producer, topic: string, partitions: number) {
    this.#producer = producer
    this.topic = topic
    this.#partitions = partitions
  }

  static async start(
    cluster: KafkaCluster,
    topic: string,
    partitions: number,
  ): Promise<SteadyProducer> {
    // One request at a time and to each broker its own partitions: the order is what was sent.
    const producer = await connectProducer(cluster, { maxInFlightRequests: 1 })
    const steady = new SteadyProducer(producer, topic, partitions)
    steady.#running = steady.#run()
    return steady
  }

  /** Messages acknowledged so far. */
  get acknowledged(): number {
    return this.#acknowledged.size
  }

  /** Until every partition has taken messages that were sent after this call. */
  async goesOn(deadlineMs = 60_000): Promise<void> {
    const sent = this.#next
    // A send has messages for each partition; two whole ones began after this call.
    const enough = this.acknowledged + 3 * perSend * this.#partitions
    await eventually(
      `production to ${this.topic} goes on after message ${sent}`,
      () => this.acknowledged >= enough,
      deadlineMs,
    )
  }

  async stop(): Promise<void> {
    this.#stopping = true
    await this.#running
    await this.#producer.disconnect()
  }

  /**
   * Every acknowledged message is at the offset that its acknowledgement named. With `exactly`,
   * nothing else is there, each partition has them in the order sent, and no send ever failed;
   * else a message whose acknowledgement was lost may have been written again.
   */
  async expectNothingLost(cluster: KafkaCluster, { exactly }: { exactly: boolean }): Promise<void> {
    const { [this.topic]: messages = [] } = await readAll(cluster, [this.topic])
    expectEveryOffsetOnce(messages)
    const stored = new Map(
      messages.map(({ partition, offset, value }) => [`${partition}/${offset}`, value]),
    )
    for (const [place, value] of this.#acknowledged) {
      expect(stored.get(place), `message at ${place} of ${this.topic}`).to.equal(value)
    }
    if (!exactly) return
    expect(this.#failures, 'failed sends').to.deep.equal([])
    expect(messages.length, 'messages stored').to.equal(this.#acknowledged.size)
    for (const [partition, own] of byPartition(messages)) {
      const wrong = own.findIndex(
        ({ value }, i) => i > 0 && Number(own[i - 1]!.value) >= Number(value),
      )
      expect(wrong, `first message of partition ${partition} out of order`).to.equal(-1)
    }
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      const values = Array.from({ length: perSend * this.#partitions }, () => `${this.#next++}`)
      const messages = values.map((value, index) => ({
        partition: index % this.#partitions,
        key: `key-${value}`,
        value,
      }))
      try {
        const metadata = await this.#producer.send({ topic: this.topic, acks: -1, messages })
        this.#note(messages, metadata)
        const now = performance.now()
        this.worstGapMs = Math.max(this.worstGapMs, now - this.#acknowledgedMs || 0)
        this.#acknowledgedMs = now
      } catch (error) {
        this.#failures.push(error)
      }
    }
  }

  #note(
    messages: readonly { partition: number; value: string }[],
    metadata: readonly kafkajs.RecordMetadata[],
  ): void {
    for (const { partition, baseOffset } of metadata) {
      const own = messages.filter((message) => message.partition === partition)
      for (const [index, { value }] of own.entries()) {
        this.#acknowledged.set(`${partition}/${Number(baseOffset) + index}`, value)
      }
    }
  }
}
