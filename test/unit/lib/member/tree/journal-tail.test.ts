import { expect } from 'chai'
import fc from 'fast-check'
import { JOURNAL_KEPT, JournalTail } from '../../../../../lib/member/tree/journal-tail.ts'

/** The same, from the whole list each time. */
function keptOf(sizes: readonly number[], first: number, flushed: number): number {
  let from = flushed + 1
  let bytes = 0
  while (from > first && flushed + 1 - from < JOURNAL_KEPT.entriesMax) {
    bytes += sizes[from - 2] as number
    if (bytes > JOURNAL_KEPT.bytesMax) break
    from--
  }
  return from
}

describe('tree/journal-tail', () => {
  it('counts what a start replays, and keeps the newest of the rest within its bounds', () => {
    const size = fc.oneof(fc.integer({ min: 20, max: 400 }), fc.integer({ min: 1, max: 700_000 }))
    const step = fc.record({ sizes: fc.array(size, { maxLength: 9 }), lag: fc.nat({ max: 12 }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const tail = new JournalTail()
        const sizes: number[] = []
        let first = 1
        let flushed = 0
        for (const { sizes: added, lag } of steps) {
          for (const bytes of added) tail.add(sizes.push(bytes), bytes)
          flushed = Math.max(flushed, sizes.length - lag)
          const kept = keptOf(sizes, first, flushed)
          expect(tail.keptFrom(flushed)).to.equal(kept)
          tail.flushedTo(flushed)
          first = kept
          expect(tail.first).to.equal(first)
          const behind = sizes.slice(flushed).reduce((sum, bytes) => sum + bytes, 0)
          expect(tail.bytes).to.equal(behind)
        }
      }),
    )
  })

  it('keeps no more entries than its bound, however small they are', () => {
    const tail = new JournalTail()
    for (let seq = 1; seq <= 3 * JOURNAL_KEPT.entriesMax; seq++) {
      tail.add(seq, 10)
      tail.flushedTo(seq)
    }
    expect(tail.first).to.equal(2 * JOURNAL_KEPT.entriesMax + 1)
  })

  it('begins with whatever entry a load finds first', () => {
    const tail = new JournalTail()
    tail.add(700, 10)
    tail.add(701, 10)
    tail.flushedTo(700)
    expect([tail.first, tail.bytes]).to.deep.equal([700, 10])
  })

  it('keeps what its member says', () => {
    for (const [kept, first] of [
      [{ bytesMax: 1_000_000, entriesMax: 5 }, 96],
      [{ bytesMax: 300, entriesMax: 1_000 }, 98],
      [{ bytesMax: 0, entriesMax: 1_000 }, 101],
    ] as const) {
      const tail = new JournalTail(kept)
      for (let seq = 1; seq <= 100; seq++) tail.add(seq, 100)
      tail.flushedTo(100)
      expect(tail.first).to.equal(first)
    }
  })
})
