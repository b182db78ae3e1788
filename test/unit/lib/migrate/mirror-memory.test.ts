/** A connection to a leader may last for months: nothing of what it brought may stay in memory. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import { mirrorBench } from './mirror-bench.ts'
import { create } from './scripted-source.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const EVENT_BYTES = 500_000
const EVENTS = 200
const LEFT_BYTES_MAX = 30 * 2 ** 20

describe('migrate/mirror-memory', function () {
  this.timeout(60_000)

  it('keeps no event that it has seen', async () => {
    const bench = mirrorBench()
    try {
      const { source } = bench
      source.commit(1n, create('/a'))
      bench.follow()
      await bench.caughtUp()
      collect()
      const before = process.memoryUsage().heapUsed
      for (let i = 0; i < EVENTS; i++) {
        const why = Buffer.alloc(EVENT_BYTES, 65 + (i % 26)).toString('latin1')
        source.feed.push({ kind: 'disconnected', why })
      }
      source.commit(1n, create('/b'))
      await bench.caughtUp()
      collect()
      expect(process.memoryUsage().heapUsed - before).to.be.below(LEFT_BYTES_MAX)
    } finally {
      await bench.close()
    }
  })
})
