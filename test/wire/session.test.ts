/**
 * The handshake and the life of a session, on two proxies over one store: H1 to H11 and E4 of
 * ZooKeeper's own rules (ConnectRequest, SessionTrackerImpl), each as a test. How it lives and
 * expires: session-liveness.test.ts.
 */
import { expect } from 'chai'
import type { RawClient, RawEntry } from '../support/raw-client.ts'
import { type Served, SHORT_TIMEOUTS, WireBench } from '../support/wire-bench.ts'

const CREATED = 1
const DELETED = 2
const CHILDREN = 4

describe('sessions', () => {
  let bench: WireBench
  let one: Served
  let two: Served

  beforeEach(async () => {
    bench = new WireBench()
    one = await bench.serve({ limits: SHORT_TIMEOUTS })
    two = await bench.serve({ limits: SHORT_TIMEOUTS })
  })
  afterEach(() => bench.close())

  const event = (entry: RawEntry): unknown =>
    entry.kind === 'event' ? [entry.type, entry.path] : entry.kind

  describe('handshake', () => {
    it('H1: the response has a readOnly byte only when the request had one', async () => {
      const old = await bench.connect(one, { keepFrames: true })
      const modern = await bench.connect(one, { keepFrames: true, readOnly: false })
      const willing = await bench.connect(one, { keepFrames: true, readOnly: true })
      const answered = (c: RawClient): unknown => [c.readOnly, c.frames[1]!.body.length]
      expect(answered(old)).to.deep.equal([undefined, 36])
      expect(answered(modern)).to.deep.equal([false, 37])
      expect(answered(willing)).to.deep.equal([false, 37])
      const goneOld = await bench.connect(one, { sessionId: 77n, keepFrames: true })
      const gone = await bench.connect(one, { sessionId: 77n, readOnly: true, keepFrames: true })
      expect([answered(goneOld), answered(gone)]).to.deep.equal([
        [undefined, 36],
        [false, 37],
      ])
    })

    it('H2: an unknown session is refused: timeout 0, session 0, a zero password, close', async () => {
      const client = await bench.connect(one, { sessionId: 0x1234n, password: Buffer.alloc(16, 1) })
      expect([client.timeoutMs, client.sessionId]).to.deep.equal([0, 0n])
      expect(client.password.equals(Buffer.alloc(16))).to.equal(true)
      await client.waitFor(() => client.closed)
    })

    for (const [what, password] of [
      ['wrong', Buffer.alloc(16, 7)],
      ['short', Buffer.alloc(3)],
      ['empty', Buffer.alloc(0)],
    ] as const) {
      it(`H2: a password that is ${what} is refused, here and at another proxy; the holder stays`, async () => {
        const holder = await bench.connect(one)
        for (const served of [one, two]) {
          const thief = await bench.resume(served, holder, { password })
          expect([thief.timeoutMs, thief.sessionId]).to.deep.equal([0, 0n])
          await thief.waitFor(() => thief.closed)
        }
        expect((await holder.getData('/')).err).to.equal(0)
      })
    }

    it('H2: a session that was closed is refused', async () => {
      const client = await bench.connect(one)
      await client.close()
      for (const served of [one, two]) {
        const again = await bench.resume(served, client)
        expect(again.timeoutMs).to.equal(0)
      }
    })

    it('H3: the timeout is clamped to the limits', async () => {
      const granted = async (timeoutMs: number): Promise<number> =>
        (await bench.connect(one, { timeoutMs })).timeoutMs
      expect(await granted(-5)).to.equal(400)
      expect(await granted(0)).to.equal(400)
      expect(await granted(399)).to.equal(400)
      expect(await granted(1_234)).to.equal(1_234)
      expect(await granted(2 ** 31 - 1)).to.equal(4_000)
    })

    it('H4: a client that has seen a newer zxid is closed without a reply', async () => {
      const client = await bench.connect(one)
      const { zxid } = await client.create('/a')
      const seen = await bench.connect(two, { lastZxidSeen: zxid })
      expect(seen.timeoutMs).to.be.above(0)
      const opened = one.keeper.replica.sessions.size
      const ahead = bench.connect(two, { lastZxidSeen: zxid + 1_000 })
      const message = await ahead.then(
        () => 'accepted',
        (error: Error) => error.message,
      )
      expect(message).to.equal('closed before the connect response')
      expect(one.keeper.replica.sessions.size).to.equal(opened)
    })

    it('H4: a proxy that lags behind catches up instead of refusing', async () => {
      const client = await bench.connect(one)
      for (let i = 0; i < 20; i++) {
        const { zxid } = await client.setData('/', `${i}`)
        const moved = await bench.connect(two, { lastZxidSeen: zxid })
        const read = await moved.getData('/')
        expect(read.zxid).to.be.at.least(zxid)
        expect(Number(read.record.data)).to.be.at.least(i)
        moved.destroy()
      }
    })

    it('H5: opening is a transaction: it takes a zxid, and every proxy knows the session', async () => {
      const before = one.keeper.replica.zxid
      const client = await bench.connect(one)
      expect(one.keeper.replica.zxid).to.equal(before + 1)
      expect(client.sessionId).to.not.be.oneOf([0n, -0x8000000000000000n])
      await two.keeper.sync()
      expect(two.keeper.replica.sessions.has(client.sessionId)).to.equal(true)
      const ids = new Set([client.sessionId])
      for (let i = 0; i < 20; i++) ids.add((await bench.connect(i % 2 ? one : two)).sessionId)
      expect(ids.size).to.equal(21)
    })
  })

  describe('moving', () => {
    it('H7: reconnecting to the same proxy closes the older connection', async () => {
      const older = await bench.connect(one)
      await older.create('/e', { flags: 1 })
      const newer = await bench.resume(one, older)
      await older.waitFor(() => older.closed)
      expect(newer.sessionId).to.equal(older.sessionId)
      expect(newer.timeoutMs).to.equal(older.timeoutMs)
      const { err, record } = await newer.exists('/e')
      expect([err, record.stat?.ephemeralOwner]).to.deep.equal([0, newer.sessionId])
    })

    it('H7: reconnecting to another proxy moves it with its ephemerals, and closes the old one', async () => {
      const older = await bench.connect(one)
      await older.create('/e', { flags: 1 })
      const newer = await bench.resume(two, older)
      await older.waitFor(() => older.closed)
      const { err, record } = await newer.exists('/e')
      expect([err, record.stat?.ephemeralOwner]).to.deep.equal([0, older.sessionId])
      const owners = [one, two].map((s) => s.keeper.replica.sessions.get(newer.sessionId)?.owner)
      expect(owners).to.deep.equal([two.keeper.proxy, two.keeper.proxy])
      // And it dies there, not here.
      await newer.close()
      const witness = await bench.connect(one)
      await witness.sync('/')
      expect((await witness.exists('/e')).err).to.equal(-101)
    })

    it('H7: back and forth, each move closes the connection before it', async () => {
      let client = await bench.connect(one)
      const { sessionId } = client
      for (const served of [two, one, two, two, one, one]) {
        const next = await bench.resume(served, client)
        await client.waitFor(() => client.closed)
        expect(next.sessionId).to.equal(sessionId)
        expect((await next.setData('/', 'x')).err).to.equal(0)
        client = next
      }
    })

    it('watches stay behind with the connection', async () => {
      const older = await bench.connect(one)
      await older.exists('/w', true)
      const newer = await bench.resume(two, older)
      await older.waitFor(() => older.closed)
      expect(one.keeper.watches.watchCount).to.equal(0)
      await newer.create('/w')
      expect(newer.events).to.deep.equal([])
    })
  })

  describe('closing', () => {
    it('E4: closeSession is answered, then the connection is closed', async () => {
      const client = await bench.connect(one)
      const created = await client.create('/e', { flags: 1 })
      const witness = await bench.connect(two)
      await witness.sync('/')
      await witness.exists('/e', true)
      const reply = await client.send(-11, {})
      expect(reply).to.include({ err: 0, zxid: created.zxid + 2 })
      await client.waitFor(() => client.closed)
      expect(client.transcript.map((e) => e.kind)).to.deep.equal(['reply', 'reply', 'closed'])
      await witness.waitFor(() => witness.events.length > 0)
      expect(witness.events.map(event)).to.deep.equal([[DELETED, '/e']])
    })

    it('its own watches on its own ephemerals fire before the reply', async () => {
      const client = await bench.connect(one)
      await client.exists('/e', true)
      await client.create('/e', { flags: 1 })
      await client.exists('/e', true)
      await client.close()
      expect(client.transcript.map(event)).to.deep.equal([
        'reply',
        [CREATED, '/e'],
        'reply',
        'reply',
        [DELETED, '/e'],
        'reply',
        'closed',
      ])
    })

    it('a proxy that stops closes connections, sessions go on elsewhere', async () => {
      const client = await bench.connect(one)
      await client.create('/e', { flags: 1 })
      await one.proxy.close()
      await client.waitFor(() => client.closed)
      const again = await bench.resume(two, client)
      expect(again.sessionId).to.equal(client.sessionId)
      expect((await again.exists('/e')).err).to.equal(0)
    })
  })

  it('H11: identities belong to the connection: auth is sent again after each move', async () => {
    const owner = await bench.connect(one)
    await owner.auth('digest', 'user:secret')
    await owner.create('/secret', { data: 'x', acl: [{ perms: 31, scheme: 'auth', id: '' }] })
    const moved = await bench.resume(two, owner)
    expect((await moved.getData('/secret')).err).to.equal(-102)
    // Before everything else, in one go, as the Java client does.
    const [auth, read] = await Promise.all([
      moved.auth('digest', 'user:secret'),
      moved.getData('/secret'),
    ])
    expect([auth.err, auth.xid, auth.zxid, read.err]).to.deep.equal([0, -4, 0, 0])
  })

  it('H11: setWatches after a move tells what was missed and watches the rest', async () => {
    const older = await bench.connect(one)
    for (const path of ['/changed', '/same', '/gone', '/parent']) await older.create(path)
    const other = await bench.connect(one)
    const { zxid } = await older.sync('/')
    older.destroy()
    await other.setData('/changed', 'x')
    await other.delete('/gone')
    await other.create('/parent/child')
    await other.create('/new')
    const newer = await bench.resume(two, older)
    await newer.sync('/')
    const reply = await newer.setWatches({
      relativeZxid: zxid,
      data: ['/changed', '/same', '/gone'],
      exist: ['/new', '/not-yet'],
      child: ['/parent', '/same'],
    })
    expect(reply).to.include({ xid: -8, err: 0 })
    expect(newer.events.map(event)).to.deep.equal([
      [3, '/changed'],
      [DELETED, '/gone'],
      [CREATED, '/new'],
      [CHILDREN, '/parent'],
    ])
    expect(newer.transcript.at(-1)).to.equal(reply)
    await newer.create('/not-yet')
    await newer.setData('/same', 'y')
    expect(newer.events.slice(4).map(event)).to.deep.equal([
      [CREATED, '/not-yet'],
      [3, '/same'],
    ])
  })
})

describe('connections without a session', () => {
  it('H10: are dropped after the greeting timeout', async () => {
    const bench = new WireBench()
    try {
      const served = await bench.serve({ proxy: { greetingTimeoutMs: 100 } })
      const client = await bench.connect(served, { handshake: false })
      await client.waitFor(() => client.closed)
      expect(served.proxy.stats.sessionlessDropped).to.equal(1)
    } finally {
      await bench.close()
    }
  })
})
