/**
 * The library's recipes beside kazoo's in one line, in both directions: kazoo through a proxy, the library as a member of
 * its own on the same etcd. Script: kazoo/shared_line.py.
 */
import { expect } from 'chai'
import { openEtcdStore } from '../../adapters/etcd/etcd-store.ts'
import {
  connect,
  Keeper,
  LeaderLatch,
  type MetadataStore,
  Mutex,
  type MutexOptions,
  type ZooKeeper,
} from '../../lib/index.ts'
import { eventually } from '../support/eventually.ts'
import { outcomeOf } from '../support/recipe-bench.ts'
import { PythonScript } from './python-script.ts'
import { useTwoProxies, within } from './two-proxies.ts'

const ROUNDS = 20
const WAIT_MS = 30_000

describe('recipes in one line with kazoo’s', () => {
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

  function start(...args: string[]): PythonScript {
    const script = new PythonScript('shared_line.py', [
      servers.a.connectString,
      servers.b.connectString,
      room,
      ...args,
    ])
    servers.atEnd(() => script.kill())
    return script
  }

  const waiting = (path: string, count: number): Promise<boolean> =>
    eventually(
      `${count} contenders`,
      async () => (await client.getChildren(path)).children.length === count,
      WAIT_MS,
    )

  async function contendForCount(options: MutexOptions): Promise<number[]> {
    const tokens: number[] = []
    const count = `${room}/count`
    for (let round = 0; round < ROUNDS; round++) {
      await using held = await new Mutex(client, `${room}/busy`, options).acquire({
        timeoutMs: WAIT_MS,
      })
      await client.sync(count)
      const { data } = await client.getData(count)
      await client.setData(count, Buffer.from(String(Number(Buffer.from(data ?? [])) + 1)))
      expect(held.isHeld).to.equal(true)
      tokens.push(held.token)
    }
    return tokens
  }

  for (const [what, layout, patterns] of [
    ['Lock, as it stands, and layout kazoo', 'kazoo', []],
    ['Lock with extra_lock_patterns, and layout curator', 'curator', ['-lock-']],
  ] as const) {
    it(`Mutex: ${what}`, async () => {
      const line = `${room}/line`
      const mutex = new Mutex(client, line, { layout, data: Buffer.from('ours') })
      await client.create(`${room}/count`, Buffer.from('0'))
      const first = await mutex.acquire({ timeoutMs: WAIT_MS })
      const script = start('lock', ...patterns)
      expect(await script.next(), 'kept out while ours holds').to.deep.equal({
        what: 'tried',
        got: false,
      })
      await waiting(line, 2)
      const second = mutex.acquire({ timeoutMs: WAIT_MS })
      const outcome = outcomeOf(second)
      await waiting(line, 3)
      await first.release()
      const held = await script.next()
      expect(held).to.deep.equal({ what: 'held', contenders: ['kazoo', 'ours'] })
      await client.sync()
      expect(outcome.now, 'ours is kept out while kazoo holds').to.equal('pending')
      script.goAhead()
      const last = await within(WAIT_MS, 'hand-over', second)
      expect(last.token).to.be.greaterThan(first.token)
      await last.release()
      const tokens = await contendForCount({ layout })
      expect(tokens).to.deep.equal(tokens.toSorted((x, y) => x - y))
      expect((await script.rest()).map((told) => told.what)).to.deep.equal(['done'])
      const { data } = await client.getData(`${room}/count`)
      expect(Buffer.from(data ?? []).toString()).to.equal(String(2 * ROUNDS))
      await waiting(line, 0)
      await waiting(`${room}/busy`, 0)
    })
  }

  it('LeaderLatch: Election, and layout kazoo', async () => {
    const line = `${room}/line`
    const options = { layout: 'kazoo', id: 'ours' } as const
    const first = new LeaderLatch(client, line, options)
    await first.waitForLeadership({ timeoutMs: WAIT_MS })
    const script = start('election')
    await waiting(line, 2)
    const second = new LeaderLatch(client, line, options)
    await second.start()
    await first.close()
    const leading = await script.next()
    expect(leading).to.deep.equal({ what: 'leading', contenders: ['kazoo', 'ours'] })
    await client.sync()
    expect(second.isLeader).to.equal(false)
    expect(await second.leader()).to.equal('kazoo')
    script.goAhead()
    await second.waitForLeadership({ timeoutMs: WAIT_MS })
    expect(await second.leader()).to.equal('ours')
    await script.rest()
    await second.close()
    await waiting(line, 0)
  })
})
