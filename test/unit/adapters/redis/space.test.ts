import { expect } from 'chai'
import { readSpace } from '../../../../adapters/redis/space.ts'

const MAX = 48 * 2 ** 20

const spaceAt = (usedBytes: number, maxBytes = MAX) =>
  readSpace({
    command: async () =>
      `# Memory\r\nused_memory:${usedBytes + 30}\r\nmem_not_counted_for_evict:30\r\nmaxmemory:${maxBytes}\r\n`,
  } as never)

describe('redis: space', () => {
  it('is full as soon as a command and its buffers no longer fit, of which INFO knows nothing', async () => {
    // Measured: Redis 7 refused commands of 1 KB for good while it reported 368 to 560 bytes less than maxmemory.
    for (const left of [-1, 0, 368, 560, 20_000]) {
      expect([left, (await spaceAt(MAX - left)).isFull]).to.deep.equal([left, true])
    }
    for (const left of [100_000, 2 ** 20]) {
      expect([left, (await spaceAt(MAX - left)).isFull]).to.deep.equal([left, false])
    }
  })

  it('is never full without maxmemory', async () => {
    expect((await spaceAt(2 ** 40, 0)).isFull).to.equal(false)
  })
})
