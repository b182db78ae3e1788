/** The file store keeps to the contract; damage, space and other processes: embedded-faults.test.ts. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { openEmbeddedStore } from '../../adapters/embedded/embedded-store.ts'
import { parseFileUrl } from '../../adapters/embedded/file-url.ts'
import { crc32ByTable } from '../../adapters/embedded/records.ts'
import { openMemoryStore } from '../../adapters/memory/memory-store.ts'
import type { MetadataStore } from '../../lib/store/metadata-store.ts'
import type { RangeQuery, WriteOp } from '../../lib/store/types.ts'
import { keeperConformance, type StoreFixture, storeConformance } from '../conformance/index.ts'
import { bytes, rejection, text } from '../conformance/support.ts'
import { mulberry32 } from '../support/mulberry32.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'

const factory = async (): Promise<StoreFixture> => {
  const folder = temporaryFolder('file-store')
  return {
    open: () => openEmbeddedStore({ folder, progressMs: 100 }),
    stop: async () => removeFolder(folder),
    // The last handle gave the folder back: the next one opens it from the disk.
    restart: async () => {},
  }
}
storeConformance({ name: 'file', features: { persistent: true, shared: false }, factory })
keeperConformance({ name: 'file', factory })

describe('file store', () => {
  it('agrees with the memory store on random changes, compactions and restarts', async function () {
    this.timeout(60_000)
    const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)
    const random = mulberry32(seed)
    const folder = temporaryFolder('file-model')
    const model = openMemoryStore()
    let store = await openEmbeddedStore({ folder, history: { idleBytesMax: 20_000 } })
    try {
      for (let step = 0; step < 400; step++) {
        const ops = randomOps(random)
        const both = [model, store].map((s) => s.txn({ compares: [], ops }))
        await Promise.all(both)
        const query = randomQuery(random)
        const expected = await seen(model, query)
        expect(await seen(store, query), `SEED=${seed} step ${step}`).to.deep.equal(expected)
        const { revision } = await store.range({ start: bytes('x') })
        if (random() < 0.1) await store.compact(revision - Math.floor(random() * 3))
        if (random() < 0.05) {
          await store.close()
          store = await openEmbeddedStore({ folder, history: { idleBytesMax: 20_000 } })
        }
      }
    } finally {
      await store.close()
      removeFolder(folder)
    }
  })

  it('makes no folder where none is to be made', async () => {
    const parent = temporaryFolder('file-absent')
    const folder = join(parent, 'absent')
    for (const at of [folder, parent]) {
      const error = await rejection(
        openEmbeddedStore({ folder: at, create: false }),
        'STORE_UNAVAILABLE',
      )
      expect(error).to.include({ retriable: false, message: `there is no data in ${at}` })
    }
    expect(readdirSync(parent)).to.deep.equal([])
    await (await openEmbeddedStore({ folder })).close()
    await (await openEmbeddedStore({ folder, create: false })).close()
    removeFolder(parent)
  })

  it('reads of the past see the past, also beside keys that only the disk has', async () => {
    const folder = temporaryFolder('file-past')
    const store = await openEmbeddedStore({ folder })
    const put = (name: string, value: string): WriteOp => ({
      type: 'put',
      key: bytes(name),
      value: bytes(value),
    })
    const write = async (...ops: WriteOp[]) => (await store.txn({ compares: [], ops })).revision
    await write(put('a', '1'), put('b', '1'), put('c', '1'), put('d', '1'))
    await store.compact((await store.range({ start: bytes('a') })).revision)
    const before = await write(put('b', '2'))
    await write({ type: 'delete', key: bytes('c') }, put('b', '3'), put('bb', '3'))
    const all = { start: bytes(''), end: bytes('z') }
    const then = await store.range({ ...all, revision: before })
    expect(then.kvs.map((kv) => text(kv.key) + text(kv.value)).join()).to.equal('a1,b2,c1,d1')
    const now = await store.range({ ...all, descending: true })
    expect(now.kvs.map((kv) => text(kv.key) + text(kv.value)).join()).to.equal('d1,bb3,b3,a1')
    await store.close()
    removeFolder(folder)
  })

  it('forgets the older half of a history that grows too large', async () => {
    const folder = temporaryFolder('file-history')
    const store = await openEmbeddedStore({ folder, history: { idleBytesMax: 100_000 } })
    const revisions: number[] = []
    for (let i = 0; i < 50; i++) {
      const op: WriteOp = { type: 'put', key: bytes('a'), value: new Uint8Array(10_000) }
      revisions.push((await store.txn({ compares: [], ops: [op] })).revision)
    }
    const past = { start: bytes('a'), revision: revisions[20]! }
    await rejection(store.range(past), 'STORE_COMPACTED')
    const kept = await store.range({ start: bytes('a'), revision: revisions[48]! })
    expect(kept.kvs[0]!.modRevision).to.equal(revisions[48])
    await store.close()
    removeFolder(folder)
  })

  it('computes the same checksums with and without zlib', () => {
    expect(crc32ByTable(bytes('123456789'), 0)).to.equal(0xcbf43926)
    expect(crc32ByTable(bytes('6789'), crc32ByTable(bytes('12345'), 0))).to.equal(0xcbf43926)
  })
})

describe('adapters/embedded/file-url', () => {
  it('reads folders and mapSize', () => {
    expect(parseFileUrl('file:./data').folder).to.equal(`${process.cwd()}/data`)
    expect(parseFileUrl('file:/var/lib/x')).to.deep.equal({ folder: '/var/lib/x' })
    expect(parseFileUrl('file:///var/lib/a%20b?mapSize=4GiB')).to.deep.equal({
      folder: '/var/lib/a b',
      mapBytes: 4 * 2 ** 30,
    })
  })

  it('refuses in one sentence what it cannot use', () => {
    for (const [url, sentence] of [
      ['file:', 'looks like'],
      ['file://host/x', 'looks like'],
      ['file:./x?mapSize=many', 'at least 1MiB'],
      ['file:./x?mapSize=12', 'at least 1MiB'],
      ['file:./x?sync=no', 'no parameter "sync"'],
      ['file:./%zz', 'percent-encoded'],
    ] as const) {
      expect(() => parseFileUrl(url), url).to.throw(sentence)
    }
  })
})

/** What does not depend on where revisions began. */
async function seen(store: MetadataStore, query: RangeQuery): Promise<unknown> {
  const { kvs, more } = await store.range(query)
  return { more, kvs: kvs.map((kv) => [text(kv.key).slice(0, 20), text(kv.value), kv.version]) }
}

function randomKey(random: () => number): Uint8Array {
  const name = `k${Math.floor(random() * 60)}`
  // Some keys are too long for the database underneath.
  return bytes(random() < 0.2 ? name + 'x'.repeat(1_500) : name)
}

function randomOps(random: () => number): WriteOp[] {
  const ops = new Map<string, WriteOp>()
  if (random() < 0.1) {
    const first = Math.floor(random() * 50)
    return [{ type: 'deleteRange', start: bytes(`k${first}`), end: bytes(`k${first}~`) }]
  }
  for (let i = 0; i < 1 + random() * 5; i++) {
    const key = randomKey(random)
    const value = bytes(`${Math.floor(random() * 1e6)}`)
    ops.set(text(key), random() < 0.3 ? { type: 'delete', key } : { type: 'put', key, value })
  }
  return [...ops.values()]
}

function randomQuery(random: () => number): RangeQuery {
  if (random() < 0.3) return { start: randomKey(random) }
  const start = random() < 0.3 ? bytes('') : randomKey(random)
  const limit = random() < 0.5 ? { countMax: 1 + Math.floor(random() * 10) } : {}
  return { start, end: bytes('k~'), descending: random() < 0.5, ...limit }
}
