/**
 * A Kafka broker at a proxy that serves while ZooKeeper leads, with the commands as an operator gives them: the take-over changes
 * nothing that the broker or its producer could notice.
 */
import { expect } from 'chai'
import kafkajs from 'kafkajs'
import { openStore } from '../../adapters/index.ts'
import { connect, type MetadataStore } from '../../lib/index.ts'
import { migrationStatus } from '../../lib/internal.ts'
import { type AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { type Child, spawnChild } from '../support/child.ts'
import { type EtcdServer, startEtcd } from '../support/etcd-server.ts'
import { eventually } from '../support/eventually.ts'
import { type KafkaBroker, startKafkaBrokers } from '../support/kafka-broker.ts'
import { etcdProgram, requireOrSkip } from '../support/requirements.ts'
import { anykeeperProgram, runAnykeeper } from '../support/run-anykeeper.ts'
import { startZookeeperLeader, type ZookeeperServer } from '../support/zookeeper-server.ts'

const LATE_MS = 60_000
const SESSION_MS = 20_000

describe('migrate: a Kafka broker at a proxy while ZooKeeper leads', function () {
  this.timeout(240_000)
  let etcd: EtcdServer
  let url: string
  let store: MetadataStore
  let zookeeper: ZookeeperServer
  let follower: Child
  let proxy: AnykeeperProcess
  let broker: KafkaBroker

  before(async function () {
    requireOrSkip(this, 'etcd', 'zookeeper-3.9', 'kafka-3.9')
    etcd = await startEtcd({ binary: etcdProgram() })
    url = `etcd://${etcd.host}`
    store = await openStore(url)
    const { server, quorumPort } = await startZookeeperLeader({ version: '3.9' })
    zookeeper = server
    const source = ['--source', server.connectString, '--quorum', `127.0.0.1:${quorumPort}`]
    follower = spawnChild({
      name: 'follow',
      command: process.execPath,
      args: [...anykeeperProgram, 'migrate', 'follow', ...source, '--store', url],
    })
    const isFollowed = async () => ((await migrationStatus({ store })).record?.zxid ?? 0) > 0
    await eventually('the ensemble followed', isFollowed, LATE_MS)
    const args = ['--serve-while-following']
    proxy = await startAnykeeper({ store: url, from: 'sources', maxSessionTimeoutMs: 40_000, args })
    const serves = async () => /^Mode: observer$/m.test(await proxy.fourLetterWord('srvr'))
    await eventually('a proxy that serves', serves, LATE_MS)
    const [started] = await startKafkaBrokers(1, {
      ...{ version: '3.9', zookeeperConnect: proxy.connectString },
      zookeeperSessionTimeoutMs: SESSION_MS,
    })
    broker = started!
  })
  after(async () => {
    await broker?.dispose()
    await proxy?.stop()
    await follower?.kill()
    await zookeeper?.stop()
    await store?.close()
    await etcd?.stop()
  })

  it('keeps its session and its epoch, and no message fails', async () => {
    const kafka = new kafkajs.Kafka({
      brokers: [broker.address],
      logLevel: kafkajs.logLevel.NOTHING,
    })
    const admin = kafka.admin()
    await admin.connect()
    const createTopic = (topic: string) => admin.createTopics({ topics: [{ topic }] })
    // A broker says that it serves some moments before it knows its controller.
    await eventually('a topic', () => createTopic('before').then(() => true), LATE_MS)
    const states: string[] = []
    const client = await connect(`zk://${proxy.connectString}`, {
      timeoutMs: SESSION_MS,
      onState: (state) => states.push(state),
    })
    const registered = async () => {
      const stat = await client.exists('/brokers/ids/1')
      return { czxid: stat?.czxid, owner: stat?.ephemeralOwner }
    }
    const held = await registered()
    expect(held.owner).to.not.equal(undefined)
    states.length = 0
    const producer = kafka.producer({ retry: { retries: 0 } })
    await producer.connect()
    let sent = 0
    let isWanted = true
    const producing = (async () => {
      while (isWanted) {
        await producer.send({ topic: 'before', acks: -1, messages: [{ value: `${sent}` }] })
        sent++
      }
    })()
    producing.catch(() => {})
    const sentMore = async () => {
      const goal = sent + 200
      await eventually('200 more messages', () => sent >= goal, LATE_MS)
    }
    await sentMore()

    const taken = await runAnykeeper(['migrate', 'take-over', '--store', url])
    expect(taken.stderr).to.match(/taken over: \d+ znodes, 2 sessions/)
    expect((await follower.exited).code).to.equal(0)
    await zookeeper.end()
    await sentMore()
    await createTopic('after')
    isWanted = false
    await producing
    expect(await registered()).to.deep.equal(held)
    expect(states).to.deep.equal([])
    const mntr = await proxy.fourLetterWord('mntr')
    expect(mntr).to.match(/^zk_server_state\tstandalone$/m)
    expect(mntr).to.match(/^zk_anykeeper_forwarding\t0$/m)
    expect(mntr).to.match(/^zk_anykeeper_forwarded_lost\t0$/m)
    await producer.disconnect()
    await admin.disconnect()
    await client.close()
  })
})
