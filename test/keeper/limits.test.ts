/**
 * What is acknowledged can be applied, written behind, loaded, exported, imported and deleted, however long its
 * path is and however many ephemerals a session has: on a store that takes no more than etcd does by default.
 */
import { expect } from 'chai'
import { MemoryBackend } from '../../adapters/memory/memory-backend.ts'
import { openMemoryStore } from '../../adapters/memory/memory-store.ts'
import {
  connect,
  importTree,
  Keeper,
  Layout,
  readTree,
  type ZooKeeper,
} from '../../lib/internal.ts'
import { OwnTask } from '../../lib/member/commit/task.ts'
import { narrowStore } from '../support/narrow-store.ts'

const PREFIX = '/anykeeper'
/** ZooKeeper's jute.maxbuffer, less what else a create has. */
const PATH_BYTES_MAX = new Layout(PREFIX).pathBytesMax

describe('limits of a store', function () {
  this.timeout(60_000)
  let backend: MemoryBackend
  const keepers: Keeper[] = []

  beforeEach(() => {
    backend = new MemoryBackend()
  })
  afterEach(async () => {
    await Promise.all(keepers.splice(0).map((keeper) => keeper.close(0)))
  })

  const open = async () => {
    const store = narrowStore(openMemoryStore({ backend }))
    const keeper = await Keeper.open({ store, limits: { historyRetentionMs: 0 } })
    keepers.push(keeper)
    return keeper
  }
  const pathsOf = (keeper: Keeper) =>
    [...keeper.replica.tree.paths()].filter((path) => !path.startsWith('/zookeeper')).sort()

  /** All of it in records and nothing but a head behind them, then in another store. */
  async function livesOn(keeper: Keeper): Promise<void> {
    const paths = pathsOf(keeper)
    await keeper.committer.drain(20_000)
    expect(keeper.replica.backlog.size).to.equal(0)
    const loaded = await open()
    expect(pathsOf(loaded)).to.deep.equal(paths)
    const other = narrowStore(openMemoryStore({ backend: new MemoryBackend() }))
    const tree = await readTree({ store: narrowStore(openMemoryStore({ backend })) })
    const input = [...tree].map((text) => Buffer.from(text))
    await importTree({ store: other, input })
    const copy = await Keeper.open({ store: other })
    keepers.push(copy)
    expect(pathsOf(copy)).to.deep.equal(paths)
  }

  const lengths = [
    65_519,
    65_520,
    65_521,
    65_522,
    65_536,
    200_000,
    1_048_000,
    PATH_BYTES_MAX - 1,
    PATH_BYTES_MAX,
  ]
  for (const length of lengths) {
    it(`a path of ${length} bytes lives as others do`, async () => {
      const keeper = await open()
      const client = await connect(keeper, { requestBytesMax: 2 ** 31 })
      const path = `/${'p'.repeat(length - 1)}`
      await client.create(path, Buffer.from('data'))
      await client.setData(path, Buffer.from('more'))
      await livesOn(keeper)
      await client.delete(path)
      await client.create('/after')
      expect(pathsOf(keeper)).to.deep.equal(['/', '/after'])
      await livesOn(keeper)
    })
  }

  it('a path of a byte more is refused, and nothing else is', async () => {
    const keeper = await open()
    const client = await connect(keeper)
    const refused = async (path: string) => {
      const error = await client.create(path).catch((e: unknown) => e)
      expect(error).to.have.property('code', 'ZK_BAD_ARGUMENTS')
    }
    await refused(`/${'p'.repeat(PATH_BYTES_MAX)}`)
    // Bytes count, not characters.
    await refused(`/${'ä'.repeat(Math.ceil(PATH_BYTES_MAX / 2))}`)
    const sequential = `/${'p'.repeat(PATH_BYTES_MAX - 10)}`
    const error = await client
      .create(sequential, null, { mode: 'persistent-sequential' })
      .catch((e: unknown) => e)
    expect(error).to.have.property('code', 'ZK_BAD_ARGUMENTS')
    await client.create(`/${'ä'.repeat(100_000)}`)
    await livesOn(keeper)
  })

  it('a path of 3,000 levels, with a quota on its top, lives as others do', async () => {
    const keeper = await open()
    const client = await connect(keeper)
    const creates: Promise<unknown>[] = []
    let path = ''
    for (let depth = 0; depth < 3_000; depth++) {
      path += '/d'
      creates.push(client.create(path))
    }
    await Promise.all(creates)
    for (const at of ['/zookeeper/quota/d', '/zookeeper/quota/d/zookeeper_limits']) {
      await client.create(at, Buffer.from('count=1,bytes=1'))
    }
    await client.create('/zookeeper/quota/d/zookeeper_stats')
    await livesOn(keeper)
    const loaded = await open()
    const { data } = await (await connect(loaded)).getData('/zookeeper/quota/d/zookeeper_stats')
    expect(Buffer.from(data!).toString()).to.equal('count=3000,bytes=0')
  })

  it('path and data together are refused beyond what a transaction takes, as is an ACL later', async () => {
    const keeper = await open()
    const client = await connect(keeper, { requestBytesMax: 2 ** 31 })
    const path = `/${'p'.repeat(1_000_000)}`
    await client.create(path, Buffer.alloc(300_000))
    const acl = Array.from({ length: 20_000 }, (_, i) => ({
      perms: 31,
      id: { scheme: 'digest', id: `user${i}:0123456789` },
    }))
    const error = await client.setAcl(path, acl).catch((e: unknown) => e)
    expect(error).to.have.property('code', 'ZK_BAD_ARGUMENTS')
    const grown = await client.setData(path, Buffer.alloc(600_000)).catch((e: unknown) => e)
    expect(grown).to.have.property('code', 'ZK_BAD_ARGUMENTS')
    await livesOn(keeper)
  })

  const names = (count: number, bytes: number) =>
    Array.from({ length: count }, (_, i) => `/e/${String(i).padStart(bytes - 3, 'e')}`)

  async function own(client: ZooKeeper, paths: readonly string[]): Promise<void> {
    await Promise.all(paths.map((path) => client.create(path, null, { mode: 'ephemeral' })))
  }

  for (const [count, bytes] of [
    [16_000, 115],
    [40, 60_000],
    [1, 32_768],
    [1, 32_769],
  ] as const) {
    it(`a session with ${count} ephemerals of ${bytes} bytes ends at once, under one zxid`, async () => {
      const keeper = await open()
      const client = await connect(keeper)
      await client.create('/e')
      const owner = await connect(keeper)
      await own(owner, names(count, bytes))
      const before = keeper.replica.zxid
      await owner.close()
      expect(keeper.replica.zxid).to.equal(before + 1)
      expect(pathsOf(keeper)).to.deep.equal(['/', '/e'])
      expect(keeper.replica.tree.get('/e')!.pzxid).to.equal(before + 1)
      // Before anything of it is in records, too.
      expect(pathsOf(await open())).to.deep.equal(['/', '/e'])
      await livesOn(keeper)
    })
  }

  for (const bytes of [10, 20_000]) {
    it(`ephemerals of ${bytes} bytes end in one order at every keeper, whatever it knows them from`, async () => {
      const keeper = await open()
      const client = await connect(keeper)
      await client.create('/e')
      const owner = await connect(keeper)
      const paths = ['b', 'ä', 'a', 'C', 'b'.repeat(2)].map(
        (name) => `/e/${name.padEnd(bytes, '-')}`,
      )
      for (const path of paths) await owner.create(path, null, { mode: 'ephemeral' })
      const replayed = await open()
      await keeper.committer.drain(20_000)
      const loaded = await open()
      const told = await Promise.all(
        [keeper, replayed, loaded].map(async (each) => {
          const watcher = await connect(each)
          const deleted: string[] = []
          let done = (): void => {}
          const all = new Promise<void>((resolve) => {
            done = resolve
          })
          const seen = (path: string) => {
            if (deleted.push(path) === paths.length) done()
          }
          for (const path of paths) await watcher.exists(path, () => seen(path))
          return { deleted, all }
        }),
      )
      await owner.close()
      for (const { deleted, all } of told) {
        await all
        expect(deleted).to.deep.equal([...paths].sort())
      }
    })
  }

  it('beside a proxy of 0.1.0 it ends in parts, each of which that one reads', async () => {
    const layout = new Layout(PREFIX)
    const old = openMemoryStore({ backend })
    const value = Buffer.from('{"f":1,"address":"","ttlMs":6000,"leaving":false}')
    const keeper = await open()
    const client = await connect(keeper)
    await client.create('/e')
    const owner = await connect(keeper)
    await own(owner, names(40, 60_000))
    await old.txn({
      compares: [],
      ops: [{ type: 'put', key: layout.proxy('00000000000000ff'), value }],
    })
    await new Promise<void>((resolve) => {
      const look = () => (keeper.registry.journalFormat < 3 ? resolve() : setImmediate(look))
      look()
    })
    const before = keeper.replica.zxid
    await owner.close()
    expect(keeper.replica.zxid).to.be.above(before + 30)
    expect(pathsOf(keeper)).to.deep.equal(['/', '/e'])
    expect(keeper.replica.sessions.has(owner.sessionId)).to.equal(false)
    const { kvs } = await old.range(layout.journal)
    expect(kvs.at(-1)!.value[0]).to.be.below(3)
    await livesOn(keeper)
  })

  it('under a longer prefix the longest path does not fit: an import says so, with its line', async () => {
    const keeper = await open()
    const client = await connect(keeper, { requestBytesMax: 2 ** 31 })
    await client.create(`/${'p'.repeat(PATH_BYTES_MAX - 1)}`)
    const tree = await readTree({ store: narrowStore(openMemoryStore({ backend })) })
    const input = [...tree].map((text) => Buffer.from(text))
    const store = narrowStore(openMemoryStore({ backend: new MemoryBackend() }))
    const prefix = `${PREFIX}${'s'.repeat(100)}`
    const error = await importTree({ store, input, prefix }).catch((e: unknown) => e)
    expect(error).to.have.property('code', 'COPY_TOO_LARGE')
    expect(error).to.have.property('line').that.is.a('number')
    expect(() => new Layout(`/${'p'.repeat(4_096)}`)).to.throw(TypeError, /4096 bytes/)
  })

  it('a session whose id has the top bit set, as a copied one may, lives on in its record', async () => {
    const keeper = await open()
    const id = -(2n ** 63n) + 5n
    await new Promise<unknown>((resolve, reject) => {
      const owner = keeper.proxy
      const request = {
        type: 'openSession',
        id,
        timeoutMs: 30_000,
        passwordDigest: '0'.repeat(64),
        owner,
      } as const
      keeper.committer.submit(new OwnTask(request, resolve, reject))
    })
    await livesOn(keeper)
    const loaded = await open()
    expect([...loaded.replica.sessions.keys()]).to.deep.equal([id])
  })
})
