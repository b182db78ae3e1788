/** LeaderLatch in bad weather: each fault × the leader and the one that stands by. Time is a ManualClock's. */
import { expect } from 'chai'
import { type Held, type LatchOptions, LeaderLatch, type ZooKeeper } from '../../lib/index.ts'
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

describe('LeaderLatch', () => {
  const bench = livenessBench()
  let one: Member
  let two: Member
  let a: ZooKeeper
  let b: ZooKeeper
  let holders: Holders
  let said: string[]

  beforeEach(async () => {
    one = await bench.start()
    two = await bench.start()
    a = await connect(one)
    b = await connect(two)
    holders = new Holders()
    said = []
  })

  const pass = (ms: number): Promise<void> => passTime(bench.clock, ms)

  const say = (id: string, what: string, error?: unknown): void => {
    const { code, name } = (error ?? {}) as { code?: unknown; name?: string }
    said.push([id, what, typeof code === 'string' ? code : name].filter(Boolean).join(' '))
  }

  /** A candidate that says what happens to it. */
  function candidate(client: ZooKeeper, id: string, options: LatchOptions = {}): LeaderLatch {
    return new LeaderLatch(client, PATH, {
      id,
      onElected(leadership: Held) {
        holders.add(leadership)
        say(id, 'elected')
        return options.onElected?.(leadership)
      },
      onLost(reason) {
        say(id, 'lost', reason)
        options.onLost?.(reason)
      },
      onError: (error) => say(id, 'error', error),
    })
  }

  /** One leads, the other stands by. */
  async function pair(): Promise<[leader: LeaderLatch, standby: LeaderLatch]> {
    const latches: [LeaderLatch, LeaderLatch] = [candidate(a, 'a'), candidate(b, 'b')]
    for (const latch of latches) await latch.start()
    expect(latches.map((latch) => latch.isLeader)).to.deep.equal([true, false])
    expect(said).to.deep.equal(['a elected'])
    return latches
  }

  async function ownOf(client: ZooKeeper): Promise<string> {
    for (const name of await contenders(client)) {
      const stat = await client.exists(`${PATH}/${name}`)
      if (stat?.ephemeralOwner === client.sessionId) return `${PATH}/${name}`
    }
    throw new Error('it has no znode')
  }

  it('hands on in order when the leader closes, and nothing stays', async () => {
    const [first, second] = await pair()
    expect(await second.leader()).to.equal('a')
    await first.close()
    await settle()
    expect([first.isLeader, second.isLeader]).to.deep.equal([false, true])
    expect(said).to.deep.equal(['a elected', 'a lost AbortError', 'b elected'])
    expect(await second.leader()).to.equal('b')
    await second.close()
    expect(await contenders(a)).to.deep.equal([])
    expect(await second.leader()).to.equal(undefined)
  })

  it('one that stands by leaves the line when it is closed', async () => {
    const [first, second] = await pair()
    await second.close()
    expect(await contenders(a)).to.have.length(1)
    expect([first.isLeader, second.isClosed]).to.deep.equal([true, true])
    expect(said).to.deep.equal(['a elected'])
  })

  it('start() twice makes one candidate', async () => {
    const latch = candidate(a, 'a')
    await Promise.all([latch.start(), latch.start()])
    await latch.start()
    await settle()
    expect(await contenders(a)).to.have.length(1)
    expect(said).to.deep.equal(['a elected'])
  })

  it('a leader whose znode is deleted has lost, and is a new candidate', async () => {
    const [first, second] = await pair()
    await b.delete(await ownOf(a))
    await settle()
    expect([first.isLeader, second.isLeader]).to.deep.equal([false, true])
    expect(said).to.deep.equal(['a elected', 'a lost ZK_NO_NODE', 'b elected'])
    expect(await contenders(a)).to.have.length(2)
    await second.close()
    await settle()
    expect(first.isLeader).to.equal(true)
    expect(said.slice(3)).to.deep.equal(['b lost AbortError', 'a elected'])
  })

  it('one that stands by and whose znode is deleted is a new candidate', async () => {
    const [first, second] = await pair()
    await a.delete(await ownOf(b))
    await settle()
    expect(await contenders(a)).to.have.length(2)
    await first.close()
    await settle()
    expect(second.isLeader).to.equal(true)
  })

  it('a leader that was stopped for longer than its session knows it before it answers', async () => {
    const [first, second] = await pair()
    await bench.freeze(one, async () => {
      await pass(3 * TIMEOUT_MS)
      expect(second.isLeader).to.equal(true)
    })
    expect(first.isLeader, 'before any timer or event').to.equal(false)
    await pass(1_000)
    expect(a.state).to.equal('lost')
    expect(said).to.deep.equal([
      'a elected',
      'b elected',
      'a lost ZK_SESSION_EXPIRED',
      'a error ZK_SESSION_EXPIRED',
    ])
    expect(first.isClosed).to.equal(true)
    expect(await contenders(b)).to.have.length(1)
  })

  it('a leader that was stopped for less leads again once it has seen the store', async () => {
    const [first] = await pair()
    await bench.freeze(one, () => pass(2_000))
    expect(first.isLeader).to.equal(false)
    const waited = outcomeOf(first.waitForLeadership())
    await pass(1_000)
    expect([first.isLeader, waited.now]).to.deep.equal([true, 'done'])
    expect(said).to.deep.equal(['a elected'])
  })

  it('a leader loses by the clock while the store is out of reach, and is a new candidate then', async () => {
    // Nobody else is there to end its session.
    await two.keeper.close(0)
    const first = candidate(a, 'a')
    await first.start()
    one.store.cut()
    await pass(TIMEOUT_MS + 1_000)
    expect(first.isLeader).to.equal(false)
    expect(said).to.deep.equal(['a elected', 'a lost ZK_SESSION_EXPIRED'])
    one.store.mend()
    await pass(3_000)
    expect(a.state).to.equal('connected')
    expect(first.isLeader).to.equal(true)
    expect(said.filter((line) => !line.includes('error')).slice(2)).to.deep.equal(['a elected'])
    expect(await contenders(a)).to.have.length(1)
  })

  it('an outage that is shorter than the session changes nothing', async () => {
    const [first, second] = await pair()
    one.store.cut()
    await pass(TIMEOUT_MS / 2)
    expect([a.state, first.isLeader]).to.deep.equal(['suspended', true])
    one.store.mend()
    await pass(2_000)
    expect([a.state, first.isLeader, second.isLeader]).to.deep.equal(['connected', true, false])
    expect(said).to.deep.equal(['a elected'])
  })

  it('a create with an unknown outcome makes one candidate', async () => {
    await a.create(PATH, null)
    cutBehindNextTxn(one, bench.backend)
    const latch = candidate(a, 'a')
    const started = outcomeOf(latch.start())
    await pass(TIMEOUT_MS / 2)
    expect([a.state, started.now]).to.deep.equal(['suspended', 'pending'])
    one.store.mend()
    await pass(2_000)
    expect([started.now, latch.isLeader]).to.deep.equal(['done', true])
    expect(await contenders(b)).to.have.length(1)
  })

  it('is closed while the store is out of reach', async () => {
    const [first] = await pair()
    one.store.cut()
    await pass(TIMEOUT_MS / 2)
    const closed = outcomeOf(first.close())
    await settle()
    expect([first.isLeader, closed.now]).to.deep.equal([false, 'pending'])
    await pass(TIMEOUT_MS)
    expect(closed.now, 'its session may have ended').to.equal('done')
    one.store.mend()
    await pass(3 * TIMEOUT_MS)
    expect(await contenders(b)).to.have.length(1)
  })

  for (const [how, onElected] of [
    [
      'throws',
      () => {
        throw new RangeError('mine')
      },
    ],
    ['rejects', () => Promise.reject(new RangeError('mine'))],
  ] as const) {
    it(`an onElected that ${how} is reported, and another candidate leads`, async () => {
      const first = candidate(a, 'a', { onElected })
      const second = candidate(b, 'b')
      await first.start()
      await second.start()
      await settle()
      expect(said).to.have.members([
        'a elected',
        'a error RangeError',
        'a lost AbortError',
        'b elected',
      ])
      expect([first.isClosed, second.isLeader]).to.deep.equal([true, true])
      expect(await contenders(a)).to.have.length(1)
    })
  }

  it('an onLost that throws is reported', async () => {
    const latch = candidate(a, 'a', {
      onLost() {
        throw new RangeError('mine')
      },
    })
    await latch.start()
    await a.delete(await ownOf(a))
    await settle()
    expect(said).to.deep.equal([
      'a elected',
      'a lost ZK_NO_NODE',
      'a error RangeError',
      'a elected',
    ])
  })

  it('what nobody receives is thrown in a task of its own', async () => {
    const thrown: unknown[] = []
    const listeners = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', (error) => thrown.push(error))
    try {
      const onElected = (): void => {
        throw new RangeError('mine')
      }
      const latch = new LeaderLatch(a, PATH, { onElected })
      await latch.start()
      await settle()
      expect(latch.isClosed).to.equal(true)
    } finally {
      process.removeAllListeners('uncaughtException')
      for (const listener of listeners) process.on('uncaughtException', listener)
    }
    expect(thrown.map(String)).to.deep.equal(['RangeError: mine'])
  })

  it('waitForLeadership() settles: elected, aborted, timed out, closed, session over', async () => {
    const [first, second] = await pair()
    expect((await first.waitForLeadership()).isHeld).to.equal(true)
    const abort = new AbortController()
    const waits = [
      second.waitForLeadership({ signal: abort.signal }),
      second.waitForLeadership({ timeoutMs: 1_000 }),
      second.waitForLeadership(),
    ].map(outcomeOf)
    abort.abort()
    await pass(1_000)
    expect(waits.map(({ now }) => now)).to.deep.equal([
      'AbortError',
      'ZK_OPERATION_TIMEOUT',
      'pending',
    ])
    await second.close()
    await settle()
    expect(waits[2]?.now).to.equal('Error')
    const third = candidate(b, 'c')
    const last = outcomeOf(third.waitForLeadership())
    await settle()
    await b.close()
    await settle()
    expect(last.now).to.equal('ZK_SESSION_EXPIRED')
    expect(first.isLeader).to.equal(true)
  })

  it('a client’s close ends the leadership', async () => {
    const [first, second] = await pair()
    await a.close()
    await settle()
    expect([first.isLeader, second.isLeader]).to.deep.equal([false, true])
    expect(said.slice(0, 2)).to.deep.equal(['a elected', 'a lost ZK_SESSION_EXPIRED'])
    await first.close()
  })
})
