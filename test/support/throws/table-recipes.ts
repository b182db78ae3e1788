/** The recipes: what they are made with, and their waits. Neighbour: table. */
import {
  AtomicCounter,
  Barrier,
  ConfigValue,
  DoubleBarrier,
  deleteRecursive,
  GroupMember,
  jsonCodec,
  LeaderLatch,
  LeaderSelector,
  LockingQueue,
  Mutex,
  NodeCache,
  PersistentNode,
  PriorityQueue,
  Queue,
  ReadWriteLock,
  Semaphore,
  ServiceDiscovery,
  SharedCount,
  TreeCache,
  ZK_ERRORS,
  type ZooKeeper,
} from '../../../lib/index.ts'
import {
  answered,
  atRoot,
  atWorld,
  BAD,
  CLOSED,
  DATA,
  drain,
  ended,
  nobody,
  P,
  type Row,
  wait,
  wrong,
} from './rows.ts'

const noCallback = (value: { onChange(listener: never): unknown }): unknown =>
  value.onChange(wrong(undefined))

export const made: Readonly<Record<string, Row>> = {
  'AtomicCounter.new': {
    ...atRoot((client, path) => new AtomicCounter(client, path)),
    RangeError: atWorld((client) => new AtomicCounter(client, P, { initial: wrong('x') })),
  },
  'Barrier.new': atRoot((client, path) => new Barrier(client, path)),
  'ConfigValue.new': {
    ZK_BAD_ARGUMENTS: atWorld(
      (client) => new ConfigValue(client, BAD, { codec: jsonCodec(), defaultValue: 0 }),
    ),
  },
  'ConfigValue.values': {
    ZK_BAD_ARGUMENTS: atWorld((client) =>
      drain(
        new ConfigValue(client, P, { codec: jsonCodec(), defaultValue: 0 }).values({
          signal: wrong(1),
        }),
      ),
    ),
    reason: atWorld((client) => {
      const signal = AbortSignal.abort(new RangeError('reason'))
      return drain(
        new ConfigValue(client, P, { codec: jsonCodec(), defaultValue: 0 }).values({ signal }),
      )
    }),
  },
  'DoubleBarrier.new': {
    ...atRoot((client, path) => new DoubleBarrier(client, path, { memberCount: 2 })),
    RangeError: atWorld((client) => new DoubleBarrier(client, P, { memberCount: 0 })),
  },
  'GroupMember.new': {
    ...atRoot((client, path) => new GroupMember(client, path, 'one')),
    ZK_BAD_ARGUMENTS: atWorld((client) => new GroupMember(client, P, wrong(1))),
  },
  'GroupMember.setData': {
    TypeError: atWorld((client) =>
      new GroupMember(client, P, 'one', { layout: 'kazoo' }).setData(DATA),
    ),
  },
  'LeaderLatch.new': atRoot((client, path) => new LeaderLatch(client, path)),
  'LeaderSelector.new': atRoot((client, path) => new LeaderSelector(client, path, nobody)),
  'LockingQueue.new': atRoot((client, path) => new LockingQueue(client, path)),
  'Mutex.new': atRoot((client, path) => new Mutex(client, path)),
  'NodeCache.new': { ZK_BAD_ARGUMENTS: atWorld((client) => new NodeCache(client, BAD)) },
  'NodeCache.onChange': {
    ZK_BAD_ARGUMENTS: atWorld((client) => noCallback(new NodeCache(client, P))),
  },
  'PersistentNode.new': {
    ...atRoot((client, path) => new PersistentNode(client, path)),
    ZK_BAD_ARGUMENTS: atWorld((client) => new PersistentNode(client, P, { mode: wrong('x') })),
    ZK_INVALID_ACL: atWorld((client) => new PersistentNode(client, P, { acl: [] })),
  },
  'PriorityQueue.new': atRoot((client, path) => new PriorityQueue(client, path)),
  'PriorityQueue.put': {
    RangeError: atWorld((client) =>
      new PriorityQueue(client, P).put(DATA, wrong({ priority: 1_000 })),
    ),
  },
  'Queue.new': atRoot((client, path) => new Queue(client, path)),
  'ReadWriteLock.new': atRoot((client, path) => new ReadWriteLock(client, path)),
  'Semaphore.new': {
    ...atRoot((client, path) => new Semaphore(client, path, { maxLeases: 1 })),
    RangeError: atWorld((client) => new Semaphore(client, P, { maxLeases: 0 })),
  },
  'ServiceDiscovery.new': {
    ...atRoot((client, path) => new ServiceDiscovery(client, path)),
    ZK_BAD_ARGUMENTS: atWorld((client) => new ServiceDiscovery(client, P, wrong({ no: 1 }))),
  },
  'ServiceDiscovery.register': {
    ZK_BAD_ARGUMENTS: atWorld((client) =>
      new ServiceDiscovery(client, P).register({ name: 'a', address: wrong(1) }),
    ),
  },
  'ServiceDiscovery.update': {
    ZK_BAD_ARGUMENTS: atWorld((client) =>
      new ServiceDiscovery(client, P).update({ name: 'a', address: 'b', id: 'c' }),
    ),
  },
  'ServiceProvider.onChange': {
    ZK_BAD_ARGUMENTS: atWorld((client) =>
      noCallback(new ServiceDiscovery(client, P).provider('a')),
    ),
  },
  'SharedCount.new': {
    ...atRoot((client, path) => new SharedCount(client, path)),
    RangeError: atWorld((client) => new SharedCount(client, P, { seed: 2 ** 31 })),
  },
  'SharedCount.onChange': {
    TypeError: atWorld((client) => noCallback(new SharedCount(client, P))),
  },
  'SharedCount.set': { RangeError: atWorld((client) => new SharedCount(client, P).set(0.5)) },
  'SharedCount.trySet': {
    RangeError: atWorld((client) => new SharedCount(client, P).trySet(0.5, 0)),
    TypeError: atWorld((client) => new SharedCount(client, P).trySet(1, -1)),
  },
  'TreeCache.new': { ZK_BAD_ARGUMENTS: atWorld((client) => new TreeCache(client, BAD)) },
  'TreeCache.onChange': {
    ZK_BAD_ARGUMENTS: atWorld((client) => noCallback(new TreeCache(client, P))),
  },
}

const entered = async (client: ZooKeeper): Promise<DoubleBarrier> => {
  const barrier = new DoubleBarrier(client, P, { memberCount: 1 })
  await barrier.enter()
  return barrier
}
const kept = async (client: ZooKeeper): Promise<PersistentNode> => {
  const node = new PersistentNode(client, P, { mode: 'persistent', onError() {} })
  await node.start()
  return node
}

export const waits: Readonly<Record<string, Row>> = {
  'Barrier.set': {
    ...wait(
      (client) => new Barrier(client, P),
      (barrier, options) => barrier.set(options),
    ),
    ZK_NO_AUTH: atWorld((client) => new Barrier(client, CLOSED).set()),
  },
  'Barrier.wait': wait(
    async (client) => {
      const barrier = new Barrier(client, P)
      await barrier.set()
      return barrier
    },
    (barrier, options) => barrier.wait(options),
  ),
  'DoubleBarrier.enter': {
    ...wait(
      (client) => new DoubleBarrier(client, P, { memberCount: 2 }),
      (b, options) => b.enter(options),
    ),
    Error: atWorld(async (client) => (await entered(client)).enter()),
  },
  'DoubleBarrier.leave': {
    ...wait(entered, (barrier, options) => barrier.leave(options)),
    Error: atWorld((client) => new DoubleBarrier(client, P, { memberCount: 1 }).leave()),
    ZK_NO_AUTH: async (world) => {
      const barrier = await entered(world.client)
      await world.close(P)
      return barrier.leave()
    },
  },
  'Held.release': {
    ZK_NO_AUTH: async (world) => {
      const held = await new Mutex(world.client, P).acquire()
      await world.close(P)
      return held.release()
    },
  },
  'LeaderLatch.waitForLeadership': {
    ...wait(
      (client) => new LeaderLatch(client, P),
      (latch, options) => latch.waitForLeadership(options),
    ),
    Error: atWorld(async (client) => {
      const latch = new LeaderLatch(client, P)
      await latch.close()
      return latch.waitForLeadership()
    }),
  },
  'LockingQueue.take': {
    ...wait(
      (client) => new LockingQueue(client, P),
      (queue, options) => queue.take(options),
    ),
    ZK_NO_AUTH: atWorld((client) => new LockingQueue(client, CLOSED).take()),
  },
  'Mutex.acquire': {
    ...wait(
      (client) => new Mutex(client, P),
      (mutex, options) => mutex.acquire(options),
    ),
    ZK_NO_AUTH: atWorld((client) => new Mutex(client, CLOSED).acquire()),
    // The store is full.
    ZK_SYSTEM_ERROR: atWorld((client) => {
      client.create = answered(ZK_ERRORS.SYSTEM_ERROR)
      return new Mutex(client, P).acquire()
    }),
  },
  'NodeCache.start': {
    ...wait(
      (client) => new NodeCache(client, P),
      (cache, options) => cache.start(options),
    ),
    ZK_NO_AUTH: atWorld((client) => new NodeCache(client, '/closed').start()),
    Error: atWorld(async (client) => {
      const cache = new NodeCache(client, P)
      await cache.close()
      return cache.start()
    }),
  },
  'PersistentNode.waitForCreate': {
    ...wait(
      (client) => new PersistentNode(client, P),
      (node, options) => node.waitForCreate(options),
    ),
    Error: atWorld(async (client) => {
      const node = new PersistentNode(client, P)
      await node.close()
      return node.waitForCreate()
    }),
  },
  'PersistentNode.setData': {
    ...wait(kept, (node, options) => node.setData(DATA, options)),
    ZK_BAD_ARGUMENTS: atWorld(async (client) => (await kept(client)).setData(wrong(1))),
    Error: atWorld(async (client) => {
      const node = await kept(client)
      await node.close()
      return node.setData(DATA)
    }),
  },
  'PersistentNode.close': {
    ZK_NOT_EMPTY: async ({ client, owner }) => {
      const node = await kept(client)
      await owner.create(`${P}/child`)
      return node.close()
    },
    ZK_NO_AUTH: async (world) => {
      const node = await kept(world.client)
      await world.close('/open')
      return node.close()
    },
    ZK_SESSION_EXPIRED: async (world) => {
      const node = await kept(world.client)
      await ended(world)
      return node.close()
    },
  },
  'Queue.put': {
    ...wait(
      (client) => new Queue(client, P),
      (queue, options) => queue.put(DATA, options),
    ),
    ZK_BAD_ARGUMENTS: atWorld((client) => new Queue(client, P).put(wrong(1))),
    ZK_CONNECTION_LOSS: async ({ client, gate }) => {
      await client.create(P)
      gate.holdFrom(0)
      const put = new Queue(client, P).put(DATA)
      gate.end('away')
      return put
    },
    ZK_NO_AUTH: atWorld((client) => new Queue(client, CLOSED).put(DATA)),
  },
  'LockSide.acquire': {
    ...wait(
      (client) => new ReadWriteLock(client, P).read,
      (side, options) => side.acquire(options),
    ),
  },
  'Semaphore.acquire': {
    ...wait(
      (client) => new Semaphore(client, P, { maxLeases: 1 }),
      (s, options) => s.acquire(options),
    ),
    RangeError: atWorld((client) =>
      new Semaphore(client, P, { maxLeases: 1 }).acquire({ count: 2 }),
    ),
  },
  'TreeCache.start': {
    // As ZooKeeper before 3.6.
    ZK_UNIMPLEMENTED: atWorld((client) => {
      client.addWatch = answered(ZK_ERRORS.UNIMPLEMENTED)
      return new TreeCache(client, P).start()
    }),
    ...wait(
      (client) => new TreeCache(client, P),
      (cache, options) => cache.start(options),
    ),
    Error: atWorld(async (client) => {
      const cache = new TreeCache(client, P)
      await cache.close()
      return cache.start()
    }),
  },
  'ClaimedElement.consume': {
    Error: atWorld(async (client) => {
      const element = await claimed(client)
      await element.release()
      return element.consume()
    }),
    ZK_NO_NODE: async ({ client, owner }) => {
      const element = await claimed(client)
      await deleteRecursive(owner, `${P}/entries`)
      return element.consume()
    },
    ZK_NOT_EMPTY: async ({ client, owner }) => {
      const element = await claimed(client)
      await owner.create(`${P}/entries/${element.name}/child`, null)
      return element.consume()
    },
    ZK_SESSION_EXPIRED: async (world) => {
      const element = await claimed(world.client)
      await ended(world)
      return element.consume()
    },
    ZK_NO_AUTH: async (world) => {
      const element = await claimed(world.client)
      await world.close(`${P}/entries`)
      return element.consume()
    },
  },
}

async function claimed(client: ZooKeeper) {
  const queue = new LockingQueue(client, P)
  await queue.put(DATA)
  return queue.take()
}
