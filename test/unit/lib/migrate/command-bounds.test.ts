/** The bounds of the commands of a migration beside those of `follow`: what is the case at each of them. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { expect } from 'chai'
import type { Clock } from '../../../../lib/base/clock.ts'
import type { SourceRecord } from '../../../../lib/format/source.ts'
import { type MetadataStore, StoreError } from '../../../../lib/index.ts'
import { MIRROR_BOUNDS } from '../../../../lib/migrate/mirror-bounds.ts'
import { answering, probeClientPort } from '../../../../lib/migrate/probe.ts'
import { refuseClients } from '../../../../lib/migrate/serve/source-clients.ts'
import type { SourceKey } from '../../../../lib/migrate/source-key.ts'
import { storedTree } from '../../../../lib/migrate/stored-tree.ts'
import { drained, isFollowed } from '../../../../lib/migrate/take-over-refusals.ts'
import { eventually } from '../../../support/eventually.ts'
import { ManualClock } from '../../../support/manual-clock.ts'
import { mirrorBench } from './mirror-bench.ts'
import { create } from './scripted-source.ts'

const LATE_MS = 20_000
const TWO_32 = 2 ** 32
/** A monitor: no client. */
const MONITOR = ' /10.1.2.3:4000[1](queued=0,recved=5,sent=5)\n'
const CLIENT = ' /10.1.2.4:4000[1](queued=0,recved=5,sent=5,sid=0x1,lop=PING)\n'
const SRVR = 'Zookeeper version: 3.9.5-abc\nConnections: 3\nMode: follower\n'
const LOOK_MS = 200

describe('migrate: the bounds of a question to a server', () => {
  const servers: Server[] = []
  const sockets = new Set<Socket>()
  let clock: ManualClock
  beforeEach(() => {
    clock = new ManualClock()
  })
  afterEach(() => {
    for (const socket of sockets) socket.destroy()
    for (const server of servers.splice(0)) server.close()
  })

  /** `isHung`: it does not end what it answers, and the time for it is over. No time passes otherwise. */
  async function serving(answer: (word: string) => { text: string; isHung?: boolean }) {
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('data', (word) => {
        const { text, isHung } = answer(String(word))
        if (isHung !== true) {
          socket.end(text)
          return
        }
        socket.write(text)
        void clock.advance(LOOK_MS)
      })
    }).listen(0, '127.0.0.1')
    servers.push(server)
    await once(server, 'listening')
    return `127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  const refusal = (at: string, bounds: { lookMs?: number; answerMax?: number }) =>
    refuseClients([at], { ...bounds, clock }).then(
      () => '',
      ({ message }: Error) => message,
    )

  it('an answer to cons that is cut at its time may hide a client: it counts as one', async () => {
    const at = await serving((word) =>
      word === 'cons' ? { text: MONITOR, isHung: true } : { text: SRVR },
    )
    expect(await refusal(at, { lookMs: LOOK_MS })).to.match(
      /^\S+ has 2 clients \(its answer to cons was not whole\): move them/,
    )
  })

  it('one that is too long, too; as long as it may be, it is read to its end', async () => {
    const list = MONITOR.repeat(200)
    const at = await serving((word) => ({ text: word === 'cons' ? `${list}${CLIENT}` : SRVR }))
    const whole = list.length + CLIENT.length
    expect(await refusal(at, { answerMax: whole })).to.include('has 1 client (10.1.2.4:4000)')
    expect(await refusal(at, { answerMax: whole - 1 })).to.include('cons was not whole')
    // Where nobody set it, a list of many clients is read.
    expect(await refusal(at, {})).to.include('has 1 client (10.1.2.4:4000)')
  })

  it('a server that hangs answers, since it may serve clients', async () => {
    const at = await serving(() => ({ text: '', isHung: true }))
    const record = { servers: [at], quorum: [] } as unknown as SourceRecord
    const bounds = { lookMs: LOOK_MS, clock }
    expect(await answering(record, bounds)).to.deep.equal({ answering: [at], unasked: [] })
    expect(await probeClientPort(at, bounds)).to.include({ what: 'open', isWhole: false })
    expect(await refusal(at, bounds)).to.include('does not say whether it has clients')
  })
})

describe('migrate: how long a take-over waits for what the follower writes of itself', () => {
  /** A follower that lives, and has said that there is nothing to come. */
  function keyOf(record: Partial<SourceRecord>): SourceKey {
    const now = { zxid: 5, received: 5, lagMs: 0, leader: '', trouble: '', ...record }
    const key = { read: async () => now, follower: async () => 'a follower' }
    return key as unknown as SourceKey
  }

  for (const [what, record, settleMs] of [
    ['as long as the follower says', { statusMs: 5_000 }, 5_000 + LOOK_MS],
    ['of another release, its second', {}, MIRROR_BOUNDS.statusMs + LOOK_MS],
  ] as const) {
    it(what, async () => {
      const clock = new ManualClock()
      let isOver = 0
      const count = (): void => {
        isOver++
      }
      void drained(keyOf(record), clock, 1_000, false).then(count)
      void isFollowed(keyOf(record), clock).then(count)
      await clock.advance(settleMs - 1)
      expect(isOver).to.equal(0)
      await clock.advance(LOOK_MS)
      expect(isOver).to.equal(2)
    })
  }

  it('a follower that is behind: as long as --drain-timeout, and no longer', async () => {
    const clock = new ManualClock()
    const waiting = drained(keyOf({ received: 6 }), clock, 3_000, false).catch((e: Error) => e)
    let error: unknown
    void waiting.then((reason) => {
      error = reason
    })
    await clock.advance(2_999)
    expect(error).to.equal(undefined)
    await clock.advance(LOOK_MS)
    expect(error)
      .to.have.property('message')
      .that.matches(/received 0x6, .* 0x5 after 3000 ms/)
  })
})

describe('migrate: how long verify waits for the stored tree', () => {
  let bench: ReturnType<typeof mirrorBench>
  beforeEach(() => {
    bench = mirrorBench()
  })
  afterEach(() => bench.close())

  it('an epoch without a transaction: once the store has not moved for --quiet-time', async () => {
    bench.source.commit(1n, create('/a'))
    bench.follow()
    await bench.caughtUp()
    const clock = new ManualClock()
    const store = bench.handle()
    const nextEpoch = (Math.floor(bench.source.zxid / TWO_32) + 1) * TWO_32
    const bounds = { timeoutMs: 60_000, quietMs: 7_000 }
    let pauses = 0
    const { after } = clock
    clock.after = (ms, run) => {
      pauses++
      return after.call(clock, ms, run)
    }
    const tree = storedTree(nextEpoch, { store, clock, ...bounds })
    let isOver = false
    void tree.then(() => {
      isOver = true
    })
    // A look each quarter of a second, the first without a wait.
    for (let looks = 1; looks <= 28; looks++) {
      await eventually(`look ${looks}`, () => pauses === looks, LATE_MS)
      expect(isOver).to.equal(false)
      await clock.advance(250)
    }
    expect((await tree).zxid).to.equal(bench.source.zxid)
    expect(pauses).to.equal(28)
  })

  /** The reads of these numbers are not answered in time; 1 is the first. */
  function lateReads(store: MetadataStore, isLate: (read: number) => boolean) {
    let reads = 0
    const range: MetadataStore['range'] = async (query) => {
      reads++
      if (isLate(reads)) throw new StoreError('STORE_TIMEOUT', 'the store did not answer')
      return store.range(query)
    }
    return { store: { range } as MetadataStore, reads: () => reads }
  }

  it('a read that the store does not answer in time is repeated, whichever it is', async () => {
    bench.source.commit(1n, create('/a'))
    bench.follow()
    await bench.caughtUp()
    const whole = lateReads(bench.handle(), () => false)
    await storedTree(bench.source.zxid, { store: whole.store, timeoutMs: LATE_MS })
    // Each read is late once: the first, the third, and so on.
    const late = lateReads(bench.handle(), (read) => read % 2 === 1)
    const { zxid, get } = await storedTree(bench.source.zxid, {
      ...{ store: late.store, timeoutMs: LATE_MS },
      clock: hasty(),
    })
    expect(zxid).to.equal(bench.source.zxid)
    expect(get('/a')).to.not.equal(undefined)
    expect(late.reads()).to.equal(2 * whole.reads())
  })

  it('the time in which the store did not answer is no quiet time', async () => {
    bench.source.commit(1n, create('/a'))
    bench.follow()
    await bench.caughtUp()
    const nextEpoch = (Math.floor(bench.source.zxid / TWO_32) + 1) * TWO_32
    const clock = hasty()
    // The second look is late for longer than the quiet time.
    let lateMs = 0
    const { store } = lateReads(bench.handle(), (read) => {
      const isLate = read > 1 && read < 12
      if (isLate) lateMs = clock.monotonic()
      return isLate
    })
    await storedTree(nextEpoch, { store, clock, timeoutMs: 60_000, quietMs: 2_500 })
    expect(clock.monotonic() - lateMs).to.be.at.least(2_500)
  })

  it('one that is never answered: for --store-timeout', async () => {
    const clock = hasty()
    const { store, reads } = lateReads(bench.handle(), () => true)
    const bounds = { timeoutMs: LATE_MS, storeMs: 5_000 }
    const error = await storedTree(0, { store, clock, ...bounds }).catch((reason) => reason)
    expect(error).to.have.property('code', 'STORE_TIMEOUT')
    expect(clock.monotonic()).to.be.within(5_000, 5_000 + 2_000)
    expect(reads()).to.be.greaterThan(2)
  })
})

/** Its pauses are over at once, and have taken their time. */
function hasty(): Clock {
  let nowMs = 0
  return {
    now: () => nowMs,
    monotonic: () => nowMs,
    after: (ms, run) => {
      nowMs += ms
      const timer = setImmediate(run)
      return () => clearImmediate(timer)
    },
  }
}
