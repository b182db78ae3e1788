/** etcd's quota: fair overwrites never fill it; filled by somebody else it is named, and left by itself once freed. */
import { execFileSync } from 'node:child_process'
import { dirname } from 'node:path'
import { expect } from 'chai'
import { Etcd3, Range } from 'etcd3'
import type { Context } from 'mocha'
import { noPolicy } from '../../adapters/etcd/no-policy.ts'
import { type AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { type EtcdServer, requireEtcd, startEtcd } from '../support/etcd-server.ts'
import { eventually } from '../support/eventually.ts'
import { RawClient } from '../support/raw-client.ts'
import { etcdProgram } from '../support/requirements.ts'

const QUOTA_BYTES = 32 * 2 ** 20
const VALUE_BYTES = 100_000
const SYSTEM_ERROR = -1
/** etcd is filled at full speed and stands still while it is defragmented: on a busy machine for longer than the bounds allow. */
const PATIENT = [
  ...['--proxy-ttl', '60000', '--store-silence-timeout', '40000'],
  ...['--freshness-timeout', '40000', '--commit-silence-timeout', '40000'],
]

describe('operations/etcd space', function () {
  this.timeout(180_000)
  let etcd: EtcdServer
  const ends: (() => void | Promise<void>)[] = []
  let shown = (): string => ''

  before(function (this: Context) {
    requireEtcd(this)
  })

  beforeEach(async () => {
    etcd = await startEtcd({ flags: [`--quota-backend-bytes=${QUOTA_BYTES}`] })
    ends.push(() => etcd.stop())
  })
  afterEach(async function () {
    if (this.currentTest?.state === 'failed') console.log(shown())
    for (const end of ends.splice(0).reverse()) await end()
  })

  async function serve(
    user = '',
    ...args: string[]
  ): Promise<{ server: AnykeeperProcess; client: RawClient }> {
    const store = `etcd://${user}${etcd.host}`
    const server = await startAnykeeper({ store, args: [...PATIENT, ...args] })
    ends.push(() => server.kill())
    shown = () => server.child.output
    const client = await RawClient.connect({ port: server.port, timeoutMs: 20_000 })
    // Pings alone keep no group open.
    const alive = setInterval(() => client.ping(), 1_000).unref()
    ends.push(() => {
      clearInterval(alive)
      client.destroy()
    })
    return { server, client }
  }
  const metric = async (server: AnykeeperProcess, name: string): Promise<number> =>
    Number(new RegExp(`^zk_${name}\t(\\d+)$`, 'm').exec(await server.fourLetterWord('mntr'))?.[1])

  /** From now on etcd asks for a user: `keeper` has rights to the prefix only. */
  async function onlyThePrefix(): Promise<void> {
    const root = new Etcd3({ hosts: etcd.host })
    await root.role('keeper').create()
    await root.role('keeper').grant({
      permission: 'Readwrite',
      range: Range.prefix('/anykeeper/'),
    })
    for (const [name, role] of [
      ['root', 'root'],
      ['keeper', 'keeper'],
    ] as const) {
      await root.user(name).create('secret')
      await root.user(name).addRole(role)
    }
    await root.auth.authEnable()
    root.close()
  }

  it('a znode of 400 KB overwritten until the quota was written eight times never fills it', async () => {
    const { server, client } = await serve()
    await client.create('/large', { data: Buffer.alloc(10) })
    const times = Math.ceil((8 * QUOTA_BYTES) / 400_000)
    for (let i = 0; i < times; i++) {
      const { err } = await client.setData('/large', Buffer.alloc(400_000, i))
      expect([i, err]).to.deep.equal([i, 0])
    }
    expect(client.closed).to.equal(false)
    expect(await metric(server, 'anykeeper_compactions')).to.be.at.least(4)
    await eventually('a look', async () => (await metric(server, 'anykeeper_store_bytes')) > 0)
    expect(await metric(server, 'anykeeper_store_bytes_max')).to.equal(QUOTA_BYTES)
    expect(await metric(server, 'anykeeper_store_alarm')).to.equal(0)
  })

  /**
   * Writes until etcd has raised its alarm. The values are small: large ones leave so many pages free that defragmentation alone may
   * make room, and then it depends on the load of the machine whether anybody has to delete.
   */
  async function fill(user?: { username: string; password: string }): Promise<Etcd3> {
    const foreign = new Etcd3({
      hosts: etcd.host,
      ...(user === undefined ? {} : { auth: user }),
      faultHandling: { global: noPolicy, host: () => noPolicy },
    })
    ends.push(() => foreign.close())
    const put = (i: number) => foreign.put(`foreign/${i}`).value(Buffer.alloc(VALUE_BYTES, i))
    for (let i = 0; i < (5 * QUOTA_BYTES) / VALUE_BYTES; i++) {
      const isTaken = await put(i).then(
        () => true,
        () => false,
      )
      if (!isTaken) return foreign
    }
    throw new Error('it never gets full')
  }

  async function expectRefusals(client: RawClient): Promise<void> {
    for (let i = 0; i < 5; i++) {
      expect((await client.setData('/a', `y${i}`)).err).to.equal(SYSTEM_ERROR)
      expect((await client.getData('/a')).err).to.equal(0)
    }
  }
  const goesOn = (client: RawClient) =>
    eventually('it goes on', async () => (await client.setData('/a', 'z')).err === 0, 30_000)

  it('filled by another writer: said with the commands, reads go on, and what they say frees it', async () => {
    const { server, client } = await serve()
    await client.create('/a', { data: 'x' })
    const foreign = await fill()
    await server.child.waitForLine(/the store refuses writes for lack of space/)
    await expectRefusals(client)
    expect(await metric(server, 'anykeeper_store_alarm')).to.equal(1)
    expect(await metric(server, 'anykeeper_serving')).to.equal(1)
    await foreign.delete().prefix('foreign/')
    const line = server.child.output
      .split('\n')
      .find((text) => text.includes('the store refuses writes'))
    const { remedy } = JSON.parse(line!) as { remedy: string }
    const PATH = `${dirname(etcdProgram())}:${process.env.PATH}`
    const commands = remedy.slice(remedy.indexOf('etcdctl')).split('; ')
    expect(commands).to.have.length(3)
    for (const command of commands) execFileSync('sh', ['-ec', command], { env: { PATH } })
    await goesOn(client)
    await server.child.waitForLine(/the store has space again/)
    expect(client.closed).to.equal(false)
    for (const what of ['compactions', 'defragmentations', 'disarms', 'failures'])
      expect(await metric(server, `anykeeper_maintenance_${what}`)).to.equal(0)
  })

  it('filled by another writer, who deletes: with --etcd-maintenance it is left by itself', async () => {
    const { server, client } = await serve('', '--etcd-maintenance', '--history-retention=5000')
    await client.create('/a', { data: 'x' })
    const foreign = await fill()
    await server.child.waitForLine(/the store refuses writes for lack of space/)
    await server.child.waitForLine(/store maintenance: compacted/)
    await expectRefusals(client)
    await foreign.delete().prefix('foreign/')
    await goesOn(client)
    await server.child.waitForLine(/the store has space again"/)
    for (const what of ['compacted', 'defragmented', 'disarmed'])
      expect(server.child.output).to.match(new RegExp(`store maintenance: ${what}`))
    expect(await metric(server, 'anykeeper_maintenance_compactions')).to.be.at.least(1)
    expect(await metric(server, 'anykeeper_maintenance_defragmentations')).to.be.at.least(1)
    expect(await metric(server, 'anykeeper_maintenance_disarms')).to.be.at.least(1)
    expect(await metric(server, 'anykeeper_maintenance_failures')).to.equal(0)
    expect(client.closed).to.equal(false)
  })

  it('a user with rights to the prefix only: serves, and says once that it may not compact', async () => {
    await onlyThePrefix()
    const { server, client } = await serve('keeper:secret@')
    expect(server.child.output).to.match(/only root may: start etcd with --auto-compaction-mode/)
    const times = 30
    await client.create('/n', { data: Buffer.alloc(10) })
    for (let i = 0; i < times; i++) {
      expect((await client.setData('/n', Buffer.alloc(300_000, i))).err).to.equal(0)
    }
    await eventually(
      'a refusal',
      async () => (await metric(server, 'anykeeper_compactions_refused')) > 0,
    )
    const lines = server.child.output.match(/history not compacted/g) ?? []
    expect(lines).to.have.length(1)
    expect(await metric(server, 'anykeeper_store_bytes_max')).to.equal(QUOTA_BYTES)
  })

  it('a user with rights to the prefix only and --etcd-maintenance: the refusal is said once', async () => {
    await onlyThePrefix()
    const { server, client } = await serve(
      'keeper:secret@',
      '--etcd-maintenance',
      '--space-check=100',
    )
    await client.create('/a', { data: 'x' })
    await fill({ username: 'root', password: 'secret' })
    await server.child.waitForLine(/store maintenance failed/)
    await expectRefusals(client)
    // Each look asks for a compaction.
    const looks = () => metric(server, 'anykeeper_compactions_refused')
    const enough = (await looks()) + 10
    await eventually('ten looks', async () => (await looks()) >= enough)
    expect(await metric(server, 'anykeeper_maintenance_failures')).to.equal(1)
    const said = server.child.output.match(/store maintenance failed.*/g) ?? []
    expect(said).to.have.length(1)
    expect(client.closed).to.equal(false)
  })

  it('a user with rights to the prefix only: all of the service, and one line of compaction', async () => {
    await onlyThePrefix()
    const { server, client } = await serve(
      'keeper:secret@',
      '--history-retention=5000',
      '--record-check=100',
      '--container-check-interval=1000',
    )
    const other = await RawClient.connect({ port: server.port, timeoutMs: 20_000 })
    ends.push(() => other.destroy())
    expect((await client.create('/n', { data: 'x' })).err).to.equal(0)
    const endMs = performance.now() + 12_000
    for (let i = 0; performance.now() < endMs; i++) {
      const path = `/n/${i}`
      expect((await other.exists(path, true)).err).to.equal(-101)
      expect((await client.create(path, { data: 'x' })).err).to.equal(0)
      expect((await other.getData(path, true)).err).to.equal(0)
      expect((await client.setData(path, Buffer.alloc(1_000, i))).err).to.equal(0)
      expect((await client.delete(path)).err).to.equal(0)
      if (i % 100 > 0) continue
      const guest = await RawClient.connect({ port: server.port, timeoutMs: 20_000 })
      expect((await guest.create(`/e${i}`, { flags: 1 })).err).to.equal(0)
      expect((await other.exists(`/e${i}`)).err).to.equal(0)
      expect((await guest.createContainer(`/c${i}`)).err).to.equal(0)
      await guest.close()
      expect((await other.exists(`/e${i}`)).err).to.equal(-101)
      await other.ping()
    }
    expect(await metric(server, 'anykeeper_record_check_rounds')).to.be.at.least(1)
    expect(await metric(server, 'anykeeper_record_differences')).to.equal(0)
    expect(await metric(server, 'anykeeper_outages')).to.equal(0)
    expect(await metric(server, 'anykeeper_events_sent')).to.be.at.least(100)
    expect(await metric(server, 'anykeeper_compactions_refused')).to.be.at.least(1)
    const complaints = server.child.output
      .split('\n')
      .filter((line) => /"level":[456]0/.test(line) && !line.includes('--store holds a secret'))
    // At its start, and when a compaction is refused.
    expect(complaints).to.have.length(2)
    for (const line of complaints) expect(line).to.match(/may not compact the history/)
    expect([client.closed, other.closed]).to.deep.equal([false, false])
  })
})
