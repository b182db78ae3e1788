/** Numbered messages: sent, read back to the end, and compared. */
import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import kafkajs from 'kafkajs'
import { eventually, within } from '../support/eventually.ts'
import type { KafkaCluster } from './kafka-cluster.ts'

const { Partitioners } = kafkajs

const keyCount = 500
const batchSize = 500

export interface Received {
  partition: number
  offset: number
  key: string
  value: string
}

export const keyOf = (number: number): string => `key-${number % keyCount}`

export async function connectProducer(
  cluster: KafkaCluster,
  config: kafkajs.ProducerConfig = {},
): Promise<kafkajs.Producer> {
  const producer = cluster.kafka().producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
    ...config,
  })
  await producer.connect()
  cluster.disconnectAtEnd(producer)
  return producer
}

/** Messages 0 to count - 1, number n to topic n modulo their count, each batch after the other. */
export async function sendNumbered(
  cluster: KafkaCluster,
  topics: readonly string[],
  count: number,
): Promise<void> {
  const producer = await connectProducer(cluster)
  for (let first = 0; first < count; first += batchSize) {
    const numbers = Array.from({ length: Math.min(batchSize, count - first) }, (_, i) => first + i)
    const topicMessages = topics.map((topic, index) => ({
      topic,
      messages: numbers
        .filter((number) => number % topics.length === index)
        .map((number) => ({ key: keyOf(number), value: `${number}` })),
    }))
    await producer.sendBatch({ acks: -1, topicMessages })
  }
  await producer.disconnect()
}

/** All there is, in the order of arrival; by topic. */
export async function readAll(
  cluster: KafkaCluster,
  topics: readonly string[],
): Promise<Record<string, Received[]>> {
  const received: Record<string, Received[]> = {}
  const missing = new Map<string, number>()
  for (const topic of topics) {
    received[topic] = []
    for (const { partition, high } of await topicOffsets(cluster, topic)) {
      if (Number(high) > 0) missing.set(`${topic}/${partition}`, Number(high) - 1)
    }
  }
  const consumer = cluster.kafka().consumer({
    groupId: `reader-${randomUUID()}`,
    maxWaitTimeInMs: 200,
  })
  cluster.disconnectAtEnd(consumer)
  await consumer.connect()
  await consumer.subscribe({ topics: [...topics], fromBeginning: true })
  const allRead = new Promise<void>((resolve) => {
    if (missing.size === 0) resolve()
    void consumer.run({
      eachMessage: async ({ topic, partition, message }) => {
        const offset = Number(message.offset)
        const [key, value] = [String(message.key), String(message.value)]
        received[topic]!.push({ partition, offset, key, value })
        const place = `${topic}/${partition}`
        if (offset >= (missing.get(place) ?? Number.POSITIVE_INFINITY)) missing.delete(place)
        if (missing.size === 0) resolve()
      },
    })
  })
  await within(
    `every message of ${topics} read`,
    60_000,
    allRead,
    () => `still before ${JSON.stringify([...missing])}`,
  )
  await consumer.disconnect()
  return received
}

/**
 * Asks the leaders anew when one of them has just handed over: a controller gives partitions back to
 * their preferred leaders five seconds after its election. kafkajs follows that when it produces and
 * consumes, but not here.
 */
async function topicOffsets(
  cluster: KafkaCluster,
  topic: string,
): Promise<Awaited<ReturnType<kafkajs.Admin['fetchTopicOffsets']>>> {
  return eventually(
    `offsets of ${topic} from the leaders of its partitions`,
    async () => {
      const admin = await cluster.admin()
      try {
        return await admin.fetchTopicOffsets(topic)
      } finally {
        await admin.disconnect()
      }
    },
    60_000,
  )
}

export function byPartition(messages: readonly Received[]): Map<number, Received[]> {
  const partitions = new Map<number, Received[]>()
  for (const message of messages) {
    const known = partitions.get(message.partition)
    if (known === undefined) partitions.set(message.partition, [message])
    else known.push(message)
  }
  return partitions
}

/** Offsets 0, 1, 2… in each partition, in this order. */
export function expectEveryOffsetOnce(messages: readonly Received[]): void {
  for (const [partition, own] of byPartition(messages)) {
    const wrong = own.findIndex(({ offset }, index) => offset !== index)
    expect(wrong, `first message of partition ${partition} at a wrong offset`).to.equal(-1)
  }
}

/** What sendNumbered sent: each once, in order in its partition, a key always in the same one. */
export function expectNumbered(
  received: Record<string, Received[]>,
  topics: readonly string[],
  count: number,
): void {
  expect(topics.reduce((sum, topic) => sum + received[topic]!.length, 0)).to.equal(count)
  const seen = new Set<string>()
  for (const [index, topic] of topics.entries()) {
    const messages = received[topic]!
    expectEveryOffsetOnce(messages)
    const partitionOfKey = new Map<string, number>()
    for (const { partition, key, value } of messages) {
      expect(key, `key of message ${value}`).to.equal(keyOf(Number(value)))
      expect(Number(value) % topics.length, `topic of message ${value}`).to.equal(index)
      expect(partitionOfKey.get(key) ?? partition, `partition of ${key}`).to.equal(partition)
      partitionOfKey.set(key, partition)
      seen.add(value)
    }
    for (const [partition, own] of byPartition(messages)) {
      const wrong = own.findIndex(
        ({ value }, i) => i > 0 && Number(own[i - 1]!.value) >= Number(value),
      )
      expect(wrong, `first message of ${topic}/${partition} out of order`).to.equal(-1)
    }
  }
  expect(seen.size, 'different messages').to.equal(count)
}
