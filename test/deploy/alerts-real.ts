/**
 * Each alert rule and what it warns of, real: proxies on an etcd that stops, fills, is meddled with and goes back; Prometheus scrapes them.
 * The time for which a condition has to hold is left out; the expressions are those of the chart.
 */
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect } from 'chai'
import { Etcd3 } from 'etcd3'
import { noPolicy } from '../../adapters/etcd/no-policy.ts'
import { Prometheus } from '../observe/prometheus-server.ts'
import { EtcdShell } from '../operations/etcd-shell.ts'
import { type AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { type Certificates, makeCertificates } from '../support/certificates.ts'
import { type EtcdServer, requireEtcd, startEtcd } from '../support/etcd-server.ts'
import { eventually } from '../support/eventually.ts'
import { freePort } from '../support/free-port.ts'
import { RawClient } from '../support/raw-client.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { alertRules } from './alert-rules.ts'

const NODE_EXISTS = -110
const DEADLINE_MS = 60_000
const QUOTA_BYTES = 16 * 2 ** 20

/** promtool alone tries these: the real thing takes longer than a test may. */
const NOT_HERE = ['AnykeeperReadinessFlaps', 'AnykeeperCompactionsRefused']

describe('deploy/alerts, by the real thing', function () {
  this.timeout(180_000)
  const folder = temporaryFolder('alerts-real')
  const fired = new Set<string>()
  let certificates: Certificates
  let etcd: EtcdServer
  let shell: EtcdShell
  let prometheus: Prometheus
  const servers: AnykeeperProcess[] = []
  let client: RawClient

  before(async function () {
    requireEtcd(this)
    requireOrSkip(this, 'prometheus', 'etcdctl', 'openssl')
    certificates = makeCertificates(folder)
    etcd = await startEtcd({ flags: [`--quota-backend-bytes=${QUOTA_BYTES}`] })
    shell = new EtcdShell(etcd.host)
    const ports = [await freePort(), await freePort(), await freePort(), await freePort()]
    const start = async (index: number, store: string, ...args: string[]): Promise<void> => {
      const admin = ['--admin-listen', `127.0.0.1:${ports[index]}`]
      servers[index] = await startAnykeeper({ store, args: [...admin, ...args] })
    }
    await Promise.all([
      start(0, `etcd://${etcd.host}`, '--record-check', '200', '--space-wait', '500'),
      start(1, `etcd://${etcd.host}`, '--record-check', '200'),
      start(2, 'memory:', '--memory-soft-limit', `${2 ** 20}`, ...tlsFlags()),
      start(3, 'memory:'),
    ])
    const rules = alertRules().map(({ alert, expr }) => [alert, expr])
    const [first, second, memory, files] = ports as [number, number, number, number]
    const jobs = {
      anykeeper: [first, second],
      'anykeeper-memory': [memory],
      'anykeeper-files': [files],
    }
    prometheus = await Prometheus.start(jobs, Object.fromEntries(rules))
    client = await RawClient.connect({ port: servers[1]!.port, timeoutMs: 30_000 })
    expect((await client.create('/written')).err).to.equal(0)
    await eventually(
      'two scrapes of all',
      async () => {
        const counts = await prometheus.query('count_over_time(up[1m]) >= 2')
        return counts.length === ports.length
      },
      DEADLINE_MS,
    )
  })
  after(async () => {
    client?.destroy()
    await prometheus?.stop()
    for (const server of servers) await server?.kill()
    await etcd?.stop()
    removeFolder(folder)
  })

  function tlsFlags(): string[] {
    const args = ['x509', '-in', certificates.server.cert, '-signkey', certificates.server.key]
    const short = `${folder}/short.pem`
    spawnSync('openssl', [...args, '-days', '2', '-out', short])
    return [
      ...['--secure-listen', '127.0.0.1:0', '--tls-cert', short],
      ...['--tls-key', certificates.server.key, '--tls-client-auth', 'none'],
    ]
  }

  async function fire(...names: readonly string[]): Promise<void> {
    for (const name of names) {
      await eventually(
        name,
        async () => {
          const rule = (await prometheus.alerts()).get(name)
          if (rule?.health === 'err') throw new Error(`${name} cannot be evaluated`)
          return rule?.state === 'firing'
        },
        DEADLINE_MS,
      )
      fired.add(name)
    }
  }

  it('nothing fires but what two servers were made for', async () => {
    await fire('AnykeeperMemoryShort', 'AnykeeperCertificateExpires')
    const firing = [...(await prometheus.alerts())].filter(([, { state }]) => state === 'firing')
    expect(firing.map(([name]) => name).sort()).to.deep.equal([...fired].sort())
  })

  it('a server stands still for two seconds', async () => {
    servers[3]!.child.signal('SIGSTOP')
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    servers[3]!.child.signal('SIGCONT')
    await fire('AnykeeperPaused')
  })

  /** The error of a create; if the connection ends meanwhile, as it does when a proxy or a busy disk stands still, by another one. */
  const created = (path: string, data: Buffer | null): Promise<number> =>
    eventually(
      `an answer to the create of ${path}`,
      async () => {
        try {
          return { err: (await client.create(path, { data })).err }
        } catch (error) {
          client.destroy()
          client = await RawClient.connect({ port: servers[0]!.port, timeoutMs: 30_000 })
          throw error
        }
      },
      DEADLINE_MS,
    ).then(({ err }) => err)

  it('a server has no file descriptors left', async () => {
    const { pid } = servers[3]!.child
    const sockets: Socket[] = []
    spawnSync('prlimit', ['--pid', `${pid}`, '--nofile=64:64'])
    for (let i = 0; i < 64; i++) {
      const socket = connect(servers[3]!.port, '127.0.0.1')
      socket.on('error', () => {})
      await once(socket, 'connect')
      sockets.push(socket)
    }
    await servers[3]!.child.waitForLine(/no file descriptors are left/)
    for (const socket of sockets) socket.destroy()
    await fire('AnykeeperDescriptorsShort')
  })

  it('somebody deletes a record', async () => {
    await eventually('the record is there', () => shell.get('n/a1/written'), DEADLINE_MS)
    shell.delete('n/a1/written')
    await fire('AnykeeperRecordsDiffer')
  })

  it('the store is away', async () => {
    const pending = client.setData('/written', Buffer.from('x')).catch(() => undefined)
    etcd.signal('SIGSTOP')
    await fire('AnykeeperNotReady', 'AnykeeperNobodyServes', 'AnykeeperNotWell', 'AnykeeperLeaders')
    etcd.signal('SIGCONT')
    await pending
    await fire('AnykeeperCommitsSlow')
  })

  it('a proxy ends; all end, and one starts on a record that cannot be read', async () => {
    await servers[1]!.kill()
    await fire('AnykeeperDown')
    await servers[0]!.stop()
    shell.put('n/a1/written', 'damaged')
    await servers[0]!.start()
    await fire('AnykeeperUnreadable')
  })

  it('the store fills', async () => {
    const others = new Etcd3({
      hosts: etcd.host,
      faultHandling: { global: noPolicy, host: () => noPolicy },
    })
    let refused = false
    for (let i = 0; i < 60 && !refused; i++) {
      const err = await created(`/big-${i}`, Buffer.alloc(500_000, i))
      refused = err !== 0 && err !== NODE_EXISTS
    }
    expect(refused).to.equal(true)
    await fire('AnykeeperWritesRefused')
    try {
      for (let i = 0; i < 40; i++) await others.put(`/others/${i}`).value(Buffer.alloc(2 ** 20, i))
    } catch {
      // Full.
    }
    await fire('AnykeeperStoreFull', 'AnykeeperStoreFilling')
    await others.delete().prefix('/others/')
    others.close()
    await shell.makeRoom()
  })

  it('head goes back to what it was', async () => {
    const before = await shell.get('head')
    // Space that the store has again is noticed by the next look at it.
    await eventually(
      'a write is taken',
      async () => [0, NODE_EXISTS].includes(await created('/later', null)),
      DEADLINE_MS,
    )
    shell.put('head', before!)
    await fire('AnykeeperHistoryLost')
  })

  it('every rule has fired, here or by promtool', () => {
    const names = alertRules().map(({ alert }) => alert)
    expect(names.filter((name) => !fired.has(name) && !NOT_HERE.includes(name))).to.deep.equal([])
  })
})
