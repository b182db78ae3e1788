import { expect } from 'chai'
import { openMemoryStore } from '../../../../../adapters/memory/memory-store.ts'
import { RequestSizes } from '../../../../../lib/client/wire/request-sizes.ts'
import {
  type Clock,
  connect,
  Keeper,
  PersistentNode,
  systemClock,
} from '../../../../../lib/index.ts'
import { ProxyServer } from '../../../../../proxy/server.ts'
import { ManualClock } from '../../../../support/manual-clock.ts'
import { wordOf } from '../../../../support/two-clients.ts'

describe('requests that a server does not take for their size', () => {
  const SIZE = 5_000
  let clock: ManualClock
  let sizes: RequestSizes
  beforeEach(() => {
    clock = new ManualClock()
    sizes = new RequestSizes(clock)
  })
  const closed = (times: number, bytes = SIZE): void => {
    for (let i = 0; i < times; i++) sizes.closed(bytes)
  }
  const isRefused = (bytes: number): boolean => {
    try {
      sizes.check(bytes)
      return false
    } catch (error) {
      expect(wordOf(error)).to.equal('ZK_BAD_ARGUMENTS')
      return true
    }
  }

  it('are refused behind four losses in a row, and so are larger ones', () => {
    closed(3)
    expect(isRefused(SIZE)).to.equal(false)
    closed(1)
    expect([SIZE - 1, SIZE, SIZE + 1].map(isRefused)).to.deep.equal([false, true, true])
    expect(() => sizes.check(SIZE + 1)).to.throw(
      /has 5001 bytes: 4 connections .* one of 5000 bytes/,
    )
  })

  it('are tried again after a minute: one more loss is enough', async () => {
    closed(4)
    await clock.advance(60_000)
    expect(isRefused(SIZE)).to.equal(false)
    closed(1)
    expect(isRefused(SIZE)).to.equal(true)
    await clock.advance(60_000)
    sizes.answered(SIZE)
    closed(9)
    expect(isRefused(SIZE)).to.equal(false)
  })

  it('are not those that were answered once, or other sizes, or losses without them', () => {
    sizes.answered(SIZE)
    closed(9)
    expect(isRefused(SIZE)).to.equal(false)
    closed(3, SIZE + 1)
    closed(1, SIZE + 2)
    closed(3, SIZE + 1)
    expect(isRefused(SIZE + 2)).to.equal(false)
    closed(1, 0)
    closed(3, SIZE + 1)
    expect(isRefused(SIZE + 1)).to.equal(false)
    // A server that ends each connection is no matter of size.
    closed(9, 1_000)
    expect(isRefused(1_000)).to.equal(false)
  })

  it('of a recipe: it keeps its session and the data of before, and says the size', async () => {
    const keeper = await Keeper.open({ store: openMemoryStore() })
    const limits = { host: '127.0.0.1', port: 0, frameBytesMax: 20_000 }
    const proxy = await ProxyServer.listen(keeper, limits)
    // Pauses between connections are not the point.
    const after: Clock['after'] = (delayMs, run) => systemClock.after(delayMs / 20, run)
    const fast = { ...systemClock, after }
    const client = await connect(`zk://127.0.0.1:${proxy.port}`, { clock: fast })
    const node = new PersistentNode(client, '/services/mine', { data: Buffer.from('small') })
    await node.start()
    const { sessionId } = client
    const failure = await node.setData(Buffer.alloc(30_000)).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(wordOf(failure)).to.equal('ZK_BAD_ARGUMENTS')
    expect(String(failure)).to.match(/has 30\d\d\d bytes: 4 connections .*jute\.maxbuffer/)
    expect([client.sessionId, node.isClosed]).to.deep.equal([sessionId, false])
    expect(proxy.stats.malformedDropped).to.equal(4)
    await node.setData(Buffer.from('newer'))
    expect(String(Buffer.from((await client.getData('/services/mine')).data ?? []))).to.equal(
      'newer',
    )
    await node.close()
    await client.close()
    await proxy.close(0)
    await keeper.close(0)
  })
})
