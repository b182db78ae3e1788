/** Group commit on a store that fails: nothing lost, nothing doubled, nothing acknowledged early. */
import { expect } from 'chai'
import { connect, createOp, Layout, ZnodeError, type ZooKeeper } from '../../lib/internal.ts'
import { type KeeperBench, keeperBench } from '../support/keepers.ts'
import { pictureOf } from '../support/tree-picture.ts'

describe('group commit', () => {
  let bench: KeeperBench
  beforeEach(() => {
    bench = keeperBench()
  })
  afterEach(() => bench.close())

  it('applies a write whose reply was lost exactly once', async () => {
    const { keeper, store } = await bench.open()
    const client = await connect(keeper)
    await client.create('/a')
    store.faults.push('after', 'after')
    const stat = await client.setData('/a', Buffer.from('1'))
    expect(stat.version).to.equal(1)
    expect((await client.getData('/a')).stat.version).to.equal(1)
    expect(keeper.committer.counters.unknownOutcomes).to.be.greaterThan(0)
  })

  it('applies a write whose request was lost exactly once', async () => {
    const { keeper, store } = await bench.open()
    const client = await connect(keeper)
    store.faults.push('before', 'refused', 'before')
    const made = await client.create('/s-', null, { mode: 'persistent-sequential' })
    expect(made.path).to.equal('/s-0000000000')
    const next = await client.create('/s-', null, { mode: 'persistent-sequential' })
    expect(next.path).to.equal('/s-0000000001')
  })

  it('is guarded by the value of head, which no two histories leave', async () => {
    const { keeper, store } = await bench.open()
    const client = await connect(keeper)
    const key = new Layout('/anykeeper').head
    const seen = new Set<string>()
    for (let i = 0; i < 3; i++) {
      const [head] = (await store.range({ start: key })).kvs
      const value = Buffer.from(head!.value)
      seen.add(value.toString())
      const guards: unknown[] = []
      store.beforeTxn = ({ compares }) => void guards.push(...compares)
      await client.setData('/', Buffer.from(String(i)))
      store.beforeTxn = undefined
      expect(guards).to.deep.equal([{ target: 'value', key, equals: value }])
      expect(String(value)).to.match(/"chain":"[0-9a-f]{16}"/)
    }
    expect(seen.size).to.equal(3)
  })

  it('plans again when another proxy won the race for head', async () => {
    const one = await bench.open()
    const two = await bench.open()
    const a = await connect(one.keeper)
    const b = await connect(two.keeper)
    await b.sync()
    // Every commit of the first is preceded by one of the second: it loses each first try.
    let interfering = 3
    one.store.beforeTxn = async ({ compares }) => {
      if (compares.length > 0 && interfering-- > 0)
        await b.create('/q-', null, { mode: 'persistent-sequential' })
    }
    const made = await a.create('/q-', null, { mode: 'persistent-sequential' })
    expect(made.path).to.equal('/q-0000000003')
    expect(one.keeper.committer.counters.conflicts).to.equal(3)
    expect(made.stat.czxid).to.equal(one.keeper.replica.zxid)
  })

  it('judges a failing write by the newest state, not by its replica', async () => {
    const one = await bench.open()
    const two = await bench.open()
    const a = await connect(one.keeper)
    const b = await connect(two.keeper)
    await a.create('/x')
    await b.sync()
    await a.delete('/x')
    // b's replica may still have /x; a NODEEXISTS from it would be wrong.
    await b.create('/x')
    const error = await a.create('/x').catch((e: unknown) => e)
    expect(error).to.be.instanceOf(ZnodeError).with.property('code', 'ZK_NODE_EXISTS')
  })

  it('takes one zxid per write, failed ones included, and one for a whole multi', async () => {
    const { keeper } = await bench.open()
    const client = await connect(keeper)
    const before = keeper.replica.zxid
    await client.create('/z')
    await client.create('/z').catch(() => {})
    await client.multi([createOp('/z/a', null), createOp('/z/b', null)])
    await client.multi([createOp('/z/a', null)]).catch(() => {})
    expect(keeper.replica.zxid).to.equal(before + 4)
  })

  it('keeps every replica equal under concurrent writers', async () => {
    const keepers = await Promise.all([bench.open(), bench.open(), bench.open()])
    const clients = await Promise.all(keepers.map(({ keeper }) => connect(keeper)))
    await clients[0]?.create('/p')
    await Promise.all(
      clients.flatMap((client) =>
        Array.from({ length: 300 }, async (_, i) => {
          await client.create('/p/n-', Buffer.from(String(i)), { mode: 'ephemeral-sequential' })
          await client.setData('/p', Buffer.from(String(i)))
        }),
      ),
    )
    await Promise.all(clients.map((client) => client.sync()))
    const [first, ...rest] = keepers.map(({ keeper }) => pictureOf(keeper))
    for (const picture of rest) expect(picture).to.deep.equal(first)
    const { children, stat } = await (clients[1] as ZooKeeper).getChildren('/p')
    expect(new Set(children).size).to.equal(900)
    expect(stat.cversion).to.equal(900)
  })

  it('leaves unacknowledged what it cannot settle before closing', async () => {
    const { keeper, store } = await bench.open()
    const client = await connect(keeper)
    store.beforeTxn = () => {
      store.beforeTxn = undefined
      return new Promise(() => {})
    }
    const outcome = client.create('/never').then(
      () => 'acknowledged',
      () => 'failed',
    )
    await new Promise((resolve) => setImmediate(resolve))
    await keeper.close(0)
    expect(await outcome).to.equal('failed')
  })

  it('refuses a request larger than a transaction and serves the next one', async () => {
    const { keeper, store } = await bench.open()
    const client = await connect(keeper)
    const error = await client
      .create('/big', Buffer.alloc(store.features.valueBytesMax))
      .catch((e: unknown) => e)
    expect(error).to.be.instanceOf(ZnodeError).with.property('code', 'ZK_BAD_ARGUMENTS')
    await client.create('/small')
    expect(await client.exists('/big')).to.equal(undefined)
  })
})
