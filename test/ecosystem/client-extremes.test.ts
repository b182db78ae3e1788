/**
 * The client over the wire at its limits, on anykeeper and on ZooKeeper: many watches, large requests, long pipelines, a stopped
 * process, clocks that jump. `EXTREMES=all`: 100,000 watches and 50,000 writes.
 */
import { expect } from 'chai'
import { openMemoryStore } from '../../adapters/memory/memory-store.ts'
import { connect, Keeper, Mutex, systemClock, type ZnodeError } from '../../lib/index.ts'
import { ProxyServer } from '../../proxy/index.ts'
import { type Child, spawnChild } from '../support/child.ts'
import { type RunningBed, SESSION_MS, wireBedsOf } from '../support/client-beds.ts'
import { eventually } from '../support/eventually.ts'
import { requireOrSkip } from '../support/requirements.ts'

const isAll = process.env.EXTREMES === 'all'
const WATCHES = isAll ? 100_000 : 5_000
const WRITES = isAll ? 50_000 : 5_000
/** Of a request, as jute.maxbuffer. */
const REQUEST_BYTES_MAX = 1_048_575
/** Of a setData of /big beside its data: header, path, lengths, version. */
const SET_DATA_BYTES = 8 + 4 + '/big'.length + 4 + 4
const WAIT_MS = 60_000

/** Sessions of a few seconds, and of half a minute where much is done. */
const TICK_MS = SESSION_MS / 2
const LONG_MS = 30_000

for (const place of wireBedsOf(TICK_MS).slice(0, 2)) {
  describe(`client: extremes, ${place.name}`, function () {
    this.timeout(isAll ? 600_000 : 120_000)
    let bed: RunningBed
    const children: Child[] = []

    before(async function () {
      requireOrSkip(this, ...place.needs)
      bed = await place.start()
    })
    afterEach(async () => {
      for (const child of children.splice(0)) {
        child.signal('SIGCONT')
        await child.kill()
      }
    })
    after(() => bed?.stop())

    it(`${WATCHES} watches are set again behind a reconnect, and each is called once`, async () => {
      await using zk = await bed.connect({ timeoutMs: LONG_MS })
      await using other = await connect(bed.direct ?? '', { timeoutMs: LONG_MS, renew: true })
      await other.create('/watched')
      const calls = new Map<string, number>()
      const paths = Array.from({ length: WATCHES }, (_, at) => `/watched/${'x'.repeat(60)}-${at}`)
      const seen = ({ path }: { readonly path: string }) =>
        calls.set(path, (calls.get(path) ?? 0) + 1)
      await inPortions(paths, (path) => zk.exists(path, seen))
      const { connections } = bed.wire ?? { connections: 0 }
      bed.wire?.cut()
      const back = () => zk.state === 'connected' && (bed.wire?.connections ?? 0) > connections
      await eventually('its return', back, WAIT_MS)
      // A connection that a request too large had ended would have had others behind it.
      await zk.sync()
      expect(bed.wire?.connections).to.equal(connections + 1)
      const some = [0, 1, Math.floor(WATCHES / 2), WATCHES - 1].map((at) => paths[at] ?? '')
      for (const path of some) await other.create(path)
      await eventually('their events', () => calls.size === some.length, WAIT_MS)
      expect(Object.fromEntries(calls)).to.deep.equal(
        Object.fromEntries(some.map((path) => [path, 1])),
      )
    })

    it('a request of exactly jute.maxbuffer is carried out, one of a byte more is refused before it is sent', async () => {
      await using zk = await bed.connect()
      await zk.create('/big')
      const data = Buffer.alloc(REQUEST_BYTES_MAX - SET_DATA_BYTES, 7)
      await zk.setData('/big', data)
      const found = Buffer.from((await zk.getData('/big')).data ?? [])
      expect(found.equals(data)).to.equal(true)
      const before = zk.sessionId
      const refused = await zk
        .setData('/big', Buffer.concat([data, Buffer.alloc(1)]))
        .catch((error: ZnodeError) => error)
      expect(refused).to.include({ code: 'ZK_BAD_ARGUMENTS', outcome: 'unapplied' })
      expect((refused as Error).message).to.include(`${REQUEST_BYTES_MAX + 1} bytes`)
      const { dataLength, version } = (await zk.exists('/big')) ?? {}
      expect([dataLength, version, zk.sessionId]).to.deep.equal([data.length, 1, before])
    })

    it(`${WRITES} pipelined writes, cut in the middle: what was applied is a beginning of them, in order`, async () => {
      await using zk = await bed.connect({ timeoutMs: LONG_MS })
      await zk.create('/line')
      let done = 0
      const results = Array.from({ length: WRITES }, async (_, at) => {
        try {
          const { stat } = await zk.create(`/line/${at}`)
          done += 1
          if (done === Math.floor(WRITES / 2)) bed.wire?.cut()
          return stat.czxid
        } catch (error) {
          return error as ZnodeError
        }
      })
      const outcomes = await Promise.all(results)
      const zxids = outcomes.filter((outcome) => typeof outcome === 'number')
      const errors = outcomes.filter((outcome) => typeof outcome !== 'number')
      expect(zxids.length).to.be.at.least(Math.floor(WRITES / 2))
      expect(outcomes.slice(0, zxids.length), 'all before the first error').to.deep.equal(zxids)
      expect(zxids.every((zxid, at) => at === 0 || zxid > Number(zxids[at - 1]))).to.equal(true)
      expect(errors.length).to.be.greaterThan(0)
      for (const { code, outcome } of errors) {
        expect([code, outcome]).to.deep.equal(['ZK_CONNECTION_LOSS', 'unknown'])
      }
      await eventually('its return', () => zk.state === 'connected', WAIT_MS)
      const { children: names } = await zk.getChildren('/line')
      const applied = names.map(Number).toSorted((a, b) => a - b)
      expect(applied.length).to.be.at.least(zxids.length)
      expect(applied).to.deep.equal(applied.map((_, at) => at))
    })

    it('a process that holds a Mutex is stopped for longer than its session: it loses it before it does anything', async () => {
      const child = spawnChild({
        name: 'holder',
        command: process.execPath,
        args: ['--import', 'tsx', 'test/ecosystem/wire-holder.ts', bed.direct ?? '', '/mutex'],
      })
      children.push(child)
      const line = await child.waitForLine(/^token \d+/)
      await child.waitForLine(/^held true/)
      child.signal('SIGSTOP')
      await using zk = await bed.connect({ timeoutMs: SESSION_MS })
      await using held = await new Mutex(zk, '/mutex').acquire({ timeoutMs: WAIT_MS })
      expect(held.token).to.be.greaterThan(Number(/\d+/.exec(String(line))?.[0]))
      const before = child.output.length
      child.signal('SIGCONT')
      await child.waitForLine(/^lost ZK_SESSION_EXPIRED/)
      await child.waitForLine(/^held false/)
      expect(child.output.slice(before)).to.not.match(/^held true/m)
      expect(held.isHeld).to.equal(true)
    })

    it('a process that calls unref() while it is suspended ends', async () => {
      const url = `zk://${bed.wire?.host}`
      const child = spawnChild({
        name: 'unref',
        command: process.execPath,
        args: ['--import', 'tsx', 'test/ecosystem/wire-holder.ts', url, '/unref', 'unref'],
      })
      children.push(child)
      await child.waitForLine(/^held true/)
      bed.wire?.stopListening()
      bed.wire?.cut()
      await child.waitForLine(/^suspended/)
      expect((await child.exited).code, child.output).to.equal(0)
      await bed.wire?.listenAgain()
    })

    it('a wall clock that jumps an hour ahead, and back, ends no session', async () => {
      let offsetMs = 0
      const clock = { ...systemClock, now: () => systemClock.now() + offsetMs }
      const states: string[] = []
      const options = {
        timeoutMs: SESSION_MS,
        clock,
        onState: (state: string) => states.push(state),
      }
      await using zk = await bed.connect(options)
      await using held = await new Mutex(zk, '/clock').acquire()
      for (const jumpMs of [3_600_000, -3_600_000]) {
        offsetMs += jumpMs
        // Until the server has been seen again it may have been a pause of the machine.
        await zk.sync()
        expect([held.isHeld, held.signal.aborted, zk.isInDoubt]).to.deep.equal([true, false, false])
      }
      expect(states).to.deep.equal([])
    })
  })
}

describe('client: extremes, addresses', () => {
  it('servers with IPv6 addresses, beside others, with and without a chroot', async () => {
    const store = await openMemoryStore()
    const keeper = await Keeper.open({ store })
    const proxy = await ProxyServer.listen(keeper, { host: '::1', port: 0 })
    try {
      const zk = await connect(`zk://[::1]:${proxy.port}`)
      await zk.create('/top')
      await zk.create('/top/a')
      await zk.close()
      const below = await connect(`zk://127.0.0.1:1,[0:0:0:0:0:0:0:1]:${proxy.port}/top`)
      expect((await below.getChildren('/')).children).to.deep.equal(['a'])
      await below.close()
    } finally {
      await proxy.close()
      await keeper.close()
      await store.close()
    }
  })
})

async function inPortions<T>(all: readonly T[], run: (one: T) => Promise<unknown>): Promise<void> {
  const PORTION = 5_000
  for (let at = 0; at < all.length; at += PORTION) {
    await Promise.all(all.slice(at, at + PORTION).map(run))
  }
}
