/** TreeCache in bad weather, on members of one memory store. Time is a ManualClock's. */
import { expect } from 'chai'
import {
  connect,
  deleteRecursive,
  digestOf,
  PERMS,
  TreeCache,
  type TreeCacheEvent,
  type TreeCacheOptions,
  ZK_ERRORS,
  ZnodeError,
  type ZooKeeper,
} from '../../lib/index.ts'
import { type Member, TIMEOUT_MS } from '../support/liveness-bench.ts'
import { settle } from '../support/manual-clock.ts'
import { outcomeOf } from '../support/recipe-bench.ts'
import { aheadOf, twoClients, uncaughtDuring, wordOf } from '../support/two-clients.ts'

const PATH = '/cached'
const bytes = (text: string): Buffer => Buffer.from(text)
const textOf = (data: Uint8Array | null | undefined): string => Buffer.from(data ?? []).toString()

const wordFor = (event: TreeCacheEvent): string =>
  event.type === 'initialized'
    ? 'initialized'
    : `${event.type} ${event.entry.path}=${textOf(event.entry.data)}`

/** As "path=data", by path. */
const pictureOf = (cache: TreeCache): string =>
  [...cache]
    .map(({ path, data }) => `${path}=${textOf(data)}`)
    .sort()
    .join(' ')

describe('TreeCache', () => {
  const clients = twoClients()
  const { bench, pass } = clients
  let a: ZooKeeper
  let b: ZooKeeper
  let one: Member
  let said: (string | undefined)[]
  let events: string[]
  const caches: AsyncDisposable[] = []
  beforeEach(() => {
    ;({ a, b, one } = clients)
    said = []
    events = []
  })
  afterEach(async () => {
    for (const cache of caches.splice(0)) await cache[Symbol.asyncDispose]()
  })

  function cacheOf(client: ZooKeeper, options: TreeCacheOptions = {}, path = PATH): TreeCache {
    const cache = new TreeCache(client, path, {
      onError: (error) => said.push(wordOf(error)),
      ...options,
    })
    cache.onChange((event) => events.push(wordFor(event)))
    caches.push(cache)
    return cache
  }

  async function makeTree(): Promise<void> {
    await b.create(PATH, bytes('0'))
    await b.create(`${PATH}/x`, bytes('1'))
    await b.create(`${PATH}/x/y`, bytes('2'))
    await settle()
  }

  it('reads what is there, then follows it: created, changed, deleted, created again', async () => {
    await makeTree()
    const cache = cacheOf(a)
    expect([cache.isInitialized, cache.size]).to.deep.equal([false, 0])
    await cache.start()
    expect(events).to.deep.equal([
      'added /cached=0',
      'added /cached/x=1',
      'added /cached/x/y=2',
      'initialized',
    ])
    expect([cache.isInitialized, cache.size]).to.deep.equal([true, 3])
    expect(cache.children(PATH)).to.deep.equal(['x'])
    expect(cache.get(`${PATH}/x`)?.stat.version).to.equal(0)
    events = []
    await b.setData(`${PATH}/x`, bytes('3'))
    await b.create(`${PATH}/z`, null)
    await settle()
    expect(events).to.deep.equal(['changed /cached/x=3', 'added /cached/z='])
    events = []
    await deleteRecursive(b, PATH)
    await settle()
    expect(events.sort()).to.deep.equal([
      'removed /cached/x/y=2',
      'removed /cached/x=3',
      'removed /cached/z=',
      'removed /cached=0',
    ])
    expect([cache.size, cache.children(PATH)]).to.deep.equal([0, []])
    events = []
    await makeTree()
    expect(pictureOf(cache)).to.equal('/cached/x/y=2 /cached/x=1 /cached=0')
    expect(said).to.deep.equal([])
  })

  it('a znode that is deleted and created again in one step is removed, then added', async () => {
    await makeTree()
    const cache = cacheOf(a)
    await cache.start()
    events = []
    const path = `${PATH}/x/y`
    await b.multi([{ type: 'delete', path, version: -1 }, b.createOp(path, bytes('new'))])
    await settle()
    expect(events).to.deep.equal([`removed ${path}=2`, `added ${path}=new`])
  })

  it('the path need not be there; at the root it has everything', async () => {
    const cache = cacheOf(a)
    await cache.start()
    expect(events).to.deep.equal(['initialized'])
    await makeTree()
    expect(cache.size).to.equal(3)
    const all = cacheOf(a, {}, '/')
    await all.start()
    expect(all.children('/')).to.include.members(['cached', 'zookeeper'])
    await b.create('/other', bytes('o'))
    await settle()
    expect(textOf(all.get('/other')?.data)).to.equal('o')
  })

  it('depth and withoutData', async () => {
    await makeTree()
    const children = cacheOf(a, { depth: 1, withoutData: true })
    const own = cacheOf(a, { depth: 0 })
    await children.start()
    await own.start()
    await b.setData(`${PATH}/x/y`, bytes('9'))
    await b.setData(`${PATH}/x`, bytes('8'))
    await b.create(`${PATH}/x/deep`, null)
    await settle()
    expect(pictureOf(children)).to.equal('/cached/x= /cached=')
    expect(children.get(`${PATH}/x`)).to.deep.include({ data: undefined })
    expect(children.get(`${PATH}/x`)?.stat.version).to.equal(1)
    expect(pictureOf(own)).to.equal('/cached=0')
  })

  it('a change while the tree is read is seen', async () => {
    await makeTree()
    let isFirst = true
    const racing = aheadOf(a, 'getData', async (path) => {
      if (path !== `${PATH}/x` || !isFirst) return
      isFirst = false
      const { data } = await a.getData(path)
      expect(textOf(data)).to.equal('1')
      await b.setData(path, bytes('late'))
      await b.create(`${path}/late`, null)
      await b.delete(`${path}/y`)
      await settle()
    })
    const cache = cacheOf(racing)
    await cache.start()
    await settle()
    expect(pictureOf(cache)).to.equal('/cached/x/late= /cached/x=late /cached=0')
  })

  it('a change behind the answer to a read is seen, and the older answer does not win', async () => {
    await makeTree()
    await b.create(`${PATH}/z`, null)
    await settle()
    let isFirst = true
    let release: () => void = () => {}
    const changed = new Promise<void>((resolve) => {
      release = resolve
    })
    const late = new Proxy(a, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target)
        if (typeof value !== 'function') return value
        if (name !== 'getData') return value.bind(target)
        return async (path: string) => {
          const found = await target.getData(path)
          // Its end could begin another read of the one that is late.
          if (path === `${PATH}/z`) await changed
          if (path !== `${PATH}/x` || !isFirst) return found
          isFirst = false
          await b.setData(path, bytes('late'))
          await settle()
          release()
          await settle()
          return found
        }
      },
    })
    const cache = cacheOf(late)
    await cache.start()
    await settle()
    expect(textOf(cache.get(`${PATH}/x`)?.data)).to.equal('late')
  })

  it('a read that failed is repeated', async () => {
    await makeTree()
    let failures = 0
    const failing = aheadOf(a, 'getData', async (path) => {
      if (path === `${PATH}/x` && failures++ < 2) {
        throw new ZnodeError(ZK_ERRORS.CONNECTION_LOSS.errno)
      }
    })
    const started = outcomeOf(cacheOf(failing).start())
    await settle()
    expect(started.now).to.equal('pending')
    await pass(500)
    expect([started.now, failures, events.at(-1)]).to.deep.equal(['done', 3, 'initialized'])
    expect(events).to.include('added /cached/x/y=2')
  })

  it('one read of a path at a time, 64 of all together', async () => {
    await b.create(PATH, null)
    for (let i = 0; i < 200; i++) await b.create(`${PATH}/n${i}`, null)
    await settle()
    const running = new Map<string, number>()
    let most = 0
    const counting = new Proxy(a, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target)
        if (typeof value !== 'function') return value
        if (name !== 'getData') return value.bind(target)
        return async (path: string) => {
          running.set(path, (running.get(path) ?? 0) + 1)
          expect(running.get(path)).to.equal(1)
          most = Math.max(most, running.size)
          await new Promise((resolve) => setImmediate(resolve))
          try {
            return await target.getData(path)
          } finally {
            running.delete(path)
          }
        }
      },
    })
    const cache = cacheOf(counting)
    const started = cache.start()
    for (let i = 0; i < 50; i++) await b.setData(`${PATH}/n${i}`, bytes('x'))
    await started
    await settle()
    expect([most, cache.size]).to.deep.equal([64, 201])
    for (let i = 0; i < 50; i++) expect(textOf(cache.get(`${PATH}/n${i}`)?.data)).to.equal('x')
  })

  it('an outage: it keeps what it has, then has what changed, and reads nothing else', async () => {
    await makeTree()
    const read: string[] = []
    const cache = cacheOf(aheadOf(a, 'getData', async (path) => read.push(path)))
    await cache.start()
    events = []
    read.length = 0
    one.store.cut()
    await pass(TIMEOUT_MS / 2)
    expect(a.state).to.equal('suspended')
    await b.setData(`${PATH}/x`, bytes('during'))
    await b.delete(`${PATH}/x/y`)
    await b.create(`${PATH}/z`, bytes('new'))
    expect(pictureOf(cache)).to.equal('/cached/x/y=2 /cached/x=1 /cached=0')
    one.store.mend()
    await pass(2_000)
    expect(pictureOf(cache)).to.equal('/cached/x=during /cached/z=new /cached=0')
    expect(read).to.not.include(PATH)
    expect(said).to.deep.equal([])
  })

  it('with renew it lives through the end of its session, also of a stopped process', async () => {
    await makeTree()
    const renewing = await connect(one.keeper, { timeoutMs: TIMEOUT_MS, renew: true })
    const calls: string[] = []
    const noted = (client: ZooKeeper, call: 'sync' | 'getChildren'): ZooKeeper =>
      aheadOf(client, call, async () => calls.push(call))
    const cache = cacheOf(noted(noted(renewing, 'sync'), 'getChildren'))
    await cache.start()
    expect(calls).to.not.include('sync')
    calls.length = 0
    const { sessionId } = renewing
    await bench.freeze(one, async () => {
      await pass(3 * TIMEOUT_MS)
      await deleteRecursive(b, `${PATH}/x`)
      await b.create(`${PATH}/z`, bytes('new'))
    })
    await pass(3_000)
    expect(renewing.sessionId).to.not.equal(sessionId)
    expect(calls.slice(0, 2), 'its server may lag behind').to.deep.equal(['sync', 'getChildren'])
    expect([cache.isClosed, pictureOf(cache)]).to.deep.equal([false, '/cached/z=new /cached=0'])
    await b.setData(`${PATH}/z`, bytes('after'))
    await settle()
    expect(textOf(cache.get(`${PATH}/z`)?.data)).to.equal('after')
    await renewing.close()
    await settle()
    // Its client closed, it is closed without a word to anybody that waits for it.
    expect(cache.isClosed).to.equal(true)
  })

  it('without renew it ends with its session, keeps what it has, and reports it', async () => {
    await makeTree()
    const cache = cacheOf(a)
    await cache.start()
    await bench.freeze(one, () => pass(3 * TIMEOUT_MS))
    await pass(2_000)
    expect([cache.isClosed, cache.signal.aborted, cache.size]).to.deep.equal([true, true, 3])
    expect(said).to.deep.equal(['ZK_SESSION_EXPIRED'])
    const again = outcomeOf(cacheOf(a).start())
    await settle()
    expect(again.now).to.equal('ZK_SESSION_EXPIRED')
  })

  it('without onError the end of its session is thrown in a task of its own', async () => {
    const cache = new TreeCache(a, PATH)
    caches.push(cache)
    await cache.start()
    const thrown = await uncaughtDuring(async () => {
      await bench.freeze(one, () => pass(3 * TIMEOUT_MS))
      await pass(2_000)
    })
    expect(thrown.map(wordOf)).to.deep.equal(['ZK_SESSION_EXPIRED'])
  })

  it('a listener that throws harms no other, and is called again', async () => {
    const cache = cacheOf(a)
    let calls = 0
    cache.onChange(() => {
      calls += 1
      throw new RangeError('mine')
    })
    const cancel = cache.onChange(async () => {
      calls += 1
      throw new RangeError('mine too')
    })
    const after: string[] = []
    cache.onChange((event) => after.push(event.type))
    await cache.start()
    cancel()
    await makeTree()
    expect([calls, after]).to.deep.equal([5, ['initialized', 'added', 'added', 'added']])
    expect(said).to.deep.equal(Array.from({ length: 5 }, () => 'CALLBACK_FAILED'))
    expect(events).to.have.length(4)
  })

  it('what may not be read is left out, and reported', async () => {
    await makeTree()
    const id = { scheme: 'digest', id: digestOf(bytes('ann:secret')) as string }
    await b.create(`${PATH}/secret`, bytes('s'), { acl: [{ perms: PERMS.ALL, id }] })
    await settle()
    const cache = cacheOf(a)
    await cache.start()
    expect([cache.size, cache.get(`${PATH}/secret`)]).to.deep.equal([3, undefined])
    expect(said).to.deep.equal(['ZK_NO_AUTH'])
  })

  it('start() ends with its signal and its timeout, close() ends the rest', async () => {
    one.store.cut()
    await pass(TIMEOUT_MS / 2)
    const cache = cacheOf(a)
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
    await cache.close()
    await settle()
    expect(waits[2]?.now).to.equal('Error')
    one.store.mend()
    await pass(2_000)
    expect([events, cache.size, said]).to.deep.equal([[], 0, []])
  })

  it('closed, it calls nobody, and its watch is removed', async () => {
    await makeTree()
    const cache = cacheOf(a)
    await cache.start()
    events = []
    await cache.close()
    await b.setData(PATH, bytes('x'))
    await settle()
    expect(events).to.deep.equal([])
    const closing = cacheOf(a)
    const started = outcomeOf(closing.start())
    await closing.close()
    await settle()
    expect([started.now, events]).to.deep.equal(['Error', []])
  })

  it('does not permit what makes no sense', () => {
    expect(() => new TreeCache(a, 'x')).to.throw('path')
    expect(() => new TreeCache(a, '/x', { depth: -1 })).to.throw('depth')
    expect(() => new TreeCache(a, '/x', { deep: 1 } as TreeCacheOptions)).to.throw('deep')
    expect(() => cacheOf(a).onChange(undefined as never)).to.throw('listener')
  })
})
