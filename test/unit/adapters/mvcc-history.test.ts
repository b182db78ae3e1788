/** How much of the past is kept in memory: what somebody can still ask for, within bounds. */
import { expect } from 'chai'
import { MemoryBackend } from '../../../adapters/memory/memory-backend.ts'
import { openMemoryStore } from '../../../adapters/memory/memory-store.ts'
import type { MetadataStore, WatchBatch } from '../../../lib/index.ts'
import { rejection } from '../../conformance/support.ts'

const start = Buffer.from('a')
const end = Buffer.from('z')

describe('adapters/mvcc history', () => {
  const write = async (store: MetadataStore, count: number, bytes = 10): Promise<void> => {
    for (let i = 0; i < count; i++) {
      const op = { type: 'put', key: Buffer.from(`k${i % 5}`), value: Buffer.alloc(bytes) } as const
      await store.txn({ compares: [], ops: [op] })
    }
  }

  it('is bounded in commits and in bytes where nobody watches', async () => {
    const backend = new MemoryBackend({ history: { idleCommitsMax: 100, idleBytesMax: 50_000 } })
    const store = openMemoryStore({ backend })
    await write(store, 1_000)
    expect(backend.revision - backend.mvcc.compacted).to.be.within(50, 100)
    await write(store, 200, 5_000)
    expect(backend.mvcc.historyBytes).to.be.at.most(50_000)
    await rejection(store.range({ start, end, revision: 5 }), 'STORE_COMPACTED')
  })

  it('keeps what an open watch has not read, up to the last bound', async () => {
    const history = { idleCommitsMax: 10, idleBytesMax: 5_000, bytesMax: 100_000 }
    const store = openMemoryStore({ backend: new MemoryBackend({ history }) })
    await write(store, 1)
    const abort = new AbortController()
    const watch = store.watch({ start, end, fromRevision: 2, signal: abort.signal })
    const batches = watch[Symbol.asyncIterator]()
    const first = (await batches.next()).value as WatchBatch
    expect(first.events).to.have.length(1)
    await write(store, 200)
    const behind = (await batches.next()).value as WatchBatch
    expect(behind.events).to.have.length(200)
    await write(store, 200, 2_000)
    await rejection(batches.next(), 'STORE_COMPACTED')
    await write(store, 50)
    const again = store.watch({
      start,
      end,
      fromRevision: behind.revision + 1,
      signal: abort.signal,
    })
    await rejection(again[Symbol.asyncIterator]().next(), 'STORE_COMPACTED')
  })

  it('a compaction leaves what reads can return, whatever it was that changed', async () => {
    const backend = new MemoryBackend()
    const store = openMemoryStore({ backend })
    const put = (name: string, value: string) =>
      store.txn({
        compares: [],
        ops: [{ type: 'put', key: Buffer.from(name), value: Buffer.from(value) }],
      })
    const remove = (name: string) =>
      store.txn({ compares: [], ops: [{ type: 'delete', key: Buffer.from(name) }] })
    const stateAt = async (revision: number) =>
      (await store.range({ start, end, revision })).kvs.map(
        ({ key, value, version }) => `${Buffer.from(key)}=${Buffer.from(value)}@${version}`,
      )
    const states: string[][] = []
    const steps = [
      () => put('a', '1'),
      () => put('b', '1'),
      () => put('a', '2'),
      () => remove('b'),
      () => put('c', '1'),
      () => put('b', '2'),
      () => remove('c'),
      () => put('a', '3'),
      () => remove('a'),
    ]
    for (const step of steps) {
      const { revision } = await step()
      states[revision] = await stateAt(revision)
    }
    for (let at = 2; at < states.length; at++) {
      await store.compact(at)
      for (let later = at; later < states.length; later++) {
        expect(await stateAt(later), `${later} behind ${at}`).to.deep.equal(states[later])
      }
    }
    await put('c', '9')
    expect(await stateAt(0)).to.deep.equal(['b=2@1', 'c=9@1'])
  })
})
