/**
 * A server says that it is well only while what is to be written is written; floods of log lines are cut, and running out
 * of file descriptors is told. On real proxies, and real etcds that refuse.
 */
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { Etcd3, Range } from 'etcd3'
import { type AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { type EtcdServer, requireEtcd, startEtcd } from '../support/etcd-server.ts'
import { eventually } from '../support/eventually.ts'
import { RawClient } from '../support/raw-client.ts'

const metric = async (proxy: AnykeeperProcess, name: string): Promise<number> =>
  Number(new RegExp(`^zk_${name}\t([\\d.]+)$`, 'm').exec(await proxy.fourLetterWord('mntr'))?.[1])

const lines = (proxy: AnykeeperProcess, text: string): string[] =>
  proxy.child.output.split('\n').filter((line) => line.includes(text))

describe('health', function () {
  this.timeout(120_000)
  const proxies: AnykeeperProcess[] = []
  const etcds: EtcdServer[] = []
  const sockets: Socket[] = []

  before(function () {
    requireEtcd(this)
  })
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy()
    for (const proxy of proxies.splice(0)) await proxy.stop()
    for (const etcd of etcds.splice(0)) await etcd.stop()
  })

  async function etcdWith(flags: readonly string[] = []): Promise<EtcdServer> {
    const etcd = await startEtcd({ flags })
    etcds.push(etcd)
    return etcd
  }
  async function serve(store: string, args: readonly string[] = []): Promise<AnykeeperProcess> {
    const proxy = await startAnykeeper({ store, tickTimeMs: 1_000, args, from: 'sources' })
    proxies.push(proxy)
    return proxy
  }
  const says = (proxy: AnykeeperProcess, pattern: RegExp): Promise<string> =>
    eventually(
      `ruok says ${pattern}`,
      async () => {
        const answer = await proxy.fourLetterWord('ruok')
        return pattern.test(answer) ? answer : undefined
      },
      40_000,
    )

  it('records that the store refuses for ever: ruok says why, writes go on, and it is well again behind them', async () => {
    // Data and ACL fit, each in an entry of its own; the record of both does not.
    const etcd = await etcdWith(['--max-request-bytes=16384'])
    const proxy = await serve(`etcd://${etcd.host}`, ['--write-behind-timeout', '20000'])
    const open = () => RawClient.connect({ port: proxy.port, timeoutMs: 20_000 })
    const before = await open()
    const acl = Array.from({ length: 200 }, (_, i) => ({
      perms: 31,
      scheme: 'digest',
      id: `${i}:${'x'.repeat(30)}`,
    }))
    acl.push({ perms: 31, scheme: 'world', id: 'anyone' })
    expect((await before.send(1, { path: '/large', data: Buffer.alloc(9_000) })).err).to.equal(0)
    expect((await before.send(7, { path: '/large', acl, version: -1 })).err).to.equal(0)
    const why = await says(proxy, /^\d+ records are behind the journal, and none was written/)
    expect(why).to.match(/request is too large/)
    expect(await proxy.fourLetterWord('isro')).to.equal('rw')
    expect(await metric(proxy, 'anykeeper_well')).to.equal(0)
    expect(await metric(proxy, 'anykeeper_serving')).to.equal(1)
    expect(await metric(proxy, 'anykeeper_write_behind_stalled_ms')).to.be.above(20_000)
    const client = await open()
    expect((await client.send(1, { path: '/still' })).err).to.equal(0)
    await proxy.child.waitForLine(/records are not written behind the journal/)
    await client.send(5, { path: '/large', data: null, version: -1 })
    expect(await says(proxy, /^imok$/)).to.equal('imok')
    await proxy.child.waitForLine(/records are written behind the journal again/)
    expect(lines(proxy, 'records are not written behind the journal')).to.have.length(1)
    before.destroy()
    client.destroy()
  })

  it('a role that may not write records: clients are disconnected, ruok says why, and it serves again', async () => {
    const etcd = await etcdWith()
    const root = new Etcd3({ hosts: etcd.host })
    const role = root.role('narrow')
    await role.create()
    // All below the prefix may be read, and all but n/ may be written.
    await role.grant({ permission: 'Read', range: new Range('/anykeeper/', '/anykeeper0') })
    await role.grant({ permission: 'Readwrite', range: new Range('/anykeeper/', '/anykeeper/n/') })
    await role.grant({ permission: 'Readwrite', range: new Range('/anykeeper/n0', '/anykeeper0') })
    await root.user('keeper').create('secret')
    await root.user('keeper').addRole('narrow')
    await root.user('root').create('secret')
    await root.user('root').addRole('root')
    await root.auth.authEnable()
    root.close()
    const proxy = await serve(`etcd://keeper:secret@${etcd.host}`)
    expect(await proxy.fourLetterWord('ruok')).to.equal('imok')
    const client = await RawClient.connect({ port: proxy.port, timeoutMs: 20_000 })
    await client.send(1, { path: '/refused' })
    const why = await says(proxy, /not currently serving requests/)
    expect(why).to.match(/no commit for \d+ ms; the store said last: .*permission denied/)
    expect(await proxy.fourLetterWord('isro')).to.equal('null')
    expect(await metric(proxy, 'anykeeper_well')).to.equal(0)
    await client.waitFor(() => client.closed)
    const auth = { username: 'root', password: 'secret' }
    const again = new Etcd3({ hosts: etcd.host, auth })
    await again
      .role('narrow')
      .grant({ permission: 'Readwrite', range: new Range('/anykeeper/', '/anykeeper0') })
    again.close()
    expect(await says(proxy, /^imok$/)).to.equal('imok')
    await proxy.child.waitForLine(/serving clients again/)
    expect(lines(proxy, 'serving clients again')).to.have.length(1)
    expect(await metric(proxy, 'anykeeper_outages')).to.equal(1)
  })

  it('is well while it has nothing to do, and after a burst', async () => {
    const etcd = await etcdWith()
    const proxy = await serve(`etcd://${etcd.host}`)
    await sleep(2_500)
    expect(await proxy.fourLetterWord('ruok')).to.equal('imok')
    const client = await RawClient.connect({ port: proxy.port, timeoutMs: 20_000 })
    for (let round = 0; round < 10; round++) {
      const burst = Array.from({ length: 300 }, (_, i) =>
        client.send(1, { path: `/${round}-${i}` }),
      )
      await Promise.all(burst)
      expect(await proxy.fourLetterWord('ruok')).to.equal('imok')
    }
    expect(lines(proxy, 'records are not written behind the journal')).to.have.length(0)
    client.destroy()
  })

  it('a flood of malformed packets has some lines, and a count of the others', async () => {
    const proxy = await serve('memory:', ['--max-log-lines', '5'])
    for (let i = 0; i < 200; i++) {
      const socket = connect(proxy.port, '127.0.0.1')
      socket.on('error', () => {})
      socket.write(Buffer.from([0x7f, 0xff, 0xff, 0xff, 1, 2, 3, 4]))
      await once(socket, 'close')
    }
    expect(lines(proxy, 'malformed packet')).to.have.length(5)
    expect(await metric(proxy, 'anykeeper_log_lines_left_out')).to.equal(195)
    await proxy.stop()
    expect(lines(proxy, 'malformed packet: client disconnected: 195 more left out')).to.have.length(
      1,
    )
  })

  it('without file descriptors it says so, does not spin, and goes on when there are some', async function () {
    if (spawnSync('prlimit', ['--version']).status !== 0) this.skip()
    const proxy = await serve('memory:')
    const client = await RawClient.connect({ port: proxy.port, timeoutMs: 20_000 })
    const open = await metric(proxy, 'open_file_descriptor_count')
    const limit = open + 40
    spawnSync('prlimit', ['--pid', String(proxy.child.pid), `--nofile=${limit}:${limit}`])
    for (let i = 0; i < 100; i++) {
      const socket = connect(proxy.port, '127.0.0.1')
      socket.on('error', () => {})
      await once(socket, 'connect')
      sockets.push(socket)
    }
    const cpu = async (): Promise<number> => {
      const { stdout } = spawnSync('cat', [`/proc/${proxy.child.pid}/stat`], { encoding: 'latin1' })
      const fields = stdout.split(') ').at(-1)!.split(' ')
      return Number(fields[11]) + Number(fields[12])
    }
    await proxy.child.waitForLine(/no file descriptors are left/)
    const before = await cpu()
    await sleep(2_000)
    // In hundredths of a second: a loop that spins takes 200.
    expect((await cpu()) - before).to.be.below(100)
    expect((await client.send(1, { path: '/served' })).err).to.equal(0)
    for (const socket of sockets.splice(0)) socket.destroy()
    await proxy.child.waitForLine(/there are file descriptors again/)
    expect(await metric(proxy, 'anykeeper_descriptor_shortages')).to.equal(1)
    expect(await metric(proxy, 'max_file_descriptor_count')).to.equal(limit)
    client.destroy()
  })

  it('mntr shows how long the event loop was kept, and its open files', async () => {
    const block =
      'data:text/javascript,process.on("SIGUSR2",()=>{const end=Date.now()+400;while(Date.now()<end);})'
    const proxy = await startAnykeeper({ from: 'sources', nodeArgs: ['--import', block] })
    proxies.push(proxy)
    proxy.child.signal('SIGUSR2')
    await eventually(
      'the long turn is seen',
      async () => (await metric(proxy, 'anykeeper_max_loop_delay')) >= 300,
    )
    const text = await proxy.fourLetterWord('mntr')
    for (const name of ['avg', 'p99', 'cnt']) {
      expect(text).to.match(new RegExp(`^zk_anykeeper_${name}_loop_delay\t[\\d.]+$`, 'm'))
    }
    expect(await metric(proxy, 'open_file_descriptor_count')).to.be.within(10, 200)
  })
})
