/**
 * Calls of the library whose result races with an end, each with what it promises and how to see whether it was kept.
 * Neighbours: gated-transport, end-races.test.
 */
import {
  AtomicCounter,
  Barrier,
  DoubleBarrier,
  type Held,
  LeaderLatch,
  LockingQueue,
  Mutex,
  mkdirp,
  PersistentNode,
  Queue,
  ReadWriteLock,
  Semaphore,
  SharedCount,
  type WaitOptions,
  type ZooKeeper,
} from '../../lib/index.ts'

/** One call, on a path of its own. */
export interface RacedCall {
  readonly name: string
  /** Before the race: what is there, by an observer; what the client itself must have, by it. */
  prepare?(observer: ZooKeeper, path: string): Promise<unknown>
  begin?(client: ZooKeeper, path: string): Promise<unknown>
  /** `begun` is what begin() resolved with. */
  call(
    client: ZooKeeper,
    path: string,
    options: WaitOptions,
    begun: unknown,
    observer: ZooKeeper,
  ): Promise<unknown>
  /** Is the effect of the call in the tree? Absent: it has none that outlives its session. */
  isApplied?(observer: ZooKeeper, path: string): Promise<boolean>
  /** Events race with the end as replies do. */
  readonly isOfEvents?: true
  /** When all has come to rest: what must be so. Ends what begin() began. @throws it is not so */
  verify?(race: RaceEnd): Promise<unknown>
  /** It is a znode of the session: one that has ended has taken it along. */
  readonly isOfSession?: true
  /** Rejected, whatever with, it has left nothing of the session, and has taken nothing. */
  readonly isAllOrNothing?: true
}

/** What a race came to. */
export interface RaceEnd {
  readonly client: ZooKeeper
  readonly observer: ZooKeeper
  readonly path: string
  readonly begun: unknown
  readonly how: 'pending' | 'done' | 'failed'
  readonly value?: unknown
  readonly error?: unknown
  /** The signal of its options is aborted. */
  readonly isAborted: boolean
  /** The session that it began with has ended. */
  readonly isOver: boolean
  /** Time passes, and all comes to rest. */
  rest(): Promise<void>
}

const DATA = Buffer.from('a')
const NEW = Buffer.from('b')

const there = async (client: ZooKeeper, path: string): Promise<boolean> =>
  (await client.exists(path)) !== undefined
const isNew = async (client: ZooKeeper, path: string): Promise<boolean> =>
  Buffer.from((await client.getData(path)).data ?? []).equals(NEW)
const hasChild = async (client: ZooKeeper, path: string): Promise<boolean> =>
  (await client.getChildren(path)).children.length > 0
const make = (observer: ZooKeeper, path: string) => observer.create(path, DATA)

const verbs: readonly RacedCall[] = [
  { name: 'create', call: (client, path) => client.create(path), isApplied: there },
  {
    name: 'create, ephemeral',
    call: (client, path) => client.create(path, null, { mode: 'ephemeral' }),
    isApplied: there,
    isOfSession: true,
  },
  {
    name: 'create, protected',
    prepare: make,
    call: (client, path) => client.create(`${path}/x`, null, { protected: true }),
    isApplied: hasChild,
  },
  {
    name: 'create, protected and ephemeral',
    prepare: make,
    call: (client, path) =>
      client.create(`${path}/x-`, null, { protected: true, mode: 'ephemeral-sequential' }),
    isApplied: hasChild,
    isOfSession: true,
    isAllOrNothing: true,
  },
  {
    name: 'delete',
    prepare: make,
    call: (client, path) => client.delete(path),
    isApplied: async (observer, path) => !(await there(observer, path)),
  },
  {
    name: 'setData',
    prepare: make,
    call: (client, path) => client.setData(path, NEW),
    isApplied: isNew,
  },
  {
    name: 'setAcl',
    prepare: make,
    call: (client, path) =>
      client.setAcl(path, [{ perms: 1, id: { scheme: 'world', id: 'anyone' } }]),
    isApplied: async (observer, path) => (await observer.getAcl(path)).acl[0]?.perms === 1,
  },
  {
    name: 'multi',
    prepare: make,
    call: (client, path) =>
      client.multi([
        { type: 'setData', path, data: NEW, version: -1 },
        client.createOp(`${path}/x`, null),
      ]),
    isApplied: isNew,
  },
  { name: 'mkdirp', call: (client, path) => mkdirp(client, path), isApplied: there },
]

const held: readonly RacedCall[] = [
  {
    name: 'Mutex.acquire',
    call: (client, path, options) => new Mutex(client, path).acquire(options),
    isAllOrNothing: true,
  },
  {
    name: 'Semaphore.acquire',
    call: (client, path, options) =>
      new Semaphore(client, path, { maxLeases: 3 }).acquire({ ...options, count: 2 }),
    isAllOrNothing: true,
  },
  {
    name: 'Semaphore.acquire, layout kazoo',
    call: (client, path, options) =>
      new Semaphore(client, path, { maxLeases: 1, layout: 'kazoo' }).acquire(options),
    isAllOrNothing: true,
  },
  {
    name: 'ReadWriteLock, a writer that becomes a reader',
    begin: (client, path) => new ReadWriteLock(client, path).write.acquire(),
    async call(client, path, options, writer) {
      const within = writer as Held
      try {
        return await new ReadWriteLock(client, path).read.acquire({ ...options, within })
      } finally {
        void within.release().catch(() => {})
      }
    },
  },
  {
    name: 'Held.release',
    begin: (client, path) => new Mutex(client, path).acquire(),
    call: (_client, _path, _options, one) => (one as Held).release(),
  },
  {
    name: 'DoubleBarrier.enter',
    call: (client, path, options) =>
      new DoubleBarrier(client, path, { memberCount: 1 }).enter(options),
    isAllOrNothing: true,
  },
  {
    name: 'LeaderLatch.waitForLeadership',
    async call(client, path, options) {
      const latch = new LeaderLatch(client, path, { onError() {} })
      try {
        await latch.waitForLeadership(options)
      } finally {
        void latch.close()
      }
    },
  },
  {
    name: 'LeaderLatch.start and close',
    async call(client, path) {
      const latch = new LeaderLatch(client, path, { onError() {} })
      await latch.start()
      await latch.close()
    },
  },
  {
    name: 'PersistentNode.start',
    async call(client, path, options) {
      const node = new PersistentNode(client, path, { onError() {} })
      try {
        await node.start(options)
      } finally {
        void node.close().catch(() => {})
      }
    },
  },
]

const works: readonly RacedCall[] = [
  {
    name: 'Queue.put',
    prepare: make,
    call: (client, path, options) => new Queue(client, path).put(NEW, options),
    isApplied: hasChild,
  },
  {
    name: 'Queue.take',
    prepare: (observer, path) => new Queue(observer, path).put(NEW),
    call: (client, path, options) => new Queue(client, path).take(options),
    isApplied: async (observer, path) => !(await hasChild(observer, path)),
    isAllOrNothing: true,
  },
  {
    name: 'LockingQueue.put',
    call: (client, path, options) => new LockingQueue(client, path).put(NEW, options),
    isApplied: async (observer, path) => (await new LockingQueue(observer, path).size()) > 0,
  },
  {
    name: 'LockingQueue.take',
    prepare: (observer, path) => new LockingQueue(observer, path).put(NEW),
    call: (client, path, options) => new LockingQueue(client, path).take(options),
    isAllOrNothing: true,
  },
  {
    name: 'ClaimedElement.consume',
    prepare: (observer, path) => new LockingQueue(observer, path).put(NEW),
    begin: (client, path) => new LockingQueue(client, path).take(),
    call: (_client, _path, _options, element) =>
      (element as Awaited<ReturnType<LockingQueue['take']>>).consume(),
    isApplied: async (observer, path) => (await new LockingQueue(observer, path).size()) === 0,
  },
  {
    name: 'AtomicCounter.add',
    call: (client, path, options) => new AtomicCounter(client, path).add(1, options),
    isApplied: async (observer, path) => (await new AtomicCounter(observer, path).get()) === 1,
  },
  {
    name: 'AtomicCounter.add to what is there',
    prepare: (observer, path) => new AtomicCounter(observer, path).set(0),
    call: (client, path, options) => new AtomicCounter(client, path).add(1, options),
    isApplied: async (observer, path) => (await new AtomicCounter(observer, path).get()) === 1,
  },
  {
    name: 'AtomicCounter.set',
    call: (client, path, options) => new AtomicCounter(client, path).set(1, options),
    isApplied: async (observer, path) => (await new AtomicCounter(observer, path).get()) === 1,
  },
  {
    name: 'AtomicCounter.compareAndSet',
    prepare: (observer, path) => new AtomicCounter(observer, path).set(0),
    call: (client, path, options) => new AtomicCounter(client, path).compareAndSet(0, 1, options),
    isApplied: async (observer, path) => (await new AtomicCounter(observer, path).get()) === 1,
  },
  {
    name: 'SharedCount.set',
    call: (client, path, options) => new SharedCount(client, path).set(1, options),
    isApplied: there,
  },
  {
    name: 'SharedCount.trySet',
    prepare: (observer, path) => new SharedCount(observer, path).set(0),
    call: (client, path, options) => new SharedCount(client, path).trySet(1, 0, options),
    isApplied: async (observer, path) => (await new SharedCount(observer, path).get()) === 1,
  },
  {
    name: 'Barrier.set',
    call: (client, path, options) => new Barrier(client, path).set(options),
    isApplied: there,
  },
  {
    name: 'Barrier.remove',
    prepare: (observer, path) => new Barrier(observer, path).set(),
    call: (client, path, options) => new Barrier(client, path).remove(options),
    isApplied: async (observer, path) => !(await there(observer, path)),
  },
]

/** Bounded by a view of the client. */
export const racedVerbs: readonly RacedCall[] = verbs
/** Bounded by options of their own. */
export const racedRecipes: readonly RacedCall[] = [...held, ...works]
