/** Three brokers on two proxies, while one or the other is killed or restarted. */
import { expect } from 'chai'
import { requireOrSkip } from '../support/requirements.ts'
import {
  chroot,
  controller,
  KafkaCluster,
  type Registration,
  registrations,
  type Served,
  sessionsAt,
  sessionsAttached,
} from './kafka-cluster.ts'
import { SteadyProducer } from './steady-producer.ts'

const partitionCount = 6

describe('three Kafka 3.9 brokers when something dies', function () {
  this.timeout(180_000)
  let cluster: KafkaCluster
  let producer: SteadyProducer | undefined

  before(async function () {
    requireOrSkip(this, 'etcd', 'kafka-3.9')
    cluster = await KafkaCluster.start({
      proxies: 2,
      brokers: 3,
      broker: {
        version: '3.9',
        // Short: it is how long a killed broker keeps its partitions from having a leader.
        zookeeperSessionTimeoutMs: 6000,
        internalReplicationFactor: 3,
        minInsyncReplicas: 2,
      },
    })
  })

  afterEach(async function () {
    if (this.currentTest?.state === 'failed') cluster.showOutput()
    await producer?.stop()
    producer = undefined
  })

  after(async () => {
    await cluster?.stop()
  })

  /** On a topic of its own, with a leader on each broker; resolves when messages flow. */
  async function startProducing(topic: string): Promise<SteadyProducer> {
    await cluster.createTopics([topic], partitionCount)
    producer = await SteadyProducer.start(cluster, topic, partitionCount)
    await producer.goesOn()
    return producer
  }

  it('another broker becomes controller when the controller is killed', async () => {
    const topic = 'controller-killed'
    const steady = await startProducing(topic)
    const reader = await cluster.reader()
    const before = await controller(reader)
    const held = await registrations(reader)
    const partitions = Array.from({ length: partitionCount }, (_, index) => index)
    const state = (partition: number): string =>
      `${chroot}/brokers/topics/${topic}/partitions/${partition}/state`
    const leaders = async (): Promise<unknown[]> => {
      const states = await Promise.all(partitions.map((partition) => reader.json(state(partition))))
      return states.map(({ leader }) => leader)
    }
    expect(await leaders(), 'leaders before').to.include(before.brokerId)

    await cluster.broker(before.brokerId).kill()

    await reader.until(
      `${chroot}/controller`,
      `another broker than ${before.brokerId}`,
      (found) => found !== undefined && JSON.parse(found.text).brokerid !== before.brokerId,
      60_000,
    )
    await reader.until(
      `${chroot}/controller_epoch`,
      `above ${before.epoch}`,
      (found) => Number(found?.text) > before.epoch,
      60_000,
    )
    const survivors = [1, 2, 3].filter((id) => id !== before.brokerId)
    for (const partition of partitions) {
      await reader.until(
        state(partition),
        `a leader among ${survivors}`,
        (found) => survivors.includes(JSON.parse(found?.text ?? '{}').leader),
        60_000,
      )
    }
    const after = await controller(reader)
    expect(after.brokerId).to.be.oneOf(survivors)
    expect(after.epoch).to.equal(before.epoch + 1)
    const left = await registrations(reader)
    expect(Object.keys(left).map(Number)).to.deep.equal(survivors)
    for (const id of survivors) expect(left[id], `broker ${id}`).to.deep.equal(held[id])
    await steady.goesOn()

    await cluster.broker(before.brokerId).start()

    const again = await registrations(reader)
    expect(Object.keys(again)).to.deep.equal(['1', '2', '3'])
    expect(again[before.brokerId]?.session).to.not.equal(held[before.brokerId]?.session)
    await cluster.fullyReplicated([topic])
    expect(await controller(reader)).to.deep.equal(after)
    await steady.goesOn()
    await steady.stop()
    await steady.expectNothingLost(cluster, { exactly: false })
  })

  it('no broker loses its session when a proxy is killed', async () => {
    const steady = await startProducing('proxy-killed')
    const held = await registrations(await cluster.reader())
    expect(Object.keys(held)).to.deep.equal(['1', '2', '3'])
    const [killed, survivor] = await busiestFirst(cluster.proxies, held)
    expect(await brokersAt(killed, held), 'brokers there').to.not.have.length(0)
    const reader = await cluster.reader(survivor)
    const elected = await controller(reader)

    await killed.kill()

    await sessionsAttached([survivor], held)
    await steady.goesOn()
    expect(await registrations(reader)).to.deep.equal(held)
    expect(await controller(reader)).to.deep.equal(elected)
    // A change that the controller hears of by a watch, and writes back: the sessions are at work.
    await cluster.createTopics(['made-on-one-proxy'])

    await killed.start()

    const back = await cluster.reader(killed)
    expect(await registrations(back)).to.deep.equal(held)
    await steady.goesOn()
    expect(await registrations(reader)).to.deep.equal(held)
    await steady.stop()
    await steady.expectNothingLost(cluster, { exactly: true })
  })

  it('no broker loses its session when both proxies are restarted in turn', async () => {
    const steady = await startProducing('proxies-restarted')
    const first = await cluster.reader()
    const elected = await controller(first)
    const held = await registrations(first)
    expect(Object.keys(held)).to.deep.equal(['1', '2', '3'])
    let moved = 0

    for (const [index, proxy] of cluster.proxies.entries()) {
      const other = cluster.proxies[1 - index]!
      moved += (await brokersAt(proxy, held)).length
      await proxy.stop()
      await sessionsAttached([other], held)
      const reader = await cluster.reader(other)
      expect(await registrations(reader)).to.deep.equal(held)
      expect(await controller(reader)).to.deep.equal(elected)
      await proxy.start()
      await steady.goesOn()
    }

    expect(moved, 'brokers that had to move').to.be.at.least(3)
    const reader = await cluster.reader()
    expect(await registrations(reader)).to.deep.equal(held)
    expect(await controller(reader)).to.deep.equal(elected)
    await cluster.createTopics(['made-on-new-proxies'])
    await steady.stop()
    await steady.expectNothingLost(cluster, { exactly: true })
  })
})

/** Ids of the brokers connected to this proxy. */
async function brokersAt(proxy: Served, held: Record<string, Registration>): Promise<string[]> {
  const here = await sessionsAt(proxy)
  return Object.keys(held).filter((id) => here.has(held[id]!.session))
}

/** Of the two proxies, first the one with more brokers. */
async function busiestFirst(
  [one, two]: readonly Served[],
  held: Record<string, Registration>,
): Promise<[Served, Served]> {
  const [here, there] = await Promise.all([brokersAt(one!, held), brokersAt(two!, held)])
  return here.length >= there.length ? [one!, two!] : [two!, one!]
}
