/**
 * LeaderSelector, GroupMember, counters and queues beside kazoo's, in both directions: kazoo through a proxy, the library
 * as a member of its own on the same etcd. Script: kazoo/shared_groups.py.
 */
import { expect } from 'chai'
import { openEtcdStore } from '../../adapters/etcd/etcd-store.ts'
import {
  AtomicCounter,
  connect,
  GroupMember,
  type Held,
  Keeper,
  LeaderSelector,
  LockingQueue,
  type MetadataStore,
  PriorityQueue,
  SharedCount,
  type ZooKeeper,
} from '../../lib/index.ts'
import { eventually } from '../support/eventually.ts'
import { PythonScript } from './python-script.ts'
import { useTwoProxies } from './two-proxies.ts'

const ROUNDS = 20
const WAIT_MS = 30_000

const textOf = ({ data }: { readonly data: Uint8Array | null }): string =>
  Buffer.from(data ?? []).toString()

describe('groups, counters and queues with kazoo’s', () => {
  const servers = useTwoProxies({ needs: ['kazoo'] })
  let store: MetadataStore
  let keeper: Keeper
  let client: ZooKeeper
  let room: string

  beforeEach(async () => {
    store = await openEtcdStore({ hosts: [servers.etcd.host] })
    keeper = await Keeper.open({ store })
    client = await connect(keeper, { timeoutMs: 10_000 })
    room = servers.room()
    await client.create(room, null)
  })
  afterEach(async () => {
    await client.close()
    await keeper.close()
    await store.close()
  })

  function start(kind: string): PythonScript {
    const { a, b } = servers
    const script = new PythonScript('shared_groups.py', [
      a.connectString,
      b.connectString,
      room,
      kind,
    ])
    servers.atEnd(() => script.kill())
    return script
  }

  it('LeaderSelector: Election, and layout kazoo', async () => {
    const leaderships: Held[] = []
    let end: () => void = () => {}
    let begin: () => void = () => {}
    let begun = new Promise<void>((resolve) => {
      begin = resolve
    })
    const selector = new LeaderSelector(client, `${room}/line`, {
      layout: 'kazoo',
      id: 'ours',
      autoRequeue: true,
      async takeLeadership(leadership) {
        leaderships.push(leadership)
        begin()
        await new Promise<void>((resolve) => {
          end = resolve
          leadership.signal.addEventListener('abort', () => resolve())
        })
      },
    })
    await selector.start()
    await begun
    const script = start('election')
    const line = `${room}/line`
    const waiting = (): Promise<boolean> =>
      eventually(
        'two in line',
        async () => (await client.getChildren(line)).children.length === 2,
        WAIT_MS,
      )
    await waiting()
    for (let round = 0; round < 2; round++) {
      begun = new Promise((resolve) => {
        begin = resolve
      })
      end()
      expect((await script.next()).what).to.equal('leading')
      await waiting()
      expect([selector.isLeader, await selector.leader()]).to.deep.equal([false, 'kazoo'])
      script.goAhead()
      await begun
      expect([selector.isLeader, await selector.leader()]).to.deep.equal([true, 'ours'])
      if (round === 0) await waiting()
    }
    expect((await script.rest()).map(({ what }) => what)).to.deep.equal(['done'])
    const tokens = leaderships.map(({ token }) => token)
    expect(tokens).to.deep.equal(tokens.toSorted((x, y) => x - y))
    await selector.close()
    expect((await client.getChildren(line)).children).to.deep.equal([])
  })

  it('GroupMember: Party, ShallowParty, and their layouts', async () => {
    const members = [
      new GroupMember(client, `${room}/party`, 'ours', { layout: 'kazoo' }),
      new GroupMember(client, `${room}/shallow`, 'ours', { layout: 'kazoo-shallow' }),
    ]
    for (const member of members) await member.start()
    const script = start('party')
    const both = ['kazoo', 'ours']
    expect(await script.next()).to.deep.equal({ what: 'joined', members: [both, both] })
    await client.sync()
    for (const member of members) {
      expect([...(await member.members()).keys()].sort()).to.deep.equal(both)
      await member.close()
    }
    script.goAhead()
    expect(await script.next()).to.deep.equal({ what: 'after', members: [['kazoo'], ['kazoo']] })
    expect((await script.next()).what).to.equal('left')
    await script.rest()
    await client.sync()
    for (const member of members) expect((await member.members()).size).to.equal(0)
  })

  it('AtomicCounter and SharedCount: Counter of both kinds, at the same time', async () => {
    const ints = new AtomicCounter(client, `${room}/int`, { layout: 'kazoo', attemptsMax: 1_000 })
    const floats = new AtomicCounter(client, `${room}/float`, { layout: 'kazoo-float' })
    const curators = new AtomicCounter(client, `${room}/curator`, { layout: 'curator-int' })
    const script = start('counter')
    await script.next()
    script.goAhead()
    for (let round = 0; round < ROUNDS; round++) {
      await ints.add(1)
      await floats.add(0.25)
      await curators.add(-1)
    }
    script.goAhead()
    const values = { int: 3 * ROUNDS, float: 0.75 * ROUNDS, curator: 2 * ROUNDS }
    expect(await script.next()).to.deep.equal({ what: 'values', values })
    await script.rest()
    await client.sync()
    expect(await new SharedCount(client, `${room}/curator`).get()).to.equal(values.curator)
    expect([await ints.get(), await floats.get()]).to.deep.equal([values.int, values.float])
  })

  it('PriorityQueue: Queue', async () => {
    const script = start('queue')
    await script.next()
    await client.sync()
    const queue = new PriorityQueue(client, `${room}/queue`)
    await queue.put(Buffer.from('ours'), { priority: 50 })
    const taken = [await queue.take({ timeoutMs: WAIT_MS }), await queue.take()]
    expect(taken.map(textOf)).to.deep.equal(['kazoo 3', 'ours'])
    await queue.put(Buffer.from('ours 2'), { priority: 99 })
    expect(textOf(await queue.take())).to.equal('ours 2')
    script.goAhead()
    const got = ['kazoo 1', 'kazoo 2', 'kazoo 4']
    expect(await script.next()).to.deep.equal({ what: 'got', got, empty: true })
    await script.rest()
  })

  it('LockingQueue: LockingQueue', async () => {
    const script = start('locking')
    await script.next()
    await client.sync()
    const queue = new LockingQueue(client, `${room}/locking`)
    const claimed = await queue.take({ timeoutMs: WAIT_MS })
    expect(textOf(claimed)).to.equal('kazoo 0')
    script.goAhead()
    expect(await script.next()).to.deep.equal({ what: 'got', got: 'kazoo 1', holds: true })
    await claimed.release()
    await queue.put(Buffer.from('ours'))
    const again = await queue.take({ timeoutMs: WAIT_MS })
    expect(textOf(again)).to.equal('kazoo 0')
    await again.consume()
    script.goAhead()
    expect(await script.next()).to.deep.equal({ what: 'consumed', consumed: true })
    expect(await script.next()).to.deep.equal({ what: 'got', got: 'ours', holds: true })
    expect(await script.next()).to.deep.equal({ what: 'consumed', consumed: true, left: 0 })
    expect((await script.next()).what).to.equal('claimed')
    const next = queue.take({ timeoutMs: WAIT_MS })
    script.goAhead()
    await script.rest()
    expect(textOf(await next)).to.equal('kazoo 2')
    await (await next).consume()
    expect(await queue.size()).to.equal(0)
  })
})
