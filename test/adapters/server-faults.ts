/**
 * Faults of the network and of the server that every store on a server must survive, with the same
 * assertions for each: nothing lost, nothing doubled, and the outcome of a write reported as it is.
 * Used by etcd-faults.test.ts and redis-faults.test.ts, which add the faults of their own.
 */
import { expect } from 'chai'
import type { Context } from 'mocha'
import type { StoreErrorCode } from '../../lib/model/errors.ts'
import type { ServerStore } from '../../lib/store/server-store.ts'
import { rejection, Space, type TestWatch, text } from '../conformance/support.ts'
import { untilFulfilled } from '../support/eventually.ts'
import { TcpFaultProxy } from '../support/tcp-fault-proxy.ts'

/** Deadlines that both adapters have. Unit: ms. */
export interface Patience {
  readonly progressMs?: number
  readonly writeTimeoutMs?: number
  readonly readTimeoutMs?: number
  readonly renewTimeoutMs?: number
}

const SHORT_PATIENCE = {
  progressMs: 100,
  writeTimeoutMs: 1_000,
  readTimeoutMs: 1_000,
  renewTimeoutMs: 500,
}

export interface FaultServer {
  /** host:port */
  readonly host: string
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void
  stop(): Promise<void>
}

/** A store and its server, as far as their faults differ. */
export interface FaultBed<Server extends FaultServer, Options extends Patience> {
  readonly name: string
  /** Skips the tests where the machine has no such server. */
  require(context: Context): void
  startServer(): Promise<Server>
  /** Opens a store on host:port. */
  open(host: string, options: Options): Promise<ServerStore>
  /** Does the end of a watch that was compacted away name the revision that is left? */
  readonly namesCompactRevision: boolean
  /** How calls end that share a connection with the first one that had no answer in time. */
  readonly laterCallsEndWith: readonly StoreErrorCode[]
}

/** What a test works with; ended after each test. */
export class FaultBench<Server extends FaultServer, Options extends Patience> {
  /** Of all tests; stopped and woken up, never killed. */
  server!: Server
  /** Before `server`. */
  proxy!: TcpFaultProxy
  /** Straight to the server. */
  direct!: ServerStore
  readonly #bed: FaultBed<Server, Options>
  readonly #opened: ServerStore[] = []

  constructor(bed: FaultBed<Server, Options>) {
    this.#bed = bed
    const start = async (): Promise<void> => {
      this.server = await bed.startServer()
      this.direct = await bed.open(this.server.host, {} as Options)
    }
    before(function (this: Context) {
      bed.require(this)
      return start()
    })
    after(async () => {
      await this.direct?.close()
      await this.server?.stop()
    })
    beforeEach(async () => {
      this.proxy = await TcpFaultProxy.start(this.server.host)
    })
    afterEach(async () => {
      for (const store of this.#opened.splice(0)) await store.close()
      await this.proxy.stop()
    })
  }

  /** Through the fault proxy unless on another host, with short patience. */
  async open(options: Partial<Options> = {}, host = this.proxy.host): Promise<ServerStore> {
    const store = await this.#bed.open(host, { ...SHORT_PATIENCE, ...options } as Options)
    this.#opened.push(store)
    return store
  }

  /** As the server has it. */
  async valueBecomes(start: Uint8Array, value: string): Promise<void> {
    for (;;) {
      const [kv] = (await this.direct.range({ start })).kvs
      if (kv !== undefined && text(kv.value) === value) return
    }
  }
}

/** The faults that both have, then those of `more`. */
export function serverFaults<Server extends FaultServer, Options extends Patience>(
  bed: FaultBed<Server, Options>,
  more: (bench: FaultBench<Server, Options>) => void,
): void {
  describe(`${bed.name} faults`, function () {
    this.timeout(60_000)
    const bench = new FaultBench(bed)
    describe('watch', () => watchFaults(bed, bench))
    describe('writes', () => writeFaults(bench))
    describe('no server at all', () => {
      it('opening is rejected with STORE_UNAVAILABLE or STORE_TIMEOUT', async () => {
        bench.proxy.pause('down')
        await rejection(bench.open(), 'STORE_TIMEOUT')
        await rejection(bench.open({}, '127.0.0.1:1'), 'STORE_UNAVAILABLE')
      })
    })
    describe('leases', () => leaseFaults(bed, bench))
    describe('a stopped server', () => stoppedServer(bed, bench))
    more(bench)
  })
}

type AnyBed = Pick<FaultBed<FaultServer, Patience>, 'namesCompactRevision' | 'laterCallsEndWith'>
type AnyBench = Pick<
  FaultBench<FaultServer, Patience>,
  'server' | 'proxy' | 'direct' | 'open' | 'valueBecomes'
>

function watchFaults(bed: AnyBed, bench: AnyBench): void {
  /** A watch through the proxy that is up to date; the space writes past the proxy. */
  async function following(): Promise<{ space: Space; watch: TestWatch }> {
    const store = await bench.open()
    const space = new Space(bench.direct)
    const watch = space.watch((await space.write(space.put('a', '0'))) + 1, store)
    await watch.next()
    return { space, watch }
  }

  it('five cuts in the middle of a catch-up lose and double nothing', async () => {
    const { proxy, direct } = bench
    const store = await bench.open()
    const space = new Space(direct)
    const count = 6_000
    const value = 'x'.repeat(200)
    const revisions: number[] = []
    for (let i = 0; i < count; i += 100) {
      const writes = Array.from({ length: 100 }, (_, j) =>
        space.write(space.put(`k${i + j}`, value)),
      )
      revisions.push(...(await Promise.all(writes)))
    }
    const watch = space.watch(Math.min(...revisions), store)
    const all = watch.events(count)
    for (let cut = 0; cut < 5; cut++) {
      await proxy.passedDown(150_000)
      proxy.cut()
    }
    expect(new Set(await all).size).to.equal(count)
    expect(watch.seen).to.have.length(count)
    expect(proxy.connections).to.be.at.least(6)
    await watch.end()
  })

  it('cuts while it is up to date lose and double nothing', async () => {
    const { proxy } = bench
    const { space, watch } = await following()
    for (let i = 1; i <= 300; i++) {
      if (i % 30 === 0) proxy.cut()
      await space.write(space.put('a', `${i}`))
    }
    const all = Array.from({ length: 300 }, (_, i) => `put a=${i + 1}`)
    expect(await watch.events(300)).to.deep.equal(all)
    await watch.end()
  })

  it('goes on where it was after an outage, with what was written meanwhile', async () => {
    const { proxy } = bench
    const { space, watch } = await following()
    proxy.refuse(true)
    proxy.cut()
    for (let i = 1; i <= 5; i++) await space.write(space.put('a', `${i}`))
    const seen = watch.events(5)
    proxy.refuse(false)
    expect(await seen).to.deep.equal([1, 2, 3, 4, 5].map((i) => `put a=${i}`))
    await watch.end()
  })

  it('a silent connection is given up, and the held-back events are not doubled', async () => {
    const { proxy } = bench
    const { space, watch } = await following()
    const before = proxy.connections
    proxy.pause('down')
    await space.write(space.put('a', '1'))
    const seen = watch.events(1)
    while (proxy.connections === before) await new Promise((resolve) => setTimeout(resolve, 20))
    proxy.resume('down')
    expect(await seen).to.deep.equal(['put a=1'])
    await space.write(space.put('a', '2'))
    expect(await watch.events(2)).to.deep.equal(['put a=1', 'put a=2'])
    await watch.end()
  })

  it('compaction while it was away is STORE_COMPACTED', async () => {
    const { proxy, direct } = bench
    const { space, watch } = await following()
    proxy.refuse(true)
    proxy.cut()
    for (let i = 1; i <= 3; i++) await space.write(space.put('a', `${i}`))
    await direct.compact(await space.write(space.put('a', '4')))
    // Twice: redis keeps the entries of the generation before.
    const last = await space.write(space.put('a', '5'))
    await direct.compact(last)
    const ended = rejection(watch.events(5), 'STORE_COMPACTED')
    proxy.refuse(false)
    const { compactRevision } = await ended
    if (bed.namesCompactRevision) expect(compactRevision).to.equal(last)
  })

  it('compaction of exactly the revisions it has seen does not end it', async () => {
    const { proxy, direct } = bench
    const { space, watch } = await following()
    proxy.refuse(true)
    proxy.cut()
    const next = await space.write(space.put('a', '1'))
    await direct.compact(next)
    const seen = watch.events(1)
    proxy.refuse(false)
    expect(await seen).to.deep.equal(['put a=1'])
    await watch.end()
  })

  it('abort ends it at once while the server is out of reach', async () => {
    const { proxy } = bench
    const { watch } = await following()
    proxy.pause('down')
    proxy.pause('up')
    await watch.end()
  })
}

function writeFaults(bench: AnyBench): void {
  it('one whose reply is lost with the connection is unknown, and applied exactly once', async () => {
    const { proxy } = bench
    const store = await bench.open({ writeTimeoutMs: 20_000 })
    const space = new Space(store)
    await space.write(space.put('a', '0'))
    proxy.pause('down')
    const lost = rejection(space.write(space.put('a', '1')), 'STORE_UNAVAILABLE')
    await bench.valueBecomes(space.key('a'), '1')
    proxy.cut()
    proxy.resume('down')
    expect((await lost).outcome).to.equal('unknown')
    await space.write(space.put('b'))
    expect((await space.get('a'))!.version, 'one put before, one put lost').to.equal(2)
  })

  it('one whose reply never comes ends at its deadline, unknown, and is not sent again', async () => {
    const { proxy } = bench
    const store = await bench.open()
    const space = new Space(store)
    await space.write(space.put('a', '0'))
    proxy.pause('down')
    const error = await rejection(space.write(space.put('a', '1')), 'STORE_TIMEOUT')
    expect(error.outcome).to.equal('unknown')
    proxy.resume('down')
    await space.write(space.put('b'))
    expect((await space.get('a'))!.version).to.equal(2)
  })
}

function leaseFaults(bed: AnyBed, bench: AnyBench): void {
  it('a renewal without an answer ends at its deadline; the next takes a new connection', async () => {
    const { proxy } = bench
    const store = await bench.open()
    const lease = await store.grantLease({ ttlMs: 30_000 })
    await store.keepLeaseAlive(lease.id)
    proxy.pause('down')
    const calls = [1, 2, 3].map(() => store.keepLeaseAlive(lease.id))
    await Promise.all([
      rejection(calls[0]!, 'STORE_TIMEOUT'),
      ...calls.slice(1).map((call) => rejection(call, ...bed.laterCallsEndWith)),
    ])
    proxy.resume('down')
    expect(await store.keepLeaseAlive(lease.id)).to.deep.equal({ ttlMs: lease.ttlMs })
  })

  it('renewals on a cut connection are rejected at once', async () => {
    const { proxy } = bench
    const store = await bench.open({ renewTimeoutMs: 20_000 })
    const lease = await store.grantLease({ ttlMs: 30_000 })
    await store.keepLeaseAlive(lease.id)
    proxy.pause('down')
    const lost = rejection(store.keepLeaseAlive(lease.id), 'STORE_UNAVAILABLE')
    proxy.cut()
    await lost
    proxy.resume('down')
    await store.keepLeaseAlive(lease.id)
  })
}

function stoppedServer(bed: AnyBed, bench: AnyBench): void {
  it('calls end within their deadlines, and all goes on when it wakes up', async () => {
    const { server } = bench
    const store = await bench.open()
    const space = new Space(store)
    const watch = space.watch(await space.write(space.put('a', '0')))
    await watch.events(1)
    const lease = await store.grantLease({ ttlMs: 60_000 })
    await store.keepLeaseAlive(lease.id)
    server.signal('SIGSTOP')
    try {
      const startedMs = performance.now()
      const [, write] = await Promise.all([
        rejection(space.all(), 'STORE_TIMEOUT'),
        rejection(space.write(space.put('a', '1')), ...bed.laterCallsEndWith),
        rejection(store.keepLeaseAlive(lease.id), 'STORE_TIMEOUT'),
      ])
      expect(write.outcome).to.equal('unknown')
      expect(performance.now() - startedMs).to.be.below(10_000)
    } finally {
      server.signal('SIGCONT')
    }
    await untilFulfilled(() => space.all())
    await untilFulfilled(() => store.keepLeaseAlive(lease.id))
    await untilFulfilled(() => space.write(space.put('b', 'awake')))
    while (!watch.seen.some(({ events }) => events.includes('put b=awake'))) await watch.next()
    await watch.end()
  })
}
