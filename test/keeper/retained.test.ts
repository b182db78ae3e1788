/** What was answered is given up, also where a queue never runs empty: large requests would fill the heap. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import type { WriteRequest } from '../../lib/internal.ts'
import { livenessBench } from '../support/liveness-bench.ts'
import { settle } from '../support/manual-clock.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const DATA_BYTES = 500_000
const WRITES = 200
/** Some are in flight, and in the history of the store. */
const LEFT_BYTES_MAX = 60 * 2 ** 20

describe('keeper/retained', function () {
  this.timeout(60_000)
  const bench = livenessBench()

  it('sessions that always have a request waiting keep none that was answered', async () => {
    const member = await bench.start()
    const { keeper } = member
    const clients = await Promise.all([0, 1, 2, 3].map(() => bench.open(member)))
    for (const [i, client] of clients.entries()) await client.create(`/n${i}`)
    const heapBytes = (): number => {
      collect()
      return process.memoryUsage().heapUsed
    }
    const write = (i: number): void => {
      const client = clients[i % clients.length]!
      const data = Buffer.alloc(DATA_BYTES, i).toString('latin1')
      const request = { type: 'setData', path: `/n${i % clients.length}`, data, version: -1 }
      client.write(request as WriteRequest)
    }
    for (let i = 0; i < 12; i++) write(i)
    await settle()
    const before = heapBytes()
    const answered = () => clients.reduce((sum, { replies }) => sum + replies.length, 0)
    const from = answered()
    for (let i = 0; answered() - from < WRITES; i++) {
      // Two are waiting for each one that is answered.
      while (keeper.committer.queueLength < 12) write(i++)
      await bench.clock.advance(1)
    }
    expect(keeper.committer.queueLength, 'requests are still waiting').to.be.at.least(1)
    expect(heapBytes() - before).to.be.below(LEFT_BYTES_MAX)
  })
})
