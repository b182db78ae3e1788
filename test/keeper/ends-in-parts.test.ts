/**
 * A session that ends in several entries, as it does while an older version reads along, and whose proxy is gone
 * after the first: it has ended, and another proxy removes what it left.
 */
import { expect } from 'chai'
import { MemoryBackend } from '../../adapters/memory/memory-backend.ts'
import { openMemoryStore } from '../../adapters/memory/memory-store.ts'
import { Keeper } from '../../lib/index.ts'
import { faultyStore } from '../support/faulty-store.ts'
import { Probe } from '../support/liveness-bench.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'

const TICK_MS = 1_000
const PATHS = ['/e1', '/e2', '/e3', '/e4', '/e5']

describe('a session that ends in parts', () => {
  let clock: ManualClock
  let backend: MemoryBackend
  const keepers: Keeper[] = []

  beforeEach(() => {
    clock = new ManualClock()
    backend = new MemoryBackend({ clock })
  })
  afterEach(async () => {
    const closed = keepers.splice(0).map((keeper) => keeper.close(0))
    await clock.advance(0)
    await Promise.all(closed)
  })

  async function start(journalFormatMax: 2 | 3) {
    const store = faultyStore(openMemoryStore({ backend }))
    const limits = {
      tickTimeMs: TICK_MS,
      closeBytesMax: 6,
      commitsInFlightMax: 1,
      historyRetentionMs: 0,
      journalFormatMax,
    }
    const keeper = await Keeper.open({ store, clock, limits })
    keepers.push(keeper)
    await settle()
    return { keeper, store }
  }
  async function opened(keeper: Keeper): Promise<Probe> {
    const probe = new Probe()
    Object.assign(probe, await keeper.sessions.open(10_000, probe, []))
    for (const path of PATHS) await probe.create(path, 'ephemeral')
    return probe
  }
  const left = ({ replica }: Keeper) => PATHS.filter((path) => replica.tree.has(path))

  /** Its proxy can write the first part of its end, and nothing any more. */
  async function endsInPart() {
    const one = await start(2)
    const owner = await opened(one.keeper)
    let parts = 0
    one.store.beforeTxn = ({ ops }) => {
      const writes = ops.some((op) => op.type === 'put' && Buffer.from(op.key).includes('/j/'))
      if (!writes || ++parts === 1) return
      return new Promise<void>(() => {})
    }
    owner.write({ type: 'closeSession' })
    await settle()
    expect(left(one.keeper)).to.deep.equal(PATHS.slice(2))
    return { owner, one: one.keeper }
  }

  it('is not resumed between two of them, and another proxy removes the rest', async () => {
    const two = await start(2)
    const { owner } = await endsInPart()
    await settle()
    expect(left(two.keeper)).to.deep.equal(PATHS.slice(2))
    const { session, password } = owner
    const resumed = await two.keeper.sessions.resume(session.id, password, new Probe(), [])
    expect(resumed).to.equal(undefined)
    await clock.advance(2 * TICK_MS + 1_000)
    expect(left(two.keeper)).to.deep.equal([])
    expect(two.keeper.replica.endedInPart.size).to.equal(0)
  })

  for (const [format, from] of [
    [2, 'the journal'],
    [3, 'the journal'],
    [3, 'records'],
  ] as const) {
    it(`a proxy that starts afterwards, from ${from}, removes the rest in format ${format}`, async () => {
      const { one } = await endsInPart()
      keepers.splice(keepers.indexOf(one), 1)
      const two = await start(format)
      if (from === 'records') await two.keeper.committer.drain(1_000)
      const last = from === 'records' ? await start(format) : two
      expect(left(last.keeper)).to.deep.equal(PATHS.slice(2))
      await clock.advance(2 * TICK_MS + 1_000)
      expect(left(last.keeper)).to.deep.equal([])
      // Its lease has run out by now, and it has nothing to say any more.
      await clock.advance(30_000)
      expect(last.keeper.isServing).to.equal(true)
    })
  }

  it('is answered with the last of them, and nothing follows', async () => {
    const { keeper } = await start(2)
    const owner = await opened(keeper)
    const { zxid } = keeper.replica
    const tag = owner.write({ type: 'closeSession' })
    while (owner.endReason === undefined) await clock.advance(50)
    expect(owner.replies.at(-1)).to.deep.equal([tag, 0])
    expect(left(keeper)).to.deep.equal([])
    expect(keeper.replica.zxid).to.equal(zxid + 3)
    await clock.advance(5 * TICK_MS)
    expect(keeper.replica.zxid).to.equal(zxid + 3)
  })
})
