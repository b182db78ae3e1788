/**
 * /readyz on stores of other kinds, under faults of their own: three members of etcd, Redis, files on a small disk. A store that stays
 * available is no reason to end it for long, and nothing makes it flap.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import type { EtcdMember } from '../faults/bed/etcd-member.ts'
import { EtcdCluster } from '../operations/etcd-cluster.ts'
import { startAnykeeper } from '../support/anykeeper-process.ts'
import { requireEtcd } from '../support/etcd-server.ts'
import { eventually } from '../support/eventually.ts'
import { freePort } from '../support/free-port.ts'
import { RawClient } from '../support/raw-client.ts'
import { startRedis } from '../support/redis-server.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { smallDisk } from '../support/small-disk.ts'
import { ReadyWatch } from './ready-watch.ts'

const DISK_BYTES = 24 * 2 ** 20
const MEMORY_BYTES = 24 * 2 ** 20

describe('observe/readiness on other stores', function () {
  this.timeout(120_000)
  const ends: (() => unknown)[] = []
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end()
  })

  async function serve(store: string): Promise<{ watch: ReadyWatch; client: RawClient }> {
    const adminPort = await freePort()
    const args = ['--admin-listen', `127.0.0.1:${adminPort}`]
    const server = await startAnykeeper({ store, args })
    ends.push(() => server.kill())
    const watch = new ReadyWatch(adminPort)
    ends.push(() => watch.stop())
    await watch.until(true, 0)
    const client = await RawClient.connect({ port: server.port, timeoutMs: 60_000 })
    ends.push(() => client.destroy())
    expect((await client.create('/n', { data: 'x' })).err).to.equal(0)
    return { watch, client }
  }

  it('three members of etcd: leader killed, a member frozen: it stays, or ends once; quorum lost: it ends', async function () {
    requireEtcd(this)
    requireOrSkip(this, 'etcdutl')
    const etcd = await EtcdCluster.start()
    ends.push(() => etcd.stop())
    const { watch, client } = await serve(etcd.url)
    const writes = () =>
      eventually('a write', async () => (await client.setData('/n', 'y')).err === 0, 30_000)

    /** A new leader may take longer than the patience on a busy machine; one end and one beginning are the most. */
    async function staysOrEndsOnce(fault: () => unknown): Promise<void> {
      const from = watch.changes.length
      await fault()
      if (!client.closed) await writes()
      if (watch.last?.isReady === false) await watch.until(true, from)
      const changes = watch.changes.slice(from).map(({ isReady }) => isReady)
      expect(changes).to.deep.equal(changes.length === 0 ? [] : [false, true])
    }
    const leader = await leaderOf(etcd.members)
    await staysOrEndsOnce(() => leader.kill())
    leader.launch()
    await eventually('it is back', () => leader.api.confirm(1_000), 30_000)
    const [frozen] = etcd.members
    await staysOrEndsOnce(() => frozen!.signal('SIGSTOP'))
    const second = etcd.members[1]!
    const said = await watch.endsAndBegins(
      'quorum lost',
      () => second.signal('SIGSTOP'),
      () => {
        for (const member of [frozen!, second]) member.signal('SIGCONT')
      },
    )
    expect(said).to.match(/no heartbeat|no proof of freshness|waiting/)
  })

  it('Redis: frozen, killed and started again, out of memory', async function () {
    requireOrSkip(this, 'redis')
    const redis = await startRedis({
      appendFsync: 'no',
      settings: { maxmemory: `${MEMORY_BYTES}`, 'maxmemory-policy': 'noeviction' },
    })
    ends.push(() => redis.stop())
    const { watch } = await serve(redis.url)
    await watch.endsAndBegins(
      'Redis SIGSTOP',
      () => redis.signal('SIGSTOP'),
      () => redis.signal('SIGCONT'),
    )
    await watch.endsAndBegins(
      'Redis SIGKILL',
      () => redis.kill(),
      () => redis.start(),
    )
    const other = new Redis(redis.port, { retryStrategy: () => null })
    ends.push(() => other.disconnect())
    // It takes what history gives up as well, until there is no memory for a write of ours.
    let isFilling = true
    const filling = (async () => {
      for (let i = 0; isFilling; i++) {
        await other.rpush('other', Buffer.alloc(i < 2_000 ? 100_000 : 1_000, i)).catch(() => turn())
      }
    })()
    const free = async () => {
      isFilling = false
      await filling
      await other.del('other')
    }
    ends.push(() => {
      isFilling = false
      return filling
    })
    const said = await watch.endsAndBegins('Redis full', () => {}, free)
    expect(said).to.match(/the store has no space/)
  })

  it('files: another program takes all of the disk, and gives it back', async function () {
    const disk = smallDisk(this, DISK_BYTES)
    ends.push(() => disk.remove())
    const { watch, client } = await serve(`file:${disk.path}/data`)
    let free = (): void => {}
    let count = 0
    const fill = async (): Promise<void> => {
      free = disk.fill()
      // Small writes have the last blocks, and are refused once those are used.
      while (watch.last?.isReady === true) {
        const burst = Array.from({ length: 50 }, (_, i) =>
          client.create(`/small${count + i}`, { data: Buffer.alloc(3_000, i) }),
        )
        count += burst.length
        await Promise.all(burst)
      }
    }
    const said = await watch.endsAndBegins('disk full', fill, () => free())
    expect(said).to.match(/the store has no space/)
    expect((await client.setData('/n', 'z')).err).to.equal(0)
  })
})

async function leaderOf(members: readonly EtcdMember[]): Promise<EtcdMember> {
  const statuses = await Promise.all(members.map(({ api }) => api.status()))
  const at = statuses.findIndex(({ memberId, leader }) => memberId === leader)
  return members[at]!
}
