/** Redis with little memory: fair overwrites never fill it; filled by somebody else it is named, and left by itself. */
import { setImmediate as turn } from 'node:timers/promises'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import type { Context } from 'mocha'
import { type AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { eventually } from '../support/eventually.ts'
import { RawClient } from '../support/raw-client.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { requireOrSkip } from '../support/requirements.ts'

const MEMORY_BYTES = 48 * 2 ** 20
const SYSTEM_ERROR = -1

describe('operations/redis space', function () {
  this.timeout(180_000)
  let redis: RedisServer
  let server: AnykeeperProcess
  let client: RawClient
  const ends: (() => unknown)[] = []

  before(function (this: Context) {
    requireOrSkip(this, 'redis')
  })
  beforeEach(async () => {
    redis = await startRedis({
      appendFsync: 'no',
      settings: { maxmemory: String(MEMORY_BYTES), 'maxmemory-policy': 'noeviction' },
    })
    ends.push(() => redis.stop())
    server = await startAnykeeper({ store: redis.url, args: ['--space-check=200'] })
    ends.push(() => server.kill())
    client = await RawClient.connect({ port: server.port, timeoutMs: 20_000 })
    // Pings alone keep no group open.
    const alive = setInterval(() => client.ping(), 1_000).unref()
    ends.push(() => {
      clearInterval(alive)
      client.destroy()
    })
  })
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end()
  })
  const metric = async (name: string): Promise<number> =>
    Number(new RegExp(`^zk_${name}\t(\\d+)$`, 'm').exec(await server.fourLetterWord('mntr'))?.[1])

  it('a znode of 400 KB overwritten until the memory was written eight times never fills it', async () => {
    await client.create('/large', { data: Buffer.alloc(10) })
    await eventually('a look', async () => (await metric('anykeeper_store_bytes')) > 0)
    expect(await metric('anykeeper_store_bytes_max')).to.equal(MEMORY_BYTES)
    const times = Math.ceil((8 * MEMORY_BYTES) / 400_000)
    for (let i = 0; i < times; i++) {
      const { err } = await client.setData('/large', Buffer.alloc(400_000, i))
      expect([i, err]).to.deep.equal([i, 0])
    }
    expect(client.closed).to.equal(false)
    expect(await metric('anykeeper_compactions')).to.be.at.least(4)
    expect(await metric('anykeeper_writes_refused_no_space')).to.equal(0)
    expect(server.child.output).not.to.match(/lack of space|store is full/)
  })

  it('filled by another writer: said, reads go on, and it is left by itself once that is deleted', async () => {
    await client.create('/a', { data: 'x' })
    const foreign = new Redis(redis.port, { retryStrategy: () => null })
    ends.push(() => foreign.disconnect())
    // It takes what history gives up as well.
    let isFilling = true
    const filling = (async () => {
      for (let i = 0; isFilling; i++) {
        const bytes = i < 2_000 ? 100_000 : 1_000
        await foreign.rpush('foreign', Buffer.alloc(bytes, i)).catch(() => turn())
      }
    })()
    ends.push(async () => {
      isFilling = false
      await filling
    })
    await server.child.waitForLine(/the store refuses writes for lack of space/)
    expect(server.child.output).to.match(/or raise maxmemory/)
    await eventually(
      'a refusal',
      async () => (await client.setData('/a', 'y')).err === SYSTEM_ERROR,
    )
    await server.child.waitForLine(/the store is full: writes are refused, reads continue/)
    expect((await client.getData('/a')).err).to.equal(0)
    // Redis gives back buffers of its connections now and then: a look may fall before the writer took those as well.
    await eventually('the alarm', async () => (await metric('anykeeper_store_alarm')) === 1)
    expect(await metric('anykeeper_serving')).to.equal(1)
    isFilling = false
    await filling
    await foreign.del('foreign')
    await eventually('it goes on', async () => (await client.setData('/a', 'z')).err === 0)
    await server.child.waitForLine(/the store has space again/)
    expect(client.closed).to.equal(false)
  })
})
