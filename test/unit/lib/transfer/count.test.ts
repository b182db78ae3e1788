/** How many znodes a stored tree has, also where its records are behind the journal. */
import { expect } from 'chai'
import { connect, countZnodes } from '../../../../lib/index.ts'
import { keeperBench } from '../../../support/keepers.ts'

describe('transfer: counting', () => {
  const bench = keeperBench()
  after(() => bench.close())

  it('znodes that only the journal has are counted, and nothing that is no head ends it', async () => {
    const store = bench.handle()
    expect(await countZnodes(store, '/anykeeper')).to.equal(0)
    const lazy = { flushDelayMs: 3_600_000, recordCheckMs: 3_600_000 }
    const { keeper } = await bench.open(lazy)
    const client = await connect(keeper)
    await client.create('/a')
    for (let i = 0; i < 100; i++) await client.create(`/a/${i}`)
    // What the newest batches changed is not in head yet.
    expect(await countZnodes(store, '/anykeeper')).to.be.within(100, 110)
    await client.close()
    await bench.crash(keeper)
    const key = Buffer.from('/anykeeper/head')
    await store.txn({ compares: [], ops: [{ type: 'put', key, value: Buffer.from('?') }] })
    expect(await countZnodes(store, '/anykeeper')).to.be.below(100)
    await store.close()
  })
})
