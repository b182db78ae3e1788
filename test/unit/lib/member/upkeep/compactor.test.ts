import { expect } from 'chai'
import { type MetadataStore, StoreError, silentLogger } from '../../../../../lib/index.ts'
import { Compactor } from '../../../../../lib/member/upkeep/compactor.ts'
import { ManualClock } from '../../../../support/manual-clock.ts'

describe('compactor', () => {
  const compacted: number[] = []
  let clock: ManualClock
  let myTurn = true
  let answer: Promise<void>
  const store = {
    async compact(revision: number) {
      compacted.push(revision)
      await answer
    },
  } as Partial<MetadataStore> as MetadataStore

  function start(historyRetentionMs: number, historyBytesMax = 1_000): Compactor {
    compacted.length = 0
    myTurn = true
    answer = Promise.resolve()
    clock = new ManualClock()
    const limits = { historyRetentionMs, historyBytesMax, compactionWaitMs: 60_000 }
    const isMyTurn = () => myTurn
    const compactor = new Compactor({
      store,
      clock,
      logger: silentLogger,
      limits,
      revision: 1,
      isMyTurn,
    })
    compactor.start()
    return compactor
  }

  it('keeps history for the retention', async () => {
    const compactor = start(50_000)
    for (let step = 1; step <= 6; step++) {
      compactor.seen(step * 10, 1)
      await clock.advance(10_000)
    }
    expect(compacted).to.deep.equal([])
    await clock.advance(10_000)
    expect(compacted).to.deep.equal([10])
    compactor.stop()
    await clock.advance(100_000)
    expect(compacted).to.deep.equal([10])
  })

  it('forgets earlier what would be too much', async () => {
    const compactor = start(300_000)
    compactor.seen(10, 5_000)
    await clock.advance(30_000)
    compactor.seen(20, 900)
    await clock.advance(30_000)
    expect(compacted).to.deep.equal([])
    compactor.seen(30, 200)
    await clock.advance(30_000)
    expect(compacted).to.deep.equal([10])
    compactor.stop()
  })

  it('does it again only when as much has come together, and not for nothing', async () => {
    const compactor = start(50_000)
    for (let step = 1; step <= 24; step++) {
      compactor.seen(step * 10, 1)
      await clock.advance(10_000)
    }
    // At 70, 130 and 190 s, each time all that is older than 50 s.
    expect(compacted).to.deep.equal([10, 70, 130])
    await clock.advance(120_000)
    expect(compacted.at(-1)).to.equal(240)
    const { length } = compacted
    await clock.advance(600_000)
    expect(compacted).to.have.length(length)
    expect(compactor.compactions).to.equal(length)
    compactor.seen(250, 900)
    await clock.advance(10_000)
    compactor.seen(260, 200)
    await clock.advance(10_000)
    expect(compacted).to.have.length(length)
    compactor.seen(270, 900)
    await clock.advance(10_000)
    expect(compacted.at(-1)).to.equal(250)
    compactor.stop()
  })

  it('leaves it to another keeper, and goes on when that one is gone', async () => {
    const compactor = start(50_000)
    myTurn = false
    compactor.seen(10, 1)
    await clock.advance(70_000)
    expect(compacted).to.deep.equal([])
    myTurn = true
    compactor.seen(20, 1)
    await clock.advance(70_000)
    expect(compacted.at(-1)).to.be.at.least(10)
    compactor.stop()
  })

  it('tries again what failed, and asks for one at a time', async () => {
    const compactor = start(50_000)
    const unavailable = new StoreError('STORE_UNAVAILABLE', 'no leader')
    let fail!: (error: Error) => void
    answer = new Promise((_, reject) => {
      fail = reject
    })
    for (let step = 1; step <= 9; step++) {
      compactor.seen(step * 10, 1)
      await clock.advance(10_000)
    }
    expect(compacted).to.deep.equal([10])
    fail(unavailable)
    await clock.advance(0)
    answer = Promise.resolve()
    await clock.advance(10_000)
    expect(compacted).to.deep.equal([10, 40])
    expect(compactor.compactions).to.equal(1)
    await clock.advance(40_000)
    expect(compacted).to.deep.equal([10, 40])
    compactor.stop()
  })

  it('never compacts with a retention of 0', async () => {
    const compactor = start(0)
    compactor.seen(10, 1_000_000)
    await clock.advance(1_000_000)
    expect(compacted).to.deep.equal([])
    compactor.stop()
  })
})
