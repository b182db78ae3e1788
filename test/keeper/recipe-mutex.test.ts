/** Mutex in bad weather: each fault × the holder and those that wait. Time is a ManualClock's. */
import { expect } from 'chai'
import { Mutex, type ZooKeeper } from '../../lib/index.ts'
import { livenessBench, type Member, TIMEOUT_MS } from '../support/liveness-bench.ts'
import { settle } from '../support/manual-clock.ts'
import {
  connect,
  contenders,
  cutBehindNextTxn,
  Holders,
  outcomeOf,
  PATH,
  passTime,
} from '../support/recipe-bench.ts'

describe('Mutex', () => {
  const bench = livenessBench()
  let one: Member
  let two: Member
  let a: ZooKeeper
  let b: ZooKeeper
  let holders: Holders

  beforeEach(async () => {
    one = await bench.start()
    two = await bench.start()
    a = await connect(one)
    b = await connect(two)
    holders = new Holders()
  })

  const pass = (ms: number): Promise<void> => passTime(bench.clock, ms)

  /** One waits behind the holder. */
  async function line() {
    const held = holders.add(await new Mutex(a, PATH).acquire())
    const abort = new AbortController()
    const wait = new Mutex(b, PATH).acquire({ signal: abort.signal })
    const next = wait.then((h) => holders.add(h))
    const outcome = outcomeOf(next)
    await settle()
    expect(outcome.now).to.equal('pending')
    expect(await contenders(a)).to.have.length(2)
    return { held, abort, next, outcome }
  }

  async function ownOf(client: ZooKeeper): Promise<string> {
    for (const name of await contenders(client)) {
      const stat = await client.exists(`${PATH}/${name}`)
      if (stat?.ephemeralOwner === client.sessionId) return `${PATH}/${name}`
    }
    throw new Error('it has no znode')
  }

  it('is handed on in order, with growing tokens, and nothing stays', async () => {
    const { held, next } = await line()
    const third = new Mutex(a, PATH).acquire()
    await settle()
    await held.release()
    expect([held.isHeld, held.signal.aborted]).to.deep.equal([false, true])
    const second = await next
    expect(second.isHeld).to.equal(true)
    {
      await using last = await Promise.race([third, second.release().then(() => third)])
      holders.add(last)
    }
    await settle()
    expect(await contenders(a)).to.deep.equal([])
  })

  it('is not re-entrant by itself', async () => {
    const mutex = new Mutex(a, PATH)
    const held = await mutex.acquire()
    const again = outcomeOf(mutex.acquire())
    await settle()
    expect(again.now).to.equal('pending')
    await held.release()
    await settle()
    expect(again.now).to.equal('done')
  })

  it('is entered again within what is held, and handed on with the last release', async () => {
    const { held, outcome } = await line()
    const again = await new Mutex(a, PATH).acquire({ within: held })
    const third = await new Mutex(a, PATH).acquire({ within: again })
    expect([again.token, third.token]).to.deep.equal([held.token, held.token])
    expect(await contenders(a)).to.have.length(2)
    await held.release()
    await held.release()
    await third.release()
    await settle()
    expect([held.isHeld, again.isHeld, third.isHeld]).to.deep.equal([false, true, false])
    expect([held.signal.reason.name, again.signal.aborted]).to.deep.equal(['AbortError', false])
    expect(outcome.now).to.equal('pending')
    const late = outcomeOf(new Mutex(a, PATH).acquire({ within: held }))
    await settle()
    expect(late.now, 'it is released').to.equal('AbortError')
    await again.release()
    await settle()
    expect([again.isHeld, outcome.now]).to.deep.equal([false, 'done'])
  })

  it('entered again, it is lost for all, and not entered any more', async () => {
    const { held } = await line()
    const again = await new Mutex(a, PATH).acquire({ within: held })
    await b.delete(await ownOf(a))
    await settle()
    for (const one of [held, again]) {
      expect([one.isHeld, one.signal.reason.code]).to.deep.equal([false, 'ZK_NO_NODE'])
    }
    const late = outcomeOf(new Mutex(a, PATH).acquire({ within: again }))
    await settle()
    expect(late.now).to.equal('ZK_NO_NODE')
    await again.release()
    await held.release()
  })

  it('is not entered after a stop of the process for longer than the session', async () => {
    const { held } = await line()
    await bench.freeze(one, () => pass(3 * TIMEOUT_MS))
    const late = outcomeOf(new Mutex(a, PATH).acquire({ within: held }))
    await Promise.resolve()
    expect(late.now, 'before any timer or event').to.equal('ZK_SESSION_EXPIRED')
  })

  it('whose znode is deleted is lost', async () => {
    const { held, next } = await line()
    await b.delete(await ownOf(a))
    await settle()
    expect(held.isHeld).to.equal(false)
    expect(held.signal.reason.code).to.equal('ZK_NO_NODE')
    const second = await next
    await held.release()
    await second.release()
    expect(await contenders(a)).to.deep.equal([])
  })

  it('a wait whose znode is deleted continues at the end of the line, without a spin', async () => {
    const { held, outcome } = await line()
    const before = await ownOf(b)
    const behind = outcomeOf(new Mutex(a, PATH).acquire())
    await settle()
    await a.delete(before)
    await settle()
    const after = await ownOf(b)
    expect(after.slice(-10) > before.slice(-10)).to.equal(true)
    expect([outcome.now, behind.now]).to.deep.equal(['pending', 'pending'])
    await held.release()
    await settle()
    expect([outcome.now, behind.now]).to.deep.equal(['pending', 'done'])
  })

  it('a wait whose znode is deleted together with the one before it does not get the lock with it', async () => {
    const { next } = await line()
    const before = await ownOf(b)
    const ops = [await ownOf(a), before].map(
      (path) => ({ type: 'delete', path, version: -1 }) as const,
    )
    await a.multi(ops)
    await settle()
    const held = await next
    expect(held.isHeld).to.equal(true)
    expect((await ownOf(b)).slice(-10) > before.slice(-10)).to.equal(true)
  })

  it('a wait ends when its session expires, and leaves nothing', async () => {
    const { held, outcome } = await line()
    await bench.freeze(two, () => pass(3 * TIMEOUT_MS))
    await pass(1_000)
    expect(b.state).to.equal('lost')
    expect(outcome.now).to.equal('ZK_SESSION_EXPIRED')
    expect(await contenders(a)).to.have.length(1)
    expect(held.isHeld).to.equal(true)
  })

  it('a holder that was stopped for longer than its session knows it before it answers', async () => {
    const { held, next } = await line()
    await bench.freeze(one, async () => {
      await pass(3 * TIMEOUT_MS)
      // Its process is stopped, so this is asked only afterwards; nothing of it ran meanwhile.
      expect((await next).token).to.be.greaterThan(held.token)
    })
    expect(held.isHeld, 'before any timer or event').to.equal(false)
    expect(held.signal.reason.code).to.equal('ZK_SESSION_EXPIRED')
    await pass(1_000)
    expect(a.state).to.equal('lost')
    await held.release()
    expect(await contenders(b)).to.have.length(1)
  })

  it('a holder whose machine was suspended is in doubt until it has seen the store', async () => {
    const { held } = await line()
    bench.clock.suspend(5_000)
    expect(held.isHeld).to.equal(false)
    await pass(1_000)
    expect(held.isHeld).to.equal(true)
  })

  it('a holder is lost by the clock while the store is out of reach', async () => {
    const { held, outcome } = await line()
    one.store.cut()
    await pass(TIMEOUT_MS / 2)
    expect([a.state, held.isHeld]).to.deep.equal(['suspended', true])
    await pass(TIMEOUT_MS / 2 + 1_000)
    expect([held.isHeld, held.signal.reason.code]).to.deep.equal([false, 'ZK_SESSION_EXPIRED'])
    const released = outcomeOf(held.release())
    await settle()
    expect(released.now, 'it does not wait for the store').to.equal('done')
    one.store.mend()
    await pass(3 * TIMEOUT_MS)
    expect(outcome.now).to.equal('done')
    expect(await contenders(b)).to.have.length(1)
  })

  it('a holder keeps it through a short outage', async () => {
    const { held, outcome } = await line()
    one.store.cut()
    await pass(TIMEOUT_MS / 2)
    expect(a.state).to.equal('suspended')
    one.store.mend()
    await pass(2_000)
    expect([a.state, held.isHeld, outcome.now]).to.deep.equal(['connected', true, 'pending'])
    await held.release()
    await settle()
    expect(outcome.now).to.equal('done')
  })

  it('a wait continues through a short outage', async () => {
    const { held, outcome } = await line()
    two.store.cut()
    await pass(TIMEOUT_MS / 2)
    expect(b.state).to.equal('suspended')
    await held.release()
    two.store.mend()
    await pass(2_000)
    expect(outcome.now).to.equal('done')
  })

  it('a wait ends while the store is out of reach for the session’s timeout, and its znode goes later', async () => {
    const { held, outcome } = await line()
    two.store.cut()
    await pass(TIMEOUT_MS + 1_000)
    expect(outcome.now).to.equal('ZK_SESSION_EXPIRED')
    two.store.mend()
    await pass(3 * TIMEOUT_MS)
    expect(await contenders(a)).to.have.length(1)
    expect(held.isHeld).to.equal(true)
  })

  for (const [what, cut] of [
    ['its answer is lost', () => cutBehindNextTxn(one, bench.backend)],
    ['it reaches the store only after the outage', () => one.store.cut()],
  ] as const) {
    it(`a create with an unknown outcome makes one contender: ${what}`, async () => {
      await a.create(PATH, null)
      cut()
      const got = new Mutex(a, PATH).acquire()
      const outcome = outcomeOf(got)
      await pass(TIMEOUT_MS / 2)
      expect([a.state, outcome.now]).to.deep.equal(['suspended', 'pending'])
      one.store.mend()
      await pass(2_000)
      expect([a.state, outcome.now]).to.deep.equal(['connected', 'done'])
      expect(await contenders(b)).to.have.length(1)
      await (await got).release()
      expect(await contenders(a)).to.deep.equal([])
    })

    it(`a create with an unknown outcome leaves nothing when the wait is given up: ${what}`, async () => {
      await a.create(PATH, null)
      cut()
      const abort = new AbortController()
      const outcome = outcomeOf(new Mutex(a, PATH).acquire({ signal: abort.signal }))
      await pass(TIMEOUT_MS / 2)
      abort.abort()
      await settle()
      expect([a.state, outcome.now]).to.deep.equal(['suspended', 'AbortError'])
      one.store.mend()
      await pass(2_000)
      expect(a.state).to.equal('connected')
      expect(await contenders(a)).to.deep.equal([])
    })
  }

  it('a wait that is aborted leaves the line', async () => {
    const { held, abort, outcome } = await line()
    abort.abort(new RangeError('enough'))
    await settle()
    expect(outcome.now).to.equal('RangeError')
    expect(await contenders(a)).to.have.length(1)
    const late = outcomeOf(new Mutex(b, PATH).acquire({ signal: abort.signal }))
    await settle()
    expect(late.now).to.equal('RangeError')
    expect(held.isHeld).to.equal(true)
  })

  it('a wait that is aborted while its create is in flight leaves nothing', async () => {
    await a.create(PATH, null)
    const abort = new AbortController()
    one.store.cutWrites()
    const outcome = outcomeOf(new Mutex(a, PATH).acquire({ signal: abort.signal }))
    await settle()
    abort.abort()
    await settle()
    expect(outcome.now).to.equal('AbortError')
    one.store.mendWrites()
    await settle()
    expect((await a.exists(PATH))?.cversion, 'it was created, and deleted').to.equal(2)
    expect(await contenders(a)).to.deep.equal([])
  })

  it('a wait times out, and leaves the line', async () => {
    const { held } = await line()
    const outcome = outcomeOf(new Mutex(b, PATH).acquire({ timeoutMs: 1_000 }))
    await bench.clock.advance(999)
    expect(outcome.now).to.equal('pending')
    expect(await contenders(a)).to.have.length(3)
    await bench.clock.advance(1)
    expect(outcome.now).to.equal('ZK_OPERATION_TIMEOUT')
    expect(await contenders(a)).to.have.length(2)
    expect(held.isHeld).to.equal(true)
  })

  it('a wait and a holder end with close()', async () => {
    const { held, outcome } = await line()
    await b.close()
    await settle()
    expect(outcome.now).to.equal('ZK_SESSION_EXPIRED')
    await a.close()
    expect([held.isHeld, held.signal.aborted]).to.deep.equal([false, true])
    await held.release()
    const c = await connect(one)
    expect(await contenders(c)).to.deep.equal([])
    const late = outcomeOf(new Mutex(a, PATH).acquire())
    await settle()
    expect(late.now).to.equal('ZK_SESSION_EXPIRED')
  })

  it('a listener of the signal that throws harms nobody', async () => {
    const { held, next } = await line()
    const thrown: unknown[] = []
    const listeners = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', (error) => thrown.push(error))
    try {
      held.signal.addEventListener('abort', () => {
        throw new RangeError('mine')
      })
      await held.release()
      expect((await next).isHeld).to.equal(true)
      await settle()
    } finally {
      process.removeAllListeners('uncaughtException')
      for (const listener of listeners) process.on('uncaughtException', listener)
    }
    expect(String(thrown)).to.equal('RangeError: mine')
  })

  it('waits for contenders of other recipes, by their sequence numbers', async () => {
    await a.create(PATH, null)
    const mode = 'ephemeral-sequential'
    const kazoo = await b.create(`${PATH}/ffffffffffffffffffffffffffffffff__lock__`, null, { mode })
    const outcome = outcomeOf(new Mutex(a, PATH).acquire())
    await settle()
    await b.create(`${PATH}/00000000000000000000000000000000__lock__`, null, { mode })
    await settle()
    expect(outcome.now).to.equal('pending')
    await b.delete(kazoo.path)
    await settle()
    expect(outcome.now).to.equal('done')
  })

  it('does not permit what makes no sense', async () => {
    for (const path of ['/', 'lock', '/lock/']) {
      expect(() => new Mutex(a, path)).to.throw(TypeError, 'not a path for a recipe')
    }
    const other = await new Mutex(a, '/other').acquire()
    const elsewhere = await new Mutex(b, `${PATH}-b`).acquire()
    for (const within of [other, elsewhere, { ...other }]) {
      const outcome = outcomeOf(new Mutex(a, PATH).acquire({ within }))
      await settle()
      expect(outcome.now).to.equal('TypeError')
    }
    for (const timeoutMs of [0, -1, Number.NaN]) {
      const outcome = outcomeOf(new Mutex(a, PATH).acquire({ timeoutMs }))
      await settle()
      expect(outcome.now).to.equal('TypeError')
    }
  })
})
