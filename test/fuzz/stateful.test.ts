/**
 * Sequences of extreme requests: whoever stands by is answered, and what was accepted is the same on every replica, after
 * a restart and in a copy. The long hunt: npm run test:fuzz.
 */
import { expect } from 'chai'
import type { Sequence } from './actions.ts'
import { type CheckOptions, check } from './check.ts'
import { EXTREME_NAMES } from './extremes.ts'
import { hunt, kindOf, sequenceOf, describe as shown } from './hunt.ts'

/** Fixed: what they find is found by everybody. Three sequences each: the extremes below. */
const SEEDS = { memory: 1_294, file: 306 } as const
const EXTREMES_OF_SEEDS = [
  'a deep path, then a quota on its top',
  'many ephemerals, closed',
  'paths of more than 65,521 bytes',
]
const SEQUENCES = 3
/** Liveness, not speed: the machine may be busy. */
const WAIT_MS_MAX = 30_000

describe('stateful fuzz', function () {
  this.timeout(240_000)

  it('a seed gives the same sequences, bit for bit', () => {
    const all = (seed: number) =>
      JSON.stringify(Array.from({ length: 200 }, (_, n) => sequenceOf(seed, n)))
    expect(all(1)).to.equal(all(1))
    expect(all(1)).to.not.equal(all(2))
  })

  it('the first sequences of every seed are one of each kind of extreme, in an order of its own', () => {
    const numbers = EXTREME_NAMES.map((_, number) => number)
    const orders = Array.from({ length: 50 }, (_, seed) => numbers.map((n) => kindOf(seed, n)))
    for (const order of orders) expect(new Set(order)).to.deep.equal(new Set(EXTREME_NAMES))
    expect(new Set(orders.map((order) => order.join())).size).to.equal(orders.length)
    for (const seed of Object.values(SEEDS)) {
      const kinds = numbers.slice(0, SEQUENCES).map((n) => kindOf(seed, n))
      expect(kinds).to.have.members(EXTREMES_OF_SEEDS)
    }
  })

  for (const store of ['memory', 'file'] as const) {
    it(`finds nothing, on ${store}`, async () => {
      const seed = SEEDS[store]
      const options = { store, seed, sequences: SEQUENCES, waitMsMax: WAIT_MS_MAX }
      const { played, found } = await hunt(options)
      expect(found.map((one) => shown(seed, one))).to.deep.equal([])
      expect(played).to.equal(SEQUENCES)
    })
  }

  const once = { s: 0, do: 'create', op: 1, flags: 0, data: 1, ttlMs: 0 } as const
  const kinds: Record<string, Sequence> = {
    'paths beyond 65,521 bytes': [
      { ...once, count: 2, name: { char: 'p', length: 65_522 } },
      { ...once, count: 2, name: { char: 'p', length: 200_000 } },
    ],
    'paths of 5,000 bytes': [{ ...once, count: 130, name: { char: 'p', length: 5_000 } }],
    'a deep path under a quota': [{ s: 0, do: 'chain', depth: 2_000, quota: true }],
    'many ephemerals, closed': [
      { ...once, count: 3_000, flags: 1, name: { char: 'e', length: 115 } },
      { s: 0, do: 'close' },
    ],
    'statistics that a client writes': [
      { s: 0, do: 'quota', limits: 'count=1,bytes=1', stats: 'x' },
    ],
  }
  for (const [title, sequence] of Object.entries(kinds)) {
    it(`${title}: the same everywhere`, async () => {
      // Long keys are what files have bounds of their own for.
      const store = title.startsWith('paths') ? 'file' : 'memory'
      const options: CheckOptions = { store, waitMsMax: WAIT_MS_MAX }
      expect(await check(sequence, options)).to.equal(undefined)
    })
  }
})
