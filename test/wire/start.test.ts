/** A start that fails, or that a signal ends, on a real etcd: the sentence, the exit code, and nothing of it is left in the store. */
import { createServer, type Server } from 'node:net'
import { expect } from 'chai'
import { openStore } from '../../adapters/index.ts'
import { connect, Keeper } from '../../lib/index.ts'
import { Layout } from '../../lib/internal.ts'
import { EtcdShell } from '../operations/etcd-shell.ts'
import { type Child, spawnChild } from '../support/child.ts'
import { type EtcdServer, requireEtcd, startEtcd } from '../support/etcd-server.ts'
import { within } from '../support/eventually.ts'
import { freePort } from '../support/free-port.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { anykeeperProgram } from '../support/run-anykeeper.ts'
import { TcpFaultProxy } from '../support/tcp-fault-proxy.ts'

const LATE_MS = 60_000
const ZNODES = 100
const ZNODE_BYTES = 10_000
/** A lease that is left is there for longer than the test. */
const TTL = ['--proxy-ttl', '600000', '--store-silence-timeout', '4000']

describe('anykeeper serve, a start that comes to nothing', function () {
  this.timeout(120_000)
  let etcd: EtcdServer
  let link: TcpFaultProxy
  let shell: EtcdShell
  const ends: (() => unknown)[] = []

  before(async function () {
    requireEtcd(this)
    requireOrSkip(this, 'etcdctl')
    etcd = await startEtcd()
    shell = new EtcdShell(etcd.host)
    link = await TcpFaultProxy.start(etcd.host)
    const store = await openStore(`etcd://${etcd.host}`)
    const keeper = await Keeper.open({ store })
    const client = await connect(keeper)
    const data = Buffer.alloc(ZNODE_BYTES, 'x')
    await Promise.all(Array.from({ length: ZNODES }, (_, i) => client.create(`/n${i}`, data)))
    await client.close()
    await keeper.close()
    await store.close()
  })
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end()
    link.resume('up')
    link.resume('down')
  })
  after(async () => {
    await link?.stop()
    await etcd?.stop()
  })

  function serve(...args: string[]): Child {
    const store = ['--store', `etcd://${link.host}`, '--load-page-bytes', '20000']
    const child = spawnChild({
      name: 'anykeeper',
      command: process.execPath,
      args: [...anykeeperProgram, 'serve', '--listen', '127.0.0.1:0', ...store, ...TTL, ...args],
    })
    ends.push(() => child.kill())
    return child
  }

  const ended = (child: Child) => within('its end', LATE_MS, child.exited, () => child.output)

  it('SIGTERM while the tree is loading: exit 0', async () => {
    const child = serve()
    await within('a part of the tree', LATE_MS, link.passedDown((ZNODES * ZNODE_BYTES) / 4))
    link.pause('down')
    child.signal('SIGTERM')
    await child.waitForLine(/"msg":"stopping"/)
    link.resume('down')
    expect(await ended(child)).to.deep.equal({ code: 0, signal: null })
    expect(child.output).to.not.match(/error: |"level":50|anykeeper ready/)
  })

  it('SIGTERM twice while etcd stands still in the middle of a load: exit 0', async () => {
    const child = serve()
    await within('a part of the tree', LATE_MS, link.passedDown((ZNODES * ZNODE_BYTES) / 4))
    link.pause('down')
    child.signal('SIGTERM')
    await child.waitForLine(/"msg":"stopping"/)
    child.signal('SIGTERM')
    expect(await ended(child)).to.deep.equal({ code: 0, signal: null })
    expect(child.output).to.not.match(/error: |"level":50/)
  })

  it('SIGTERM while it registers itself: exit 0', async () => {
    const store = await openStore(`etcd://${etcd.host}`)
    ends.push(() => store.close())
    const { proxies } = new Layout('/anykeeper')
    const { revision } = await store.range(proxies)
    const watching = new AbortController()
    ends.push(() => watching.abort())
    const feed = store.watch({ ...proxies, fromRevision: revision + 1, signal: watching.signal })
    const registered = (async () => {
      for await (const { events } of feed) if (events.length > 0) return
    })()
    const child = serve()
    await within('its key', LATE_MS, registered, () => child.output)
    link.pause('down')
    child.signal('SIGTERM')
    await child.waitForLine(/"msg":"stopping"/)
    link.resume('down')
    expect(await ended(child)).to.deep.equal({ code: 0, signal: null })
    expect(child.output).to.not.match(/error: |"level":50/)
  })

  describe('a port that is taken', () => {
    let holder: Server
    let address: string

    before(async () => {
      const port = await freePort()
      address = `127.0.0.1:${port}`
      holder = createServer()
      await new Promise<void>((resolve) => holder.listen(port, '127.0.0.1', resolve))
    })
    after(() => holder.close())

    for (const flag of ['listen', 'admin-listen', 'metrics-listen']) {
      it(`--${flag}: one sentence, exit 1`, async () => {
        const child = serve(`--${flag}`, address)
        expect(await ended(child)).to.deep.equal({ code: 1, signal: null })
        await child.outputEnded
        const errors = child.output.split('\n').filter((line) => !line.startsWith('{"level":30'))
        expect(errors).to.deep.equal([
          `error: --${flag} ${address} is not available: another process listens there (EADDRINUSE)`,
        ])
      })
    }
  })

  describe('of all of these', () => {
    it('no member and no lease is left', async () => {
      expect(await shell.left('p/')).to.deep.equal({ leases: [], keys: [] })
    })
  })
})
