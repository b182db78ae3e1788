/** The newest entries in memory: bounded, and continued over a reload where the two meet. */
import { expect } from 'chai'
import { ByteWriter } from '../../../../../lib/format/bytes.ts'
import { encodeEntry, writeTxn } from '../../../../../lib/format/journal.ts'
import type { Batch, Op, TxnEntry } from '../../../../../lib/format/ops.ts'
import {
  RECENT_OVERHEAD_BYTES,
  RecentEntries,
} from '../../../../../lib/member/tree/recent-entries.ts'
import { ManualClock } from '../../../../support/manual-clock.ts'

/** Batch `seq` with two transactions: zxids 2 seq − 1 and 2 seq. */
function batchOf(seq: number, ops: readonly Op[] = [{ type: 'delete', path: `/${seq}` }]) {
  const txn = (zxid: number): TxnEntry => {
    return { zxid, takesZxid: true, time: 1_000 + zxid, session: 5n, cxid: zxid, ops }
  }
  const txns = [txn(2 * seq - 1), txn(2 * seq)]
  const batch: Batch = {
    ...{ format: 3, seq, previous: undefined, proxy: 'p', attempt: 1, zxid: 2 * seq },
    ...{ flushed: 0, time: 1_000, passes: false, check: undefined, txns },
  }
  const out = new ByteWriter()
  let before = { zxid: 2 * seq - 2, time: 1_000, session: 0n }
  for (const one of txns) {
    writeTxn(out, 3, one, before)
    before = one
  }
  return { batch, bytes: encodeEntry(batch, out) }
}

describe('member/tree/recent entries', () => {
  let clock: ManualClock
  beforeEach(() => {
    clock = new ManualClock()
  })
  const open = (from = 1, to = 0, bytesMax = 1_000_000): RecentEntries => {
    const recent = new RecentEntries({ clock, bytesMax, ageMsMax: 60_000 })
    for (let seq = from; seq <= to; seq++) add(recent, seq)
    return recent
  }
  const add = (recent: RecentEntries, seq: number, ops?: readonly Op[]): void => {
    const { batch, bytes } = batchOf(seq, ops)
    recent.add(batch, bytes)
  }
  const held = ({ first, last }: RecentEntries) => [first, last]

  it('has what was added, decoded, and drops the oldest beyond its bytes', () => {
    const each = batchOf(100).bytes.length + RECENT_OVERHEAD_BYTES
    const recent = open(100, 5_000, 40 * each)
    expect(recent.last).to.equal(5_000)
    expect(recent.bytes).to.be.within(30 * each, 40 * each)
    expect(recent.last - recent.first).to.be.within(30, 40)
    expect(recent.oldestZxid).to.equal(2 * recent.first - 1)
    for (let seq = recent.first; seq <= recent.last; seq++) {
      expect(recent.batchAt(seq)).to.deep.equal(batchOf(seq).batch)
    }
    const { bytes, txns } = recent.lagFrom(recent.last - 1)
    expect([bytes, txns]).to.deep.equal([
      2 * (batchOf(5_000).bytes.length + RECENT_OVERHEAD_BYTES),
      4,
    ])
    expect(recent.lagFrom(5_001)).to.deep.equal({ bytes: 0, txns: 0 })
  })

  it('drops what is too old', async () => {
    const recent = open(1, 10)
    await clock.advance(50_000)
    add(recent, 11)
    await clock.advance(20_000)
    recent.trim()
    expect(held(recent)).to.deep.equal([11, 11])
    expect(recent.bytes).to.equal(batchOf(11).bytes.length + RECENT_OVERHEAD_BYTES)
    await clock.advance(60_000)
    recent.trim()
    expect([...held(recent), recent.bytes, recent.oldestZxid]).to.deep.equal([12, 11, 0, undefined])
  })

  it('holds nothing before a gap', () => {
    const recent = open(1, 10)
    add(recent, 12)
    expect(held(recent)).to.deep.equal([12, 12])
  })

  it('names what a session owned, where the entry does not', () => {
    const recent = open()
    const { batch, bytes } = batchOf(1, [{ type: 'endSession', id: 7n }])
    recent.add(batch, bytes, [
      [0, ['/a', '/b']],
      [1, []],
    ])
    const [one, two] = recent.batchAt(1).txns
    expect(one).to.deep.equal({
      ...batch.txns[0],
      ops: [{ type: 'closeSession', id: 7n, paths: ['/a', '/b'] }],
    })
    expect(two).to.deep.equal({
      ...batch.txns[1],
      ops: [{ type: 'closeSession', id: 7n, paths: [] }],
    })
  })

  const reloads: [title: string, before: number[], found: number[], at: number, after: number[]][] =
    [
      ['overlapping', [1, 20], [15, 30], 30, [1, 30]],
      ['meeting', [1, 20], [21, 30], 30, [1, 30]],
      ['within', [1, 20], [10, 20], 20, [1, 20]],
      ['with a gap', [1, 20], [22, 30], 30, [22, 30]],
      ['nothing found, at the same place', [1, 20], [21, 20], 20, [1, 20]],
      ['nothing found, further on', [1, 20], [31, 30], 30, [31, 30]],
    ]
  for (const [title, [from, to], [first, last], at, after] of reloads) {
    it(`continues over a reload: ${title}`, () => {
      const recent = open(from, to)
      const found = open(first, last)
      if (last! < first!) found.restart(at)
      recent.continueWith(found, at)
      expect(held(recent)).to.deep.equal(after)
      for (let seq = recent.first; seq <= recent.last; seq++) {
        expect(recent.batchAt(seq).seq).to.equal(seq)
      }
    })
  }
})
