/** Ranges on a real redis-server: what is asked of it for a page, and that blocks of keys join without a gap. */
import { expect } from 'chai'
import { Redis } from 'ioredis'
import { Space } from '../conformance/support.ts'
import { RedisBench } from '../support/redis-bench.ts'
import { requireOrSkip } from '../support/requirements.ts'

describe('redis, ranges', function () {
  this.timeout(60_000)
  const bench = new RedisBench()
  const clients: Redis[] = []

  before(function () {
    requireOrSkip(this, 'redis')
  })
  afterEach(() => {
    for (const client of clients.splice(0)) client.disconnect()
    return bench.end()
  })

  const patience = { writeTimeoutMs: 20_000, readTimeoutMs: 20_000 }
  const nameOf = (i: number) => `${String(i).padStart(4, '0')}${'k'.repeat(20_000)}`

  it('keys behind the bytes of a page are not asked for', async () => {
    const server = await bench.server({ appendOnly: false })
    const space = new Space(await bench.open(server.host, patience))
    for (let i = 0; i < 450; i += 50) {
      const puts = Array.from({ length: 50 }, (_, n) => space.put(nameOf(i + n), 'x'))
      await space.write(...puts)
    }
    const asking = new Redis(server.port, '127.0.0.1')
    clients.push(asking)
    const listener = await asking.monitor()
    clients.push(listener)
    const sizes: number[] = []
    listener.on('monitor', (_time: string, args: string[]) => {
      if (/^z(rev)?rangebylex$/i.test(args[0] ?? '')) sizes.push(Number(args.at(-1)))
    })
    for (const descending of [false, true]) {
      for (const countMax of [1, 99, 100, 101, 200, 201, 449, 450, 451]) {
        const { kvs, more } = await space.all({ countMax, descending })
        const expected = Array.from({ length: 450 }, (_, i) => nameOf(descending ? 449 - i : i))
        const keys = kvs.map(({ key }) => Buffer.from(key).toString().slice(-20_004))
        expect(keys.map((key) => key.slice(0, 4))).to.deep.equal(
          expected.slice(0, countMax).map((key) => key.slice(0, 4)),
        )
        expect(more).to.equal(countMax < 450)
      }
    }
    expect(sizes.length).to.be.above(0)
    expect(Math.max(...sizes)).to.be.at.most(100)
  })
})
