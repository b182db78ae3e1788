/** The feed on leaders that are played over TCP: reconnects, deadlines, refusals, members that change. */
import { expect } from 'chai'
import { type Clock, systemClock } from '../../../../lib/base/clock.ts'
import { silentLogger } from '../../../../lib/base/log.ts'
import { openSourceFeed } from '../../../../lib/migrate/open-source-feed.ts'
import type {
  SourceEvent,
  SourceFeed,
  SourceFeedOptions,
} from '../../../../lib/migrate/source-feed.ts'
import { PACKET } from '../../../../lib/transfer/zookeeper/quorum-packet.ts'
import { eventually } from '../../../support/eventually.ts'
import { EPOCH, inform, leaderInfo, packet, reconfig, snap, upToDate } from './leader-bytes.ts'
import { PlayedLeader } from './played-leader.ts'
import { PlayedWords } from './played-words.ts'

const zxid = (counter: number): bigint => EPOCH + BigInt(counter)
const WHOLE = Buffer.concat([leaderInfo(), snap(zxid(5)), upToDate()])

describe('migrate: the feed', function () {
  this.timeout(15_000)
  const leaders: PlayedLeader[] = []
  const feeds: SourceFeed[] = []

  afterEach(async () => {
    await Promise.all(feeds.splice(0).map((feed) => feed.close()))
    await Promise.all(leaders.splice(0).map((leader) => leader.stop()))
  })

  async function played(...answers: (Buffer | 'end')[]): Promise<PlayedLeader> {
    const leader = await PlayedLeader.start(...answers)
    leaders.push(leader)
    return leader
  }

  function open(quorum: readonly PlayedLeader[], more: Partial<SourceFeedOptions> = {}) {
    const addresses = quorum.map(({ address }) => address)
    const feed = openSourceFeed({
      ...{ servers: [], quorum: addresses, from: 0, logger: silentLogger, backoffMsMax: 10 },
      ...more,
    })
    feeds.push(feed)
    return feed
  }

  /** Up to the first of that kind, that included; heartbeats left out. */
  async function upTo(events: AsyncIterator<SourceEvent>, kind: SourceEvent['kind']) {
    const seen: SourceEvent[] = []
    for (;;) {
      const { value, done } = await events.next()
      if (done === true) throw new Error('the feed ended')
      if (value.kind !== 'current') seen.push(value)
      if (value.kind === kind) return seen
    }
  }

  async function whyNot(feed: SourceFeed): Promise<string> {
    const seen = await upTo(feed[Symbol.asyncIterator](), 'disconnected')
    const last = seen.at(-1)
    return last?.kind === 'disconnected' ? last.why : ''
  }

  const failure = (feed: SourceFeed): Promise<Error & { code?: string }> =>
    upTo(feed[Symbol.asyncIterator](), 'snapshot').then(
      () => new Error('none'),
      (error: Error) => error,
    )

  it('continues behind a break, from where it was, at another leader', async () => {
    const after = Buffer.concat([leaderInfo(), packet(PACKET.diff, zxid(6)), inform(zxid(6))])
    const end = Buffer.concat([inform(zxid(7)), upToDate()])
    const one = await played(Buffer.concat([WHOLE, inform(zxid(6))]))
    const two = await played('end', Buffer.concat([after, end]))
    const feed = open([one, two])
    const events = feed[Symbol.asyncIterator]()
    const begin = await upTo(events, 'transactions')
    expect(begin.map(({ kind }) => kind)).to.deep.equal(['connected', 'snapshot', 'transactions'])
    await one.stop()
    leaders.splice(leaders.indexOf(one), 1)
    const behind = await upTo(events, 'transactions')
    expect(behind.map(({ kind }) => kind)).to.include.members(['disconnected', 'connected'])
    const last = behind.at(-1)
    const zxids = last?.kind === 'transactions' ? last.txns.map((txn) => txn.zxid) : []
    expect(zxids).to.deep.equal([Number(zxid(7))])
    expect(feed.counters).to.include({ connects: 2, snapshots: 1, transactions: 2 })
    expect(feed.counters.zxid).to.equal(Number(zxid(7)))
  })

  it('a leader that has another transaction of our newest zxid has lost ours', async () => {
    const other = Buffer.concat([leaderInfo(), packet(PACKET.diff, zxid(7)), inform(zxid(7))])
    const leader = await played(Buffer.concat([WHOLE, inform(zxid(6))]), other)
    const feed = open([leader])
    const events = feed[Symbol.asyncIterator]()
    await upTo(events, 'transactions')
    leader.sockets[0]!.destroy()
    const last = (await upTo(events, 'truncate')).at(-1)
    expect(last).to.deep.equal({ kind: 'truncate', zxid: Number(zxid(5)) })
    expect(feed.counters.truncates).to.equal(1)
  })

  it('what was given is tried again, too, when the members are known: it may be an observer master', async () => {
    const known = packet(PACKET.newLeader, EPOCH, Buffer.from('server.1=127.0.0.1:1:2'))
    const end = packet(PACKET.upToDate, -1n)
    const whole = Buffer.concat([leaderInfo(), snap(zxid(5)), known, end])
    const leader = await played(whole, 'end', whole)
    const feed = open([leader], { roundsMax: 1_000 })
    const events = feed[Symbol.asyncIterator]()
    await upTo(events, 'snapshot')
    leader.sockets[0]!.destroy()
    await upTo(events, 'snapshot')
    expect(leader.sockets).to.have.lengthOf(3)
  })

  it('finds the next leader by the addresses that were given, where the names of the members mean nothing here', async () => {
    const known = packet(PACKET.newLeader, EPOCH, Buffer.from('server.1=127.0.0.1:1:2'))
    const end = packet(PACKET.upToDate, -1n)
    const whole = Buffer.concat([leaderInfo(), snap(zxid(5)), known, end])
    const [one, two] = [await played(whole), await played('end', whole)]
    const quorumPort = (leader: PlayedLeader) => `quorumPort=${leader.address.port}\n`
    const words = await Promise.all([one, two].map((at) => PlayedWords.start(quorumPort(at))))
    const servers = words.map(({ address }) => address)
    const feed = open([], { servers, roundsMax: Number.MAX_SAFE_INTEGER })
    try {
      const events = feed[Symbol.asyncIterator]()
      await upTo(events, 'snapshot')
      await one.stop()
      leaders.splice(leaders.indexOf(one), 1)
      await upTo(events, 'snapshot')
    } finally {
      await Promise.all(words.map((server) => server.stop()))
    }
  })

  it('a leader that accepts us, and has nothing that can be used, is left alone for longer each time', async () => {
    const leader = await played(Buffer.concat([leaderInfo(), packet(PACKET.diff, zxid(5))]))
    const pauses: number[] = []
    const isPause = (ms: number): boolean => ms < 5_000
    const clock: Clock = {
      ...systemClock,
      after: (ms, run) => {
        if (isPause(ms)) pauses.push(ms)
        return systemClock.after(isPause(ms) ? 0 : ms, run)
      },
    }
    const feed = open([leader], { clock, backoffMsMax: 1_000 })
    await eventually('some attempts', () => feed.counters.connects >= 5)
    expect(pauses.slice(0, 4)).to.deep.equal([200, 400, 800, 1_000])
  })

  it('a leader that falls silent is left', async () => {
    const leader = await played(WHOLE)
    const why = await whyNot(open([leader], { silenceMs: 200 }))
    expect(why).to.match(/^127\.0\.0\.1:\d+: nothing came for 200 ms$/)
  })

  it('a server that accepts no observer in time is left', async () => {
    const leader = await played(Buffer.alloc(0))
    const why = await whyNot(open([leader], { handshakeMs: 200 }))
    expect(why).to.match(/it did not accept us as an observer within 200 ms$/)
  })

  it('damaged bytes are a reason, with the place', async () => {
    const leader = await played(Buffer.concat([WHOLE, packet(99, 0n)]))
    expect(await whyNot(open([leader]))).to.match(/at byte \d+: a packet: packets of type 99/)
  })

  it('a leader that dies amid its snapshot has closed the connection: nothing is damaged', async () => {
    const part = Buffer.concat([leaderInfo(), snap(zxid(5))])
    const leader = await played(part.subarray(0, -20))
    const feed = open([leader])
    const events = feed[Symbol.asyncIterator]()
    await upTo(events, 'connected')
    leader.sockets[0]!.end()
    const end = (await upTo(events, 'disconnected')).at(-1)
    expect(end)
      .to.have.property('why')
      .that.matches(/^127\.0\.0\.1:\d+: it closed the connection: at byte \d+: .* is cut short/)
    expect(feed.counters.malformed).to.equal(0)
  })

  it('a server that closes without an answer, again and again, refuses', async () => {
    const leader = await played('end')
    const error = await failure(open([leader]))
    expect(error).to.have.property('code', 'SOURCE_UNANSWERED')
    expect(leader.sockets).to.have.lengthOf(5)
  })

  it('once it was followed, closing without an answer is no refusal', async () => {
    const leader = await played(WHOLE, 'end', 'end', 'end', 'end', 'end', WHOLE)
    const feed = open([leader])
    const events = feed[Symbol.asyncIterator]()
    await upTo(events, 'snapshot')
    leader.sockets[0]!.destroy()
    await upTo(events, 'snapshot')
    expect(leader.sockets).to.have.lengthOf(7)
  })

  it('a protocol that cannot be followed ends it', async () => {
    const leader = await played(leaderInfo(EPOCH, 0x11000))
    expect(await failure(open([leader]))).to.have.property('code', 'SOURCE_UNSUPPORTED')
  })

  it('a login that is no DIGEST-MD5 is refused, with the reason', async () => {
    const token = Buffer.from('GSSAPI')
    const challenge = Buffer.alloc(16)
    challenge.writeBigInt64BE(0x5f2435013501edccn)
    challenge.writeInt32BE(token.length, 12)
    const leader = await played(Buffer.concat([challenge, token]))
    const error = await failure(open([leader], { sasl: { user: 'u', password: 'p' } }))
    expect(error.message).to.match(/Kerberos \(GSSAPI\) is not offered/)
    expect(error).to.have.property('code', 'SOURCE_REFUSED')
  })

  it('nobody listens: the reason names the address', async () => {
    const leader = await played('end')
    const { address } = leader
    await leader.stop()
    leaders.pop()
    const feed = openSourceFeed({ servers: [], quorum: [address], from: 0, logger: silentLogger })
    feeds.push(feed)
    expect(await whyNot(feed)).to.match(/none of .*127\.0\.0\.1:\d+.*ECONNREFUSED/)
  })

  it('members that change are noticed, and an id of ours among them ends it', async () => {
    const members = (ids: number[]) => ids.map((id) => `server.${id}=a${id}:1:2`).join('\n')
    const told = (counter: number, ids: number[]) =>
      packet(
        PACKET.informAndActivate,
        zxid(counter),
        Buffer.concat([Buffer.alloc(8), reconfig(zxid(counter), members(ids))]),
      )
    const leader = await played(
      Buffer.concat([WHOLE, told(6, [1, 2]), told(7, [2, 1]), told(8, [1, 2, 3]), told(9, [254])]),
    )
    const feed = open([leader])
    const seen: string[] = []
    let error: unknown
    try {
      for await (const { kind } of feed) seen.push(kind)
    } catch (cause) {
      error = cause
    }
    expect(feed.counters.memberChanges).to.equal(1)
    expect(error)
      .to.have.property('message')
      .that.match(/254 is the id of a member/)
    expect(feed.counters.transactions).to.equal(3)
  })

  it('is iterated once; closed, it ends', async () => {
    const leader = await played(WHOLE)
    const feed = open([leader])
    const events = feed[Symbol.asyncIterator]()
    await upTo(events, 'snapshot')
    const second = await feed[Symbol.asyncIterator]()
      .next()
      .catch((error: Error) => error)
    expect(second).to.be.instanceOf(Error)
    const ending = upTo(events, 'disconnected').catch((error: Error) => error)
    await feed.close()
    expect(await ending).to.have.property('message', 'the feed ended')
    await feed.close()
  })

  it('closed while the servers are looked at, it does not wait for them', async () => {
    const mute = await played(Buffer.alloc(0))
    const feed = open([], { quorum: [], servers: [mute.address], connectMs: 20_000 })
    while (mute.sockets.length === 0) await new Promise(setImmediate)
    await feed.close()
    expect(feed.counters).to.include({ connects: 0, disconnects: 0 })
  })

  for (const [what, more] of [
    ['a negative zxid', { from: -1 }],
    ['a zxid that is no number', { from: Number.NaN }],
    ['a buffer of nothing', { bufferBytesMax: 0 }],
    ['half a certificate', { tls: { cert: 'x' } }],
  ] as const) {
    it(`${what} is a bad argument`, () => {
      expect(() => open([], more))
        .to.throw()
        .with.property('code', 'ZK_BAD_ARGUMENTS')
    })
  }
})
