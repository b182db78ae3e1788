import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import {
  CopyError,
  checkTree,
  connect,
  importTree,
  Keeper,
  Layout,
  type MetadataStore,
  OPEN_ACL,
  readTree,
  StoreError,
} from '../../../../lib/internal.ts'
import { Znode } from '../../../../lib/model/znode.ts'
import { chunks, exported, linesOf, type SourceTree, sourceTree, target } from '../copy/bench.ts'

const pathOf = (line: string): string | undefined => JSON.parse(line).path
const pathsIn = (lines: readonly string[]): (string | undefined)[] =>
  lines.slice(1).map(pathOf).filter(Boolean)

describe('copy/export', () => {
  let source: SourceTree

  before(async () => {
    source = await sourceTree()
  })

  async function failure(promise: Promise<unknown>): Promise<Error> {
    return promise.then(
      () => new Error('it did not fail'),
      (error: Error) => error,
    )
  }

  /** Into a store of its own, and out of it again in the same way. */
  async function roundTrip(lines: readonly string[], options: object): Promise<string> {
    const store = target()
    await importTree({ store, input: chunks(lines) })
    return [...(await readTree({ store, ...options }))].join('')
  }

  it('is the same however far the records are behind the journal', async () => {
    const store = target()
    const lazy = { historyRetentionMs: 0, flushDelayMs: 3_600_000 }
    const keeper = await Keeper.open({ store, limits: lazy })
    const client = await connect(keeper, { timeoutMs: 10_000 })
    for (const name of ['b', 'a', 'a-b', 'c']) await client.create(`/${name}`, null)
    await client.create('/a/below', null)
    await client.delete('/c')
    const behind = await exported(store)
    const { seq, flushed } = await headOf(store)
    expect(flushed, 'the journal is ahead').to.be.below(seq)
    await keeper.close()
    expect((await headOf(store)).flushed, 'written behind').to.be.at.least(seq)
    expect(await exported(store)).to.equal(behind)
    expect(pathsIn(behind.trimEnd().split('\n'))).to.deep.equal([
      ...['/', '/a', '/a/below', '/a-b', '/b'],
      ...['/zookeeper', '/zookeeper/config', '/zookeeper/quota'],
    ])
  })

  async function headOf(store: MetadataStore): Promise<{ seq: number; flushed: number }> {
    const { kvs } = await store.range({ start: new Layout('/anykeeper').head })
    return JSON.parse(Buffer.from(kvs[0]!.value).toString())
  }

  it('writes nothing, and needs no proxy to be gone', async () => {
    const store = target()
    await importTree({ store, input: chunks(source.lines) })
    const keeper = await Keeper.open({ store: target({}, store.backend) })
    const { txnCount } = store
    expect(await exported(store)).to.equal(source.text)
    expect(store.txnCount).to.equal(txnCount)
    await keeper.close()
  })

  it('says what it will be, and what it was', async () => {
    const tree = await readTree({ store: source.store })
    expect(() => tree.summary).to.throw(TypeError, 'not all lines')
    expect([...tree]).to.deep.equal(source.lines)
    expect([...tree], 'again').to.deep.equal(source.lines)
    expect(tree.header).to.deep.include({
      ...{ path: '/', sessions: 3, znodes: source.lines.length - 5 },
      largest: { path: '/app/n19', bytes: 190 },
    })
    expect(tree.summary).to.deep.equal(await checkTree(chunks(source.lines)))
  })

  it('a subtree has the way to it, and the sessions that own something in it', async () => {
    const path = '/app/n0'
    const deep = [...(await readTree({ store: source.store, path }))]
    expect(pathsIn(deep).slice(0, 4)).to.deep.equal([
      ...['/', '/app', '/app/n0', '/app/n0/s-0000000000'],
    ])
    expect(deep.join('')).to.not.contain('"session"')
    expect(await roundTrip(deep, { path })).to.equal(deep.join(''))
    const other = [...(await readTree({ store: source.store, path: '/other' }))]
    expect(pathsIn(other)).to.deep.equal(['/', '/other', '/other/e3'])
    expect(other.filter((line) => line.includes('"session"'))).to.have.length(1)
    expect(await roundTrip(other, { path: '/other' })).to.equal(other.join(''))
    const store = target()
    await importTree({ store, input: chunks(other) })
    const keeper = await Keeper.open({ store })
    expect([...keeper.replica.tree.paths()].sort()).to.deep.equal([
      ...['/', '/other', '/other/e3', '/zookeeper', '/zookeeper/config', '/zookeeper/quota'],
    ])
    await keeper.close()
  })

  it('without ephemerals: no session, no ephemeral, all counters', async () => {
    const options = { withoutEphemerals: true }
    const lines = [...(await readTree({ store: source.store, ...options }))]
    const left = source.lines.slice(1, -1).filter((line) => !/"owner"|"session"/.test(line))
    expect(lines.slice(1, -1)).to.deep.equal(left)
    expect(await roundTrip(lines, options)).to.equal(lines.join(''))
    const store = target()
    await importTree({ store, input: chunks(lines) })
    expect(await exported(store)).to.equal(lines.join(''))
  })

  it('a path of thousands of components', async () => {
    const node = new Znode({ data: null, acl: OPEN_ACL, zxid: 1, time: 1 })
    const paths = ['/', ...Array.from({ length: 2_000 }, (_, i) => '/d'.repeat(i + 1))]
    const store = target()
    await importTree({ store, input: chunks(linesOf(paths.map((path) => [path, node]))) })
    const found = [...(await readTree({ store }))]
    expect(pathsIn(found).slice(0, paths.length)).to.deep.equal(paths)
    const deepest = [...(await readTree({ store, path: paths.at(-1)! }))]
    expect(pathsIn(deepest)).to.deep.equal(paths)
  })

  it('a counter without a pzxid of its own, and the other way about', async () => {
    const node = (more: object) =>
      Object.assign(new Znode({ data: null, acl: OPEN_ACL, zxid: 1, time: 1 }), more)
    const znodes = [
      ['/', node({ creates: 5 })],
      ['/a', node({ creates: 5 })],
      ['/b', node({ pzxid: 7 })],
      // As ZooKeeper may have it, where a znode of that path had been there before.
      ['/c', node({ creates: 3, czxid: 9, mzxid: 9, pzxid: 4 })],
    ] as const
    const store = target()
    await importTree({ store, input: chunks(linesOf(znodes)) })
    const found = (await exported(store)).split('\n')
    expect(found.slice(1, 5).map((line) => `${line}\n`)).to.deep.equal(linesOf(znodes).slice(1, 5))
  })

  it('the file in docs/copy.md is one', async () => {
    const page = readFileSync('docs/copy.md', 'utf8')
    const [, example] = /^```json\n(\{"format".*?)^```$/ms.exec(page)!
    const store = target()
    await importTree({ store, input: [Buffer.from(example!)] })
    expect(await exported(store)).to.equal(example)
  })

  it('no tree, no such znode, no path: said', async () => {
    const nothing = await failure(readTree({ store: target() }))
    expect(nothing).to.be.instanceOf(CopyError).with.property('code', 'COPY_NOT_FOUND')
    expect(nothing.message).to.contain('no tree below /anykeeper')
    const { store } = source
    expect((await failure(readTree({ store, prefix: '/x' }))).message).to.contain('below /x')
    expect((await failure(readTree({ store, path: '/x' }))).message).to.contain('no znode /x')
    expect(await failure(readTree({ store, path: '/x/' }))).to.be.instanceOf(TypeError)
    const gone = readTree({ store, path: '/app/e1', withoutEphemerals: true })
    expect((await failure(gone)).message).to.contain('/app/e1 is ephemeral')
  })

  it('a tree that is not whole is not exported as if it were', async () => {
    const layout = new Layout('/anykeeper')
    const remove = async (key: Uint8Array): Promise<MetadataStore> => {
      const store = target()
      await importTree({ store, input: chunks(source.lines) })
      await store.txn({ compares: [], ops: [{ type: 'delete', key }] })
      return store
    }
    const orphans = await remove(layout.znode('/app/n0'))
    for (const options of [{}, { withoutEphemerals: true }, { path: '/app' }]) {
      const error = await failure(readTree({ store: orphans, ...options }))
      expect(error).to.be.instanceOf(StoreError)
      expect(error.message).to.contain(
        'damaged tree: znode /app/n0 has no record, but there are znodes below it',
      )
    }
    const session = /"session":"0x([0-9a-f]+)"/.exec(source.text)!
    const unowned = await remove(layout.session(BigInt(`0x${session[1]}`)))
    const error = await failure(readTree({ store: unowned }))
    expect(error.message).to.match(
      /damaged tree: \/\S+ belongs to session 0x.*, which is not there/,
    )
    const rest = [...(await readTree({ store: unowned, withoutEphemerals: true }))]
    expect(rest.filter((line) => line.includes('"path":"/app'))).to.have.length(42)
  })
})
