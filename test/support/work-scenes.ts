/** The counters and queues of the table of works and faults, each with its ledger. Neighbour: work-play. */
import { expect } from 'chai'
import {
  AtomicCounter,
  type Held,
  LockingQueue,
  PriorityQueue,
  Queue,
  SharedCount,
  ZnodeError,
  type ZooKeeper,
} from '../../lib/index.ts'
import { ROOM } from './recipe-play.ts'
import type { Applied, Ledger, Work } from './work-play.ts'

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

/** What it did for certain, or may have done. */
class Count {
  sure = 0
  maybe = 0

  async of(call: Promise<boolean>): Promise<void> {
    try {
      if (await call) this.sure += 1
    } catch (error) {
      if (!isUnapplied(error)) this.maybe += 1
      throw error
    }
  }

  expect(found: number, unknown: Applied): void {
    const isKnown = unknown === 'not' && this.maybe === 1
    const most = this.sure + (isKnown ? 0 : this.maybe)
    // One that arrived may have found that the other client was faster.
    expect(found, `${this.sure} sure, ${this.maybe} unknown`).to.be.within(this.sure, most)
  }
}

const isUnapplied = (error: unknown): boolean =>
  error instanceof ZnodeError && error.outcome === 'unapplied'

const atomic: Work = {
  name: 'AtomicCounter',
  writes: 1,
  open() {
    const count = new Count()
    const counter = perClient((client) => new AtomicCounter(client, PATH))
    return {
      step: (client, signal) =>
        count.of(
          counter(client)
            .add(1, { signal })
            .then(() => true),
        ),
      async check(observer, unknown) {
        count.expect(await new AtomicCounter(observer, PATH).get(), unknown)
      },
    }
  },
}

const shared: Work = {
  name: 'SharedCount',
  writes: 1,
  open(a, b) {
    const count = new Count()
    const shares = perClient((client) => new SharedCount(client, PATH, { onError: () => {} }))
    const seen = new Map<ZooKeeper, number>()
    for (const client of [a, b]) {
      shares(client).onChange(() => {
        throw new RangeError('mine')
      })
      shares(client).onChange(({ value }) => seen.set(client, value))
    }
    return {
      async step(client, signal) {
        const share = shares(client)
        const { value, version } = await share.getVersioned({ signal })
        // Where there is no znode yet there is no version either.
        if (value === 0) await share.set(0, { signal })
        else await count.of(share.trySet(value + 1, version, { signal }))
        if (value === 0) await count.of(share.trySet(1, 0, { signal }))
      },
      async check(observer, unknown) {
        const found = await new SharedCount(observer, PATH).get()
        count.expect(found, unknown)
        for (const client of [a, b]) {
          while (!client.isEnded && seen.get(client) !== found) {
            await new Promise<void>((resolve) => observer.clock.after(20, resolve))
          }
        }
      },
    }
  },
}

/** Elements by their text. A step puts one before it takes one, so that no take waits for long. */
class Elements {
  readonly #put = new Set<string>()
  readonly #maybePut = new Set<string>()
  readonly #taken: string[] = []
  /** Elements that may have been taken and were not received. */
  lost = 0
  #count = 0

  async put(send: (data: Uint8Array) => Promise<void>): Promise<void> {
    this.#count += 1
    const text = `element ${this.#count}`
    try {
      await send(Buffer.from(text))
      this.#put.add(text)
    } catch (error) {
      if (!isUnapplied(error)) this.#maybePut.add(text)
      throw error
    }
  }

  take({ data }: { readonly data: Uint8Array | null }): void {
    this.#taken.push(textOf(data))
  }

  /** `drained`: what was still there. */
  expect(drained: readonly string[], applied: Applied): void {
    // A second one is of a slow machine.
    const unknown = this.lost + this.#maybePut.size === 1 ? applied : 'either'
    const all = [...this.#taken, ...drained]
    expect(new Set(all).size, 'none is there twice').to.equal(all.length)
    const found = new Set(all)
    for (const text of all) {
      expect(this.#put.has(text) || this.#maybePut.has(text), text).to.equal(true)
    }
    const missing = [...this.#put].filter((text) => !found.has(text))
    expect(missing.length, `missing: ${missing}`).to.be.at.most(unknown === 'not' ? 0 : this.lost)
    for (const text of this.#maybePut) {
      if (unknown !== 'either') expect(found.has(text), text).to.equal(unknown === 'applied')
    }
  }
}

const textOf = (data: Uint8Array | null): string => Buffer.from(data ?? []).toString()

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
      const elements = new Elements()
      const queue = perClient<Queue | PriorityQueue>(make)
      return {
        async step(client, signal) {
          const one = queue(client)
          await elements.put((data) => one.put(data, { signal }))
          try {
            elements.take(await one.take({ signal }))
          } catch (error) {
            if (!isUnapplied(error) && error instanceof ZnodeError) elements.lost += 1
            throw error
          }
        },
        async check(observer, unknown) {
          const one = make(observer)
          const drained: string[] = []
          while ((await one.size()) > 0) drained.push(textOf((await one.take()).data))
          elements.expect(drained, unknown)
        },
      }
    },
  }),
)

const locking: Work = {
  name: 'LockingQueue',
  writes: 3,
  open() {
    const elements = new Elements()
    const queue = perClient((client) => new LockingQueue(client, PATH))
    const holders = new Map<string, Held>()
    const violations: string[] = []
    return {
      async step(client, signal) {
        const one = queue(client)
        await elements.put((data) => one.put(data, { signal }))
        const element = await one.take({ signal })
        const before = holders.get(element.name)
        if (before !== undefined && before.token >= element.token) violations.push('a token')
        if (before?.isHeld === true && element.isHeld) violations.push(`two have ${element.name}`)
        holders.set(element.name, element)
        try {
          await element.consume()
        } catch (error) {
          if (!isUnapplied(error)) elements.lost += 1
          throw error
        }
        elements.take(element)
      },
      async check(observer, unknown) {
        const one = new LockingQueue(observer, PATH)
        const drained: string[] = []
        while ((await one.size()) > 0) {
          const element = await one.take()
          drained.push(textOf(element.data))
          await element.consume()
        }
        elements.expect(drained, unknown)
        expect(violations).to.deep.equal([])
        expect((await observer.getChildren(`${PATH}/taken`)).children).to.deep.equal([])
      },
    }
  },
}

export const works: readonly Work[] = [atomic, shared, ...queues, locking]
