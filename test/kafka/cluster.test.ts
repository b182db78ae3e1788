/** Three brokers on two proxies: what an operator does with a healthy cluster. */
import { expect } from 'chai'
import kafkajs from 'kafkajs'
import { eventually, within } from '../support/eventually.ts'
import { spawnJava } from '../support/java.ts'
import { kafkaLibs, requireOrSkip } from '../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import type { ZnodeReader } from '../support/znode-reader.ts'
import {
  chroot,
  controller,
  KafkaCluster,
  registrations,
  sessionsAttached,
} from './kafka-cluster.ts'
import { connectProducer, expectNumbered, readAll, sendNumbered } from './messages.ts'

const {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  ConfigResourceTypes,
  ResourcePatternTypes,
} = kafkajs

const topics = ['orders', 'payments', 'shipments']
const messageCount = 10_000

describe('three Kafka 3.9 brokers on two proxies', function () {
  this.timeout(120_000)
  let cluster: KafkaCluster
  let admin: kafkajs.Admin
  let reader: ZnodeReader

  before(async function () {
    this.timeout(180_000)
    requireOrSkip(this, 'etcd', 'kafka-3.9')
    cluster = await KafkaCluster.start({
      proxies: 2,
      brokers: 3,
      broker: {
        version: '3.9',
        zookeeperSessionTimeoutMs: 18_000,
        internalReplicationFactor: 3,
        minInsyncReplicas: 2,
        authorizer: true,
      },
    })
    admin = await cluster.admin()
    reader = await cluster.reader()
  })

  afterEach(function () {
    if (this.currentTest?.state === 'failed') cluster.showOutput()
  })

  after(async () => {
    await cluster?.stop()
  })

  it('register under the chroot that they made, and elect a controller', async () => {
    expect(await reader.children('/')).to.include(chroot.slice(1))
    const registered = await registrations(reader)
    expect(Object.keys(registered)).to.deep.equal(['1', '2', '3'])
    for (const [id, { session }] of Object.entries(registered)) {
      expect(session, `session of broker ${id}`).to.not.equal(0n)
    }
    expect(new Set(Object.values(registered).map(({ session }) => session)).size).to.equal(3)
    await sessionsAttached(cluster.proxies, registered)
    for (const id of [1, 2, 3]) {
      const { endpoints } = await reader.json(`${chroot}/brokers/ids/${id}`)
      expect(endpoints).to.deep.equal([`PLAINTEXT://${cluster.broker(id).address}`])
    }
    const elected = await controller(reader)
    expect(elected.brokerId).to.be.oneOf([1, 2, 3])
    expect(elected.epoch).to.equal(1)
    const described = await admin.describeCluster()
    expect(described.controller).to.equal(elected.brokerId)
    expect(described.brokers.map(({ nodeId }) => nodeId).sort()).to.deep.equal([1, 2, 3])
    const { id: clusterId } = await reader.json(`${chroot}/cluster/id`)
    expect(described.clusterId).to.equal(clusterId)
  })

  it('show the same through the other proxy', async () => {
    const other = await cluster.reader(cluster.proxies[1])
    expect(await registrations(other)).to.deep.equal(await registrations(reader))
    expect(await controller(other)).to.deep.equal(await controller(reader))
  })

  it('create topics with three partitions on three replicas', async () => {
    await cluster.createTopics(topics)
    const metadata = await admin.fetchTopicMetadata({ topics })
    expect(metadata.topics.map(({ name }) => name).sort()).to.deep.equal(topics)
    for (const { partitions } of metadata.topics) {
      expect(partitions).to.have.length(3)
      for (const { replicas } of partitions) {
        expect([...replicas].sort()).to.deep.equal([1, 2, 3])
      }
    }
    expect(await reader.children(`${chroot}/brokers/topics`)).to.deep.equal(topics)
  })

  it('keep 10,000 messages: each read once, in order in its partition', async () => {
    await sendNumbered(cluster, topics, messageCount)
    expectNumbered(await readAll(cluster, topics), topics, messageCount)
  })

  it("alter a topic's configuration", async () => {
    const configEntries = [{ name: 'retention.ms', value: '123456789' }]
    const resource = { type: ConfigResourceTypes.TOPIC, name: 'orders' }
    await admin.alterConfigs({ validateOnly: false, resources: [{ ...resource, configEntries }] })
    const stored = await reader.json(`${chroot}/config/topics/orders`)
    expect(stored).to.deep.equal({ version: 1, config: { 'retention.ms': '123456789' } })
    const described = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ ...resource, configNames: ['retention.ms'] }],
    })
    expect(described.resources[0]?.configEntries[0]?.configValue).to.equal('123456789')
    // The brokers hear of it by the watch on /config/changes and say so in their logs.
    for (const { child } of cluster.brokers) {
      await child.waitForLine(/Processing override for entityPath: topics\/orders with config/)
    }
  })

  it('add partitions, and use them', async () => {
    await admin.createPartitions({ topicPartitions: [{ topic: 'payments', count: 5 }] })
    const { partitions } = await reader.json(`${chroot}/brokers/topics/payments`)
    expect(Object.keys(partitions as object).sort()).to.deep.equal(['0', '1', '2', '3', '4'])
    await eventually(
      'five partitions in the metadata',
      async () => {
        const metadata = await admin.fetchTopicMetadata({ topics: ['payments'] })
        return metadata.topics[0]?.partitions.length === 5
      },
      30_000,
    )
    await cluster.fullyReplicated(['payments'])
    const producer = await connectProducer(cluster)
    const messages = [3, 4].map((partition) => ({ partition, key: 'k', value: 'added' }))
    const sent = await producer.send({ topic: 'payments', acks: -1, messages })
    expect(sent.map(({ partition }) => partition).sort()).to.deep.equal([3, 4])
    expect(sent.map(({ baseOffset }) => baseOffset)).to.deep.equal(['0', '0'])
  })

  it('create and delete ACLs, and obey them on every broker', async () => {
    const producer = await connectProducer(cluster, { retry: { retries: 0 } })
    const trySend = async (partition: number): Promise<string> => {
      const messages = [{ partition, value: 'x' }]
      const error = await producer.send({ topic: 'shipments', acks: -1, messages }).then(
        () => ({ type: 'sent' }),
        (thrown: { type?: string }) => thrown,
      )
      return error.type ?? `${error}`
    }
    const partitions = [0, 1, 2]
    const outcomes = async (expected: string): Promise<boolean> => {
      const seen = await Promise.all(partitions.map(trySend))
      return seen.every((outcome) => outcome === expected)
    }
    const { topics: described } = await admin.fetchTopicMetadata({ topics: ['shipments'] })
    const leaders = new Set(described[0]?.partitions.map(({ leader }) => leader))
    expect([...leaders].sort(), 'leaders, one on each broker').to.deep.equal([1, 2, 3])
    expect(await outcomes('sent')).to.equal(true)

    const resource = {
      resourceType: AclResourceTypes.TOPIC,
      resourceName: 'shipments',
      resourcePatternType: ResourcePatternTypes.LITERAL,
    }
    // Others may do everything but this, so that metadata goes on to show the topic.
    const allowed = [AclOperationTypes.DESCRIBE, AclOperationTypes.READ].map((operation) => ({
      principal: 'User:*',
      host: '*',
      operation,
      permissionType: AclPermissionTypes.ALLOW,
    }))
    const denied = {
      principal: 'User:ANONYMOUS',
      host: '*',
      operation: AclOperationTypes.WRITE,
      permissionType: AclPermissionTypes.DENY,
    }
    await admin.createAcls({ acl: [...allowed, denied].map((acl) => ({ ...resource, ...acl })) })
    const stored = await reader.json(`${chroot}/kafka-acl/Topic/shipments`)
    expect(stored.acls).to.have.deep.members([
      { principal: 'User:*', permissionType: 'Allow', operation: 'Describe', host: '*' },
      { principal: 'User:*', permissionType: 'Allow', operation: 'Read', host: '*' },
      { principal: 'User:ANONYMOUS', permissionType: 'Deny', operation: 'Write', host: '*' },
    ])
    await eventually(
      'writes denied by every broker',
      () => outcomes('TOPIC_AUTHORIZATION_FAILED'),
      30_000,
    )

    const filter = {
      ...resource,
      operation: AclOperationTypes.ANY,
      permissionType: AclPermissionTypes.ANY,
    }
    const { filterResponses } = await admin.deleteAcls({ filters: [filter] })
    expect(filterResponses[0]?.matchingAcls).to.have.length(3)
    expect(await reader.read(`${chroot}/kafka-acl/Topic/shipments`)).to.equal(undefined)
    await eventually('writes allowed by every broker', () => outcomes('sent'), 30_000)
  })

  it('create a SCRAM user', async () => {
    const path = `${chroot}/config/users/alice`
    expect(await reader.read(path)).to.equal(undefined)
    await kafkaConfigs(cluster.brokers[0]!.address, [
      '--alter',
      '--add-config',
      'SCRAM-SHA-256=[iterations=4096,password=secret]',
      '--entity-type',
      'users',
      '--entity-name',
      'alice',
    ])
    const { version, config } = await reader.json(path)
    expect(version).to.equal(1)
    expect(config).to.have.all.keys('SCRAM-SHA-256')
    expect((config as Record<string, string>)['SCRAM-SHA-256']).to.match(
      /^salt=[\w+/=]+,stored_key=[\w+/=]+,server_key=[\w+/=]+,iterations=4096$/,
    )
  })

  it('delete a topic without a trace', async () => {
    await admin.deleteTopics({ topics: ['shipments'] })
    await reader.untilChildren(
      `${chroot}/brokers/topics`,
      'without shipments',
      (names) => !names.includes('shipments'),
      60_000,
    )
    await reader.untilChildren(
      `${chroot}/admin/delete_topics`,
      'empty',
      (names) => names.length === 0,
      60_000,
    )
    expect(await reader.read(`${chroot}/config/topics/shipments`)).to.equal(undefined)
    await eventually(
      'shipments absent from the metadata',
      async () => {
        const known = await admin.listTopics()
        return known.includes('orders') && !known.includes('shipments')
      },
      30_000,
    )
    await cluster.createTopics(['shipments'], 1)
    const [offsets] = await admin.fetchTopicOffsets('shipments')
    expect(offsets).to.include({ low: '0', high: '0' })
  })
})

/** Kafka's own kafka-configs; kafkajs cannot alter SCRAM credentials. */
async function kafkaConfigs(bootstrapServer: string, args: readonly string[]): Promise<void> {
  const folder = temporaryFolder('kafka-configs')
  const child = spawnJava({
    name: 'kafka-configs',
    classPath: [`${kafkaLibs('3.9')}/*`],
    mainClass: 'kafka.admin.ConfigCommand',
    args: ['--bootstrap-server', bootstrapServer, ...args],
    heapMb: 128,
    folder,
  })
  try {
    const { code } = await within('kafka-configs ended', 60_000, child.exited)
    expect(code, child.output).to.equal(0)
  } finally {
    await child.kill()
    removeFolder(folder)
  }
}
