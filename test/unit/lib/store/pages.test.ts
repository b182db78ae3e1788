import { expect } from 'chai'
import { openMemoryStore } from '../../../../adapters/memory/memory-store.ts'
import type { MetadataStore } from '../../../../lib/store/metadata-store.ts'
import { pages } from '../../../../lib/store/pages.ts'

const RANGE = { start: Buffer.from('k'), end: Buffer.from('l') }
const keyOf = (i: number): Buffer => Buffer.from(`k${String(i).padStart(6, '0')}`)

/** Records with values of these sizes, in order. */
async function storeOf(sizes: readonly number[]): Promise<MetadataStore> {
  const store = openMemoryStore()
  for (let from = 0; from < sizes.length; from += 1_000) {
    const ops = sizes.slice(from, from + 1_000).map((size, i) => ({
      type: 'put' as const,
      key: keyOf(from + i),
      value: Buffer.alloc(size),
    }))
    await store.txn({ compares: [], ops })
  }
  return store
}

/** Tells each page's number of keys and bytes. */
async function read(store: MetadataStore, loadPageBytes: number, loadPageKeysMax: number) {
  const { revision } = await store.range({ start: RANGE.start })
  const keys: string[] = []
  const found: { readonly count: number; readonly bytes: number }[] = []
  for await (const page of pages(store, RANGE, revision, { loadPageBytes, loadPageKeysMax })) {
    for (const { key } of page) keys.push(Buffer.from(key).toString())
    const bytes = page.reduce((sum, { key, value }) => sum + key.length + value.length, 0)
    found.push({ count: page.length, bytes })
  }
  return { keys, found }
}

describe('pages of a range', () => {
  it('bring each key once, in order, in few pages', async () => {
    const store = await storeOf(Array.from({ length: 20_000 }, () => 10))
    const { keys, found } = await read(store, 2 ** 20, 50_000)
    expect(keys).to.deep.equal(Array.from({ length: 20_000 }, (_, i) => keyOf(i).toString()))
    expect(found.map(({ count }) => count)).to.deep.equal([128, 1_024, 8_192, 10_656])
    await store.close()
  })

  it('are bounded by keys', async () => {
    const store = await storeOf(Array.from({ length: 1_000 }, () => 10))
    const { keys, found } = await read(store, 2 ** 20, 300)
    expect(keys).to.have.length(1_000)
    expect(Math.max(...found.map(({ count }) => count))).to.equal(300)
    await store.close()
  })

  it('follow the size of the records', async () => {
    const sizes = [
      ...Array.from({ length: 300 }, () => 10_000),
      ...Array.from({ length: 3_000 }, () => 10),
      ...Array.from({ length: 600 }, () => 10_000),
    ]
    const store = await storeOf(sizes)
    const { keys, found } = await read(store, 200_000, 1_000)
    expect(keys).to.have.length(sizes.length)
    const [first, second] = found
    expect(first?.count).to.equal(128)
    expect(second?.bytes).to.be.within(150_000, 210_000)
    expect(Math.max(...found.map(({ count }) => count))).to.be.above(500)
    // The page that meets them is larger; those behind it are not.
    expect(found.at(-2)?.bytes).to.be.below(210_000)
    await store.close()
  })

  it('end with an empty one where there is nothing', async () => {
    const store = await storeOf([])
    expect((await read(store, 1_000, 10)).found).to.deep.equal([{ count: 0, bytes: 0 }])
    await store.close()
  })

  it('fail where the store does, also for the page asked for ahead', async () => {
    const inner = await storeOf(Array.from({ length: 200 }, () => 10))
    const { revision } = await inner.range({ start: RANGE.start })
    let calls = 0
    const store: MetadataStore = {
      ...inner,
      range: (query) => (++calls > 1 ? Promise.reject(new Error('cut off')) : inner.range(query)),
    }
    const read: number[] = []
    let failure: unknown
    try {
      for await (const page of pages(store, RANGE, revision, {
        loadPageBytes: 1_000,
        loadPageKeysMax: 50,
      })) {
        read.push(page.length)
      }
    } catch (error) {
      failure = error
    }
    expect(read).to.deep.equal([50])
    expect(failure).to.have.property('message', 'cut off')
    await inner.close()
  })
})
