/** In dual write: topics, partitions, configurations, ACLs and transactions, each seen in ZooKeeper. */
import { expect } from 'chai'
import kafkajs from 'kafkajs'
import { eventually } from '../support/eventually.ts'
import { chroot } from './kafka-cluster.ts'
import type { Migration } from './migration.ts'

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ConfigResourceTypes } = kafkajs
const { ResourcePatternTypes } = kafkajs
const SEEN_MS = 60_000
const topic = 'changed'

/** Each change is made through the brokers, and awaited in ZooKeeper. */
export async function changeEverything(migration: Migration): Promise<void> {
  const { cluster } = migration
  const admin = await cluster.admin()
  const reader = await migration.reader()
  const place = `${chroot}/brokers/topics/${topic}`
  await migration.createTopics([topic, 'deleted'])
  await reader.until(place, 'created', (found) => found !== undefined, SEEN_MS)

  await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] })
  const hasThree = (text: string): boolean => Object.keys(JSON.parse(text).partitions).length === 3
  await reader.until(place, 'three partitions', (found) => hasThree(found!.text), SEEN_MS)

  const configEntries = [{ name: 'retention.ms', value: '123456789' }]
  const resource = { type: ConfigResourceTypes.TOPIC, name: topic, configEntries }
  await admin.alterConfigs({ validateOnly: false, resources: [resource] })
  await reader.until(
    `${chroot}/config/topics/${topic}`,
    'the retention',
    (found) => found?.text.includes('123456789') === true,
    SEEN_MS,
  )

  await admin.createAcls({
    acl: [
      {
        resourceType: AclResourceTypes.TOPIC,
        resourceName: topic,
        resourcePatternType: ResourcePatternTypes.LITERAL,
        principal: 'User:*',
        host: '*',
        operation: AclOperationTypes.ALL,
        permissionType: AclPermissionTypes.ALLOW,
      },
    ],
  })
  const acls = `${chroot}/kafka-acl/Topic/${topic}`
  await reader.until(acls, 'an ACL', (found) => found?.text.includes('User:*') === true, SEEN_MS)

  await admin.deleteTopics({ topics: ['deleted'] })
  const isGone = (names: string[]): boolean => !names.includes('deleted')
  await reader.untilChildren(`${chroot}/brokers/topics`, 'without one', isGone, SEEN_MS)
  await admin.disconnect()
  await transact(migration)
}

/** One transaction is aborted and one committed: only that one is read. */
async function transact({ cluster }: Migration): Promise<void> {
  const producer = cluster.kafka().producer({
    transactionalId: 'mover',
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  })
  cluster.disconnectAtEnd(producer)
  await producer.connect()
  for (const value of ['aborted', 'committed']) {
    const transaction = await producer.transaction()
    await transaction.send({ topic, acks: -1, messages: [{ partition: 0, value }] })
    if (value === 'aborted') await transaction.abort()
    else await transaction.commit()
  }
  await producer.disconnect()
  const consumer = cluster.kafka().consumer({ groupId: 'mover', maxWaitTimeInMs: 200 })
  cluster.disconnectAtEnd(consumer)
  const values: string[] = []
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({ eachMessage: async ({ message }) => void values.push(`${message.value}`) })
  await eventually('the committed message', () => values.length > 0, SEEN_MS)
  await consumer.disconnect()
  expect(values).to.deep.equal(['committed'])
}
