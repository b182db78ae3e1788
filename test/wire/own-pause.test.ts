/**
 * Real proxies that are stopped and go on (SIGSTOP, SIGCONT), or compute for long in one turn: their clients notice a
 * late answer and nothing else, and are told nothing that others have overwritten meanwhile.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { type AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { type EtcdServer, requireEtcd, startEtcd } from '../support/etcd-server.ts'
import { freePort } from '../support/free-port.ts'
import { RawClient } from '../support/raw-client.ts'
import { RedisServer } from '../support/redis-server.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'

/** On SIGUSR2 it computes for three seconds in one turn of the event loop. */
const BLOCKS_ON_SIGNAL =
  'data:text/javascript,process.on("SIGUSR2",()=>{const end=Date.now()+3000;while(Date.now()<end);})'

const metric = async (proxy: AnykeeperProcess, name: string): Promise<number> =>
  Number(new RegExp(`^zk_${name}\t(\\d+)$`, 'm').exec(await proxy.fourLetterWord('mntr'))?.[1])

describe('a proxy that was paused', function () {
  this.timeout(120_000)
  const started: AnykeeperProcess[] = []
  const folder = temporaryFolder('own-pause')
  let etcd: EtcdServer
  let redis: RedisServer

  before(async function () {
    requireEtcd(this)
    etcd = await startEtcd()
    redis = await new RedisServer(await freePort(), {}).start()
  })
  afterEach(async () => {
    for (const proxy of started.splice(0)) {
      proxy.child.signal('SIGCONT')
      await proxy.stop()
    }
  })
  after(async () => {
    await etcd?.stop()
    await redis?.stop()
    removeFolder(folder)
  })

  async function start(store: string, prefix: string): Promise<AnykeeperProcess> {
    const proxy = await startAnykeeper({
      store,
      prefix,
      tickTimeMs: 1_000,
      maxSessionTimeoutMs: 30_000,
      nodeArgs: ['--import', BLOCKS_ON_SIGNAL],
      from: 'sources',
    })
    started.push(proxy)
    return proxy
  }
  const open = ({ port }: AnykeeperProcess, timeoutMs = 30_000): Promise<RawClient> =>
    RawClient.connect({ port, timeoutMs })

  const stores = (): Record<string, string> => ({
    etcd: `etcd://${etcd.host}`,
    redis: redis.url,
    files: `file:${folder}/data`,
    memory: 'memory:',
  })

  for (const name of ['etcd', 'redis', 'files', 'memory']) {
    for (const seconds of [6, 9]) {
      it(`${seconds} s, on ${name}: idle clients stay, and what is read is not stale`, async () => {
        const store = stores()[name] as string
        const proxy = await start(store, `/stopped-${seconds}`)
        const isShared = name === 'etcd' || name === 'redis'
        const other = isShared ? await start(store, `/stopped-${seconds}`) : undefined
        const idle = await open(proxy)
        const asking = await open(proxy)
        const writer = other === undefined ? undefined : await open(other)
        await asking.send(1, { path: '/k', data: 'before' })
        proxy.child.signal('SIGSTOP')
        await writer?.send(5, { path: '/k', data: 'meanwhile', version: -1 })
        // It lies in the socket when the proxy goes on.
        const early = asking.send(4, { path: '/k' })
        await sleep(seconds * 1_000)
        proxy.child.signal('SIGCONT')
        const wanted = writer === undefined ? 'before' : 'meanwhile'
        for (const reply of [await early, await asking.send(4, { path: '/k' })]) {
          expect(reply.err).to.equal(0)
          expect(String((reply.record as { data: Buffer }).data)).to.equal(wanted)
        }
        expect((await idle.ping()).err).to.equal(0)
        expect((await asking.send(1, { path: '/after' })).err).to.equal(0)
        expect([idle.closed, asking.closed]).to.deep.equal([false, false])
        expect(await metric(proxy, 'anykeeper_own_pauses')).to.be.at.least(1)
        expect(await metric(proxy, 'anykeeper_outages')).to.equal(0)
      })
    }
  }

  it('by one turn of 3 s: clients stay, and what is read is not stale', async () => {
    const store = stores().etcd as string
    const proxy = await start(store, '/blocked')
    const other = await start(store, '/blocked')
    const [asking, writer] = [await open(proxy), await open(other)]
    await asking.send(1, { path: '/k', data: 'before' })
    proxy.child.signal('SIGUSR2')
    await writer.send(5, { path: '/k', data: 'meanwhile', version: -1 })
    const reply = await asking.send(4, { path: '/k' })
    expect(String((reply.record as { data: Buffer }).data)).to.equal('meanwhile')
    await asking.send(1, { path: '/after' })
    expect(asking.closed).to.equal(false)
    expect(await metric(proxy, 'anykeeper_outages')).to.equal(0)
  })

  for (const name of ['etcd', 'redis']) {
    it(`beyond its lease, on ${name}: sessions that others have ended are told, others stay`, async () => {
      const store = stores()[name] as string
      const proxy = await start(store, '/ended')
      const other = await start(store, '/ended')
      const short = await open(proxy, 4_000)
      const alive = setInterval(() => short.ping(), 500).unref()
      const long = await open(proxy, 30_000)
      await short.send(1, { path: '/short', flags: 1 })
      await long.send(1, { path: '/long', flags: 1 })
      const witness = await open(other)
      await witness.send(3, { path: '/short', watch: true })
      clearInterval(alive)
      proxy.child.signal('SIGSTOP')
      const gone = () => witness.transcript.some(({ kind }) => kind === 'event')
      await witness.waitFor(gone)
      // Both lie in the sockets when the proxy goes on.
      const refused = short.send(4, { path: '/long' }).then(
        () => 'answered',
        () => 'closed',
      )
      const answer = long.send(3, { path: '/short' })
      proxy.child.signal('SIGCONT')
      expect(await refused).to.equal('closed')
      expect((await answer).err).to.equal(-101)
      expect((await witness.send(3, { path: '/long' })).err).to.equal(0)
      expect((await long.ping()).err).to.equal(0)
      expect(await metric(proxy, 'stale_sessions_expired')).to.equal(0)
    })
  }
})
