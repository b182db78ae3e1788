/** The bounds of following an ensemble: at each of them, one below, and how often that was. */
import { expect } from 'chai'
import { silentLogger } from '../../../../lib/base/log.ts'
import { SOURCE_COUNTERS, type SourceCounters } from '../../../../lib/format/source.ts'
import { Layout, StoreError } from '../../../../lib/internal.ts'
import type { Keeper } from '../../../../lib/member/keeper.ts'
import { FollowerLease } from '../../../../lib/migrate/follower-lease.ts'
import { MIRROR_BOUNDS, mirrorBounds } from '../../../../lib/migrate/mirror-bounds.ts'
import { MirrorWriter } from '../../../../lib/migrate/mirror-writer.ts'
import { openSourceFeed } from '../../../../lib/migrate/open-source-feed.ts'
import { PingRate } from '../../../../lib/migrate/ping-rate.ts'
import { Silence } from '../../../../lib/migrate/silence.ts'
import { SOURCE_BOUNDS, sourceBounds } from '../../../../lib/migrate/source-bounds.ts'
import type { MetadataStore } from '../../../../lib/store/metadata-store.ts'
import { PACKET } from '../../../../lib/transfer/zookeeper/quorum-packet.ts'
import { decodeTxn } from '../../../../lib/transfer/zookeeper/txn.ts'
import { eventually } from '../../../support/eventually.ts'
import { faultyStore } from '../../../support/faulty-store.ts'
import { ManualClock } from '../../../support/manual-clock.ts'
import {
  EPOCH,
  inform,
  leaderInfo,
  learn,
  packet,
  setData,
  snap,
  upToDate,
} from './leader-bytes.ts'
import { mirrorBench } from './mirror-bench.ts'
import { PlayedLeader } from './played-leader.ts'
import { create } from './scripted-source.ts'

const LATE_MS = 20_000
const zxid = (counter: number): bigint => EPOCH + BigInt(counter)
const WHOLE = Buffer.concat([leaderInfo(), snap(zxid(5)), upToDate()])

describe('migrate: the bounds of a feed', () => {
  it('each is a positive integer, and has a default', () => {
    for (const name of Object.keys(SOURCE_BOUNDS)) {
      for (const value of [0, -1, 1.5, Number.NaN]) {
        expect(() => sourceBounds({ [name]: value })).to.throw(`${name} must be positive`)
      }
      expect(sourceBounds({ [name]: 1 })).to.deep.equal({ ...SOURCE_BOUNDS, [name]: 1 })
      expect(sourceBounds({ [name]: undefined })).to.deep.equal(SOURCE_BOUNDS)
    }
    for (const name of Object.keys(MIRROR_BOUNDS)) {
      expect(() => mirrorBounds({ [name]: 0 })).to.throw(`${name} must be positive`)
      expect(mirrorBounds({ [name]: 1 })).to.deep.equal({ ...MIRROR_BOUNDS, [name]: 1 })
    }
  })

  it('bytes that are proposed and not committed: as many as may be are, one more are not', async () => {
    const data = setData(zxid(6))
    const bytes = Buffer.concat([
      ...[leaderInfo(), packet(PACKET.diff, zxid(9)), packet(PACKET.proposal, zxid(6), data)],
      ...[packet(PACKET.commit, zxid(6)), upToDate()],
    ])
    const from = Number(zxid(5))
    const learnt = (proposedBytesMax: number) =>
      learn(bytes, { from, bounds: { ...SOURCE_BOUNDS, proposedBytesMax } })
    expect((await learnt(data.length)).events).to.include(`txn 0x${zxid(6).toString(16)}`)
    const { events, error } = await learnt(data.length - 1)
    expect(events.filter((event) => event.startsWith('txn'))).to.deep.equal([])
    expect(error.message).to.include(`more than ${data.length - 1} bytes are proposed`)
  })

  describe('on a leader', () => {
    const leaders: PlayedLeader[] = []
    afterEach(() => Promise.all(leaders.splice(0).map((leader) => leader.stop())))

    async function opened(answers: (Buffer | 'end')[], more: Partial<typeof SOURCE_BOUNDS>) {
      const leader = await PlayedLeader.start(...answers)
      leaders.push(leader)
      const feed = openSourceFeed({
        ...{ servers: [], quorum: [leader.address], from: 0, logger: silentLogger },
        ...{ backoffMsMax: 10, ...more },
      })
      return { leader, feed }
    }

    it('bytes that wait: as many as may are kept, with one less it leaves, and counts that', async () => {
      const { leader, feed } = await opened([WHOLE], {})
      await eventually('all of it', () => feed.counters.leaderZxid > 0, LATE_MS)
      leader.sockets[0]!.write(inform(zxid(6)))
      await eventually('a transaction', () => feed.counters.transactions === 1, LATE_MS)
      const { bufferBytes } = feed.counters
      await feed.close()
      for (const [bufferBytesMax, overflows] of [
        [bufferBytes, 0],
        [bufferBytes - 1, 1],
      ] as const) {
        const other = await opened([WHOLE], { bufferBytesMax })
        await eventually('all of it', () => other.feed.counters.leaderZxid > 0, LATE_MS)
        other.leader.sockets[0]!.write(inform(zxid(6)))
        await eventually('a transaction', () => other.feed.counters.transactions === 1, LATE_MS)
        expect(other.feed.counters.overflows).to.equal(overflows)
        await other.feed.close()
      }
    })

    it('servers that close without an answer: as many as may be are tried', async () => {
      for (const unansweredMax of [1, 2, 3]) {
        const { leader, feed } = await opened(['end'], { unansweredMax })
        const error = await drained(feed).catch((cause: Error) => cause)
        expect(error).to.have.property('code', 'SOURCE_UNANSWERED')
        expect(leader.sockets).to.have.lengthOf(unansweredMax)
        expect(feed.counters.unanswered).to.equal(unansweredMax)
      }
    })

    it('a leader that pings and never brings us up to date is left, and counted', async () => {
      const { leader, feed } = await opened([Buffer.concat([leaderInfo(), snap(zxid(5))])], {
        syncMs: 150,
      })
      await eventually('a socket', () => leader.sockets.length > 0, LATE_MS)
      const pinging = setInterval(() => leader.sockets[0]!.write(packet(PACKET.ping, EPOCH)), 20)
      try {
        for await (const event of feed) {
          if (event.kind !== 'disconnected') continue
          expect(event.why).to.match(/it did not bring us up to date within 150 ms$/)
          break
        }
      } finally {
        clearInterval(pinging)
      }
      expect(feed.counters.silences).to.equal(1)
    })

    it('a packet that is too long is damage, and counted', async () => {
      const large = Buffer.alloc(20)
      large.writeInt32BE(PACKET.inform)
      large.writeInt32BE(100_000, 12)
      const { feed } = await opened([Buffer.concat([WHOLE, large])], { packetBytesMax: 4_096 })
      for await (const event of feed) {
        if (event.kind !== 'disconnected') continue
        expect(event.why).to.match(/a packet has more than 4096 bytes/)
        break
      }
      expect(feed.counters.malformed).to.equal(1)
    })
  })

  it('a silence: not before its time, and then', async () => {
    const clock = new ManualClock()
    let isSilent = false
    new Silence(clock, 100, () => {
      isSilent = true
    })
    await clock.advance(99)
    expect(isSilent).to.equal(false)
    await clock.advance(1)
    expect(isSilent).to.equal(true)
  })

  it('pings that may be missing, and the least silence', () => {
    for (const [pingsMissingMax, silenceMsMin, limitMs] of [
      [5, 1, 500],
      [6, 1, 600],
      [5, 501, 501],
    ] as const) {
      const rate = new PingRate({ silenceMs: 20_000, silenceMsMin, pingsMissingMax })
      let limit = 0
      for (let i = 1; i <= 12; i++) limit = rate.limitMs(i * 100)
      expect(limit).to.equal(limitMs)
    }
  })
})

async function drained(events: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of events);
}

describe('migrate: the bounds of a follower', () => {
  let bench: ReturnType<typeof mirrorBench>

  beforeEach(() => {
    bench = mirrorBench()
  })
  afterEach(() => bench.close())

  it('every counter is in the record, and the time when the ensemble was current', async () => {
    const beforeMs = Date.now()
    bench.source.commit(1n, create('/a'))
    bench.follow()
    await bench.caughtUp()
    const { counters, currentMs } = await bench.status('a time', (r) => r.currentMs !== undefined)
    expect(Object.keys(counters ?? {})).to.have.members([...SOURCE_COUNTERS])
    expect(currentMs).to.be.within(beforeMs, Date.now())
    // It ends: the time stays, and what is said of the end comes to it.
    bench.source.feed.push({ kind: 'disconnected', why: 'zk1:2888: it was stopped' })
    const after = await bench.status('an end', ({ why }) => why !== undefined)
    expect(after).to.include({ currentMs, leader: '', why: 'zk1:2888: it was stopped' })
  })

  for (const pendingMax of [4, 5, 6]) {
    it(`transactions that wait for the store, at most ${pendingMax}, of five`, async () => {
      const { source } = bench
      source.commit(1n, create('/a'))
      const store = faultyStore(bench.handle())
      bench.follow({ bounds: { pendingMax } }, store)
      await bench.caughtUp()
      let open = (): void => {}
      const gate = new Promise<void>((resolve) => {
        open = resolve
      })
      store.beforeTxn = () => gate
      for (let i = 0; i < 5; i++) source.commit(1n, create(`/n${i}`))
      source.feed.push({ kind: 'disconnected', why: 'behind them' })
      await new Promise(setImmediate)
      open()
      await bench.caughtUp()
      const { counters } = await bench.status('the end', ({ why }) => why === 'behind them')
      const { pendingPeak, pendingFull } = counters as Required<SourceCounters>
      expect(pendingPeak).to.equal(Math.min(5, pendingMax))
      expect(pendingFull > 0).to.equal(pendingMax <= 5)
    })
  }

  it('a store that settles nothing: not before its time, then it is followed again', async () => {
    const clock = new ManualClock()
    const submitted: { committed(zxid: number, planned: unknown): void }[] = []
    const keeper = {
      replica: { zxid: 0, mirrors: true },
      committer: { submit: (task: (typeof submitted)[number]) => submitted.push(task) },
    } as unknown as Keeper
    let stalls = 0
    const writer = new MirrorWriter(keeper, {
      ...{ clock, bounds: { stallMs: 100 }, onStop: () => {} },
      onStall: () => {
        stalls++
      },
    })
    const write = (counter: number): void => writer.write(decodeTxn(setData(zxid(counter))), 0)
    write(1)
    write(2)
    await clock.advance(99)
    // What is settled begins the time again.
    submitted[0]!.committed(1, {})
    await clock.advance(99)
    expect(writer.stop).to.equal(undefined)
    submitted[1]!.committed(2, {})
    await clock.advance(1_000)
    expect(writer.stop).to.equal(undefined)
    write(3)
    await clock.advance(99)
    expect([writer.stop, stalls]).to.deep.equal([undefined, 0])
    const draining = writer.drainedTo(0)
    await clock.advance(1)
    await draining
    expect(writer.stop).to.have.property('kind', 'again')
    expect(writer.stop?.why).to.include('settled none of 1 transactions within 100 ms')
    expect(stalls).to.equal(1)
    writer.close()
  })

  it('a renewal that the store never answers: the place is kept for its time, and then lost', async () => {
    const clock = new ManualClock()
    const store = {
      range: async () => ({ kvs: [] }),
      grantLease: async ({ ttlMs }: { ttlMs: number }) => ({ id: 1n, ttlMs }),
      txn: async () => ({ committed: true }),
      keepLeaseAlive: () => new Promise(() => {}),
      revokeLease: async () => {},
    } as unknown as MetadataStore
    const lease = (await FollowerLease.acquire({
      ...{ store, layout: new Layout('/x'), clock, logger: silentLogger, name: 'test' },
      ...{ bounds: { leaseMs: 1_000, leaseLookMs: 10 }, signal: new AbortController().signal },
      onWaiting: () => {},
    }))!
    await clock.advance(999)
    expect(lease.lost.aborted).to.equal(false)
    await clock.advance(1)
    expect(lease.lost.aborted).to.equal(true)
    await lease.release()
  })

  it('a store that does not answer ends nothing: it is tried, given up, and tried again', async () => {
    const { source } = bench
    source.commit(1n, create('/a'))
    let isDown = false
    const inner = bench.handle()
    const store: MetadataStore = {
      ...faultyStore(inner),
      range: async (query) => {
        if (isDown) throw new StoreError('STORE_UNAVAILABLE', 'injected')
        return inner.range(query)
      },
    }
    const bounds = { storeMs: 60, againMsMax: 50, leaseLookMs: 20 }
    let giveUp = (): void => {}
    const givenUp = new Promise<void>((resolve) => {
      giveUp = resolve
    })
    const logger = {
      ...silentLogger,
      warn: (_: unknown, text: string) => text.startsWith('the store does not answer') && giveUp(),
    }
    const follower = bench.follow({ bounds, logger }, store)
    await bench.caughtUp()
    isDown = true
    let hasFailed = false
    const failed = source.feed
    await failed.close()
    source.commit(1n, create('/b'))
    void follower.ended.then(() => {
      hasFailed = true
    })
    await givenUp
    isDown = false
    await bench.caughtUp()
    const { counters } = await bench.status('a count', (r) => (r.counters?.storeErrors ?? 0) > 0)
    expect(counters?.storeErrors).to.be.at.least(1)
    expect(hasFailed).to.equal(false)
    expect(await bench.lines()).to.equal(source.lines())
  })
})
