/** NodeCache in bad weather, on members of one memory store. Time is a ManualClock's. */
import { expect } from 'chai'
import {
  connect,
  deleteRecursive,
  digestOf,
  NodeCache,
  PERMS,
  type ZooKeeper,
} from '../../lib/index.ts'
import { type Member, TIMEOUT_MS } from '../support/liveness-bench.ts'
import { settle } from '../support/manual-clock.ts'
import { outcomeOf } from '../support/recipe-bench.ts'
import { aheadOf, twoClients, wordOf } from '../support/two-clients.ts'

const PATH = '/cached'
const bytes = (text: string): Buffer => Buffer.from(text)
const textOf = (data: Uint8Array | null | undefined): string => Buffer.from(data ?? []).toString()

describe('NodeCache', () => {
  const clients = twoClients()
  const { bench, pass } = clients
  let a: ZooKeeper
  let b: ZooKeeper
  let one: Member
  let said: (string | undefined)[]
  let events: string[]
  const caches: NodeCache[] = []
  beforeEach(() => {
    ;({ a, b, one } = clients)
    said = []
    events = []
  })
  afterEach(async () => {
    for (const cache of caches.splice(0)) await cache.close()
  })

  function nodeCacheOf(client: ZooKeeper): NodeCache {
    const cache = new NodeCache(client, PATH, { onError: (error) => said.push(wordOf(error)) })
    cache.onChange((entry) => events.push(entry === undefined ? 'none' : textOf(entry.data)))
    caches.push(cache)
    return cache
  }

  it('follows one znode: created, changed, deleted, created again', async () => {
    const cache = nodeCacheOf(a)
    await cache.start()
    expect(cache.current).to.equal(undefined)
    await b.create(PATH, bytes('1'))
    await settle()
    await b.setData(PATH, bytes('2'))
    await settle()
    await b.create(`${PATH}/child`, null)
    await settle()
    await deleteRecursive(b, PATH)
    await settle()
    await b.create(PATH, bytes('3'))
    await settle()
    expect(events).to.deep.equal(['none', '1', '2', 'none', '3'])
    expect(cache.current?.stat.version).to.equal(0)
    await cache.close()
    await b.setData(PATH, bytes('4'))
    await settle()
    expect(events).to.have.length(5)
  })

  it('an outage, a stopped process, a session that ends for good', async () => {
    await b.create(PATH, bytes('1'))
    await settle()
    const renewing = await connect(one.keeper, { timeoutMs: TIMEOUT_MS, renew: true })
    const cache = nodeCacheOf(aheadOf(renewing, 'sync', async () => events.push('sync')))
    const final = new NodeCache(a, PATH, { onError: (error) => said.push(wordOf(error)) })
    caches.push(final)
    await cache.start()
    await final.start()
    one.store.cut()
    await pass(TIMEOUT_MS / 2)
    await b.setData(PATH, bytes('2'))
    one.store.mend()
    await pass(2_000)
    expect(events).to.deep.equal(['1', '2'])
    expect(textOf(final.current?.data)).to.equal('2')
    await bench.freeze(one, async () => {
      await pass(3 * TIMEOUT_MS)
      await b.setData(PATH, bytes('3'))
    })
    await pass(3_000)
    expect(events, 'its server may lag behind').to.deep.equal(['1', '2', 'sync', '3'])
    expect([final.isClosed, textOf(final.current?.data)]).to.deep.equal([true, '2'])
    expect(said).to.deep.equal(['ZK_SESSION_EXPIRED'])
    await b.setData(PATH, bytes('4'))
    await settle()
    expect(events.at(-1)).to.equal('4')
    await renewing.close()
  })

  it('what may not be read ends it, and start() rejects', async () => {
    const id = { scheme: 'digest', id: digestOf(bytes('ann:secret')) as string }
    await b.create(PATH, null, { acl: [{ perms: PERMS.ALL, id }] })
    await settle()
    const started = outcomeOf(nodeCacheOf(a).start())
    await settle()
    expect(started.now).to.equal('ZK_NO_AUTH')
  })

  it('a listener that throws harms no other; start() ends with its signal and its timeout', async () => {
    one.store.cut()
    await pass(TIMEOUT_MS / 2)
    const cache = new NodeCache(a, PATH, { onError: (error) => said.push(wordOf(error)) })
    caches.push(cache)
    cache.onChange(() => {
      throw new RangeError('mine')
    })
    cache.onChange((entry) => events.push(String(entry)))
    const abort = new AbortController()
    const waits = [{ signal: abort.signal }, { timeoutMs: 1_000 }, {}].map((options) =>
      outcomeOf(cache.start(options)),
    )
    abort.abort()
    await pass(1_000)
    expect(waits.map(({ now }) => now)).to.deep.equal([
      'AbortError',
      'ZK_OPERATION_TIMEOUT',
      'pending',
    ])
    one.store.mend()
    await pass(2_000)
    expect([waits[2]?.now, events, said]).to.deep.equal([
      'done',
      ['undefined'],
      ['CALLBACK_FAILED'],
    ])
  })

  it('without data only its Stat is read; an odd option is refused', async () => {
    await b.create(PATH, bytes('1'))
    await settle()
    const cache = new NodeCache(a, PATH, { withoutData: true })
    caches.push(cache)
    await cache.start()
    expect(cache.current?.data).to.equal(undefined)
    await b.setData(PATH, bytes('2'))
    await settle()
    expect(cache.current?.stat.version).to.equal(1)
    await b.delete(PATH)
    await settle()
    expect(cache.current).to.equal(undefined)
    expect(() => new NodeCache(a, PATH, { odd: 1 } as never)).to.throw('odd')
    expect(() => cache.onChange(undefined as never)).to.throw('listener')
  })
})
