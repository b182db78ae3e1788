/**
 * What lives on beside a race of a result and an end: watches, the change feed, caches, members, selectors, registrations. An event of a watch counts as
 * a result here. Neighbours: end-races, gated-transport, end-races.test.
 */
import { expect } from 'chai'
import {
  EVENT,
  GroupMember,
  type Held,
  LeaderSelector,
  NodeCache,
  ServiceDiscovery,
  TreeCache,
  type WatchEvent,
  type ZooKeeper,
} from '../../lib/index.ts'
import type { RacedCall, RaceEnd } from './end-races.ts'

const DATA = Buffer.from('a')
const NEW = Buffer.from('b')

const make = (observer: ZooKeeper, path: string) => observer.create(path, DATA)
const change = (observer: ZooKeeper, path: string) => observer.setData(path, NEW)
const addChild = (observer: ZooKeeper, path: string) => observer.create(`${path}/x`, DATA)

/** Errors of what lives on belong to it alone here: none of them may end the process. */
const onError = (): void => {}

/** What a callback was called with. It must not be called behind close(): see {@link Calls.expectNoneLate}. */
class Calls<T> {
  readonly all: T[] = []
  readonly #client: ZooKeeper
  #wake: () => void = () => {}
  #late = 0
  readonly add = (one: T): void => {
    if (this.#client.closing.aborted) this.#late++
    this.all.push(one)
    this.#wake()
  }

  constructor(client: ZooKeeper) {
    this.#client = client
  }

  expectNoneLate(): void {
    expect(this.#late, 'called behind close()').to.equal(0)
  }

  /** Resolves when `isIt` is true of what came, and when nothing comes any more. */
  until(isIt: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (isIt() || this.#client.isEnded || this.#client.closing.aborted) resolve()
      }
      this.#wake = look
      this.#client.onStateChange(look)
      this.#client.closing.addEventListener('abort', look)
      look()
    })
  }
}

/** A read that watches, and the change that it watches for. */
function watched(
  name: string,
  read: (client: ZooKeeper, path: string, watch: (event: WatchEvent) => void) => Promise<unknown>,
  {
    prepare,
    alter,
  }: Pick<RacedCall, 'prepare'> & {
    readonly alter: (observer: ZooKeeper, path: string) => Promise<unknown>
  },
): RacedCall {
  return {
    name: `${name}, and its event`,
    isOfEvents: true,
    ...(prepare && { prepare }),
    begin: async (client) => new Calls<WatchEvent>(client),
    async call(client, path, _options, begun, observer) {
      const calls = begun as Calls<WatchEvent>
      await read(client, path, calls.add)
      await alter(observer, path)
      await calls.until(() => calls.all.length > 0)
    },
    async verify({ client, begun, how }) {
      const { all } = begun as Calls<WatchEvent>
      ;(begun as Calls<WatchEvent>).expectNoneLate()
      expect(all.length, 'a watch of a read is called once').to.be.at.most(1)
      // A session that goes on, or another one behind it, brings it; one that is over need not.
      if (how === 'done' && !client.isEnded) expect(all.length, 'its event').to.equal(1)
    },
  }
}

const watches: readonly RacedCall[] = [
  watched('getData', (client, path, watch) => client.getData(path, watch), {
    prepare: make,
    alter: change,
  }),
  watched('exists', (client, path, watch) => client.exists(path, watch), { alter: make }),
  watched('getChildren', (client, path, watch) => client.getChildren(path, watch), {
    prepare: make,
    alter: addChild,
  }),
  {
    name: 'addWatch, and an event of it',
    isOfEvents: true,
    prepare: make,
    begin: async (client) => new Calls<WatchEvent>(client),
    async call(client, path, _options, begun, observer) {
      const calls = begun as Calls<WatchEvent>
      await client.addWatch(path, calls.add)
      await change(observer, path)
      await calls.until(() => calls.all.length > 0)
    },
    async verify({ client, observer, path, begun, how, rest }) {
      const { all } = begun as Calls<WatchEvent>
      ;(begun as Calls<WatchEvent>).expectNoneLate()
      if (how !== 'done' || client.isEnded) return
      expect(all.length, 'its event, or that some may be missing').to.be.greaterThan(0)
      // It stays.
      const before = all.length
      await observer.setData(path, DATA)
      await rest()
      expect(all.slice(before)).to.deep.equal([{ type: EVENT.NodeDataChanged, path }])
    },
  },
  {
    name: 'the loop of watch()',
    isOfEvents: true,
    prepare: make,
    async call(client, path, { signal }, _begun, observer) {
      let isRead = false
      for await (const event of client.watch(path, signal === undefined ? {} : { signal })) {
        if (isRead) return event.type
        isRead = true
        await change(observer, path)
      }
      return 'closed'
    },
    async verify({ client, how, value }) {
      if (how !== 'done') return
      if (value === 'closed') expect(client.closing.aborted).to.equal(true)
      else expect([EVENT.NodeDataChanged, EVENT.None]).to.include(value)
    },
  },
  {
    name: 'the loop of changes()',
    isOfEvents: true,
    prepare: make,
    begin: async () => [],
    async call(client, path, { signal }, begun, observer) {
      const seen = begun as Buffer[]
      let isRead = false
      for await (const record of client.changes({ prefix: path, ...(signal && { signal }) })) {
        if (!isRead) {
          isRead = true
          await change(observer, path)
        } else if (record.kind === 'change') {
          for (const op of record.ops) {
            if (op.op === 'setData') seen.push(Buffer.from(op.data ?? []))
          }
          if (seen.length > 0) return 'seen'
        }
      }
    },
    async verify({ client, begun, how, value, error, isAborted }) {
      expect((begun as Buffer[]).length, 'each change once').to.be.at.most(1)
      if (how === 'done') {
        expect(value === 'seen' || isAborted, 'it ends by its signal alone').to.equal(true)
        return
      }
      if (client.isEnded) expect((error as { code?: unknown }).code).to.equal('ZK_SESSION_EXPIRED')
    },
  },
]

/** Of what has closed itself because no session follows, and of nothing else. */
function followsOn({ client, how }: RaceEnd, isClosed: boolean): boolean {
  expect(isClosed && !client.isEnded, 'it lives on with its client').to.equal(false)
  return how === 'done' && !client.isEnded && !client.closing.aborted
}

const caches: readonly RacedCall[] = [
  {
    name: 'NodeCache.start, and a change',
    isOfEvents: true,
    prepare: make,
    begin: async (client, path) => ({
      cache: new NodeCache(client, path, { onError }),
      calls: new Calls<unknown>(client),
    }),
    async call(_client, path, options, begun, observer) {
      const { cache, calls } = begun as { cache: NodeCache; calls: Calls<unknown> }
      cache.onChange((entry) => calls.add(entry?.data?.toString()))
      await cache.start(options)
      await change(observer, path)
      await calls.until(() => calls.all.includes('b') || cache.isClosed)
    },
    async verify(race) {
      const { cache, calls } = race.begun as { cache: NodeCache; calls: Calls<unknown> }
      if (followsOn(race, cache.isClosed)) {
        expect(Buffer.from(cache.current?.data ?? []).toString()).to.equal('b')
        expect(calls.all.filter((data) => data === 'b')).to.have.length(1)
      }
      calls.expectNoneLate()
      await cache.close()
    },
  },
  {
    name: 'TreeCache.start, and a change',
    isOfEvents: true,
    prepare: make,
    begin: async (client, path) => ({
      cache: new TreeCache(client, path, { onError }),
      calls: new Calls<unknown>(client),
    }),
    async call(_client, path, options, begun, observer) {
      const { cache, calls } = begun as { cache: TreeCache; calls: Calls<unknown> }
      cache.onChange((event) => calls.add('entry' in event ? event.entry.path : event.type))
      await cache.start(options)
      await addChild(observer, path)
      await calls.until(() => calls.all.includes(`${path}/x`) || cache.isClosed)
    },
    async verify(race) {
      const { cache, calls } = race.begun as { cache: TreeCache; calls: Calls<unknown> }
      if (followsOn(race, cache.isClosed)) {
        const names = [race.path, 'initialized', `${race.path}/x`]
        expect(calls.all).to.deep.equal(names)
        expect([...cache].map(({ path }) => path)).to.have.members([names[0], names[2]])
      }
      calls.expectNoneLate()
      await cache.close()
    },
  },
]

interface Group {
  readonly member: GroupMember
  readonly seen: Calls<readonly string[]>
}

const members: readonly RacedCall[] = [
  {
    name: 'GroupMember.start, and another one joins',
    isOfEvents: true,
    isOfSession: true,
    prepare: make,
    async begin(client, path): Promise<Group> {
      const seen = new Calls<readonly string[]>(client)
      const onChange = (all: ReadonlyMap<string, unknown>): void => seen.add([...all.keys()])
      return { seen, member: new GroupMember(client, path, 'one', { onChange, onError }) }
    },
    async call(_client, path, options, begun, observer) {
      const { member, seen } = begun as Group
      await member.start(options)
      await observer.create(`${path}/two`, DATA)
      await seen.until(() => seen.all.at(-1)?.length === 2 || member.isClosed)
    },
    async verify(race) {
      const { member, seen } = race.begun as Group
      if (followsOn(race, member.isClosed)) {
        expect([...(await member.members()).keys()]).to.deep.equal(['one', 'two'])
        expect(seen.all.at(-1)).to.deep.equal(['one', 'two'])
      }
      seen.expectNoneLate()
      await member.close().catch(() => {})
      await race.rest()
      const left = (await race.observer.getChildren(race.path)).children
      expect(left.filter((name) => name !== 'two')).to.deep.equal([])
    },
  },
  {
    name: 'ServiceDiscovery, registered, updated and unregistered',
    isOfSession: true,
    begin: async (client, path) => new ServiceDiscovery(client, path, { onError }),
    async call(_client, _path, options, begun) {
      const services = begun as ServiceDiscovery
      const instance = { name: 'web', id: 'one', address: 'host', port: 1 }
      await services.register(instance, options)
      await services.update({ ...instance, port: 2 }, options)
      await services.unregister(instance)
    },
    async verify({ observer, path, begun, how, rest }) {
      const services = begun as ServiceDiscovery
      const onlooker = new ServiceDiscovery(observer, path)
      if (how === 'done') expect(await onlooker.instances('web')).to.deep.equal([])
      await services.close().catch(() => {})
      await rest()
      expect(await onlooker.instances('web'), 'behind close()').to.deep.equal([])
    },
  },
  {
    name: 'ServiceProvider.start, and another instance',
    isOfEvents: true,
    begin: async (client, path) => new ServiceDiscovery(client, path, { onError }),
    async call(client, path, options, begun, observer) {
      const provider = (begun as ServiceDiscovery).provider('web')
      const seen = new Calls<number>(client)
      provider.onChange((all) => seen.add(all.length))
      await provider.start(options)
      const persistent = { serviceType: 'STATIC', name: 'web', address: 'host' } as const
      await new ServiceDiscovery(observer, path).register(persistent)
      await seen.until(() => provider.all.length === 1)
      return provider
    },
    async verify({ client, begun, how, value }) {
      const { length } = how === 'done' ? (value as { readonly all: readonly unknown[] }).all : []
      if (!client.isEnded && !client.closing.aborted && how === 'done') expect(length).to.equal(1)
      await (begun as ServiceDiscovery).close()
    },
  },
]

interface Selection {
  readonly selector: LeaderSelector
  /** What takeLeadership was called with, and how many of these have ended. */
  readonly led: Held[]
  readonly lost: unknown[]
}

function selection(client: ZooKeeper, path: string, isBrief: boolean): Selection {
  const led: Held[] = []
  const lost: unknown[] = []
  const selector = new LeaderSelector(client, path, {
    ...{ onError, graceMs: 0 },
    onLost: (reason) => void lost.push(reason),
    takeLeadership(held) {
      expect(led.length, 'one at a time').to.equal(lost.length)
      led.push(held)
      if (isBrief) return
      return new Promise((resolve) => {
        if (held.signal.aborted) resolve()
        else held.signal.addEventListener('abort', () => resolve(), { once: true })
      })
    },
  })
  return { selector, led, lost }
}

const selectors: readonly RacedCall[] = (['closed', 'interrupted', 'done'] as const).map((how) => ({
  name: `LeaderSelector.start, and it is ${how}`,
  isOfSession: true,
  begin: async (client, path) => selection(client, path, how === 'done'),
  async call(_client, _path, _options, begun) {
    const { selector } = begun as Selection
    await selector.start()
    if (how === 'closed') await selector.close()
    else if (how === 'interrupted') selector.interrupt()
  },
  async verify({ client, begun, isOver, rest }) {
    const { selector, led, lost } = begun as Selection
    if (isOver && client.isEnded) expect(selector.isLeader).to.equal(false)
    await selector.close()
    await rest()
    expect(led.length, 'onLost once for each').to.equal(lost.length)
    for (const held of led) expect([held.isHeld, held.signal.aborted]).to.deep.equal([false, true])
  },
}))

/** Bounded by options of their own; what they leave is ended by their verify(). */
export const racedLivings: readonly RacedCall[] = [...watches, ...caches, ...members, ...selectors]
