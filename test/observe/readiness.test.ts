/**
 * /readyz under the faults of a store: it ends with a reason, begins again, and does not flap; not on a busy machine either. How fast
 * is printed: the bounds are those of docs/observe.md, and a busy machine may miss them.
 */
import { Worker } from 'node:worker_threads'
import { expect } from 'chai'
import { Etcd3 } from 'etcd3'
import { noPolicy } from '../../adapters/etcd/no-policy.ts'
import { EtcdShell } from '../operations/etcd-shell.ts'
import { AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { type EtcdServer, requireEtcd, startEtcd } from '../support/etcd-server.ts'
import { freePort } from '../support/free-port.ts'
import { http } from '../support/http.ts'
import { RawClient } from '../support/raw-client.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { TcpFaultProxy } from '../support/tcp-fault-proxy.ts'
import { ReadyWatch } from './ready-watch.ts'

const QUOTA_BYTES = 16 * 2 ** 20
/** Longer than a fact must hold before readiness ends. Unit ms. */
const LOAD_MS = 5_500

describe('observe/readiness', function () {
  this.timeout(120_000)
  let etcd: EtcdServer
  let link: TcpFaultProxy
  let server: AnykeeperProcess
  let adminPort: number
  let watch: ReadyWatch
  let client: RawClient | undefined

  before(async function () {
    requireEtcd(this)
    requireOrSkip(this, 'etcdctl')
    etcd = await startEtcd({ flags: [`--quota-backend-bytes=${QUOTA_BYTES}`] })
    link = await TcpFaultProxy.start(etcd.host)
    adminPort = await freePort()
    server = await startAnykeeper({
      store: `etcd://${link.host}`,
      args: ['--admin-listen', `127.0.0.1:${adminPort}`],
    })
    watch = new ReadyWatch(adminPort)
    await watch.until(true, 0)
  })
  after(async () => {
    client?.destroy()
    await watch?.stop()
    await server?.stop()
    await link?.stop()
    await etcd?.stop()
  })
  afterEach(() => {
    client?.destroy()
    client = undefined
  })

  const endsAndBegins = (what: string, begin: () => unknown, end: () => unknown) =>
    watch.endsAndBegins(what, begin, end)

  it('an idle server: etcd stops answering, and answers again', async () => {
    const said = await endsAndBegins(
      'etcd SIGSTOP',
      () => etcd.signal('SIGSTOP'),
      () => etcd.signal('SIGCONT'),
    )
    expect(said).to.match(/no heartbeat for \d+ ms, no proof of freshness for \d+ ms/)
  })

  it('the network to etcd is cut, with clients that write', async () => {
    client = await RawClient.connect({ port: server.port, timeoutMs: 20_000 })
    await client.create('/written')
    const said = await endsAndBegins(
      'link held',
      () => {
        link.pause('up')
        link.pause('down')
        void client?.setData('/written', Buffer.from('x'))
      },
      () => {
        link.cut()
        link.resume('up')
        link.resume('down')
      },
    )
    expect(said).to.match(/no heartbeat|no commit|waiting/)
  })

  it('etcd is killed, and started again', async () => {
    await endsAndBegins(
      'etcd SIGKILL',
      () => etcd.kill(),
      () => etcd.restart(),
    )
  })

  it('etcd runs out of space: somebody else fills it, while nothing is written here', async () => {
    const other = new Etcd3({
      hosts: etcd.host,
      faultHandling: { host: () => noPolicy, global: noPolicy },
    })
    const shell = new EtcdShell(etcd.host)
    const fill = async () => {
      for (let i = 0; i < 40; i++) {
        try {
          await other.put(`/others/${i}`).value(Buffer.alloc(2 ** 20, i))
        } catch {
          return
        }
      }
    }
    const free = async () => {
      await other.delete().prefix('/others/')
      await shell.makeRoom()
    }
    try {
      const said = await endsAndBegins('etcd full', fill, free)
      expect(said).to.match(/the store has no space/)
    } finally {
      other.close()
    }
  })

  it('a busy machine is no fault: it stays ready, idle and under load', async () => {
    const from = watch.changes.length
    const busy = 'const { parentPort } = require("node:worker_threads"); for (;;) Math.random()'
    const workers = Array.from({ length: 12 }, () => new Worker(busy, { eval: true }))
    const writer = await RawClient.connect({ port: server.port, timeoutMs: 20_000 })
    client = writer
    const untilMs = performance.now() + LOAD_MS
    let writes = 0
    while (performance.now() < untilMs) {
      const burst = Array.from({ length: 50 }, () => writer.setData('/written', Buffer.alloc(100)))
      await Promise.all(burst)
      writes += burst.length
    }
    await Promise.all(workers.map((worker) => worker.terminate()))
    console.log(`      ${writes} writes in ${LOAD_MS / 1_000} s beside 12 busy threads`)
    expect(watch.changes.slice(from)).to.deep.equal([])
  })

  it('SIGTERM: not ready while clients are still served, then it ends', async () => {
    const port = await freePort()
    const draining = await startAnykeeper({
      args: ['--admin-listen', `127.0.0.1:${port}`, '--drain-wait', '60000'],
    })
    const served = await RawClient.connect({ port: draining.port, timeoutMs: 20_000 })
    try {
      expect((await http(port, '/readyz')).status).to.equal(200)
      draining.child.signal('SIGTERM')
      await draining.child.waitForLine(/not ready for clients/)
      const answer = await http(port, '/readyz?verbose')
      expect(answer.status).to.equal(503)
      expect(answer.body).to.match(/^\[-\]draining failed: the server is stopping$/m)
      expect((await http(port, '/livez')).status).to.equal(200)
      expect((await served.create('/while-draining')).err).to.equal(0)
      // A second signal ends the wait.
      draining.child.signal('SIGTERM')
      expect(await draining.child.exited).to.deep.equal({ code: 0, signal: null })
    } finally {
      served.destroy()
      await draining.kill()
    }
  })

  it('a start whose store is not there yet: alive, not ready, and both say so; ready later', async () => {
    const port = await freePort()
    const late = await TcpFaultProxy.start(etcd.host)
    late.stopListening()
    const args = ['--admin-listen', `127.0.0.1:${port}`, '--prefix', '/late']
    const starting = new AnykeeperProcess(await freePort(), { store: `etcd://${late.host}`, args })
    starting.launch()
    try {
      await starting.child.waitForLine(/admin port is open/)
      expect((await http(port, '/livez')).status).to.equal(200)
      const loading = await http(port, '/readyz')
      expect(loading.status).to.equal(503)
      expect(loading.body).to.match(/the store is not open yet: etcd:\/\/127\.0\.0\.1:\d+/)
      const command = await http(port, '/commands/stats')
      expect(command.json().error).to.match(/not currently serving requests/)
      expect((await http(port, '/metrics')).body).to.match(/^anykeeper_ready 0$/m)
      await late.listenAgain()
      await starting.child.waitForLine(/^anykeeper ready on/)
      expect((await http(port, '/readyz')).status).to.equal(200)
      expect((await http(port, '/metrics')).body).to.match(/^anykeeper_ready 1$/m)
    } finally {
      await starting.kill()
      await late.stop()
    }
  })
})
