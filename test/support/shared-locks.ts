/**
 * The library's locks and barriers beside those of another library: the same steps with each, in both directions. The
 * other one is a {@link PeerProgram} with its things named alike.
 */
import { expect } from 'chai'
import {
  Barrier,
  type ContenderLayout,
  DoubleBarrier,
  type Held,
  Mutex,
  ReadWriteLock,
  Semaphore,
  type ZooKeeper,
} from '../../lib/index.ts'
import { eventually, within } from './eventually.ts'
import type { PeerProgram } from './peer-program.ts'
import { outcomeOf } from './recipe-bench.ts'

const WAIT_MS = 40_000

/** What the tests need, within a test. */
export interface Shared {
  readonly client: ZooKeeper
  readonly peer: PeerProgram
  /** Parent of what is shared. */
  readonly room: string
}

/** Declares the tests. */
export function testSharedLocks(layout: ContenderLayout, shared: () => Shared): void {
  const say = (command: string): Promise<string> =>
    within(command, WAIT_MS, shared().peer.say(command))
  const soon = <T>(promise: Promise<T>): Promise<T> => within('ours', WAIT_MS, promise)
  const at = (name: string): string => `${shared().room}/${name}`

  /** Until so many stand there. */
  async function standing(path: string, count: number): Promise<void> {
    const { client } = shared()
    await eventually(
      `${count} at ${path}`,
      async () => {
        await client.sync(path)
        if ((await client.exists(path)) === undefined) return count === 0
        return (await client.getChildren(path)).children.length === count
      },
      WAIT_MS,
    )
  }

  /** A wait that has not ended. */
  async function pending<T>(wait: Promise<T>): Promise<Promise<T>[]> {
    const outcome = outcomeOf(wait)
    await shared().client.sync()
    expect(outcome.now, 'it is kept out').to.equal('pending')
    return [wait]
  }

  it('a lock', async () => {
    const mutex = new Mutex(shared().client, at('line'), { layout })
    const first = await soon(mutex.acquire())
    expect(await say('lock try')).to.equal('false')
    const theirs = say('lock acquire')
    await standing(at('line'), 2)
    const second = mutex.acquire()
    await standing(at('line'), 3)
    await pending(theirs)
    await first.release()
    expect(await theirs).to.equal('true')
    await pending(second)
    await say('lock release')
    const last = await soon(second)
    expect(last.token).to.be.greaterThan(first.token)
    await last.release()
    await standing(at('line'), 0)
  })

  it('a read-write lock', async () => {
    const { read, write } = new ReadWriteLock(shared().client, at('both'), { layout })
    const writer = await soon(write.acquire())
    expect([await say('read try'), await say('write try')]).to.deep.equal(['false', 'false'])
    await writer.release()
    const reader = await soon(read.acquire())
    // The writer first: beside a reader of its own it would be kept out by that.
    expect([await say('write try'), await say('read try')]).to.deep.equal(['false', 'true'])
    const second = write.acquire()
    await standing(at('both'), 3)
    await reader.release()
    await pending(second)
    expect(await say('read release')).to.match(/true/)
    await (await soon(second)).release()
    await say('write acquire')
    const both = [read.acquire(), write.acquire()]
    await standing(at('both'), 3)
    for (const wait of both) await pending(wait)
    await say('write release')
    for (const wait of both) await (await soon(wait)).release()
    await standing(at('both'), 0)
  })

  it('a writer that becomes a reader: ours', async () => {
    const { read, write } = new ReadWriteLock(shared().client, at('both'), { layout })
    const writer = await soon(write.acquire())
    const reader = await soon(read.acquire({ within: writer }))
    const theirs = say('write acquire')
    await standing(at('both'), 3)
    await writer.release()
    await standing(at('both'), 2)
    await pending(theirs)
    await reader.release()
    expect(await theirs).to.equal('true')
    await say('write release')
    await standing(at('both'), 0)
  })

  it('a semaphore', async () => {
    const semaphore = new Semaphore(shared().client, at('leases'), { layout, maxLeases: 2 })
    const leases = layout === 'kazoo' ? at('leases') : `${at('leases')}/leases`
    const locks = layout === 'kazoo' ? `${at('leases')}-__lock__` : `${at('leases')}/locks`
    const first = await soon(semaphore.acquire())
    expect(await say('lease acquire')).to.equal('true')
    expect(await say('lease2 try')).to.equal('false')
    await standing(locks, 0)
    const waiting = semaphore.acquire()
    await standing(locks, 1)
    await pending(waiting)
    const theirs = say('lease2 acquire')
    await standing(locks, 2)
    await say('lease release')
    const second: Held = await soon(waiting)
    expect(second.token).to.be.greaterThan(first.token)
    await pending(theirs)
    await first.release()
    expect(await theirs).to.equal('true')
    await second.release()
    await say('lease2 release')
    await standing(leases, 0)
    await standing(locks, 0)
    const both = await soon(semaphore.acquire({ count: 2 }))
    expect(await say('lease try')).to.equal('false')
    await both.release()
    await standing(leases, 0)
  })

  it('a barrier', async () => {
    const barrier = new Barrier(shared().client, at('gate'))
    await barrier.set()
    const theirs = say('gate wait')
    await pending(theirs)
    await barrier.remove()
    expect(await theirs).to.equal('true')
    await say('gate set')
    await shared().client.sync()
    const wait = barrier.wait()
    await pending(wait)
    await say('gate remove')
    await soon(wait)
  })

  it('a double barrier', async () => {
    const barrier = new DoubleBarrier(shared().client, at('double'), { layout, memberCount: 2 })
    // Whoever comes first, and whoever leaves first.
    for (const isFirst of [true, false, true, false]) {
      for (const step of ['enter', 'leave'] as const) {
        const ours = (): Promise<unknown> => barrier[step]()
        const theirs = (): Promise<unknown> => say(`double ${step}`)
        const [one, other] = isFirst ? [ours, theirs] : [theirs, ours]
        const before = one()
        if (step === 'enter') await standing(at('double'), 1)
        await pending(before)
        await soon(Promise.all([before, other()]))
      }
      await standing(at('double'), 0)
    }
  })
}
