import { expect } from 'chai'
import { MemoryBackend } from '../../../../adapters/memory/memory-backend.ts'
import { openMemoryStore } from '../../../../adapters/memory/memory-store.ts'
import { connect, Keeper, type ZooKeeper } from '../../../../lib/index.ts'
import { Readiness } from '../../../../proxy/admin/http/readiness.ts'
import { type CutStore, cutStore } from '../../../support/cut-store.ts'
import { ManualClock } from '../../../support/manual-clock.ts'

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

describe('readiness', () => {
  const clock = new ManualClock()
  let store: CutStore
  let keeper: Keeper
  let client: ZooKeeper
  let readiness: Readiness

  before(async () => {
    store = cutStore(openMemoryStore({ backend: new MemoryBackend({ clock }) }))
    keeper = await Keeper.open({ store, clock })
    client = await connect(keeper)
    readiness = new Readiness(clock, silent)
    readiness.attach(keeper)
    await clock.advance(1_000)
  })
  after(async () => {
    readiness.stop()
    await client.close()
    await keeper.close()
  })

  /** How long it takes until it is so, ms. */
  async function until(isReady: boolean, msMax: number): Promise<number> {
    const fromMs = clock.monotonic()
    while (readiness.isReady !== isReady && clock.monotonic() - fromMs < msMax) {
      await clock.advance(50)
    }
    return clock.monotonic() - fromMs
  }

  it('commits hang while heartbeats and reads go through: ends within five seconds, begins within two', async () => {
    expect(readiness.isReady).to.equal(true)
    store.cutWrites()
    const pending = client.create('/a', Buffer.alloc(0))
    expect(await until(false, 20_000)).to.be.within(4_000, 5_000)
    const failed = readiness.checks.filter(({ reason }) => reason !== undefined)
    expect(failed.map(({ name }) => name)).to.deep.equal(['commits'])
    expect(failed[0]?.reason).to.match(
      /requests have been waiting for \d+ ms while none was committed/,
    )
    expect(keeper.isServing).to.equal(true)
    store.mendWrites()
    expect(await until(true, 20_000)).to.be.within(500, 2_000)
    await pending
    expect(readiness.losses).to.equal(1)
  })

  it('without requests nothing is judged by commits', async () => {
    store.cutWrites()
    await clock.advance(8_000)
    expect(readiness.isReady).to.equal(true)
    store.mendWrites()
  })
})
