/** How long a follower waits before it follows again, where it comes no further: longer each time. */
import { expect } from 'chai'
import { type Clock, systemClock } from '../../../../lib/base/clock.ts'
import { StoreError } from '../../../../lib/internal.ts'
import type { MetadataStore } from '../../../../lib/store/metadata-store.ts'
import { eventually } from '../../../support/eventually.ts'
import { mirrorBench } from './mirror-bench.ts'
import { commitsEntry, passingStore } from './passing-store.ts'
import { create } from './scripted-source.ts'

const LATE_MS = 20_000

describe('migrate: the pause before it follows again', () => {
  let bench: ReturnType<typeof mirrorBench>
  beforeEach(() => {
    bench = mirrorBench()
  })
  afterEach(() => bench.close())

  /** The pauses that are doubled, two hundred times as fast; other parts pause for a second, too. */
  function pausesAgain() {
    const pauses: number[] = []
    const bounds = { againMsMax: 7_001, statusMs: 311, idleStatusMs: 313, leaseMs: 600_000 }
    const clock: Clock = {
      ...systemClock,
      after: (ms, run) => {
        const isAgain = [1_000, 2_000, 4_000, 7_001].includes(ms)
        if (isAgain && ms > 1_000) pauses.push(ms)
        return systemClock.after(isAgain ? ms / 200 : ms, run)
      },
    }
    const seen = async () => {
      await eventually('the pauses', () => pauses.length >= 4, LATE_MS)
      expect(pauses.slice(0, 4)).to.deep.equal([2_000, 4_000, 7_001, 7_001])
    }
    return { pauses, bounds, clock, seen }
  }

  it('doubles up to its bound, as long as nothing is written', async () => {
    const { source } = bench
    source.commit(1n, create('/a'))
    const { pauses, seen, ...options } = pausesAgain()
    let isBroken = false
    const openFeed = (from: number) => {
      const feed = source.openFeed(from)
      if (isBroken) void feed.close()
      return feed
    }
    bench.follow({ ...options, openFeed })
    await bench.caughtUp()
    isBroken = true
    pauses.length = 0
    await source.feed.close()
    await seen()
    isBroken = false
    source.commit(1n, create('/b'))
    await bench.caughtUp()
  })

  it('doubles in a full store, too, though the ensemble commits more each time, as our own look at its members', async () => {
    const { source } = bench
    source.commit(1n, create('/a'))
    const { pauses, seen, ...options } = pausesAgain()
    let isFull = false
    const openFeed = (from: number) => {
      if (isFull) source.commit(1n, { op: 'createSession', timeoutMs: 10_000 })
      return source.openFeed(from)
    }
    const inner = bench.handle()
    const store: MetadataStore = {
      ...passingStore(inner),
      txn: async (txn) => {
        if (isFull && commitsEntry(txn)) throw new StoreError('STORE_NO_SPACE', 'injected')
        return inner.txn(txn)
      },
    }
    bench.follow({ ...options, openFeed }, store)
    await bench.caughtUp()
    isFull = true
    pauses.length = 0
    source.commit(1n, create('/b'))
    await seen()
    isFull = false
    await bench.caughtUp()
  })
})
