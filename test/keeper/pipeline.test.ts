/**
 * Several commits in flight, from several keepers at once, on a store that answers late, in any order,
 * or not at all: every acknowledged write is there once, in the order it was asked for.
 */
import { expect } from 'chai'
import fc from 'fast-check'
import { Layout } from '../../lib/format/layout.ts'
import { connect, type ZooKeeper } from '../../lib/index.ts'
import type { Fault } from '../support/faulty-store.ts'
import { type KeeperBench, keeperBench } from '../support/keepers.ts'
import { pictureOf } from '../support/tree-picture.ts'

const WRITES = 40
const { journal } = new Layout('/anykeeper')

interface Plan {
  keepers: number
  inFlight: number
  flushKeysPerTxnMax: number
  /** Turns of the event loop that each txn waits for before the store sees it. */
  delays: number[]
  /** One for each txn; most are none. */
  faults: (Fault | 'none')[]
}

const plan: fc.Arbitrary<Plan> = fc.record({
  keepers: fc.integer({ min: 1, max: 3 }),
  inFlight: fc.integer({ min: 1, max: 4 }),
  flushKeysPerTxnMax: fc.integer({ min: 1, max: 6 }),
  delays: fc.array(fc.nat(6), { minLength: 1, maxLength: 20 }),
  faults: fc.array(
    fc.oneof(
      { weight: 12, arbitrary: fc.constant('none' as const) },
      { weight: 1, arbitrary: fc.constantFrom<Fault>('before', 'after', 'refused') },
    ),
    { maxLength: 30 },
  ),
})

const turn = () => new Promise((resolve) => setImmediate(resolve))

async function openAll(bench: KeeperBench, p: Plan) {
  const limits = {
    commitsInFlightMax: p.inFlight,
    flushKeysPerTxnMax: p.flushKeysPerTxnMax,
    flushDelayMs: 3_600_000,
    backlogKeysTarget: 0,
  }
  let txn = 0
  return Promise.all(
    Array.from({ length: p.keepers }, async () => {
      const { keeper, store } = await bench.open(limits)
      const client = await connect(keeper)
      store.beforeTxn = async () => {
        const at = txn++
        const fault = p.faults[at]
        if (fault !== undefined && fault !== 'none') store.faults.push(fault)
        for (let left = p.delays[at % p.delays.length]!; left > 0; left--) await turn()
      }
      return { keeper, client }
    }),
  )
}

/** Sends without waiting; returns the sequence numbers it was given, in the order it asked. */
async function load(client: ZooKeeper): Promise<number[]> {
  const made: Promise<{ path: string }>[] = []
  const others: Promise<unknown>[] = []
  for (let i = 0; i < WRITES; i++) {
    made.push(client.create('/q/n-', null, { mode: 'persistent-sequential' }))
    others.push(client.setData('/q', Buffer.from(String(i))))
    if (i % 7 === 0) {
      others.push(client.create('/q/e', null, { mode: 'ephemeral' }).catch(() => {}))
      others.push(client.delete('/q/e').catch(() => {}))
    }
    // Now and then the input of one turn ends: otherwise all of it is one batch.
    if (i % 5 === 0) await turn()
  }
  await Promise.all(others)
  return (await Promise.all(made)).map(({ path }) => Number(path.slice('/q/n-'.length)))
}

function sumOf(counters: readonly { batches: number; conflicts: number }[]) {
  const sum = (name: 'batches' | 'conflicts') => counters.reduce((all, c) => all + c[name], 0)
  return { batches: sum('batches'), conflicts: sum('conflicts') }
}

/** As a client under full load: so many writes are always asked for. Ends when `done` says so. */
async function saturate(client: ZooKeeper, done: () => boolean): Promise<number> {
  let count = 0
  const one = async (): Promise<void> => {
    while (!done()) {
      await client.setData('/q', null)
      count++
    }
  }
  await Promise.all(Array.from({ length: 100 }, one))
  return count
}

describe('commits in flight', () => {
  it('of one keeper do not keep the others from committing', async function () {
    this.timeout(60_000)
    const bench = keeperBench()
    const all = await Promise.all(
      [1, 2, 3].map(async () => {
        const { keeper, store } = await bench.open()
        const client = await connect(keeper)
        // As a store that is not in this process: who has a batch there already is ahead.
        store.beforeTxn = async () => {
          for (let left = 20; left > 0; left--) await turn()
        }
        return { keeper, client }
      }),
    )
    await all[0]!.client.create('/q')
    await Promise.all(all.map(({ client }) => client.sync()))
    const until = performance.now() + 3_000
    const counts = await Promise.all(
      all.map(({ client }) => saturate(client, () => performance.now() > until)),
    )
    const total = counts.reduce((sum, count) => sum + count, 0)
    for (const count of counts) expect(count, counts.join()).to.be.greaterThan(total / 10)
    const { batches, conflicts } = sumOf(all.map(({ keeper }) => keeper.committer.counters))
    expect(conflicts, `${conflicts} lost, ${batches} committed`).to.be.below(batches)
    await bench.close()
  })

  it('lose nothing, double nothing and keep their order', async function () {
    this.timeout(120_000)
    await fc.assert(
      fc.asyncProperty(plan, async (p) => {
        const bench = keeperBench()
        try {
          const all = await openAll(bench, p)
          const [first] = all
          await first!.client.create('/q')
          await Promise.all(all.map(({ client }) => client.sync()))
          const numbers = await Promise.all(all.map(({ client }) => load(client)))
          await Promise.all(all.map(({ client }) => client.sync()))
          for (const own of numbers) {
            expect(own).to.deep.equal([...own].sort((a, b) => a - b))
          }
          const count = p.keepers * WRITES
          expect(new Set(numbers.flat()).size).to.equal(count)
          const { stat } = await first!.client.getData('/q')
          expect(stat.version).to.equal(count)
          expect(stat.numChildren).to.equal(count)
          const pictures = all.map(({ keeper }) => pictureOf(keeper))
          for (const picture of pictures) expect(picture).to.deep.equal(pictures[0])
          const fresh = await bench.open()
          expect(pictureOf(fresh.keeper)).to.deep.equal(pictures[0])
          const { seq, journal: tail } = fresh.keeper.replica
          const left = await fresh.store.range({ ...journal, keysOnly: true })
          expect(left.kvs.length, 'journal entries').to.equal(seq + 1 - tail.first)
        } finally {
          await bench.close()
        }
      }),
      { numRuns: 120, endOnFailure: true },
    )
  })

  it('are planned on each other: the second needs no answer of the first', async () => {
    const bench = keeperBench()
    const { keeper, store } = await bench.open({ commitsInFlightMax: 2 })
    const client = await connect(keeper)
    const held: (() => void)[] = []
    store.beforeTxn = () => new Promise((resolve) => held.push(resolve))
    const first = client.create('/a')
    while (held.length < 1) await turn()
    const second = client.create('/a/b')
    while (held.length < 2) await turn()
    store.beforeTxn = undefined
    // Out of order: the store refuses the second, which is sent again and not planned again.
    const { batches } = keeper.committer.counters
    held[1]!()
    await turn()
    held[0]!()
    await Promise.all([first, second])
    expect(keeper.committer.counters.conflicts).to.equal(0)
    expect(keeper.committer.counters.batches).to.equal(batches + 2)
    await bench.close()
  })

  it('continue when the answer of the later one settles the earlier', async () => {
    const bench = keeperBench()
    const { keeper, store } = await bench.open({ commitsInFlightMax: 2 })
    const client = await connect(keeper)
    const { txnCount } = store
    store.faults.push('after')
    const first = client.create('/a')
    const second = turn().then(() => client.create('/a/b'))
    await Promise.all([first, second])
    expect(keeper.committer.counters.unknownOutcomes).to.equal(1)
    expect(store.txnCount, 'the first is not sent again').to.equal(txnCount + 2)
    expect((await client.getChildren('/a')).children).to.deep.equal(['b'])
    await bench.close()
  })
})
