/** Hard quotas under requests that are sent without waiting; test/differential compares one after the other. */
import { expect } from 'chai'
import { MemoryBackend } from '../../adapters/memory/memory-backend.ts'
import { openMemoryStore } from '../../adapters/memory/memory-store.ts'
import { connect, Keeper, type KeeperLimits, type Logger, type ZooKeeper } from '../../lib/index.ts'
import { parseQuota } from '../../lib/model/quota.ts'

describe('hard quotas', () => {
  let backend: MemoryBackend
  const keepers: Keeper[] = []
  const warnings: object[] = []
  const logger: Logger = {
    debug() {},
    info() {},
    warn: (fields, message) => void (message === 'quota exceeded' && warnings.push(fields)),
    error() {},
  }

  beforeEach(() => {
    backend = new MemoryBackend()
    warnings.length = 0
  })
  afterEach(async () => {
    await Promise.all(keepers.splice(0).map((keeper) => keeper.close(0)))
  })

  async function open(limits: Partial<KeeperLimits> = {}): Promise<ZooKeeper> {
    const store = openMemoryStore({ backend })
    const keeper = await Keeper.open({ store, logger, limits: { enforceQuota: true, ...limits } })
    keepers.push(keeper)
    return connect(keeper)
  }
  const guard = () => keepers[0]!.committer.quotaGuard!
  const codes = async (sent: readonly Promise<unknown>[]) => {
    const counts: Record<string, number> = {}
    for (const result of await Promise.allSettled(sent)) {
      const code = result.status === 'fulfilled' ? 'ok' : (result.reason as { code: string }).code
      counts[code] = (counts[code] ?? 0) + 1
    }
    return counts
  }
  function declare(client: ZooKeeper, limits: string): Promise<unknown>[] {
    return [
      client.create('/zookeeper/quota/q'),
      client.create('/zookeeper/quota/q/zookeeper_limits', Buffer.from(limits)),
      client.create('/zookeeper/quota/q/zookeeper_stats'),
    ]
  }
  const statistics = async (client: ZooKeeper) => {
    const { data } = await client.getData('/zookeeper/quota/q/zookeeper_stats')
    return Buffer.from(data!).toString()
  }

  it('a pipeline does not pass a limit, however it is cut into batches', async () => {
    for (const batchRequestsMax of [1, 7, 4_000]) {
      backend = new MemoryBackend()
      const client = await open({ batchRequestsMax })
      await client.create('/q')
      await Promise.all(declare(client, 'countHardLimit=101'))
      const sent = Array.from({ length: 300 }, (_, i) => client.create(`/q/${i}`))
      expect(await codes(sent)).to.deep.equal({ ok: 100, ZK_QUOTA_EXCEEDED: 200 })
      expect(await statistics(client)).to.equal('count=101,bytes=0')
      await Promise.all(keepers.splice(0).map((keeper) => keeper.close(0)))
    }
  })

  it('what is deleted or overwritten in the same pipeline is free again', async () => {
    const client = await open()
    await client.create('/q')
    await Promise.all(declare(client, 'countHardLimit=2;byteHardLimit=4'))
    const sent: Promise<unknown>[] = []
    for (let i = 0; i < 50; i++) {
      sent.push(client.create('/q/a', Buffer.from('12')))
      sent.push(client.create('/q/b', Buffer.from('12')).catch(() => {}))
      sent.push(client.setData('/q/a', Buffer.from('1234')))
      sent.push(client.setData('/q/a', Buffer.from('1')))
      sent.push(client.setData('/q', Buffer.from('123')))
      sent.push(client.setData('/q', Buffer.from('')))
      sent.push(client.delete('/q/a'))
    }
    expect(await codes(sent)).to.deep.equal({ ok: 350 })
    expect(guard().refused).to.equal(50)
    expect(await statistics(client)).to.equal('count=1,bytes=0')
  })

  it('a quota declared in the same pipeline counts for what follows it, and its end too', async () => {
    const client = await open()
    const sent = [
      client.create('/q'),
      client.create('/q/a'),
      ...declare(client, 'countHardLimit=3'),
    ]
    sent.push(client.create('/q/b'), client.create('/q/c'))
    sent.push(client.setData('/zookeeper/quota/q/zookeeper_limits', Buffer.from('')))
    sent.push(client.create('/q/d'))
    sent.push(
      client.setData('/zookeeper/quota/q/zookeeper_limits', Buffer.from('countHardLimit=0')),
    )
    sent.push(client.create('/q/e'))
    // Of the same length as before.
    sent.push(
      client.setData('/zookeeper/quota/q/zookeeper_limits', Buffer.from('countHardLimit=9')),
    )
    sent.push(client.create('/q/g'), client.delete('/zookeeper/quota/q/zookeeper_limits'))
    sent.push(client.create('/q/f'))
    expect(await codes(sent)).to.deep.equal({ ok: 13, ZK_QUOTA_EXCEEDED: 2 })
  })

  it('ephemerals are free again with the end of their session', async () => {
    const client = await open()
    await client.create('/q')
    await Promise.all(declare(client, 'countHardLimit=5'))
    for (let i = 0; i < 3; i++) {
      const owner = await connect(keepers[0]!)
      const sent = [1, 2, 3, 4, 5].map((n) => owner.create(`/q/${n}`, null, { mode: 'ephemeral' }))
      expect(await codes(sent)).to.deep.equal({ ok: 4, ZK_QUOTA_EXCEEDED: 1 })
      const closed = owner.close()
      const next = client.create('/q/after')
      await closed
      await next
      await client.delete('/q/after')
    }
  })

  it('another proxy judges by all that was written before', async () => {
    const [first, second] = [await open(), await open()]
    await first.create('/q')
    await Promise.all(declare(first, 'countHardLimit=21'))
    await second.sync()
    const sent = Array.from({ length: 40 }, (_, i) => (i % 2 ? first : second).create(`/q/${i}`))
    expect(await codes(sent)).to.deep.equal({ ok: 20, ZK_QUOTA_EXCEEDED: 20 })
  })

  it('is off unless asked for', async () => {
    const client = await open({ enforceQuota: false })
    await client.create('/q')
    await Promise.all(declare(client, 'countHardLimit=0;byteHardLimit=0'))
    await client.create('/q/a', Buffer.from('12'))
    expect(keepers[0]!.committer.quotaGuard).to.equal(undefined)
  })

  it('soft limits are counted and told, hard ones too, in few lines', async () => {
    const client = await open()
    await client.create('/q')
    await Promise.all(declare(client, 'count=2,bytes=-1=;byteHardLimit=3'))
    await client.create('/q/a')
    expect(warnings).to.deep.equal([])
    await Promise.all(Array.from({ length: 20 }, (_, i) => client.create(`/q/b${i}`)))
    const refused = await client.setData('/q', Buffer.from('1234')).catch((e: unknown) => e)
    expect(refused).to.include({ code: 'ZK_QUOTA_EXCEEDED' })
    expect(guard()).to.include({ refused: 1, exceeded: 20 })
    const [line] = warnings
    expect(line).to.deep.equal({
      path: '/q',
      what: 'count',
      would: 3,
      limit: 2,
      hard: false,
      leftOut: 0,
    })
    expect(warnings.length).to.be.below(21)
  })

  it('limits of a megabyte are read once, not with every request', async () => {
    const client = await open()
    await client.create('/q')
    const limits = `${'x=1;'.repeat(240_000)}countHardLimit=201`
    await Promise.all(declare(client, limits))
    const { quotas } = keepers[0]!.replica.tree
    const before = quotas.nearest('/q')!.limits
    expect(quotas.nearest('/q/1')!.limits).to.equal(before)
    const sent = Array.from({ length: 300 }, (_, i) => client.create(`/q/${i}`))
    expect(await codes(sent)).to.deep.equal({ ok: 200, ZK_QUOTA_EXCEEDED: 100 })
    expect(quotas.nearest('/q/1')!.limits).to.equal(before)
  })

  it('statistics that a client sets, or that are counted no more, are the same on every replica', async () => {
    const client = await open()
    await client.create('/q')
    await Promise.all(declare(client, 'count=1,bytes=1'))
    await client.create('/q/a', Buffer.from('123'))
    await client.setData('/zookeeper/quota/q/zookeeper_stats', Buffer.from('count=77,bytes=77'))
    expect(await statistics(client)).to.equal('count=2,bytes=3')
    expect(await statistics(await open())).to.equal('count=2,bytes=3')
    await keepers[0]!.committer.drain(20_000)
    await client.create('/q/b')
    await client.delete('/zookeeper/quota/q/zookeeper_limits')
    await client.create('/q/c')
    expect(await statistics(client)).to.equal('count=3,bytes=3')
    await keepers[0]!.committer.drain(20_000)
    expect(await statistics(await open())).to.equal('count=3,bytes=3')
    await client.setData('/zookeeper/quota/q/zookeeper_stats', Buffer.from('mine'))
    expect(await statistics(client)).to.equal('mine')
    expect(await statistics(await open())).to.equal('mine')
  })

  it('numbers are read as Java reads a long', () => {
    const count = (text: string) => parseQuota(`count=${text}`)?.count
    expect(count('9223372036854775807')).to.equal(2 ** 63)
    expect(count('-9223372036854775808')).to.equal(-(2 ** 63))
    for (const text of [
      '9223372036854775808',
      '1e3',
      '0x1',
      '',
      ' 1',
      '--1',
      '+',
      '9'.repeat(1e6),
    ]) {
      expect(count(text), text.slice(0, 20)).to.equal(undefined)
    }
    expect(count('+007')).to.equal(7)
    expect(count(`${'0'.repeat(5_000)}7`)).to.equal(7)
  })
})
