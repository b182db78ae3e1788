/** Sessions of one keeper that write at the same time. */
import { expect } from 'chai'
import { createOp, type WriteRequest } from '../../lib/internal.ts'
import { livenessBench } from '../support/liveness-bench.ts'

const FLOOD = 100

describe('keeper/fairness', () => {
  const bench = livenessBench()

  it('a small write is answered after some batches of a session that floods, not after all it sent', async () => {
    const one = await bench.start()
    const flooding = await bench.open(one)
    const other = await bench.open(one)
    const large = Buffer.alloc(100_000)
    for (let i = 0; i < FLOOD; i++) {
      flooding.write({ ...createOp(`/f${i}`, large) } as WriteRequest)
    }
    let answeredBefore = FLOOD
    other.reply = () => {
      answeredBefore = flooding.replies.length
    }
    other.write({ ...createOp('/small', null) } as WriteRequest)
    await bench.clock.advance(1_000)
    // Two batches were in flight, and one waited already: some six requests each.
    expect(answeredBefore).to.be.within(1, 30)
    // The order within a session stays.
    const inOrder = Array.from({ length: FLOOD }, (_, i) => [i + 1, 0])
    expect(flooding.replies).to.deep.equal(inOrder)
  })
})
