/** A client over the wire in bad weather: cut, silent, expired, frozen, moved to another server. */
import { expect } from 'chai'
import type { Context } from 'mocha'
import {
  type ClientOptions,
  type ClientState,
  connect,
  EVENT,
  type WatchEvent,
  type ZnodeError,
  type ZooKeeper,
} from '../../index.ts'
import { type ClientBed, type RunningBed, SESSION_MS, wireBeds } from '../support/client-beds.ts'
import { eventually } from '../support/eventually.ts'
import { freePort } from '../support/free-port.ts'
import { requireOrSkip } from '../support/requirements.ts'
import type { TcpFaultProxy } from '../support/tcp-fault-proxy.ts'

const settled = (promise: Promise<unknown>): Promise<{ code: string; outcome?: string }> =>
  promise.then(
    () => ({ code: 'done' }),
    ({ code, outcome }: ZnodeError) => ({ code, outcome }),
  )

/** Resolves when the client's state is that; the caller has seen the one before. */
const until = (zk: ZooKeeper, state: ClientState): Promise<void> =>
  new Promise((resolve) => {
    if (zk.state === state) return resolve()
    const cancel = zk.onStateChange((next) => {
      if (next !== state) return
      cancel()
      resolve()
    })
  })

for (const bed of wireBeds) badWeather(bed)

function badWeather(bed: ClientBed): void {
  describe(`client: bad weather, ${bed.name}`, function () {
    this.timeout(60_000)
    let running: RunningBed
    let wire: TcpFaultProxy
    let root: string
    let count = 0
    const clients: ZooKeeper[] = []

    async function open(options?: ClientOptions, target?: string): Promise<ZooKeeper> {
      const client =
        target === undefined
          ? await running.connect(options)
          : await connect(target, { timeoutMs: SESSION_MS, ...options })
      clients.push(client)
      return client
    }
    /** Past the wire: sees what is there. */
    const observer = () => open({}, running.direct)

    before(async function (this: Context) {
      requireOrSkip(this, ...bed.needs)
      running = await bed.start()
      wire = running.wire as TcpFaultProxy
    })
    after(() => running?.stop())
    beforeEach(async () => {
      root = `/weather-${count++}`
      await (await observer()).create(root)
    })
    afterEach(async () => {
      wire.resume('up')
      wire.resume('down')
      for (const client of clients.splice(0).reverse()) await client.close()
    })

    it('a cut connection: suspended, then the same session, with its ephemerals and watches', async () => {
      const states: ClientState[] = []
      const zk = await open({ onState: (state) => states.push(state) })
      const id = zk.sessionId
      await zk.create(`${root}/e`, null, { mode: 'ephemeral' })
      const seen: WatchEvent[] = []
      let wake = (): void => {}
      const watch = (event: WatchEvent): void => {
        seen.push(event)
        wake()
      }
      const firsts = new Promise<void>((resolve) => {
        wake = () => seen.length >= 3 && resolve()
      })
      await zk.getData(root, watch)
      await zk.exists(`${root}/later`, watch)
      await zk.getChildren(`${root}/e`, watch)
      await zk.addWatch(`${root}/e`, watch, 'persistent')
      const other = await observer()
      const suspended = until(zk, 'suspended')
      wire.cut()
      await suspended
      // While the client is away.
      await other.setData(root, Buffer.from('changed'))
      await other.create(`${root}/later`)
      await until(zk, 'connected')
      await firsts
      await other.setData(`${root}/e`, Buffer.from('afterwards'))
      await zk.sync()
      await eventually('the last event', () => seen.length >= 4)
      expect(states).to.deep.equal(['suspended', 'connected'])
      expect(zk.sessionId).to.equal(id)
      expect((await other.exists(`${root}/e`))?.ephemeralOwner).to.equal(id)
      const types = seen.map(({ type, path }) => `${type} ${path.slice(root.length)}`)
      // Exactly what changed, an unchanged child watch not; the one that stays is to read again.
      expect(types.slice(0, 3).sort()).to.deep.equal(['-1 /e', '1 /later', '3 '])
      expect(types.slice(3)).to.deep.equal(['3 /e'])
    })

    it('calls in flight: a write’s outcome is unknown, a read is unapplied; both reject', async () => {
      const zk = await open()
      wire.pause('down')
      const write = settled(zk.create(`${root}/a`))
      const read = settled(zk.exists(root))
      const other = await observer()
      await eventually('the write', () => other.exists(`${root}/a`))
      wire.cut()
      expect(await write).to.deep.equal({ code: 'ZK_CONNECTION_LOSS', outcome: 'unknown' })
      expect(await read).to.deep.equal({ code: 'ZK_CONNECTION_LOSS', outcome: 'unapplied' })
      expect(await settled(zk.create(`${root}/b`))).to.deep.equal({
        code: 'ZK_CONNECTION_LOSS',
        outcome: 'unapplied',
      })
      wire.resume('down')
      await until(zk, 'connected')
      expect((await zk.getChildren(root)).children).to.deep.equal(['a'])
    })

    it('with retryMs, what was surely not applied is repeated, a write with an unknown outcome is not', async () => {
      const zk = await open({ retryMs: 20_000 })
      wire.pause('down')
      const write = settled(zk.create(`${root}/a`))
      const read = settled(zk.exists(root))
      const other = await observer()
      await eventually('the write', () => other.exists(`${root}/a`))
      wire.cut()
      expect((await write).outcome).to.equal('unknown')
      const unsent = settled(zk.create(`${root}/b`))
      wire.resume('down')
      expect([await read, await unsent]).to.deep.equal([{ code: 'done' }, { code: 'done' }])
    })

    it('a server that answers nothing more is left within two thirds of the timeout', async () => {
      const zk = await open()
      wire.pause('down')
      wire.pause('up')
      const frozenMs = performance.now()
      const call = settled(zk.exists(root))
      await until(zk, 'suspended')
      expect(performance.now() - frozenMs).to.be.below(SESSION_MS)
      expect((await call).code).to.equal('ZK_CONNECTION_LOSS')
      expect(zk.sessionUntilMs - performance.now()).to.be.below(SESSION_MS)
    })

    it('lost by the clock, and then for good: without renew the client ends', async () => {
      const zk = await open()
      const other = await observer()
      await zk.create(`${root}/e`, null, { mode: 'ephemeral' })
      wire.pause('up')
      wire.pause('down')
      await until(zk, 'lost')
      expect(zk.isEnded).to.equal(false)
      expect(zk.sessionUntilMs).to.equal(Number.NEGATIVE_INFINITY)
      expect((await settled(zk.exists(root))).code).to.equal('ZK_SESSION_EXPIRED')
      await eventually('the expiry', async () => (await other.exists(`${root}/e`)) === undefined)
      wire.cut()
      wire.resume('up')
      wire.resume('down')
      await eventually('the verdict', () => zk.isEnded)
      expect(zk.state).to.equal('lost')
    })

    it('with renew a new session follows, and watches are set again', async () => {
      const states: ClientState[] = []
      const zk = await open({ renew: true, onState: (state) => states.push(state) })
      const other = await observer()
      const first = zk.sessionId
      await zk.create(`${root}/e`, null, { mode: 'ephemeral' })
      const events = zk.watch(root)
      await events.next()
      const fired = new Promise<WatchEvent>((resolve) => void zk.getData(root, resolve))
      await zk.sync()
      wire.pause('up')
      wire.pause('down')
      await eventually('the expiry', async () => (await other.exists(`${root}/e`)) === undefined)
      wire.cut()
      wire.resume('up')
      wire.resume('down')
      await until(zk, 'connected')
      expect(zk.sessionId).to.not.equal(first)
      // The new session begins behind everything that was committed, on any server.
      expect(await zk.exists(`${root}/e`)).to.equal(undefined)
      expect(states.filter((state, i) => state !== states[i - 1])).to.deep.equal([
        'suspended',
        'lost',
        'connected',
      ])
      // Its events are lost with the session, so it reads again.
      expect((await fired).type).to.equal(EVENT.NodeDataChanged)
      expect((await events.next()).value).to.deep.equal({ type: EVENT.None, path: root })
      await events.return(undefined)
    })

    it('goes on at the next server of the list, and comes back to none that is gone', async () => {
      const gone = await freePort()
      const zk = await open({}, `zk://127.0.0.1:${gone},${wire.host}`)
      expect(zk.state).to.equal('connected')
      const back = until(zk, 'suspended').then(() => until(zk, 'connected'))
      wire.cut()
      await back
    })

    it('no server: rejects in time, or as soon as the signal is aborted', async () => {
      const target = `zk://127.0.0.1:${await freePort()}`
      const { code, outcome } = await settled(connect(target, { connectMs: 300 }))
      expect([code, outcome]).to.deep.equal(['ZK_CONNECTION_LOSS', 'unapplied'])
      const abort = new AbortController()
      const opening = connect(target, { signal: abort.signal })
      abort.abort(new Error('enough'))
      expect(await opening.catch((error: Error) => error.message)).to.equal('enough')
    })
  })
}
