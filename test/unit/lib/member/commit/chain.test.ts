import { expect } from 'chai'
import { Layout } from '../../../../../lib/format/layout.ts'
import type { PlannedBatch } from '../../../../../lib/member/commit/batch-planner.ts'
import { Chain } from '../../../../../lib/member/commit/chain.ts'

describe('commit/chain', () => {
  const planned = (name: string) =>
    ({ head: Buffer.from(name), tasks: [] }) as unknown as PlannedBatch

  it('a batch knows what became of the one before it, and keeps nothing else of it', () => {
    const chain = new Chain(new Layout('/anykeeper'))
    const first = chain.add(planned('first'), undefined, 0)
    const second = chain.add(planned('second'), undefined, 0)
    expect(first.before).to.equal(undefined)
    expect(second.before).to.deep.equal({ settled: false, revision: 0 })
    first.revision = 7
    first.settled = true
    expect(second.before).to.deep.equal({ settled: true, revision: 7 })
    // Otherwise all batches since the chain was empty last would stay in memory.
    expect(Object.keys(second.before as object)).to.have.members(['settled', 'revision'])
  })
})
