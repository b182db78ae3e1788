/** LockingQueue in bad weather: each fault × the consumer that has an element and those that wait. Time is a ManualClock's. */
import { expect } from 'chai'
import { type ClaimedElement, LockingQueue, type ZooKeeper } from '../../lib/index.ts'
import { type Member, TIMEOUT_MS } from '../support/liveness-bench.ts'
import { settle } from '../support/manual-clock.ts'
import { contenders, cutBehindNextTxn, Holders, outcomeOf } from '../support/recipe-bench.ts'
import { connectRenewing } from '../support/renewing-client.ts'
import { aheadOf, failureOf, twoClients, uncaughtDuring } from '../support/two-clients.ts'

const PATH = '/queues/mine'
const ENTRIES = `${PATH}/entries`
const TAKEN = `${PATH}/taken`

const textOf = ({ data }: ClaimedElement): string => Buffer.from(data ?? []).toString()

describe('LockingQueue', () => {
  const clients = twoClients()
  const { bench, pass } = clients
  let a: ZooKeeper
  let b: ZooKeeper
  let one: Member
  let mine: LockingQueue
  let theirs: LockingQueue
  /** Of one element. */
  let holders: Holders
  beforeEach(() => {
    ;({ a, b, one } = clients)
    mine = new LockingQueue(a, PATH)
    theirs = new LockingQueue(b, PATH)
    holders = new Holders()
  })

  async function put(...values: readonly (string | number)[]): Promise<void> {
    for (const value of values) await theirs.put(Buffer.from(String(value)))
    await settle()
  }

  it('is claimed and consumed on servers whose transactions answer without a Stat: ZooKeeper before 3.9', async () => {
    await put(1, 2)
    const old = new Proxy(a, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target)
        if (typeof value !== 'function') return value
        if (name !== 'multi') return value.bind(target)
        return async (...args: Parameters<ZooKeeper['multi']>) =>
          (await target.multi(...args)).map((result) =>
            result.type === 'create2' ? { type: 'create', path: result.path } : result,
          )
      },
    })
    const queue = new LockingQueue(old, PATH)
    const [first, second] = [await queue.take(), await queue.take()]
    expect([textOf(first), textOf(second), second.token > first.token]).to.deep.equal([
      '1',
      '2',
      true,
    ])
    await first.consume()
    await second.release()
    expect(await left()).to.deep.equal([1, 0])
  })

  it('an element with children is passed over until they are gone, also one that gets them over its work', async () => {
    await put('poison', 'mine', 'good')
    const [poison, own] = (await contenders(b, ENTRIES)).toSorted()
    await b.create(`${ENTRIES}/${poison}/child`, null)
    const claimed = await mine.take()
    expect(textOf(claimed)).to.equal('mine')
    await b.create(`${ENTRIES}/${own}/child`, null)
    const refused = failureOf(claimed.consume())
    await settle()
    expect(refused.now).to.equal('ZK_NOT_EMPTY unapplied')
    expect(textOf(await mine.take())).to.equal('good')
    const next = mine.take()
    const outcome = outcomeOf(next)
    await settle()
    expect([outcome.now, await left()]).to.deep.equal(['pending', [3, 1]])
    await b.delete(`${ENTRIES}/${poison}/child`)
    await (await next).consume()
    expect(textOf(await next)).to.equal('poison')
  })

  it('an element that may not be read is passed over; without another one the take is refused', async () => {
    await put('hidden', 'good')
    const path = `${ENTRIES}/${(await contenders(b, ENTRIES)).toSorted()[0]}`
    await b.setAcl(path, [{ perms: 8, id: { scheme: 'world', id: 'anyone' } }])
    expect(textOf(await mine.take())).to.equal('good')
    const refused = failureOf(mine.take())
    await settle()
    expect(refused.now).to.equal('ZK_NO_AUTH unapplied')
    expect(await left()).to.deep.equal([2, 1])
  })

  async function left(): Promise<[entries: number, claims: number]> {
    await b.sync()
    return [(await contenders(b, ENTRIES)).length, (await contenders(b, TAKEN)).length]
  }

  async function claimOf(client: ZooKeeper): Promise<string> {
    return clients.ownOf(client, TAKEN)
  }

  /** One has the only element, the other waits for it. */
  async function pair() {
    await put(1)
    const claimed = await mine.take()
    holders.add(claimed)
    const next = theirs.take()
    next.then(
      (element) => holders.add(element),
      () => {},
    )
    const outcome = outcomeOf(next)
    await settle()
    expect(outcome.now).to.equal('pending')
    return { claimed, next, outcome }
  }

  it('an element stays until it is consumed; a released one is there again, with a larger token', async () => {
    await theirs.put(Buffer.from('second'))
    await theirs.put(Buffer.from('first'), { priority: 1 })
    await settle()
    const first = await mine.take()
    const second = await theirs.take()
    expect([textOf(first), textOf(second)]).to.deep.equal(['first', 'second'])
    expect([first.isHeld, await theirs.size(), await left()]).to.deep.equal([true, 2, [2, 2]])
    await first.release()
    await settle()
    expect([first.isHeld, first.signal.reason.name]).to.deep.equal([false, 'AbortError'])
    const again = await theirs.take()
    expect([textOf(again), again.name]).to.deep.equal(['first', first.name])
    expect(again.token).to.be.greaterThan(first.token)
    await again.consume()
    await Promise.all([second.consume(), second.consume()])
    expect([second.isHeld, second.signal.reason.name]).to.deep.equal([false, 'AbortError'])
    expect(await left()).to.deep.equal([0, 0])
    const late = outcomeOf(first.consume())
    await settle()
    expect(late.now, 'it was released').to.equal('Error')
  })

  it('consumers share the elements, and each is consumed once', async () => {
    await put(...Array.from({ length: 20 }, (_, i) => i))
    const consumed: number[] = []
    const given = new Set<number>()
    const work = async (queue: LockingQueue): Promise<void> => {
      while (consumed.length < 20) {
        const claimed = await queue.take()
        const value = Number(textOf(claimed))
        // Every third one is given back, once.
        if (value % 3 === 0 && !given.has(value)) {
          given.add(value)
          await claimed.release()
          continue
        }
        await claimed.consume()
        consumed.push(value)
      }
    }
    for (const queue of [mine, theirs]) work(queue).catch(() => {})
    for (let i = 0; i < 400 && consumed.length < 20; i++) await bench.clock.advance(10)
    consumed.sort((x, y) => x - y)
    expect(consumed).to.deep.equal(Array.from({ length: 20 }, (_, i) => i))
    expect(await left()).to.deep.equal([0, 0])
  })

  it('an element that another client claimed or deleted meanwhile is passed over, without a claim', async () => {
    for (const race of [() => theirs.take(), () => theirs.take().then((one) => one.consume())]) {
      await put(1, 2)
      let isFirst = true
      const slow = aheadOf(a, 'multi', async () => {
        if (isFirst) await race()
        isFirst = false
        await settle()
      })
      await a.sync()
      const claims = (await a.exists(TAKEN))?.cversion ?? 0
      const claimed = await new LockingQueue(slow, PATH).take()
      expect(textOf(claimed)).to.equal('2')
      await claimed.consume()
      await b.sync()
      const changes = Number((await b.exists(TAKEN))?.cversion) - claims
      const [entries, taken] = await left()
      expect(changes, 'one claim of each').to.equal(4 - taken)
      for (let i = 0; i < entries; i++) {
        await b.delete(`${TAKEN}/${(await contenders(b, TAKEN))[0]}`)
        await b.delete(`${ENTRIES}/${(await contenders(b, ENTRIES))[0]}`)
      }
    }
  })

  it('a claim that another client deletes is lost: consume() fails, and the next one gets the element', async () => {
    const { claimed, next } = await pair()
    await b.delete(await claimOf(a))
    await settle()
    expect([claimed.isHeld, claimed.signal.reason.code]).to.deep.equal([false, 'ZK_NO_NODE'])
    const failure = failureOf(claimed.consume())
    const second = await next
    await settle()
    expect([failure.now, second.isHeld]).to.deep.equal(['ZK_NO_NODE unapplied', true])
    await claimed.release()
    await settle()
    expect(await left(), 'what is not its own stays').to.deep.equal([1, 1])
    await second.consume()
    expect(await left()).to.deep.equal([0, 0])
  })

  it('an element that another client deletes cannot be consumed, and its claim is removed', async () => {
    await put(1)
    const claimed = await mine.take()
    await b.delete(`${ENTRIES}/${claimed.name}`)
    await settle()
    const failure = failureOf(claimed.consume())
    await settle()
    expect([failure.now, await left()]).to.deep.equal(['ZK_NO_NODE unapplied', [0, 0]])
  })

  it('a consumer that was stopped for longer than its session knows it before it answers', async () => {
    const { claimed, next } = await pair()
    await bench.freeze(one, async () => {
      await pass(3 * TIMEOUT_MS)
      expect((await next).token).to.be.greaterThan(claimed.token)
    })
    const failure = failureOf(claimed.consume())
    expect(claimed.isHeld, 'before any timer or event').to.equal(false)
    await pass(1_000)
    expect(failure.now).to.equal('ZK_SESSION_EXPIRED unapplied')
    expect(await left()).to.deep.equal([1, 1])
    await (await next).consume()
  })

  it('a consumer whose session was replaced does not touch what the next one has', async () => {
    const { client } = await connectRenewing(one)
    await put(1)
    const queue = new LockingQueue(client, PATH)
    const claimed = await queue.take()
    const next = theirs.take()
    await settle()
    await bench.freeze(one, () => pass(3 * TIMEOUT_MS))
    await pass(2_000)
    expect((await next).isHeld).to.equal(true)
    const failure = failureOf(claimed.consume())
    await claimed.release()
    await settle()
    expect([failure.now, await left()]).to.deep.equal(['ZK_SESSION_EXPIRED unapplied', [1, 1]])
    await (await next).release()
    const again = await queue.take()
    await again.consume()
    expect(await left()).to.deep.equal([0, 0])
  })

  it('a consumer that dies loses nothing', async () => {
    const { claimed, next } = await pair()
    await bench.crash(one)
    await pass(4 * TIMEOUT_MS)
    const second = await next
    expect(second.token).to.be.greaterThan(claimed.token)
    await second.consume()
    expect(await left()).to.deep.equal([0, 0])
  })

  it('an outage that is shorter than the session changes nothing', async () => {
    const { claimed, outcome } = await pair()
    one.store.cut()
    await pass(TIMEOUT_MS / 2)
    const consumed = outcomeOf(claimed.consume())
    await settle()
    expect(consumed.now).to.equal('pending')
    one.store.mend()
    await pass(2_000)
    expect([consumed.now, outcome.now, await left()]).to.deep.equal(['done', 'pending', [0, 0]])
    await b.close()
  })

  it('while the store stays out of reach it is lost by the clock, and so is the wait', async () => {
    const { claimed } = await pair()
    one.store.cut()
    await pass(TIMEOUT_MS + 1_000)
    expect([claimed.isHeld, claimed.signal.reason.code]).to.deep.equal([
      false,
      'ZK_SESSION_EXPIRED',
    ])
    const released = outcomeOf(claimed.release())
    await settle()
    expect(released.now, 'it does not wait for the store').to.equal('done')
    one.store.mend()
  })

  for (const [what, cut] of [
    ['its answer is lost', () => cutBehindNextTxn(one, bench.backend)],
    ['it reaches the store only after the outage', () => one.store.cut()],
  ] as const) {
    it(`a claim with an unknown outcome is made once: ${what}`, async () => {
      await put(1)
      await (await mine.take()).release()
      cut()
      const taken = mine.take()
      const outcome = outcomeOf(taken)
      await pass(TIMEOUT_MS / 2)
      expect([a.state, outcome.now]).to.deep.equal(['suspended', 'pending'])
      one.store.mend()
      await pass(2_000)
      expect([outcome.now, await left()]).to.deep.equal(['done', [1, 1]])
      await (await taken).consume()
    })

    it(`a claim with an unknown outcome leaves nothing when the wait is given up: ${what}`, async () => {
      await put(1)
      await (await mine.take()).release()
      cut()
      const abort = new AbortController()
      const outcome = outcomeOf(mine.take({ signal: abort.signal }))
      await pass(TIMEOUT_MS / 2)
      abort.abort()
      await settle()
      expect(outcome.now).to.equal('AbortError')
      one.store.mend()
      await pass(2_000)
      expect(await left()).to.deep.equal([1, 0])
    })

    it(`a consume() with an unknown outcome consumes once: ${what}`, async () => {
      await put(1, 2)
      const claimed = await mine.take()
      cut()
      const outcome = outcomeOf(claimed.consume())
      await pass(TIMEOUT_MS / 2)
      expect(outcome.now).to.equal('pending')
      one.store.mend()
      await pass(2_000)
      expect([outcome.now, await left()]).to.deep.equal(['done', [1, 0]])
    })
  }

  it('a consume() that is in flight when its session ends has an unknown outcome', async () => {
    const { claimed } = await pair()
    one.store.cutWrites()
    const failure = failureOf(claimed.consume())
    await settle()
    await bench.freeze(one, () => pass(3 * TIMEOUT_MS))
    await pass(1_000)
    expect(failure.now).to.equal('ZK_SESSION_EXPIRED unknown')
    one.store.mendWrites()
  })

  it('waits end by signal, timeout and close, and leave no claim', async () => {
    await pair()
    const abort = new AbortController()
    const takes = [mine.take({ signal: abort.signal }), mine.take({ timeoutMs: 1_000 })].map(
      outcomeOf,
    )
    const last = outcomeOf(mine.take())
    await settle()
    abort.abort()
    await pass(1_000)
    expect(takes.map(({ now }) => now)).to.deep.equal(['AbortError', 'ZK_OPERATION_TIMEOUT'])
    await a.close()
    await settle()
    expect([last.now, await left()]).to.deep.equal(['ZK_SESSION_EXPIRED', [1, 1]])
  })

  it('a wait that is aborted while its claim is in flight leaves none', async () => {
    await put(1)
    await (await mine.take()).release()
    one.store.cutWrites()
    const abort = new AbortController()
    const outcome = outcomeOf(mine.take({ signal: abort.signal }))
    await settle()
    abort.abort()
    await settle()
    expect(outcome.now).to.equal('AbortError')
    one.store.mendWrites()
    await pass(1_000)
    expect(await left()).to.deep.equal([1, 0])
  })

  it('its paths are made again when they were deleted', async () => {
    const first = mine.take()
    await settle()
    await b.delete(TAKEN)
    await b.delete(ENTRIES)
    await settle()
    await put(1)
    await (await first).consume()
    expect(await left()).to.deep.equal([0, 0])
  })

  it('a listener of the signal that throws harms nobody', async () => {
    const { claimed, next } = await pair()
    const thrown = await uncaughtDuring(async () => {
      claimed.signal.addEventListener('abort', () => {
        throw new RangeError('mine')
      })
      await claimed.release()
      expect((await next).isHeld).to.equal(true)
      await settle()
    })
    expect(String(thrown)).to.equal('RangeError: mine')
  })
})
