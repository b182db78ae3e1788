/** What cannot be read in the store is left out and named, and the rest is served: by one keeper, and by several. */
import { expect } from 'chai'
import { connect, type Keeper, type Logger, readTree, repairTree } from '../../lib/index.ts'
import { eventually } from '../support/eventually.ts'
import { type KeeperBench, keeperBench } from '../support/keepers.ts'
import { pictureOf } from '../support/tree-picture.ts'

const limits = { recordCheckMs: 5, flushDelayMs: 1, flushLateMs: 20 }

describe('a damaged store', () => {
  let bench: KeeperBench
  let lines: string[]

  beforeEach(() => {
    bench = keeperBench()
    lines = []
  })
  afterEach(() => bench.close())

  const logger: Logger = {
    debug() {},
    info() {},
    warn: (fields, message) => lines.push(`${message} ${JSON.stringify(fields)}`),
    error: (_, message) => lines.push(message),
  }

  async function open(): Promise<Keeper> {
    return (await bench.open(limits, { logger })).keeper
  }
  async function put(key: string, value: string | undefined): Promise<void> {
    const at = Buffer.from(key.startsWith('/') ? key : `/anykeeper/${key}`)
    const op =
      value === undefined
        ? ({ type: 'delete', key: at } as const)
        : ({ type: 'put', key: at, value: Buffer.from(value) } as const)
    await bench.handle().txn({ compares: [], ops: [op] })
  }
  async function get(key: string): Promise<string | undefined> {
    const { kvs } = await bench.handle().range({ start: Buffer.from(`/anykeeper/${key}`) })
    return kvs[0] && Buffer.from(kvs[0].value).toString()
  }

  /** Served, written behind, and ended. @returns the tree as it was */
  async function plant(): Promise<ReturnType<typeof pictureOf>> {
    const { keeper } = await bench.open(limits)
    const client = await connect(keeper)
    await client.create('/a', Buffer.from('data'))
    for (const name of ['b', 'c', 's-']) {
      const mode = name === 's-' ? 'persistent-sequential' : 'persistent'
      await client.create(`/a/${name}`, Buffer.from(name), { mode })
    }
    await client.create('/a/b/deep', Buffer.from('deep'))
    await client.close()
    await keeper.committer.drain(10_000)
    const picture = pictureOf(keeper)
    await keeper.close()
    return picture
  }

  const code = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => 'answered',
      (error: unknown) => (error as { code: unknown }).code,
    )

  const cases: [what: string, key: string, value: string | undefined][] = [
    ['bytes that are no record', 'n/a2/a/b', 'no record'],
    ['a format that no version has', 'n/a2/a/b', '{"f":0}\n'],
    ['impossible numbers', 'n/a2/a/b', '{"f":1,"czxid":9e9,"mzxid":9e9,"ctime":1,"mtime":1}\n'],
    ['no bytes', 'n/a2/a/b', ''],
    ['no record, and there are znodes below', 'n/a2/a/b', undefined],
    ['an unreadable child record', 'c/a2/a/b', '{"f":1,"creates":"x"}'],
  ]
  for (const [what, key, value] of cases) {
    it(`${what}: this znode answers DATAINCONSISTENCY, the rest is served`, async () => {
      await plant()
      const before = await get(key)
      await put(key, value)
      const keeper = await open()
      const client = await connect(keeper)
      expect(lines.filter((line) => line.startsWith('quarantined: ')).join()).to.include('/a/b')
      expect(keeper.quarantine).to.deep.equal({ findings: 1, znodes: 1, foreignKeys: 0 })
      for (const refused of [
        client.getData('/a/b'),
        client.exists('/a/b'),
        client.getChildren('/a/b'),
        client.getAcl('/a/b'),
        client.setData('/a/b', null),
        client.delete('/a/b'),
        client.delete('/a/b/deep'),
        client.create('/a/b/more'),
      ]) {
        expect(await code(refused)).to.equal('ZK_DATA_INCONSISTENCY')
      }
      const { children } = await client.getChildren('/a')
      expect([...children].sort()).to.deep.equal(['b', 'c', 's-0000000002'])
      expect(Buffer.from((await client.getData('/a/b/deep')).data!).toString()).to.equal('deep')
      await client.setData('/a/b/deep', Buffer.from('new'))
      const { path } = await client.create('/a/s-', null, { mode: 'persistent-sequential' })
      expect(path).to.equal('/a/s-0000000003')
      await keeper.committer.drain(10_000)
      expect(keeper.isServing).to.equal(true)
      // What is stored stays as it is, for a repair.
      expect(await get(key)).to.equal(value)
      // A second one comes to the same tree, and a third one later.
      const two = await open()
      expect(pictureOf(two).nodes).to.deep.equal(pictureOf(keeper).nodes)
      expect(keeper.resyncCount + two.resyncCount).to.equal(0)
      if (before === undefined) return
      // Put back by hand: the next one reads it, and the others load the tree again.
      await put(key, before)
      const three = await open()
      expect(three.replica.tree.unreadable.size).to.equal(0)
      const writer = await connect(three)
      await eventually('whole again', async () => {
        await writer.setData('/a/c', null)
        return [keeper, two].every(({ replica }) => replica.tree.unreadable.size === 0)
      })
    })
  }

  it('is left to a proxy that has read it before: it writes the record again', async () => {
    await plant()
    const whole = (await bench.open({ ...limits, recordCheckMs: 0 }, { logger })).keeper
    await put('n/a2/a/b', 'no record')
    const refused = await open().catch((error: unknown) => error)
    expect(refused).to.include({ code: 'STORE_UNAVAILABLE', retriable: true })
    expect(String(refused)).to.include('the record of znode /a/b cannot be read')
    await whole.close()
    const keeper = await open()
    expect(keeper.replica.tree.unreadable.size).to.equal(1)
  })

  it('its records are not written, whatever becomes of what lies below', async () => {
    await plant()
    await put('n/a2/a/b', 'no record')
    const { replica } = await open()
    replica.tree.remove('/a/b/deep', replica.zxid + 1)
    replica.tree.apply(
      { type: 'setData', path: '/a/b', data: 'x', version: 7 },
      replica.zxid + 2,
      1,
    )
    expect(replica.backlog.has('n', '/a/b/deep')).to.equal(true)
    expect(replica.backlog.has('c', '/a/b')).to.equal(false)
    expect(replica.backlog.has('n', '/a/b')).to.equal(false)
    expect(replica.tree.get('/a/b')!.version).to.equal(0)
  })

  it('a session that cannot be read ends, with its ephemerals', async () => {
    const { keeper: one, store } = await bench.open({ ...limits, sessionTimeoutMsMin: 100 })
    const client = await connect(one, { timeoutMs: 60_000 })
    await client.create('/mine', null, { mode: 'ephemeral' })
    await one.committer.drain(10_000)
    await bench.crash(one)
    void store
    const session = `s/${client.sessionId.toString(16).padStart(16, '0')}`
    await put(session, 'no record')
    const keeper = await open()
    expect(keeper.quarantine).to.include({ findings: 1, znodes: 0 })
    expect(keeper.replica.sessions.get(client.sessionId)).to.include({ passwordDigest: '' })
    expect(keeper.replica.tree.has('/mine')).to.equal(true)
  })

  it('an entry that all records have is not needed', async () => {
    await plant()
    const entries = await bench.handle().range({
      start: Buffer.from('/anykeeper/j/0'),
      end: Buffer.from('/anykeeper/j/1'),
    })
    expect(entries.kvs.length).to.be.above(3)
    for (const { key } of entries.kvs.slice(0, -1)) await put(Buffer.from(key).toString(), 'x')
    const keeper = await open()
    expect(keeper.quarantine).to.include({ findings: entries.kvs.length - 1, znodes: 0 })
    await (await connect(keeper)).create('/later')
  })

  it('more than --max-unreadable of them are no damage here and there: the start is refused', async () => {
    await plant()
    for (const key of ['n/a2/a/b', 'n/a2/a/c']) await put(key, '')
    const refused = await bench
      .open({ ...limits, unreadableMax: 1 })
      .catch((error: unknown) => String(error))
    expect(refused).to.include('2 znodes cannot be read, and no more than 1 are left out')
    expect(refused).to.include('anykeeper repair')
  })

  it('a znode that is gone without a trace is not passed over because of another', async () => {
    await plant()
    await put('n/a2/a/b', '')
    await put('n/a2/a/c', undefined)
    const refused = await open().catch((error: unknown) => String(error))
    expect(refused).to.match(/the tree is not the one that head names: \d+ znodes, \d+ expected/)
    expect(refused).to.include('the record of znode /a/b cannot be read')
  })

  it('repair: a start reads everything that is left, clients’ sessions end, and what went is saved', async () => {
    const before = await plant()
    await put('n/a2/a/b', 'no record')
    await put('n/a2/a/c', undefined)
    const saved: string[] = []
    const report = await repairTree({
      store: bench.handle(),
      save: (kvs) => {
        for (const { value } of kvs) saved.push(Buffer.from(value).toString())
      },
    })
    expect(report).to.include({ isMended: true })
    expect(report.findings.map(({ kind }) => kind)).to.include.members(['znode', 'tree'])
    expect(saved).to.include('no record')
    const keeper = await open()
    expect(keeper.quarantine).to.deep.equal({ findings: 0, znodes: 0, foreignKeys: 0 })
    expect(keeper.replica.zxid).to.be.above(2 ** 32 - 1)
    expect(keeper.replica.isLost(3)).to.equal(true)
    const { nodes } = pictureOf(keeper)
    const same = ['/a/b/deep', '/a/s-0000000002']
    const of = (all: unknown, path: string) =>
      JSON.stringify((all as Map<string, unknown>).get(path))
    if (before.nodes instanceof Map) {
      for (const path of same) expect(of(nodes, path)).to.equal(of(before.nodes, path))
    }
    expect(keeper.replica.tree.get('/a/b')!.acl[0]!.perms).to.equal(0)
    const again = await repairTree({ store: bench.handle(), dryRun: true, save: () => {} })
    expect(again.findings).to.deep.equal([])
  })

  it('export: everything readable, with what is not', async () => {
    await plant()
    await put('n/a2/a/b', 'no record')
    await put('n/a2/a/c', 'no record')
    const store = bench.handle()
    expect(await code(readTree({ store }))).to.equal('STORE_INTERNAL')
    const tree = await readTree({ store, salvage: true })
    const paths = [...tree].map((line) => /"path":"([^"]*)"/.exec(line)?.[1])
    expect(paths).to.include.members(['/a', '/a/b', '/a/b/deep', '/a/s-0000000002'])
    expect(paths).not.to.include('/a/c')
    expect(tree.findings.map(({ path }) => path)).to.deep.equal(['/a/b', '/a/c'])
  })
})
