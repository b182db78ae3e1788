/** A real ZooKeeper 3.4 leads, which knows no create2, containers, TTLs and digests, and a proxy serves clients meanwhile. */
import { expect } from 'chai'
import type { MetadataStore } from '../../lib/index.ts'
import { SourceKey } from '../../lib/migrate/source-key.ts'
import { takeOver } from '../../lib/migrate/take-over.ts'
import { eventually } from '../support/eventually.ts'
import { RawClient, type RawReply } from '../support/raw-client.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { startZookeeperEnsemble, type ZookeeperServer } from '../support/zookeeper-server.ts'
import { quiet, ServeBed, type ServingProxy } from './serving/serve-bed.ts'

const LATE_MS = 60_000
const TIMEOUT_MS = 10_000
const EPHEMERAL = 1
const SEQUENTIAL = 2
const UNIMPLEMENTED = -6
const NAMED = /127\.0\.0\.1:\d+ has 1 client \(127\.0\.0\.1:\d+\): move/

describe('migrate: ZooKeeper 3.4 leads', function () {
  this.timeout(180_000)
  let bed: ServeBed
  let proxies: readonly ServingProxy[]
  let old: ZookeeperServer
  let oldPort: number
  const clients: RawClient[] = []

  before(async function () {
    requireOrSkip(this, 'zookeeper-3.4')
    // Alone, a server of 3.4 leads nobody.
    const ensemble = await startZookeeperEnsemble({
      ...{ size: 2, version: '3.4', heapMb: 96, tickTimeMs: 500 },
    })
    old = ensemble.members[0]!
    oldPort = old.port
    bed = await ServeBed.open(ensemble)
    await bed.follow()
    proxies = [await bed.serve(), await bed.serve()]
  })
  after(async () => {
    for (const client of clients) client.destroy()
    await bed?.close()
  })

  async function open(port = proxies[0]!.port, more: object = {}): Promise<RawClient> {
    const client = await RawClient.connect({ port, timeoutMs: TIMEOUT_MS, ...more })
    clients.push(client)
    return client
  }

  const refusal = (store: MetadataStore): Promise<string> =>
    takeOver({ store, logger: quiet }).then(
      () => 'taken over',
      ({ message }: Error) => message,
    )

  /** The server has no other client than who asks. */
  async function gone(client: RawClient): Promise<void> {
    client.destroy()
    const idle = async () => /^Connections: 1$/m.test(await old.fourLetterWord('srvr'))
    await eventually('the end of a connection', idle, LATE_MS)
  }

  const verbs: Readonly<Record<string, (client: RawClient, path: string) => Promise<RawReply>>> = {
    create: (client, path) => client.create(path, { flags: EPHEMERAL }),
    'create, once more': (client, path) => client.create(path),
    'create, sequential': (client, path) => client.create(`${path}-`, { flags: SEQUENTIAL }),
    'create with the flags of a container': (client, path) =>
      client.create(`${path}-c`, { flags: 4 }),
    setData: (client, path) => client.setData(path, 'x'),
    'setData of another version': (client, path) => client.setData(path, 'x', 7),
    setACL: (client, path) => client.setAcl(path, [{ perms: 31, scheme: 'world', id: 'anyone' }]),
    sync: (client, path) => client.sync(path),
    multi: (client, path) =>
      client.multi([
        { op: 1, path: `${path}-m`, data: 'm' },
        { op: 5, path: `${path}-m`, data: 'n' },
        { op: 13, path: `${path}-m`, version: 1 },
        { op: 2, path: `${path}-m` },
      ]),
    'multi that fails': (client, path) =>
      client.multi([
        { op: 1, path: `${path}-m` },
        { op: 2, path: `${path}-absent` },
      ]),
    'multi with a create2': (client, path) => client.multi([{ op: 15, path: `${path}-2` }]),
    delete: (client, path) => client.delete(path),
    'delete of what is not there': (client, path) => client.delete(path),
  }

  it('answers what 3.4 answers', async () => {
    const [theirs, ours] = [await open(oldPort), await open()]
    for (const [name, send] of Object.entries(verbs)) {
      const { err, record } = await send(theirs, '/theirs')
      const reply = await send(ours, '/ours')
      expect(reply.err, name).to.equal(err)
      const shape = ({ results, path }: RawReply['record']) => ({
        path: path?.replace('ours', 'theirs'),
        results: results?.map((result) => [result.type, result.err]),
      })
      const [found, wanted] = [reply.record, record].map((each) => shape(each))
      if (!name.includes('sequential')) expect(found, name).to.deep.equal(wanted)
    }
    await theirs.close()
    await ours.close()
  })

  it('refuses what 3.4 does not know as it does, and disturbs nobody else', async () => {
    const bystander = await open()
    for (const [name, send] of [
      ['create2', (client: RawClient) => client.create2('/new')],
      ['createContainer', (client: RawClient) => client.createContainer('/new')],
      ['createTTL', (client: RawClient) => client.createTtl('/new', 1_000, { flags: 5 })],
    ] as const) {
      for (const port of [oldPort, proxies[0]!.port]) {
        const client = await open(port)
        const reply = await send(client)
        expect([reply.err, reply.zxid], `${name} at ${port}`).to.deep.equal([UNIMPLEMENTED, -1])
        await client.waitFor(() => client.closed, LATE_MS)
      }
    }
    expect((await bystander.exists('/new')).err).to.equal(-101)
    expect((await bystander.create('/known')).err).to.equal(0)
    expect(bystander.closed).to.equal(false)
    for (const { keeper } of proxies) expect(keeper.upstream?.counters.disconnects).to.equal(0)
  })

  it('a take-over names the clients of the ensemble, also one that goes back when the proxies have stopped', async () => {
    const [bystander, stranger] = [await open(), await open(oldPort)]
    expect(await refusal(await bed.store())).to.match(NAMED)
    await gone(stranger)
    const store = await bed.store()
    const key = new SourceKey({ store: await bed.store() })
    let back: Promise<RawClient> | undefined
    const range: typeof store.range = async (query) => {
      if ((await key.read())?.freeze !== undefined) {
        back ??= open(oldPort)
        await back
      }
      return store.range(query)
    }
    const watched = new Proxy(store, {
      get: (of, name) => {
        const value = name === 'range' ? range : Reflect.get(of, name)
        return typeof value === 'function' ? value.bind(of) : value
      },
    })
    expect(await refusal(watched)).to.match(NAMED)
    expect(back).not.to.equal(undefined)
    expect((await key.read())?.freeze).to.equal(undefined)
    expect((await bystander.create('/forwarded-again')).err).to.equal(0)
    expect(bystander.closed).to.equal(false)
    await gone((await back)!)
  })

  it('sessions move both ways, watches fire, and all of it is taken over', async () => {
    let mover = await open(oldPort)
    const { sessionId, password } = mover
    expect((await mover.create('/mine', { flags: EPHEMERAL })).err).to.equal(0)
    for (const port of [proxies[0]!.port, oldPort, proxies[1]!.port]) {
      mover.destroy()
      mover = await open(port, { sessionId, password })
      expect(mover.sessionId).to.equal(sessionId)
      expect((await mover.setData('/mine', String(port))).err).to.equal(0)
    }
    const watcher = await open()
    await watcher.exists('/mine', true)
    await mover.setData('/mine', 'seen')
    await watcher.waitFor(() => watcher.events.length === 1, LATE_MS)
    await watcher.exists('/later', true)

    await takeOver({ store: await bed.store(), logger: quiet })
    const { err, record } = await mover.create2('/later')
    expect(err).to.equal(0)
    expect(record.path).to.equal('/later')
    await watcher.waitFor(() => watcher.events.length === 2, LATE_MS)
    expect(watcher.events.map(({ type, path }) => [type, path])).to.deep.equal([
      [3, '/mine'],
      [1, '/later'],
    ])
    const { stat } = (await watcher.exists('/mine')).record
    expect(stat?.ephemeralOwner).to.equal(sessionId)
    expect([mover.closed, watcher.closed]).to.deep.equal([false, false])
  })
})
