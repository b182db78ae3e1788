/** The recipes of the table of recipes and faults, each as a scene of two. */
import {
  Barrier,
  type ContenderLayout,
  DoubleBarrier,
  Mutex,
  mkdirp,
  ReadWriteLock,
  Semaphore,
  type ZooKeeper,
} from '../../lib/index.ts'
import { connectedly, type Recipe, ROOM } from './recipe-play.ts'

const PATH = `${ROOM}/line`

const mutexes = (['curator', 'kazoo'] as const).map(
  (layout): Recipe => ({
    name: `Mutex, layout ${layout}`,
    isHeld: true,
    writes: 1,
    async scene(a: ZooKeeper, b: ZooKeeper) {
      const held = await new Mutex(a, PATH, { layout }).acquire()
      return {
        held,
        wait: (options) => new Mutex(b, PATH, { layout }).acquire(options),
        letIn: () => held.release(),
      }
    },
  }),
)

const entered: Recipe = {
  name: 'Mutex, entered twice',
  isHeld: true,
  writes: 1,
  async scene(a, b) {
    const mutex = new Mutex(a, PATH)
    const held = await mutex.acquire()
    const again = await mutex.acquire({ within: held })
    return {
      held,
      wait: (options) => new Mutex(b, PATH).acquire(options),
      letIn: async () => Promise.all([held.release(), again.release()]),
    }
  },
}

type Side = 'read' | 'write'

/** One side waits for the other, or for its own. */
function sides(holder: Side, waiter: Side, layout: ContenderLayout): Recipe {
  return {
    name: `ReadWriteLock, ${waiter} behind ${holder}, layout ${layout}`,
    isHeld: true,
    writes: 1,
    async scene(a, b) {
      const held = await new ReadWriteLock(a, PATH, { layout })[holder].acquire()
      return {
        held,
        wait: (options) => new ReadWriteLock(b, PATH, { layout })[waiter].acquire(options),
        letIn: () => held.release(),
      }
    },
  }
}

const downgraded = (['curator', 'kazoo'] as const).map(
  (layout): Recipe => ({
    name: `ReadWriteLock, write behind a writer that became a reader, layout ${layout}`,
    isHeld: true,
    writes: 1,
    async scene(a, b) {
      const lock = new ReadWriteLock(a, PATH, { layout })
      const writer = await lock.write.acquire()
      const held = await lock.read.acquire({ within: writer })
      await writer.release()
      return {
        held,
        wait: (options) => new ReadWriteLock(b, PATH, { layout }).write.acquire(options),
        letIn: () => held.release(),
      }
    },
  }),
)

const readWriteLocks = [
  sides('write', 'write', 'curator'),
  sides('write', 'read', 'kazoo'),
  sides('write', 'read', 'curator'),
  sides('read', 'write', 'kazoo'),
  sides('read', 'write', 'curator'),
  ...downgraded,
]

/** Holds so many of so many leases, and the other waits for as many. */
function leases(count: number, maxLeases: number, layout: ContenderLayout): Recipe {
  const options = { maxLeases, layout }
  return {
    name: `Semaphore, ${count} of ${maxLeases} leases, layout ${layout}`,
    isHeld: true,
    // The lock's, and the leases'.
    writes: 2,
    async scene(a, b) {
      const held = await new Semaphore(a, PATH, options).acquire({ count })
      return {
        held,
        wait: (wait) => new Semaphore(b, PATH, options).acquire({ ...wait, count }),
        letIn: () => held.release(),
      }
    },
  }
}

const semaphores = [
  leases(1, 1, 'curator'),
  leases(1, 1, 'kazoo'),
  leases(3, 5, 'curator'),
  leases(3, 5, 'kazoo'),
]

const barrier: Recipe = {
  name: 'Barrier',
  isHeld: false,
  writes: 0,
  async scene(a, b) {
    const ours = new Barrier(a, PATH)
    await ours.set()
    await connectedly(b, () => b.sync())
    return {
      async wait(options) {
        await new Barrier(b, PATH).wait(options)
        return undefined
      },
      letIn: () => ours.remove(),
    }
  },
}

const entering = (['curator', 'kazoo'] as const).map(
  (layout): Recipe => ({
    name: `DoubleBarrier, entered, layout ${layout}`,
    isHeld: false,
    writes: 1,
    async scene(a, b) {
      await connectedly(a, () => mkdirp(a, PATH))
      await connectedly(b, () => b.sync())
      const options = { memberCount: 2, layout }
      const [ours, theirs] = [
        new DoubleBarrier(a, PATH, options),
        new DoubleBarrier(b, PATH, options),
      ]
      const abort = new AbortController()
      let entered: Promise<unknown> | undefined
      return {
        wait: (wait) => theirs.enter(wait),
        async letIn() {
          entered ??= ours.enter({ signal: abort.signal })
          entered.catch(() => {})
        },
        async end() {
          abort.abort()
          await ours.leave()
        },
      }
    },
  }),
)

const leaving = (['curator', 'kazoo'] as const).map(
  (layout): Recipe => ({
    name: `DoubleBarrier, left, layout ${layout}`,
    isHeld: false,
    // In layout kazoo also that of `ready`.
    writes: layout === 'kazoo' ? 2 : 1,
    async scene(a, b) {
      const options = { memberCount: 2, layout }
      const [ours, theirs] = [
        new DoubleBarrier(a, PATH, options),
        new DoubleBarrier(b, PATH, options),
      ]
      await Promise.all([ours.enter(), theirs.enter()])
      await connectedly(b, () => b.sync())
      let left: Promise<unknown> | undefined
      return {
        async wait(wait) {
          await theirs.leave(wait)
          return undefined
        },
        async letIn() {
          left ??= ours.leave()
          left.catch(() => {})
        },
      }
    },
  }),
)

export const recipes: readonly Recipe[] = [
  ...mutexes,
  entered,
  ...readWriteLocks,
  ...semaphores,
  barrier,
  ...entering,
  ...leaving,
]
