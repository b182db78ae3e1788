/**
 * Each alert rule and what it warns of, real: proxies on an etcd that stops, fills, is meddled with and goes back; Prometheus scrapes them.
 * The time for which a condition has to hold is left out; the expressions are those of the chart.
 */
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { requireEtcd } from '../support/etcd-server.ts'
import { eventually } from '../support/eventually.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { AlertBed, DEADLINE_MS } from './alert-bed.ts'
import { alertRules } from './alert-rules.ts'

const NODE_EXISTS = -110

/** Without the time that they wait for, these fire on a machine that is merely busy. */
const OF_A_BUSY_MACHINE = [
  ...['AnykeeperDown', 'AnykeeperNobodyServes', 'AnykeeperNotReady', 'AnykeeperNotWell'],
  ...['AnykeeperReadinessFlaps', 'AnykeeperLeaders', 'AnykeeperCommitsSlow', 'AnykeeperPaused'],
]

describe('deploy/alerts, by the real thing', function () {
  this.timeout(180_000)
  const bed = new AlertBed()

  before(async function () {
    requireEtcd(this)
    requireOrSkip(this, 'prometheus', 'etcdctl', 'openssl')
    await bed.start()
  })
  after(() => bed.stop())

  it('nothing fires but what three servers were made for', async () => {
    const made = ['MemoryShort', 'CertificateExpires', 'CompactionsRefused']
    await bed.fire(made.map((name) => `Anykeeper${name}`))
    const firing = await bed.firing()
    expect(firing.filter((name) => !OF_A_BUSY_MACHINE.includes(name)).sort()).to.deep.equal(
      [...bed.fired].sort(),
    )
  })

  /** Resolves when the znode is there, also by an attempt that had no answer. */
  const created = (path: string): Promise<unknown> =>
    eventually(
      `${path} is there`,
      async () =>
        [0, NODE_EXISTS].includes((await bed.request((client) => client.create(path))).err),
      DEADLINE_MS,
    )

  it('a server stands still for two seconds', async () => {
    bed.servers[3]!.child.signal('SIGSTOP')
    await sleep(2_000)
    bed.servers[3]!.child.signal('SIGCONT')
    await bed.fire(['AnykeeperPaused'])
  })

  it('a server has no file descriptors left', async () => {
    const { child, port } = bed.servers[3]!
    const sockets: Socket[] = []
    spawnSync('prlimit', ['--pid', `${child.pid}`, '--nofile=64:64'])
    for (let i = 0; i < 64; i++) {
      const socket = connect(port, '127.0.0.1')
      await once(socket, 'connect')
      socket.on('error', () => {})
      sockets.push(socket)
    }
    await child.waitForLine(/no file descriptors are left/)
    for (const socket of sockets) socket.destroy()
    await bed.fire(['AnykeeperDescriptorsShort'])
  })

  it('somebody deletes a record', async () => {
    for (const name of ['written', 'unread']) {
      await created(`/${name}`)
      await eventually('the record is there', () => bed.shell.get(`n/a1/${name}`), DEADLINE_MS)
    }
    bed.shell.delete('n/a1/written')
    await bed.fire(['AnykeeperRecordsDiffer'])
  })

  it('the store answers late, and then not at all', async () => {
    // Shorter than a commit is waited for, so that it counts as one that took so long.
    bed.etcd.signal('SIGSTOP')
    const late = bed.request((client) => client.setData('/written', Buffer.from('x')))
    await sleep(1_000)
    bed.etcd.signal('SIGCONT')
    await late.catch(() => {})
    await bed.fire(['AnykeeperCommitsSlow'])
    bed.etcd.signal('SIGSTOP')
    try {
      const conditions = ['NotReady', 'NobodyServes', 'NotWell', 'Leaders']
      await bed.fire(conditions.map((name) => `Anykeeper${name}`))
    } finally {
      bed.etcd.signal('SIGCONT')
    }
    await bed.readiness(0, 200)
  })

  it('a proxy ends; all end, and one starts on a record that cannot be read', async () => {
    await bed.servers[1]!.kill()
    await bed.fire(['AnykeeperDown'])
    await bed.servers[0]!.child.stop({ graceMs: DEADLINE_MS })
    bed.shell.put('n/a1/unread', 'damaged')
    await bed.servers[0]!.start()
    await bed.fire(['AnykeeperUnreadable'])
  })

  it('the store fills', async () => {
    await bed.fill(...Array.from({ length: 13 }, (_, round) => round))
    await bed.fire(['AnykeeperStoreFilling'])
    // Small writes still fit, so a client that lost its connection comes back.
    let count = 0
    await bed.fire(['AnykeeperWritesRefused'], () =>
      bed.request((client) =>
        client.create(`/large-${count++}`, { data: Buffer.alloc(700_000, count) }),
      ),
    )
    await bed.fill(13, 14, 15, 16, 17, 18, 19, 20).catch(() => {})
    await bed.fire(['AnykeeperStoreFull'])
    await bed.empty()
    await bed.readiness(0, 200)
  })

  it('the store says again and again that it is full', async () => {
    await bed.fire(['AnykeeperReadinessFlaps'], async () => {
      await bed.alarm('Activate')
      // A write that is refused is what the server notices first.
      await bed.request((client) => client.setData('/written', Buffer.from('refused')))
      await bed.readiness(0, 503)
      await bed.alarm('Deactivate')
      await bed.readiness(0, 200)
    })
  })

  it('head goes back to what it was', async () => {
    const before = await bed.shell.get('head')
    await created('/later')
    bed.shell.put('head', before!)
    await bed.fire(['AnykeeperHistoryLost'])
  })

  it('every rule has fired', () => {
    expect([...bed.fired].sort()).to.deep.equal(
      alertRules()
        .map(({ alert }) => alert)
        .sort(),
    )
  })
})
