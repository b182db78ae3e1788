/**
 * A client whose root is not there: a chroot that was never made, or is deleted under it. No recipe can make it, so each says so, and
 * none tries for ever.
 */
import { expect } from 'chai'
import {
  AtomicCounter,
  Barrier,
  connect,
  DoubleBarrier,
  deleteRecursive,
  GroupMember,
  LeaderLatch,
  LeaderSelector,
  LockingQueue,
  Mutex,
  mkdirp,
  PersistentNode,
  PriorityQueue,
  Queue,
  ReadWriteLock,
  Semaphore,
  ServiceDiscovery,
  SharedCount,
  type ZooKeeper,
} from '../../lib/index.ts'
import { livenessBench } from '../support/liveness-bench.ts'
import { settle } from '../support/manual-clock.ts'
import { outcomeOf } from '../support/recipe-bench.ts'
import { wordOf } from '../support/two-clients.ts'

const onError = (): void => {}
const takeLeadership = (): void => {}

/** Each at a path below the root, and at one below another znode. */
const CALLS: Readonly<Record<string, (client: ZooKeeper, path: string) => Promise<unknown>>> = {
  Mutex: (client, path) => new Mutex(client, path).acquire(),
  'ReadWriteLock.read': (client, path) => new ReadWriteLock(client, path).read.acquire(),
  Semaphore: (client, path) => new Semaphore(client, path, { maxLeases: 1 }).acquire(),
  'Semaphore, kazoo': (client, path) =>
    new Semaphore(client, path, { maxLeases: 1, layout: 'kazoo' }).acquire(),
  LeaderLatch: (client, path) => new LeaderLatch(client, path, { onError }).start(),
  LeaderSelector: (client, path) =>
    new LeaderSelector(client, path, { takeLeadership, onError }).start(),
  DoubleBarrier: (client, path) => new DoubleBarrier(client, path, { memberCount: 1 }).enter(),
  Barrier: (client, path) => new Barrier(client, path).set(),
  'Queue.put': (client, path) => new Queue(client, path).put(null),
  'Queue.take': (client, path) => new Queue(client, path).take(),
  'PriorityQueue.put': (client, path) => new PriorityQueue(client, path).put(null),
  'LockingQueue.take': (client, path) => new LockingQueue(client, path).take(),
  'SharedCount.get': (client, path) => new SharedCount(client, path).get(),
  'AtomicCounter.add': (client, path) => new AtomicCounter(client, path).add(1),
  'AtomicCounter.set': (client, path) => new AtomicCounter(client, path).set(1),
  PersistentNode: (client, path) => new PersistentNode(client, path, { onError }).start(),
  GroupMember: (client, path) => new GroupMember(client, path, 'me', { onError }).start(),
  ServiceDiscovery: (client, path) =>
    new ServiceDiscovery(client, path, { onError }).register({ name: 'one', address: 'host' }),
  mkdirp,
}

describe('a client whose root is not there', () => {
  const bench = livenessBench()
  /** Its turns of the event loop are counted in calls: a recipe that tries for ever never gives one back. */
  async function rootless(): Promise<{ readonly client: ZooKeeper; calls: number }> {
    const { keeper } = await bench.start()
    const client = await connect(keeper, { chroot: '/no/such' })
    const seen = { calls: 0 }
    const counted = new Proxy(client, {
      get(target, name) {
        if (name === 'create' || name === 'multi') seen.calls += 1
        if (seen.calls > CALLS_MAX) throw new Error(`it tries for ever: ${String(name)}`)
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    return Object.assign(seen, { client: counted })
  }

  for (const [name, call] of Object.entries(CALLS)) {
    it(`${name}: ZK_NO_NODE`, async () => {
      const { client } = await rootless()
      for (const path of ['/one', '/deep/below/one']) {
        const outcome = outcomeOf(call(client, path))
        await settle()
        expect(outcome.now, path).to.equal('ZK_NO_NODE')
      }
    })
  }

  it('what lives on ends with the word when the root is deleted under it', async () => {
    const { keeper } = await bench.start()
    await using root = await connect(keeper)
    await mkdirp(root, '/app')
    await using client = await connect(keeper, { chroot: '/app' })
    const said: (string | undefined)[] = []
    const node = new PersistentNode(client, '/below/node', {
      onError: (error) => said.push(wordOf(error)),
    })
    const latch = new LeaderLatch(client, '/latch', {
      onError: (error) => said.push(wordOf(error)),
    })
    await node.start()
    await latch.waitForLeadership()
    await deleteRecursive(root, '/app')
    await settle()
    expect([node.isClosed, latch.isClosed, said]).to.deep.equal([
      true,
      true,
      ['ZK_NO_NODE', 'ZK_NO_NODE'],
    ])
    await node.close()
    await latch.close()
  })
})

const CALLS_MAX = 100
