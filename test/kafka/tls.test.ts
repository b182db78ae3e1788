/**
 * A Kafka 3.9 broker whose only way to its metadata is TLS with its own certificate, over the secure port or the one for
 * both; its znodes are closed to everybody else.
 */
import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import kafkajs from 'kafkajs'
import type { Certificate } from '../support/certificates.ts'
import { eventually } from '../support/eventually.ts'
import { freePort } from '../support/free-port.ts'
import { KafkaBroker } from '../support/kafka-broker.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { PASSWORD, type SecureServed, serveSecurely, TlsFixtures } from '../support/tls-bed.ts'
import { WireBench } from '../support/wire-bench.ts'

const BROKER = 'CN=broker-1,OU=Kafka,O=Test'
const MESSAGES = 200

describe('a Kafka 3.9 broker over TLS', function () {
  this.timeout(180_000)
  const bench = new WireBench()
  let made: TlsFixtures
  let served: SecureServed
  let broker: KafkaBroker | undefined
  let certificate: Certificate
  let config: Record<string, string>

  before(async function () {
    requireOrSkip(this, 'kafka-3.9', 'openssl')
    made = new TlsFixtures()
    certificate = made.trusted.issue('broker', {
      subject: '/O=Test/OU=Kafka/CN=broker-1',
      key: 'rsa',
    })
    config = secureConfig()
    served = await serveSecurely(bench, { files: made.files, onPlainPort: true, port: 0 })
  })
  after(async () => {
    await broker?.dispose()
    await bench.close()
    made?.remove()
  })

  const secureConfig = (): Record<string, string> => ({
    'zookeeper.ssl.client.enable': 'true',
    'zookeeper.clientCnxnSocket': 'org.apache.zookeeper.ClientCnxnSocketNetty',
    'zookeeper.ssl.keystore.location': made.trusted.keyStore(certificate, 'broker.p12', PASSWORD),
    'zookeeper.ssl.keystore.password': PASSWORD,
    'zookeeper.ssl.keystore.type': 'PKCS12',
    'zookeeper.ssl.truststore.location': made.trusted.trustStore('kafka.p12', PASSWORD),
    'zookeeper.ssl.truststore.password': PASSWORD,
    'zookeeper.ssl.truststore.type': 'PKCS12',
    'zookeeper.set.acl': 'true',
  })

  it('registers, and its znodes belong to its certificate alone', async () => {
    broker = new KafkaBroker(await freePort(), {
      version: '3.9',
      brokerId: 1,
      zookeeperConnect: `localhost:${served.securePort}`,
      config,
    })
    await broker.start()
    const plain = await bench.connect({ port: served.port })
    const { record } = await plain.getAcl('/brokers/ids/1')
    expect(record.acl).to.deep.include({ perms: 31, scheme: 'x509', id: BROKER })
    expect((await plain.delete('/brokers/ids/1')).err).to.equal(-102)
    expect((await plain.getData('/config/users')).err).to.equal(-102)
  })

  it('keeps messages while the certificates of the secure port change', async () => {
    const kafka = new kafkajs.Kafka({
      brokers: [(broker as KafkaBroker).address],
      logLevel: kafkajs.logLevel.NOTHING,
    })
    const admin = kafka.admin()
    await admin.connect()
    await admin.createTopics({
      topics: [{ topic: 'secure', numPartitions: 3 }],
      waitForLeaders: true,
    })
    const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner })
    await producer.connect()
    const messages = Array.from({ length: MESSAGES }, (_, at) => ({ key: `${at}`, value: `${at}` }))
    await producer.send({ topic: 'secure', messages })
    const sessions = [...served.proxy.connections].length
    made.trusted.issue('server')
    await served.logged('certificates reloaded')
    expect([...served.proxy.connections].length).to.equal(sessions)
    const consumer = kafka.consumer({ groupId: randomUUID() })
    const values = new Set<string>()
    await consumer.connect()
    await consumer.subscribe({ topic: 'secure', fromBeginning: true })
    await consumer.run({
      eachMessage: async ({ message }) => void values.add(String(message.value)),
    })
    await eventually('all messages', () => values.size === MESSAGES, 60_000)
    await Promise.all([consumer.disconnect(), producer.disconnect(), admin.disconnect()])
  })

  it('comes back over the port for both, with the same identity', async () => {
    await broker?.shutDown()
    broker = new KafkaBroker(await freePort(), {
      version: '3.9',
      brokerId: 1,
      zookeeperConnect: `localhost:${served.port}`,
      config,
    })
    await broker.start()
    const client = await bench.connect(
      { port: served.port },
      { tls: made.clientOptions(certificate) },
    )
    expect((await client.getData('/config/users')).err).to.equal(0)
  })
})
