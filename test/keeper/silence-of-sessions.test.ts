/** From when the silence of sessions counts, and who comes back behind an epoch. */
import { expect } from 'chai'
import { openMemoryStore } from '../../adapters/memory/memory-store.ts'
import { Keeper, systemRandom } from '../../lib/index.ts'
import { OwnTask } from '../../lib/member/commit/task.ts'
import { cutStore } from '../support/cut-store.ts'
import { FreezableClock } from '../support/freezable-clock.ts'
import { livenessBench, Probe, TICK_MS, TIMEOUT_MS } from '../support/liveness-bench.ts'
import { settle } from '../support/manual-clock.ts'

/** Longer than what another proxy left is left alone. */
const START_MS = 3_500

describe('keeper/silence of sessions', () => {
  const bench = livenessBench()

  it('found at a start: from when it is complete, also where a commit proved the tree before', async () => {
    const one = await bench.start()
    const client = await bench.open(one)
    await client.create('/e', 'ephemeral')
    await bench.crash(one)
    await bench.clock.advance(20_000)
    const store = cutStore(openMemoryStore({ backend: bench.backend }))
    const { range, txn, grantLease } = store
    const late = new Promise<void>((resolve) => {
      bench.clock.after(START_MS, resolve)
    })
    // The look that a start ends with is late: the one behind its registration.
    let isLoaded = false
    store.grantLease = (options) => {
      isLoaded = true
      return grantLease(options)
    }
    store.range = async (query) => {
      const isHead = Buffer.from(query.start).toString().endsWith('/head')
      if (isHead && isLoaded) await late
      return range(query)
    }
    const commitsMs: number[] = []
    store.txn = (request) => {
      const isCommit = request.ops.some(
        ({ type, ...op }) =>
          type === 'put' && 'key' in op && Buffer.from(op.key).toString().endsWith('/head'),
      )
      if (isCommit) commitsMs.push(bench.clock.monotonic())
      return txn(request)
    }
    const limits = { tickTimeMs: TICK_MS, sessionTimeoutMsMin: 2_000, historyRetentionMs: 0 }
    const random = { bytes: systemRandom.bytes, fraction: () => 0 }
    const clock = new FreezableClock(bench.clock)
    const opening = Keeper.open({ store, clock, limits, random })
    for (let i = 0; i < 3; i++) await settle()
    await bench.clock.advance(START_MS)
    const keeper = await opening
    const member = { keeper, store, clock }
    bench.members.push(member)
    const openedMs = bench.clock.monotonic()
    expect(commitsMs[0]).to.be.below(openedMs - 1_000)
    const endedMs = await bench.endsAfter(member, client)
    expect(endedMs).to.be.within(TIMEOUT_MS, TIMEOUT_MS + TICK_MS)
  })

  describe('that come back while an epoch begins', () => {
    /** A resume that waits for its commit, and an epoch that takes its place in the journal. */
    async function resumeBehindEpoch(lastZxidSeen: number) {
      const one = await bench.start()
      const two = await bench.start()
      const client = await bench.open(one)
      await client.create('/seen')
      const { txn } = one.store
      let go = (): void => {}
      const held = new Promise<void>((resolve) => {
        go = resolve
      })
      one.store.txn = async (request) => {
        await held
        return txn(request)
      }
      const probe = new Probe()
      const { session, password } = client
      const resumed = one.keeper.sessions.resume(session.id, password, probe, [], { lastZxidSeen })
      await settle()
      // From here on nothing that a client saw before counts as kept.
      const newEpoch = { type: 'newEpoch', above: 0, epoch: 1, lastZxid: 1 } as const
      two.keeper.committer.submit(
        new OwnTask(
          newEpoch,
          () => {},
          () => {},
        ),
      )
      await settle()
      one.store.txn = txn
      go()
      await bench.clock.advance(1_000)
      return { one, client, probe, resumed: await resumed }
    }

    it('having seen what is lost, they end', async () => {
      const { one, client, resumed, probe } = await resumeBehindEpoch(5)
      expect(resumed).to.equal(undefined)
      expect(bench.lives(one, client)).to.equal(false)
      expect(probe.endReason).to.equal(undefined)
    })

    it('having seen nothing that is lost, they go on', async () => {
      const { one, client, resumed } = await resumeBehindEpoch(1)
      expect(resumed).to.not.equal(undefined)
      expect(bench.lives(one, client)).to.equal(true)
    })
  })
})
