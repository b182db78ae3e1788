import { expect } from 'chai'
import fc from 'fast-check'
import { Backlog } from '../../../../lib/tree/backlog.ts'

/**
 * What it must know, spelled out: for each key every batch whose change its record lacks. The mark
 * may claim too little, never too much.
 */
class NaiveBacklog {
  readonly lacking = new Map<string, Set<number>>()

  touch(key: string, seq: number): void {
    const lacking = this.lacking.get(key) ?? new Set<number>()
    lacking.add(seq)
    this.lacking.set(key, lacking)
  }
  /** The record now holds everything up to `seq`. */
  written(keys: readonly string[], seq: number): void {
    for (const key of keys) this.#drop(key, seq)
  }
  flushedTo(seq: number): void {
    for (const key of [...this.lacking.keys()]) this.#drop(key, seq)
  }
  #drop(key: string, seq: number): void {
    const lacking = this.lacking.get(key)
    if (lacking === undefined) return
    for (const at of [...lacking]) if (at <= seq) lacking.delete(at)
    if (lacking.size === 0) this.lacking.delete(key)
  }
  /** The least batch anybody lacks once `written` were written as of `seq`; none: beyond `seq`. */
  firstLacking(written: ReadonlySet<string>, seq: number): number {
    let first = seq + 1
    for (const [key, lacking] of this.lacking) {
      if (written.has(key)) continue
      for (const at of lacking) first = Math.min(first, at)
    }
    return first
  }
}

type Step = { do: 'batch'; touch: string[]; write: number; foreign: boolean }

const key = fc.constantFrom('na', 'nb', 'nc', 'ca', 's1')
const step: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('batch' as const),
  touch: fc.array(key, { maxLength: 4 }),
  write: fc.integer({ min: 0, max: 4 }),
  foreign: fc.boolean(),
})

describe('tree/backlog', () => {
  it('agrees with a naive model, and its mark never claims what is not written', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const backlog = new Backlog()
        const naive = new NaiveBacklog()
        let seq = 0
        let flushed = 0
        for (const { touch, write, foreign } of steps) {
          // As a commit goes: planned at `seq`, it writes the oldest as of then, and touches anew.
          const keys = [...backlog.oldest(write)]
          const mark = backlog.markAfter(new Set(keys), seq)
          expect(mark).to.be.below(naive.firstLacking(new Set(keys), seq))
          expect(mark).to.be.at.least(flushed)
          const planned = seq
          seq++
          for (const k of touch) {
            backlog.touch(k, seq)
            naive.touch(k, seq)
          }
          // A replica that only follows learns the mark, not the keys.
          if (!foreign) {
            backlog.written(keys, planned)
            naive.written(keys, planned)
          }
          flushed = Math.max(flushed, mark)
          backlog.flushedTo(flushed)
          naive.flushedTo(flushed)
          const dirty = new Set(backlog.oldest(100))
          for (const k of naive.lacking.keys()) expect([...dirty]).to.include(k)
          // It may remember a range where single batches are missing, but no key that lacks nothing.
          expect(backlog.size).to.equal(naive.lacking.size)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it('the oldest come first, and a key touched again keeps its place', () => {
    const backlog = new Backlog()
    backlog.touch('na', 1)
    backlog.touch('nb', 2)
    backlog.touch('na', 3)
    expect([...backlog.oldest(10)]).to.deep.equal(['na', 'nb'])
    expect([...backlog.oldest(1)]).to.deep.equal(['na'])
    expect([...backlog.oldest(0)]).to.deep.equal([])
    expect(backlog.markAfter(new Set(), 3)).to.equal(0)
    expect(backlog.markAfter(new Set(['na']), 3)).to.equal(1)
    expect(backlog.markAfter(new Set(['na', 'nb']), 3)).to.equal(3)
  })

  it('a key touched while it was written stays, behind the others', () => {
    const backlog = new Backlog()
    backlog.touch('na', 1)
    backlog.touch('nb', 1)
    backlog.touch('na', 2)
    backlog.written(['na'], 1)
    expect([...backlog.oldest(10)]).to.deep.equal(['nb', 'na'])
    backlog.flushedTo(1)
    expect([...backlog.oldest(10)]).to.deep.equal(['na'])
    expect(backlog.markAfter(new Set(), 2)).to.equal(1)
    backlog.flushedTo(2)
    expect(backlog.size).to.equal(0)
  })
})
