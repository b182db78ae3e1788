/** Records in the store that somebody else changed are named and written again, and nothing else is. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { encodeZnode } from '../../lib/format/record.ts'
import {
  connect,
  type Keeper,
  type Logger,
  type MetadataStore,
  type ZooKeeper,
} from '../../lib/index.ts'
import { eventually as eventuallyWithin } from '../support/eventually.ts'
import { type KeeperBench, keeperBench } from '../support/keepers.ts'
import { pictureOf } from '../support/tree-picture.ts'

interface Line {
  readonly records?: string
  readonly rewritten?: number
  readonly message: string
}

const eventually = <T>(what: string, check: () => T | Promise<T>): Promise<unknown> =>
  eventuallyWithin(what, check, 20_000)

describe('records at rest', () => {
  let bench: KeeperBench
  let lines: Line[]
  let store: MetadataStore

  beforeEach(() => {
    bench = keeperBench()
    lines = []
    store = bench.handle()
  })
  afterEach(() => bench.close())

  const logger: Logger = {
    debug() {},
    info() {},
    warn() {},
    error: (fields, message) => lines.push({ ...(fields as object), message }),
  }

  const limits = { recordCheckMs: 5, recordCheckKeysMax: 3, flushDelayMs: 1, flushLateMs: 20 }

  async function open(): Promise<Keeper> {
    return (await bench.open(limits, { logger })).keeper
  }

  /** Its pages are some commits old when they arrive. */
  async function openWithLatePages(): Promise<Keeper> {
    const { store: mine, keeper } = await bench.open(limits, { logger })
    const { range } = mine
    mine.range = async (query) => {
      const result = await range(query)
      if (query.countMax !== undefined) await sleep(10)
      return result
    }
    return keeper
  }

  async function flushed(keeper: Keeper): Promise<void> {
    await eventually('all written behind', () => keeper.replica.backlog.size === 0)
  }

  /** Two whole rounds begin and end. */
  async function rounds(keeper: Keeper): Promise<void> {
    const before = keeper.recordChecks.rounds
    await eventually('two rounds', () => keeper.recordChecks.rounds >= before + 2)
  }

  async function recordOf(key: string): Promise<string | undefined> {
    const { kvs } = await store.range({ start: Buffer.from(`/anykeeper/${key}`) })
    return kvs[0] && Buffer.from(kvs[0].value).toString()
  }
  async function write(key: string, value: string | undefined): Promise<void> {
    const at = Buffer.from(`/anykeeper/${key}`)
    const op =
      value === undefined
        ? ({ type: 'delete', key: at } as const)
        : ({ type: 'put', key: at, value: Buffer.from(value) } as const)
    await store.txn({ compares: [], ops: [op] })
  }

  /** A tree, and the record that is changed by hand. */
  async function plant(): Promise<{ keeper: Keeper; client: ZooKeeper; session: string }> {
    const keeper = await open()
    const client = await connect(keeper)
    await client.create('/a', Buffer.from('data'))
    for (const name of ['b', 'c', 'd', 'e']) await client.create(`/a/${name}`, Buffer.from(name))
    const acl = [{ perms: 1, id: { scheme: 'world', id: 'anyone' } }]
    await client.create('/a/acl', null, { acl })
    await client.create('/a/mine', null, { mode: 'ephemeral' })
    await flushed(keeper)
    const session = client.sessionId.toString(16).padStart(16, '0')
    return { keeper, client, session }
  }

  const cases: [title: string, key: string, change: (value: string) => string | undefined][] = [
    ['missing: /a/c', 'n/a2/a/c', () => undefined],
    ['missing: child record of /a', 'c/a1/a', () => undefined],
    ['missing: session 0x', 's/', () => undefined],
    ['altered: /a', 'n/a1/a', (value) => value.replace('data', 'tada')],
    ['altered: /a/d', 'n/a2/a/d', () => 'no record at all'],
    ['altered: /a/acl', 'n/a2/a/acl', (value) => value.replace('[[1,', '[[31,')],
    ['altered: child record of /a', 'c/a1/a', (value) => value.replace(':6,', ':1,')],
    ['altered: session 0x', 's/', (value) => value.replace(/"fence":0/, '"fence":7')],
  ]
  for (const [title, place, change] of cases) {
    it(`${title}: named, and written again`, async () => {
      const { keeper, session } = await plant()
      const key = place === 's/' ? `s/${session}` : place
      const before = (await recordOf(key))!
      expect(change(before)).not.to.equal(before)
      await write(key, change(before))
      await eventually('named', () => lines.length > 0)
      await flushed(keeper)
      expect(lines[0]!.records).to.match(new RegExp(`^${title}`))
      expect(lines[0]!.message).to.include('records in the store are not as they were written')
      expect(await recordOf(key)).to.equal(before)
      await rounds(keeper)
      expect(lines).to.have.length(1)
      expect(keeper.recordChecks).to.include({ differences: 1, rewritten: 1 })
      expect(keeper.isServing).to.equal(true)
    })
  }

  it('invented: named, and deleted', async () => {
    const { keeper } = await plant()
    const value = Buffer.from(encodeZnode(keeper.replica.tree.get('/a/b')!)).toString()
    const session = 's/00000000000000ff'
    const owner = { f: 1, timeout: 10_000, password: '00', owner: keeper.proxy, fence: 0 }
    const keys = ['n/a2/a/ghost', 'c/a2/a/b', session]
    const values = [value, '{"f":1,"creates":9,"pzxid":3}', JSON.stringify(owner)]
    for (const [index, key] of keys.entries()) await write(key, values[index])
    await eventually('named', () => keeper.recordChecks.differences >= 3)
    await flushed(keeper)
    for (const key of keys) expect(await recordOf(key), key).to.equal(undefined)
    const named = lines.map(({ records }) => records).join()
    for (const name of ['/a/ghost', 'child record of /a/b', 'session 0x00000000000000ff']) {
      expect(named).to.include(`invented: ${name}`)
    }
  })

  it('a key that no proxy writes is named, and left alone', async () => {
    const { keeper } = await plant()
    await write('n/a7/a/b', 'x')
    await eventually('named', () => lines.length > 0)
    expect(lines[0]).to.include({ records: 'invented: /anykeeper/n/a7/a/b', rewritten: 0 })
    await rounds(keeper)
    expect(await recordOf('n/a7/a/b')).to.equal('x')
  })

  it('a start afterwards loads the tree that was served', async () => {
    const { keeper, client } = await plant()
    for (const key of ['n/a1/a', 'n/a2/a/b', 'c/a1/a']) await write(key, undefined)
    await eventually('named', () => keeper.recordChecks.rewritten >= 3)
    await client.create('/later')
    await flushed(keeper)
    const fresh = await open()
    expect(pictureOf(fresh).nodes).to.deep.equal(pictureOf(keeper).nodes)
  })

  it('says nothing while keepers write, delete, take turns and flush each other’s changes', async function () {
    this.timeout(150_000)
    const keepers = [
      await openWithLatePages(),
      await openWithLatePages(),
      await openWithLatePages(),
    ]
    const clients = await Promise.all(keepers.map((keeper) => connect(keeper)))
    const first = keepers.reduce((a, b) => (a.proxy < b.proxy ? a : b))
    await clients[0]!.create('/busy')
    let busy = true
    const load = clients.map(async (client, who) => {
      for (let i = 0; busy; i++) {
        const path = `/busy/${who}-${i % 20}`
        const other = `/busy/${(who + 1) % 3}-${i % 20}`
        const results = [
          client.create(path, Buffer.from(`${i}`), i % 3 === 0 ? { mode: 'ephemeral' } : {}),
          client.setData(other, Buffer.from(`${who}.${i}`)),
          i % 4 === 0 ? client.delete(path) : client.create(`${other}/below`),
          client.delete(`${path}/below`),
        ]
        await Promise.allSettled(results)
        if (i % 50 === 0) {
          const session = await connect(keepers[who]!)
          await session.create('/busy/once-', null, { mode: 'ephemeral-sequential' })
          await session.close()
        }
      }
    })
    // The load of three keepers and the rounds share one process: on a busy machine that takes long.
    await eventuallyWithin('rounds', () => first.recordChecks.rounds >= 7, 120_000)
    busy = false
    await Promise.all(load)
    expect(first.recordChecks.records).to.be.above(200)
    expect(lines).to.deep.equal([])
  })

  it('a tree in memory that is not what its changes made is loaded again, and its records stay', async () => {
    const { keeper } = await plant()
    const before = await recordOf('n/a2/a/b')
    keeper.replica.tree.get('/a/b')!.version = 77
    await eventually('reloaded', () => keeper.resyncCount === 1)
    expect(keeper.replica.tree.get('/a/b')!.version).to.equal(0)
    expect(await recordOf('n/a2/a/b')).to.equal(before)
    expect(keeper.recordChecks.rewritten).to.equal(0)
    await eventually('serving', () => keeper.isServing)
  })

  it('a tree that differs from another proxy’s after the same batch is loaded again', async () => {
    const one = await open()
    const two = (await bench.open({ recordCheckMs: 0 }, { logger })).keeper
    const client = await connect(one)
    await client.create('/a')
    await two.sync()
    const wrong = { type: 'setACL', path: '/a', acl: [], aversion: 5 } as const
    two.replica.tree.apply(wrong, two.replica.zxid, 1)
    await eventually('reloaded', async () => {
      await client.setData('/a', null)
      return two.resyncCount === 1
    })
    expect(two.committer.counters.treeDifferences).to.be.above(0)
    await two.sync()
    expect(two.replica.tree.get('/a')!.aversion).to.equal(0)
  })
})
