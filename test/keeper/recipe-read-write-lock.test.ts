/** ReadWriteLock: who is in together with whom, and how a writer becomes a reader. Time is a ManualClock's. */
import { expect } from 'chai'
import { type Held, Mutex, ReadWriteLock, type ZooKeeper } from '../../lib/index.ts'
import { livenessBench, type Member, TIMEOUT_MS } from '../support/liveness-bench.ts'
import { settle } from '../support/manual-clock.ts'
import {
  connect,
  contenders,
  cutBehindNextTxn,
  outcomeOf,
  PATH,
  passTime,
} from '../support/recipe-bench.ts'

describe('ReadWriteLock', () => {
  const bench = livenessBench()
  let one: Member
  let a: ZooKeeper
  let b: ZooKeeper
  let lock: ReadWriteLock
  let other: ReadWriteLock

  beforeEach(async () => {
    one = await bench.start()
    a = await connect(one)
    b = await connect(await bench.start())
    lock = new ReadWriteLock(a, PATH)
    other = new ReadWriteLock(b, PATH)
  })

  /** What became of waits, and what they hold. */
  function waits(...acquires: Promise<Held>[]) {
    const outcomes = acquires.map(outcomeOf)
    return {
      async now(): Promise<string[]> {
        await settle()
        return outcomes.map(({ now }) => now)
      },
      release: async (place: number) => (await acquires[place])?.release(),
    }
  }

  for (const layout of ['curator', 'kazoo'] as const) {
    it(`readers are in together, and nobody passes a writer: layout ${layout}`, async () => {
      lock = new ReadWriteLock(a, PATH, { layout })
      other = new ReadWriteLock(b, PATH, { layout })
      const acquires: Promise<Held>[] = []
      for (const side of [lock.read, other.read, lock.write, other.read, lock.read, other.write]) {
        acquires.push(side.acquire())
        await settle()
      }
      const line = waits(...acquires)
      const [wait, done] = ['pending', 'done']
      expect(await line.now()).to.deep.equal([done, done, wait, wait, wait, wait])
      await line.release(0)
      expect(await line.now()).to.deep.equal([done, done, wait, wait, wait, wait])
      await line.release(1)
      expect(await line.now()).to.deep.equal([done, done, done, wait, wait, wait])
      await line.release(2)
      expect(await line.now()).to.deep.equal([done, done, done, done, done, wait])
      await line.release(4)
      await line.release(3)
      expect(await line.now()).to.deep.equal([done, done, done, done, done, done])
      await line.release(5)
      expect(await contenders(a)).to.deep.equal([])
    })
  }

  it('a reader continues when a writer before it gives up', async () => {
    const first = await lock.read.acquire()
    const abort = new AbortController()
    const writer = outcomeOf(lock.write.acquire({ signal: abort.signal }))
    await settle()
    const reader = outcomeOf(other.read.acquire())
    await settle()
    expect([writer.now, reader.now]).to.deep.equal(['pending', 'pending'])
    abort.abort()
    await settle()
    expect([first.isHeld, writer.now, reader.now]).to.deep.equal([true, 'AbortError', 'done'])
  })

  it('a reader waits for what only looks like a reader', async () => {
    const held = await new Mutex(b, PATH).acquire()
    const reader = outcomeOf(lock.read.acquire())
    await settle()
    expect(reader.now).to.equal('pending')
    await held.release()
    await settle()
    expect(reader.now).to.equal('done')
  })

  it('a writer that becomes a reader lets readers in, and no writer before them', async () => {
    const writer = await lock.write.acquire()
    const waiting = waits(other.write.acquire())
    await settle()
    const reader = await lock.read.acquire({ within: writer })
    expect(reader.token).to.equal(writer.token)
    const names = [...(await contenders(a))].map((name) => name.slice(40)).sort()
    expect(names).to.deep.equal(['__READ__0000000000', '__WRIT__0000000000', '__WRIT__0000000001'])
    await writer.release()
    expect([await waiting.now(), reader.isHeld]).to.deep.equal([['pending'], true])
    const again = await lock.read.acquire({ within: reader })
    await reader.release()
    expect([await waiting.now(), again.isHeld]).to.deep.equal([['pending'], true])
    await again.release()
    expect(await waiting.now()).to.deep.equal(['done'])
    await waiting.release(0)
    expect(await contenders(a)).to.deep.equal([])
  })

  it('readers that wait behind the writer are in together with it, once it is a reader only', async () => {
    const writer = await lock.write.acquire()
    const behind = waits(other.read.acquire())
    const reader = await lock.read.acquire({ within: writer })
    expect(await behind.now()).to.deep.equal(['pending'])
    await writer.release()
    expect(await behind.now()).to.deep.equal(['done'])
    expect(reader.isHeld).to.equal(true)
  })

  it('a writer enters again', async () => {
    const writer = await lock.write.acquire()
    const again = await lock.write.acquire({ within: writer })
    await writer.release()
    const waiting = waits(other.read.acquire())
    expect([await waiting.now(), again.isHeld]).to.deep.equal([['pending'], true])
    await again.release()
    expect(await waiting.now()).to.deep.equal(['done'])
  })

  it('a reader cannot become a writer', async () => {
    const reader = await lock.read.acquire()
    const outcome = outcomeOf(lock.write.acquire({ within: reader }))
    await settle()
    expect(outcome.now).to.equal('TypeError')
    expect([reader.isHeld, (await contenders(a)).length]).to.deep.equal([true, 1])
  })

  it('a writer whose znode is gone does not become a reader, although it does not know it yet', async () => {
    const writer = await lock.write.acquire()
    const waiting = waits(other.write.acquire())
    await settle()
    const [path] = (await contenders(b)).filter((name) => name.endsWith('0000000000'))
    one.store.cutFeed()
    await b.delete(`${PATH}/${path}`)
    expect(await waiting.now()).to.deep.equal(['done'])
    expect(writer.isHeld, 'it does not know it').to.equal(true)
    const reader = outcomeOf(lock.read.acquire({ within: writer }))
    await settle()
    one.store.mendFeed()
    await passTime(bench.clock, 1_000)
    expect(reader.now).to.equal('ZK_NO_NODE')
    expect(await contenders(a)).to.have.length(1)
  })

  it('a create with an unknown outcome makes one reader of a writer', async () => {
    const writer = await lock.write.acquire()
    cutBehindNextTxn(one, bench.backend)
    const reader = outcomeOf(lock.read.acquire({ within: writer }))
    await passTime(bench.clock, TIMEOUT_MS / 2)
    expect([a.state, reader.now]).to.deep.equal(['suspended', 'pending'])
    one.store.mend()
    await passTime(bench.clock, 2_000)
    expect(reader.now).to.equal('done')
    expect(await contenders(b)).to.have.length(2)
  })

  it('does not permit what makes no sense', async () => {
    expect(() => new ReadWriteLock(a, '/')).to.throw(TypeError, 'not a path for a recipe')
    const reader = await lock.read.acquire()
    const outcome = outcomeOf(other.read.acquire({ within: reader }))
    await settle()
    expect(outcome.now).to.equal('TypeError')
  })
})
