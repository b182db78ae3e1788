/** What recipes and streams leave behind when they have ended: no callback at the client, no watch at the server, nothing at a signal. */

import { getEventListeners } from 'node:events'
import { expect } from 'chai'
import {
  Barrier,
  ConfigValue,
  connect,
  DoubleBarrier,
  GroupMember,
  LeaderSelector,
  Mutex,
  mkdirp,
  NodeCache,
  PersistentNode,
  Queue,
  Semaphore,
  SharedCount,
  TreeCache,
  textCodec,
  type ZooKeeper,
} from '../../lib/index.ts'
import { type GatedTransport, openGated } from '../support/gated-transport.ts'
import { livenessBench, type Member } from '../support/liveness-bench.ts'
import { settle } from '../support/manual-clock.ts'
import { outcomeOf } from '../support/recipe-bench.ts'

const PATH = '/one'
const FOREIGN = `${PATH}/foreign`

/** Begins something that waits, or follows; what it returns ends that. */
const BEGUN: Readonly<Record<string, (client: ZooKeeper) => () => unknown>> = {
  'a wait for a Mutex': waiting((client, signal) => new Mutex(client, PATH).acquire({ signal })),
  'a wait for a Semaphore': waiting((client, signal) =>
    new Semaphore(client, PATH, { maxLeases: 1 }).acquire({ signal }),
  ),
  'a wait at a Barrier': waiting((client, signal) => new Barrier(client, PATH).wait({ signal })),
  'a wait at a DoubleBarrier': waiting((client, signal) =>
    new DoubleBarrier(client, PATH, { memberCount: 9 }).enter({ signal }),
  ),
  GroupMember: (client) => {
    const member = new GroupMember(client, PATH, 'me', { onChange() {} })
    member.start().catch(() => {})
    return () => member.close()
  },
  'the listener of a SharedCount': (client) => new SharedCount(client, FOREIGN).onChange(() => {}),
  NodeCache: (client) => {
    const cache = new NodeCache(client, FOREIGN)
    cache.start().catch(() => {})
    return () => cache.close()
  },
  TreeCache: (client) => {
    const cache = new TreeCache(client, PATH)
    cache.start().catch(() => {})
    return () => cache.close()
  },
}

function waiting(wait: (client: ZooKeeper, signal: AbortSignal) => Promise<unknown>) {
  return (client: ZooKeeper) => {
    const { signal, abort } = withAbort()
    wait(client, signal).catch(() => {})
    return abort
  }
}

describe('what has ended', () => {
  const bench = livenessBench()
  let member: Member
  let a: ZooKeeper
  let gate: GatedTransport
  let b: ZooKeeper
  beforeEach(async () => {
    member = await bench.start()
    ;({ client: a, gate } = await openGated(member.keeper))
    b = await connect(member.keeper)
  })
  const watchCount = (): number => member.keeper.watches.watchCount
  /** Paths at which a callback waits. */
  function watched(): string[] {
    const room = { prefixLength: 0, requestBytesMax: 1_000 }
    const { data, exist, child, persistent, persistentRecursive } = [
      ...a.caller.session.watches.restored(0, room),
    ][0] ?? { data: [], exist: [], child: [], persistent: [], persistentRecursive: [] }
    return [data, exist, child, persistent, persistentRecursive].flat()
  }

  for (const [name, begin] of Object.entries(BEGUN)) {
    it(`${name}: no callback stays, however far it has come`, async () => {
      const count = Buffer.from([0, 0, 0, 0])
      await mkdirp(b, FOREIGN, { data: count })
      const held = await new Semaphore(b, PATH, { maxLeases: 1 }).acquire()
      await b.create(`${PATH}/x-0000000000`, count)
      for (const turns of TURNS) {
        const end = begin(a)
        for (let i = 0; i < turns; i++) await Promise.resolve()
        void end()
        await settle()
        expect(watched(), `after ${turns} turns`).to.deep.equal([])
      }
      for (const replies of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, Infinity]) {
        gate.holdFrom(replies)
        const end = begin(a)
        await settle()
        void end()
        await settle()
        gate.release()
        await settle()
        expect(watched(), `after ${replies} replies`).to.deep.equal([])
      }
      await held.release()
    })
  }

  it('a stream: no watch stays at the server, however far it has come, also of a view', async () => {
    for (const isOfView of [false, true]) {
      for (const turns of TURNS) {
        const { signal, abort } = withAbort()
        const events = isOfView ? a.with({ signal }).watch(PATH) : a.watch(PATH, { signal })
        const first = outcomeOf(events.next())
        for (let i = 0; i < turns; i++) await Promise.resolve()
        abort()
        await settle()
        if (first.now === 'done') await events.return()
        await settle()
        expect(watchCount(), `after ${turns} turns, a view: ${isOfView}`).to.equal(0)
      }
    }
  })

  it('a stream that is given up leaves the watch of another one at its path', async () => {
    const seen: string[] = []
    const { signal, abort } = withAbort()
    const given = outcomeOf(a.watch(PATH, { signal }).next())
    void a.addWatch(PATH, ({ path }) => seen.push(path), 'persistent')
    abort()
    await settle()
    await b.create(PATH)
    await settle()
    expect([given.now, seen]).to.deep.equal(['AbortError', [PATH]])
  })

  it('a TreeCache of a view whose signal is aborted: no watch stays at the server', async () => {
    const { signal, abort } = withAbort()
    const cache = new TreeCache(a.with({ signal }), PATH)
    await cache.start()
    abort()
    await cache.close()
    await settle()
    expect(watchCount()).to.equal(0)
  })

  it('a contender that left before it was watched: no watch stays at its name', async () => {
    const first = await new Mutex(b, PATH).acquire()
    const [before] = (await b.getChildren(PATH)).children
    const racing = new Proxy(a, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target)
        if (typeof value !== 'function') return value
        if (name !== 'getData' && name !== 'exists') return value.bind(target)
        return async (path: string, ...more: unknown[]) => {
          if (path === `${PATH}/${before}`) await first.release()
          return value.call(target, path, ...more)
        }
      },
    })
    const second = await new Mutex(racing, PATH).acquire()
    await second.release()
    await settle()
    expect(watchCount()).to.equal(0)
  })

  it('one signal for any number of waits has one listener', async () => {
    const { signal, abort } = withAbort()
    for (let i = 0; i < 12; i++) {
      new PersistentNode(a, `${PATH}/${i}`).waitForCreate({ signal }).catch(() => {})
      new Queue(a, PATH).take({ signal }).catch(() => {})
      const config = new ConfigValue(a, PATH, { codec: textCodec, defaultValue: '' })
      config
        .values({ signal })
        .next()
        .catch(() => {})
    }
    await settle()
    expect(getEventListeners(signal, 'abort')).to.have.length(1)
    abort()
    await settle()
  })

  it('a leadership leaves nothing at the signal that ends all of them', async () => {
    const added = new Map<EventTarget, number>()
    const add = AbortSignal.prototype.addEventListener
    const remove = AbortSignal.prototype.removeEventListener
    const count = (target: EventTarget, more: number): void => {
      added.set(target, (added.get(target) ?? 0) + more)
    }
    let left = 12
    try {
      AbortSignal.prototype.addEventListener = function (...args: [never, never]) {
        count(this, 1)
        return add.apply(this, args)
      }
      AbortSignal.prototype.removeEventListener = function (...args: [never, never]) {
        count(this, -1)
        return remove.apply(this, args)
      }
      const selector: LeaderSelector = new LeaderSelector(a, PATH, {
        autoRequeue: true,
        takeLeadership() {
          left -= 1
          if (left === 0) void selector.close()
        },
      })
      await selector.start()
      while (left > 0) await settle()
    } finally {
      AbortSignal.prototype.addEventListener = add
      AbortSignal.prototype.removeEventListener = remove
    }
    expect(Math.max(...added.values())).to.be.below(12)
  })
})

/** Of the microtask queue: between each two steps of what is begun. */
const TURNS = [0, 1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 80, 200]

function withAbort(): { readonly signal: AbortSignal; abort(): void } {
  const controller = new AbortController()
  return { signal: controller.signal, abort: () => controller.abort() }
}
