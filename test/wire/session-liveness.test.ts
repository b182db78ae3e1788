/**
 * What keeps a session alive and when it expires, on two proxies over one store: H8, H9 and E1 of
 * ZooKeeper's own rules (SessionTrackerImpl, ExpiryQueue), each as a test. Neighbour: session.test.ts.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import type { RawClient, RawEntry } from '../support/raw-client.ts'
import { type Served, SHORT_TIMEOUTS, WireBench } from '../support/wire-bench.ts'

const DELETED = 2
const CHILDREN = 4

describe('sessions', () => {
  let bench: WireBench
  let one: Served
  let two: Served
  const stops: (() => void)[] = []

  beforeEach(async () => {
    bench = new WireBench()
    one = await bench.serve({ limits: SHORT_TIMEOUTS })
    two = await bench.serve({ limits: SHORT_TIMEOUTS })
  })
  afterEach(async () => {
    for (const stop of stops.splice(0)) stop()
    await bench.close()
  })

  const event = (entry: RawEntry): unknown =>
    entry.kind === 'event' ? [entry.type, entry.path] : entry.kind

  /** Pings until told to stop: a client that lives. */
  function keepAlive(client: RawClient, everyMs = 100): () => void {
    const timer = setInterval(() => client.ping(), everyMs)
    const stop = (): void => clearInterval(timer)
    stops.push(stop)
    return stop
  }

  describe('liveness', () => {
    for (const [what, touch] of [
      ['pings', (c: RawClient) => c.ping()],
      ['reads', (c: RawClient) => c.exists('/')],
      ['writes', (c: RawClient) => c.setData('/', 'x')],
    ] as const) {
      it(`H8: ${what} keep a session alive`, async () => {
        // A busy machine may be late with one of them.
        const client = await bench.connect(one, { timeoutMs: 1_000 })
        const endMs = performance.now() + 1_500
        while (performance.now() < endMs) {
          await touch(client)
          await sleep(100)
        }
        expect(client.closed).to.equal(false)
        expect((await client.exists('/')).err).to.equal(0)
      })
    }

    it('H9: a silent session dies, and not before its timeout, as others see it', async () => {
      const timeoutMs = 600
      const dying = await bench.connect(one, { timeoutMs })
      const witness = await bench.connect(two)
      const stop = keepAlive(witness)
      await witness.create('/parent')
      await dying.create('/parent/e', { flags: 1 })
      await witness.sync('/')
      await witness.exists('/parent/e', true)
      await witness.getChildren('/parent', true)
      const before = (await witness.exists('/parent')).record.stat!
      const since = performance.now()
      await dying.ping()
      await witness.waitFor(() => witness.events.length >= 2)
      const afterMs = performance.now() - since
      stop()
      // A busy machine may be late, never early. How late it is at most a clock of the test says: keeper/liveness.
      expect(afterMs).to.be.at.least(timeoutMs)
      expect(witness.events.map(event)).to.deep.equal([
        [DELETED, '/parent/e'],
        [CHILDREN, '/parent'],
      ])
      const after = (await witness.exists('/parent')).record.stat!
      expect(after.pzxid).to.be.above(before.pzxid)
      expect(after.numChildren).to.equal(0)
      // Stored cversion does not move; the exported one is 2 × creates − children.
      expect(after.cversion).to.equal(before.cversion + 1)
      expect(after.mzxid).to.equal(before.mzxid)
      // E4: its own connection is closed, without an event.
      await dying.waitFor(() => dying.closed)
      expect(dying.transcript.at(-1)).to.deep.equal({ kind: 'closed' })
      expect(dying.events).to.deep.equal([])
      const late = await bench.resume(one, dying)
      expect(late.timeoutMs).to.equal(0)
    })

    it('E1: an expiry removes all its ephemerals under one zxid', async () => {
      // Silent while the witness's znodes are created: long enough for that.
      const dying = await bench.connect(one, { timeoutMs: 1_500 })
      const witness = await bench.connect(two)
      const stop = keepAlive(witness)
      const parents = ['/p1', '/p2', '/p3']
      for (const parent of parents) {
        await witness.create(parent)
        await dying.create(`${parent}/e`, { flags: 1 })
        await dying.create(`${parent}/s-`, { flags: 3 })
      }
      await witness.sync('/')
      const before = two.keeper.replica.zxid
      for (const parent of parents) await witness.exists(`${parent}/e`, true)
      await witness.waitFor(() => witness.events.length >= 3)
      const pzxids = new Set<number>()
      for (const parent of parents) {
        const { pzxid, numChildren } = (await witness.exists(parent)).record.stat!
        expect(numChildren).to.equal(0)
        pzxids.add(pzxid)
      }
      stop()
      expect([...pzxids]).to.deep.equal([before + 1])
    })

    it('H9: TCP close does not end a session', async () => {
      const client = await bench.connect(one, { timeoutMs: 4_000 })
      await client.create('/e', { flags: 1 })
      client.destroy()
      await sleep(300)
      const witness = await bench.connect(two)
      expect((await witness.exists('/e')).err).to.equal(0)
      const again = await bench.resume(one, client)
      expect(again.sessionId).to.equal(client.sessionId)
    })

    it('a session whose client is away expires in time', async () => {
      const client = await bench.connect(one, { timeoutMs: 1_000 })
      await client.create('/e', { flags: 1 })
      const witness = await bench.connect(two)
      const stop = keepAlive(witness)
      await witness.sync('/')
      await witness.exists('/e', true)
      client.destroy()
      await witness.waitFor(() => witness.events.length > 0)
      stop()
      expect(witness.events.map(event)).to.deep.equal([[DELETED, '/e']])
      expect(one.keeper.sessions.expiredCount + two.keeper.sessions.expiredCount).to.equal(1)
    })

    it('one client that is silent does not take the others with it', async () => {
      const silent = await bench.connect(one, { timeoutMs: 400 })
      const lively = await bench.connect(one, { timeoutMs: 2_000 })
      const stop = keepAlive(lively)
      await silent.waitFor(() => silent.closed)
      await lively.create('/still', { flags: 1 })
      expect((await lively.exists('/still')).err).to.equal(0)
      stop()
    })
  })
})
