/** What a keeper meets when it starts, and must not end at. */
import { expect } from 'chai'
import { connect, Keeper, type MetadataStore } from '../../lib/index.ts'
import { faultyStore } from '../support/faulty-store.ts'
import { type KeeperBench, keeperBench } from '../support/keepers.ts'

describe('a keeper that starts', () => {
  let bench: KeeperBench
  beforeEach(() => {
    bench = keeperBench()
  })
  afterEach(() => bench.close())

  /** History is compacted while a page of znodes is on its way, `times` times. */
  function compactedUnderLoad(times: number): { store: MetadataStore; loads: () => number } {
    const store = faultyStore(bench.handle())
    const other = bench.handle()
    const { range } = store
    let loads = 0
    store.range = async (query) => {
      if (query.revision !== undefined && Buffer.from(query.start).includes('/n/')) {
        if (loads++ < times) {
          const op = { type: 'put', key: Buffer.from('x'), value: Buffer.from('y') } as const
          for (let i = 0; i < 2; i++) await other.txn({ compares: [], ops: [op] })
          await other.compact(bench.backend.revision)
        }
      }
      return range(query)
    }
    return { store, loads: () => loads }
  }

  async function plant(): Promise<void> {
    const { keeper } = await bench.open()
    const client = await connect(keeper)
    await client.create('/a', Buffer.from('x'))
    await keeper.committer.drain(5_000)
  }

  it('loads again when history is compacted meanwhile', async () => {
    await plant()
    const { store, loads } = compactedUnderLoad(2)
    const keeper = await Keeper.open({ store, limits: { historyRetentionMs: 0, recordCheckMs: 0 } })
    expect(keeper.replica.tree.has('/a')).to.equal(true)
    expect(loads()).to.equal(3)
    await keeper.close(0)
  })

  it('gives up when that happens each time', async () => {
    await plant()
    const { store, loads } = compactedUnderLoad(100)
    const error = await Keeper.open({ store }).catch((reason: unknown) => reason)
    expect(error).to.have.property('code', 'STORE_COMPACTED')
    expect(loads()).to.equal(5)
  })

  it('is not in the way of others, nor they of it, whatever is in a record under p/', async () => {
    const { keeper: one, store } = await bench.open()
    const client = await connect(one)
    const strange = ['0', '1', '2'].map((digit) => digit.padStart(16, '0'))
    for (const [id, value] of [
      [strange[0], '{"f":9,"of":"a later version"}'],
      [strange[1], 'no JSON at all'],
      [strange[2], ''],
    ]) {
      const key = Buffer.from(`/anykeeper/p/${id}`)
      await store.txn({ compares: [], ops: [{ type: 'put', key, value: Buffer.from(value!) }] })
    }
    const { keeper: two } = await bench.open()
    expect([...two.registry.peers.keys()]).to.include.members([one.proxy, ...strange])
    await client.create('/seen')
    await two.sync()
    expect(two.replica.tree.has('/seen')).to.equal(true)
    // Who comes and goes is still seen.
    await one.sync()
    expect(one.registry.peers.has(two.proxy)).to.equal(true)
    expect(two.registry.journalFormat).to.equal(3)
  })
})
