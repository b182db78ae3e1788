/**
 * Sequences of extreme requests: whoever stands by is answered, and what was accepted is the same on every replica, after
 * a restart and in a copy. The long hunt: npm run test:fuzz.
 */
import { expect } from 'chai'
import type { Sequence } from './actions.ts'
import { type CheckOptions, check } from './check.ts'
import { hunt, sequenceOf, describe as shown } from './hunt.ts'

/** Fixed: what it finds is found by everybody. */
const SEED = 7
/** Liveness, not speed: the machine may be busy. */
const WAIT_MS_MAX = 30_000

describe('stateful fuzz', function () {
  this.timeout(240_000)

  it('a seed gives the same sequences, bit for bit', () => {
    const all = (seed: number) =>
      JSON.stringify(Array.from({ length: 200 }, (_, n) => sequenceOf(seed, n)))
    expect(all(SEED)).to.equal(all(SEED))
    expect(all(SEED)).to.not.equal(all(SEED + 1))
  })

  for (const store of ['memory', 'file'] as const) {
    it(`finds nothing, on ${store}`, async () => {
      const options = { store, seed: SEED, waitMsMax: WAIT_MS_MAX, ms: 20_000 }
      const { played, found } = await hunt(options)
      expect(found.map((one) => shown(SEED, one))).to.deep.equal([])
      expect(played).to.be.above(0)
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
      const options: CheckOptions = { store: 'file', waitMsMax: WAIT_MS_MAX }
      expect(await check(sequence, options)).to.equal(undefined)
    })
  }
})
