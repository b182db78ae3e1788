/** The counters and queues of the table of works and faults, each with its ledger. Neighbours: work-ledger, work-play. */
import { expect } from 'chai'
import {
  AtomicCounter,
  type ClaimedElement,
  type Held,
  LockingQueue,
  PriorityQueue,
  Queue,
  SharedCount,
  type ZooKeeper,
} from '../../lib/index.ts'
import { ROOM } from './recipe-play.ts'
import { Calls, Count, Elements } from './work-ledger.ts'
import type { Ledger, Work } from './work-play.ts'

const PATH = `${ROOM}/work`

/** One for each client. */
function perClient<T>(make: (client: ZooKeeper) => T): (client: ZooKeeper) => T {
  const made = new Map<ZooKeeper, T>()
  return (client) => {
    const one = made.get(client) ?? make(client)
    made.set(client, one)
    return one
  }
}

const atomic: Work = {
  name: 'AtomicCounter',
  writes: 1,
  open() {
    const calls = new Calls()
    const count = new Count(calls)
    const counter = perClient((client) => new AtomicCounter(client, PATH))
    return {
      calls,
      step: (client, signal) =>
        count.add(client, async () => {
          await counter(client).add(1, { signal })
          return true
        }),
      async check(observer) {
        count.expect(await new AtomicCounter(observer, PATH).get())
      },
    }
  },
}

const shared: Work = {
  name: 'SharedCount',
  writes: 1,
  open(a, b) {
    const calls = new Calls()
    const count = new Count(calls)
    const shares = perClient((client) => new SharedCount(client, PATH, { onError: () => {} }))
    const seen = new Map<ZooKeeper, number>()
    for (const client of [a, b]) {
      shares(client).onChange(() => {
        throw new RangeError('mine')
      })
      shares(client).onChange(({ value }) => seen.set(client, value))
    }
    return {
      calls,
      async step(client, signal) {
        const share = shares(client)
        const { value, version } = await share.getVersioned({ signal })
        await count.add(client, () => share.trySet(value + 1, version, { signal }))
      },
      async check(observer) {
        const found = await new SharedCount(observer, PATH).get()
        count.expect(found)
        for (const client of [a, b]) {
          while (!client.isEnded && seen.get(client) !== found) {
            await new Promise<void>((resolve) => observer.clock.after(20, resolve))
          }
        }
      },
    }
  },
}

const queues = [
  { name: 'Queue, layout curator', make: (client: ZooKeeper) => new Queue(client, PATH) },
  {
    name: 'Queue, layout kazoo',
    make: (client: ZooKeeper) => new Queue(client, PATH, { layout: 'kazoo' }),
  },
  { name: 'PriorityQueue', make: (client: ZooKeeper) => new PriorityQueue(client, PATH) },
].map(
  ({ name, make }): Work => ({
    name,
    writes: 2,
    open(): Ledger {
      const calls = new Calls()
      const elements = new Elements(calls)
      const queue = perClient<Queue | PriorityQueue>(make)
      return {
        calls,
        async step(client, signal) {
          const one = queue(client)
          await elements.put(client, (data) => one.put(data, { signal }))
          await elements.take(client, () => one.take({ signal }))
        },
        async check(observer) {
          const one = make(observer)
          while ((await one.size()) > 0) await elements.take(observer, () => one.take())
          elements.expect()
        },
      }
    },
  }),
)

const locking: Work = {
  name: 'LockingQueue',
  writes: 3,
  open() {
    const calls = new Calls()
    const elements = new Elements(calls)
    const queue = perClient((client) => new LockingQueue(client, PATH))
    const holders = new Map<string, Held>()
    const violations: string[] = []
    return {
      calls,
      async step(client, signal) {
        const one = queue(client)
        await elements.put(client, (data) => one.put(data, { signal }))
        const element = await one.take({ signal })
        const before = holders.get(element.name)
        if (before !== undefined && before.token >= element.token) violations.push('a token')
        if (before?.isHeld === true && element.isHeld) violations.push(`two have ${element.name}`)
        holders.set(element.name, element)
        await elements.take(client, () => consumed(element))
      },
      async check(observer) {
        const one = new LockingQueue(observer, PATH)
        while ((await one.size()) > 0) {
          const element = await one.take()
          await elements.take(observer, () => consumed(element))
        }
        elements.expect()
        expect(violations).to.deep.equal([])
        expect((await observer.getChildren(`${PATH}/taken`)).children).to.deep.equal([])
      },
    }
  },
}

async function consumed(element: ClaimedElement): Promise<ClaimedElement> {
  await element.consume()
  return element
}

export const works: readonly Work[] = [atomic, shared, ...queues, locking]
