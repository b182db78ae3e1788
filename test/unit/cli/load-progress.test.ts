import { expect } from 'chai'
import { LoadProgress } from '../../../cli/load-progress.ts'
import { StoreError, silentLogger } from '../../../lib/index.ts'

describe('cli/load-progress', () => {
  it('a line every three seconds, and the guard decides', () => {
    let nowMs = 0
    const lines: object[] = []
    const logger = { ...silentLogger, info: (fields: object) => lines.push(fields) }
    const guard = {
      isShort: () => true,
      loading: ({ nodeCount }: { nodeCount: number }) => {
        if (nodeCount > 100) throw new StoreError('STORE_NO_MEMORY', 'too large')
      },
    }
    const progress = new LoadProgress(guard, logger, new AbortController().signal, () => nowMs)
    const at = (ms: number, nodeCount: number) => {
      nowMs = ms
      progress.loading({ nodeCount, dataBytes: nodeCount * 2 })
    }
    at(1_000, 10)
    at(3_000, 20)
    at(4_000, 30)
    at(6_000, 40)
    expect(lines).to.deep.equal([
      { znodes: 20, dataBytes: 40 },
      { znodes: 40, dataBytes: 80 },
    ])
    // The next load begins: what was loaded long ago is no reason for a line.
    at(60_000, 1)
    expect(lines).to.have.length(2)
    expect(progress.isShort()).to.equal(true)
    expect(() => at(61_000, 101)).to.throw('too large')
  })
})
