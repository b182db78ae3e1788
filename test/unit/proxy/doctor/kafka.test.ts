/** Which state and which traps the doctor sees in a Kafka cluster's tree. On real clusters: test/kafka/kraft.test.ts. */
import { expect } from 'chai'
import { parseConnections } from '../../../../proxy/doctor/kafka/connections.ts'
import { readFacts } from '../../../../proxy/doctor/kafka/read.ts'
import {
  examineKafka,
  type KafkaExamination,
  type KafkaReport,
} from '../../../../proxy/doctor/kafka/report.ts'
import { stateOf } from '../../../../proxy/doctor/kafka/state.ts'
import { findingsOf } from '../../../../proxy/doctor/kafka/traps.ts'
import { DoctorError } from '../../../../proxy/doctor/source.ts'
import { CLUSTER_ID, PlantedKafka } from './planted-kafka.ts'

const words = ({ state, findings }: KafkaReport): string =>
  [state, ...findings.map(({ kind, code }) => `${kind} ${code}`)].join(', ')

async function seen(kafka: PlantedKafka, options: KafkaExamination = {}): Promise<string> {
  return words(await examineKafka(kafka, options))
}

async function refused(kafka: PlantedKafka, options: KafkaExamination = {}): Promise<string> {
  const error = await examineKafka(kafka, options).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).to.be.instanceOf(DoctorError)
  return (error as DoctorError).message
}

describe('doctor kafka', () => {
  describe('states', () => {
    it('ZooKeeper mode', async () => {
      const report = await examineKafka(PlantedKafka.healthy())
      expect(words(report)).to.equal('zookeeper')
      expect(report.summary).to.include('broker 1 (controller epoch 4) is the controller')
      expect(report.next.join()).to.include(`--cluster-id=${CLUSTER_ID}`)
      expect(report).to.deep.include({
        ...{ clusterId: CLUSTER_ID, controllerEpoch: 4, kraftEpoch: -1, migrationOffset: null },
        ...{ registered: [1, 2, 3], unregistered: [] },
      })
    })
    it('a KRaft controller that waits for the brokers', async () => {
      expect(await seen(PlantedKafka.healthy().migration())).to.equal('waiting-for-brokers')
    })
    it('the copy', async () => {
      const kafka = PlantedKafka.claimed(-1)
      expect(await seen(kafka)).to.equal('copying')
      kafka.isWritten = false
      expect(await seen(kafka)).to.equal('copying, note copy-quiet')
    })
    it('dual write, brokers that move, and brokers that have moved', async () => {
      const kafka = PlantedKafka.claimed(30)
      expect(await seen(kafka)).to.equal('dual-write')
      expect(kafka.waitedMs, 'it looks no longer than it must').to.equal(250)
      kafka.remove('/brokers/ids/2')
      const report = await examineKafka(kafka)
      expect(words(report)).to.equal('brokers-moving')
      expect(report.summary).to.include('brokers 1 and 3 are still in ZooKeeper mode; broker 2')
      kafka.remove('/brokers/ids/1').remove('/brokers/ids/3')
      expect(await seen(kafka)).to.equal('brokers-moved')
    })
    it('finalised, or nobody there', async () => {
      const kafka = PlantedKafka.claimed(30).remove('/brokers/ids').put('/brokers/ids', null)
      kafka.isWritten = false
      kafka.put('/controller_epoch', '1')
      expect(await seen(kafka)).to.equal('finalised')
      expect(kafka.waitedMs).to.equal(5_000)
    })
    it('no controller, with brokers and without', async () => {
      const kafka = PlantedKafka.healthy().remove('/controller')
      expect(await seen(kafka)).to.equal('no-controller, trap no-controller')
      kafka.remove('/brokers/ids').put('/brokers/ids', null)
      expect(await seen(kafka)).to.equal('no-controller, trap no-controller')
      expect((await examineKafka(kafka)).findings[0]?.text).to.include('the brokers are down')
    })
  })

  describe('traps', () => {
    it('a /migration that is left after a revert', async () => {
      const kafka = PlantedKafka.healthy().migration({ kraft_metadata_offset: 30 })
      expect(await seen(kafka)).to.equal('reverted, trap stale-migration')
      kafka.remove('/controller')
      expect(await seen(kafka)).to.equal('reverting, trap stale-migration')
      kafka.isWritten = true
      expect(await seen(kafka)).to.equal('reverting, trap stale-migration, trap still-written')
    })
    it('a controller that is gone, with brokers that wait for it', async () => {
      const kafka = PlantedKafka.claimed(30)
      kafka.isWritten = false
      expect(await seen(kafka)).to.equal('silent, trap stale-controller')
    })
    it('a KRaft controller without /migration', async () => {
      const kafka = PlantedKafka.claimed(30).remove('/migration')
      expect(await seen(kafka)).to.equal('unclear, trap migration-missing')
    })
    it('a controller of ZooKeeper mode that is no ephemeral', async () => {
      const kafka = PlantedKafka.healthy().controller({ brokerid: 1 }, 0n)
      expect(await seen(kafka)).to.equal('unclear, trap lasting-controller')
    })
    it('brokers that are not registered, before a migration and while it waits', async () => {
      const kafka = PlantedKafka.healthy().remove('/brokers/ids/3')
      expect(await seen(kafka)).to.equal('zookeeper, trap unregistered-brokers')
      kafka.migration()
      expect(await seen(kafka)).to.equal('waiting-for-brokers, trap unregistered-brokers')
      expect((await examineKafka(kafka)).findings[0]?.text).to.match(/^Broker 3 is .* 2 replicas/)
    })
    it('a broker of an old protocol', async () => {
      expect(await seen(PlantedKafka.healthy().register(2, 4))).to.equal(
        'zookeeper, trap old-protocol',
      )
    })
    it('a KRaft epoch above the controller epoch', async () => {
      const kafka = PlantedKafka.claimed(30).put('/controller_epoch', '1')
      expect(await seen(kafka)).to.equal('dual-write, note epoch-behind')
      const reverted = PlantedKafka.healthy().topic('zoo', { 0: [1] }, 9)
      expect(await seen(reverted)).to.equal('zookeeper, trap epoch-behind')
      expect(await seen(reverted, { partitionsMax: 1 })).to.equal(
        'zookeeper, note partitions-unread',
      )
    })
    it('a controller epoch that is not there', async () => {
      const kafka = PlantedKafka.healthy().remove('/controller_epoch')
      expect(await seen(kafka)).to.equal('zookeeper, trap no-epoch')
    })
    it('a cluster id that is missing, of another form, another one, or there twice', async () => {
      const kafka = PlantedKafka.healthy().remove('/cluster/id')
      expect(await seen(kafka)).to.equal('zookeeper, trap cluster-id-missing')
      kafka.put('/cluster/id', { version: '1', id: 'my cluster' })
      expect(await seen(kafka)).to.equal('zookeeper, trap cluster-id-form')
      kafka.put('/cluster/id', { version: '1', id: CLUSTER_ID })
      expect(await seen(kafka, { clusterId: CLUSTER_ID })).to.equal('zookeeper')
      expect(await seen(kafka, { clusterId: 'other' })).to.equal('zookeeper, trap cluster-id-other')
      kafka.put('/copy/cluster/id', { version: '1', id: CLUSTER_ID })
      expect(await seen(kafka)).to.equal('zookeeper, trap cluster-id-twice')
    })
    it('a controller with the id of a broker', async () => {
      const kafka = PlantedKafka.claimed(30).controller(
        { brokerid: 2, kraftControllerEpoch: 2 },
        0n,
      )
      expect(await seen(kafka)).to.equal('dual-write, trap id-clash')
    })
    it('sessions that are silent, or connected to no server of the URL', async () => {
      const facts = await readFacts(PlantedKafka.healthy(), {
        ...{ chroot: '', watchMs: 1, partitionsMax: 1_000 },
      })
      const found = (isComplete: boolean, silentMs: number): string[] => {
        const bySession = new Map([101n, 102n].map((id) => [id, { timeoutMs: 9_000, silentMs }]))
        const connections = { bySession, isComplete }
        const examined = { facts, state: stateOf(facts), clusterId: undefined, connections }
        return findingsOf(examined).map(({ code, text }) => `${code}: ${text.split(' for ')[0]}`)
      }
      expect(found(false, 6_000)).to.deep.equal([])
      expect(found(false, 6_001)).to.deep.equal(['session-silent: Brokers 1 and 2 are silent'])
      expect(found(true, 0)).to.have.length(1)
      expect(found(true, 0)[0]).to.include('session-elsewhere: Broker 3 is registered by 0x67')
    })
    it('passwords, ACLs and unfinished work', async () => {
      const kafka = PlantedKafka.healthy()
        .put('/config/brokers/1', { version: 1, config: { 'ssl.key.password': 'x' } })
        .put('/kafka-acl/Topic/orders', { version: 1, acls: [] })
        .put('/admin/delete_topics/gone', null)
        .put('/admin/reassign_partitions', { version: 1, partitions: [] })
      expect(await seen(kafka)).to.equal(
        'zookeeper, note password-encoder, note acls, note unfinished',
      )
    })
  })

  describe('bad input', () => {
    const garbage: [name: string, bytes: Uint8Array][] = [
      ['binary', Buffer.from([0, 255, 27, 91, 50, 74, 10])],
      ['nothing', Buffer.alloc(0)],
      ['a list', Buffer.from('[1]')],
      ['null', Buffer.from('null')],
      ['an unknown version', Buffer.from('{"version":99,"brokerid":1}')],
      ['no version', Buffer.from('{"brokerid":1}')],
      ['fields of other types', Buffer.from('{"version":{},"brokerid":"one"}')],
    ]
    const places = [
      ...['/controller', '/controller_epoch', '/migration', '/cluster/id', '/brokers/ids/2'],
      ...['/brokers/topics/orders', '/brokers/topics/orders/partitions/0/state'],
    ]
    for (const [name, bytes] of garbage) {
      it(`${name} in any znode is a trap, with the znode’s name and nothing unprintable`, async () => {
        for (const place of [...places, '/config/brokers/1']) {
          const kafka = PlantedKafka.healthy().migration().putBytes(place, bytes)
          const report = await examineKafka(kafka)
          const found = report.findings.find(({ code }) => code === 'not-understood')
          expect(found?.text, place).to.include(place)
          expect(found?.text, place).to.match(/^[\x20-\x7e·…]+$/)
        }
      })
    }
    it('a registration that is no number', async () => {
      const kafka = PlantedKafka.healthy().put('/brokers/ids/x\u001b[2J', null)
      const { findings } = await examineKafka(kafka)
      expect(findings[0]?.text).to.match(/^[\x20-\x7e·]+$/)
      expect(findings[0]?.text).to.include('is not the id of a broker')
    })
    it('a partition whose name would lead elsewhere, and an id that a terminal would obey', async () => {
      const kafka = PlantedKafka.healthy()
        .put('/brokers/topics/odd', { version: 3, partitions: { '../../x': [1] } })
        .put('/cluster/id', { version: '1', id: '\u001b[2J' })
      const { findings, clusterId } = await examineKafka(kafka)
      expect(findings.map(({ code }) => code)).to.deep.equal(['not-understood'])
      expect(findings[0]?.text).to.include('/brokers/topics/odd has a partition')
      expect(clusterId).to.equal(null)
    })
    it('many broken znodes are counted, not listed', async () => {
      const kafka = PlantedKafka.healthy()
      for (let i = 0; i < 50; i++) kafka.put(`/brokers/topics/t${i}`, 'x')
      const { findings } = await examineKafka(kafka)
      expect(findings[0]?.text).to.include('And 40 more like these')
    })
    it('a tree that is not Kafka’s, and where a cluster is', async () => {
      expect(await refused(new PlantedKafka().put('/app', 'x'))).to.equal(
        'the root of this tree is not the root of a Kafka cluster: it has neither /brokers/ids nor /controller_epoch',
      )
      const nested = new PlantedKafka().put('/kafka/brokers/ids', null)
      expect(await refused(nested)).to.match(/a cluster is below \/kafka: give its chroot$/)
      expect(await refused(nested, { chroot: '/none' })).to.match(/^there is no znode \/none/)
    })
    it('no right to read: what matters ends it, the rest is a note', async () => {
      const kafka = PlantedKafka.healthy()
      kafka.forbidden.add('/config/brokers')
      expect(await seen(kafka)).to.equal('zookeeper, note forbidden')
      kafka.forbidden.add('/controller')
      expect(await refused(kafka)).to.include('may not read /controller')
    })
  })

  it('cons: sessions, and how long each is silent by the clock of the server', () => {
    const text = [
      ' /1.2.3.4:5[1](queued=0,recved=1,sent=1,sid=0x65,lop=PING,est=1,to=18000,lcxid=0x1,lzxid=0x1,lresp=1000,llat=0)',
      ' /1.2.3.4:6[1](queued=0,recved=1,sent=1,sid=0xffffffffffffffff,lop=PING,est=1,to=6000,lcxid=0x1,lzxid=0x1,lresp=15000,llat=0)',
      ' /1.2.3.4:7[0](queued=0,recved=1,sent=0)',
    ].join('\n')
    expect([...parseConnections(text)]).to.deep.equal([
      [0x65n, { timeoutMs: 18_000, silentMs: 14_000 }],
      [-1n, { timeoutMs: 6_000, silentMs: 0 }],
    ])
  })
})
