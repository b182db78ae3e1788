/** The memory store keeps to the contract; and what only it can promise: order at any size, a clock. */
import { expect } from 'chai'
import { MemoryBackend } from '../../adapters/memory/memory-backend.ts'
import { openMemoryStore } from '../../adapters/memory/memory-store.ts'
import { KeyIndex } from '../../adapters/mvcc/key-index.ts'
import type { Clock } from '../../lib/base/clock.ts'
import { keeperConformance, type StoreFixture, storeConformance } from '../conformance/index.ts'
import { bytes, text } from '../conformance/support.ts'

const factory = async (): Promise<StoreFixture> => {
  const backend = new MemoryBackend({ progressMs: 100 })
  return { open: async () => openMemoryStore({ backend }), stop: async () => {} }
}
const features = { persistent: false, shared: false }
storeConformance({ name: 'memory', features, factory })
keeperConformance({ name: 'memory', features, factory })

describe('memory store', () => {
  it('leases expire by the given clock, at their TTL and not before', async () => {
    const clock = new ManualClock()
    const store = openMemoryStore({ clock })
    const { id } = await store.grantLease({ ttlMs: 5_000 })
    await store.txn({
      compares: [],
      ops: [{ type: 'put', key: bytes('a'), value: bytes('1'), lease: id }],
    })
    const alive = async () => (await store.range({ start: bytes('a') })).kvs.length === 1
    clock.advance(4_000)
    await store.keepLeaseAlive(id)
    clock.advance(4_999)
    expect(await alive()).to.equal(true)
    clock.advance(1)
    expect(await alive()).to.equal(false)
    await store.close()
  })

  it('ranges of 100,000 keys take milliseconds, whatever the order of insertion', async () => {
    const store = openMemoryStore()
    const count = 100_000
    const order = Array.from({ length: count }, (_, i) => (i * 7_919) % count)
    for (let at = 0; at < count; at += 10_000) {
      const ops = order.slice(at, at + 10_000).map((i) => {
        const key = bytes(`n/${String(i).padStart(8, '0')}`)
        return { type: 'put', key, value: bytes('v') } as const
      })
      await store.txn({ compares: [], ops })
    }
    const { kvs } = await store.range({ start: bytes('n/'), end: bytes('n0') })
    expect(kvs).to.have.length(count)
    expect(text(kvs[count - 1]!.key)).to.equal('n/00099999')
    await store.close()
  })
})

describe('mvcc/key-index', () => {
  it('agrees with a sorted array on every operation', () => {
    const index = new KeyIndex<{ key: Uint8Array }>()
    let names: string[] = []
    for (let i = 0; i < 3_000; i++) {
      const name = String((i * 2_654_435_761) % 100_003)
      if (index.get(bytes(name)) !== undefined) continue
      index.insert({ key: bytes(name) })
      names.push(name)
      if (i === 2_000) {
        for (const name of names) if (name.endsWith('7')) index.remove(bytes(name))
        names = names.filter((kept) => !kept.endsWith('7'))
      }
    }
    names.sort()
    for (const [start, end] of [
      ['', '\xff'],
      ['2', '7'],
      ['55', '555'],
      ['999999', '\xff'],
      ['0', '1'],
    ]) {
      const expected = names.filter((name) => name >= start! && name < end!)
      const up = [...index.ascend(bytes(start!), bytes(end!))].map((item) => text(item.key))
      const down = [...index.descend(bytes(start!), bytes(end!))].map((item) => text(item.key))
      expect(up).to.deep.equal(expected)
      expect(down).to.deep.equal(expected.reverse())
    }
  })
})

/** Time that moves only when told. */
class ManualClock implements Clock {
  #now = 0
  #timers = new Map<object, { dueMs: number; run: () => void }>()

  now = (): number => this.#now
  monotonic = (): number => this.#now

  after(delayMs: number, run: () => void): () => void {
    const id = {}
    this.#timers.set(id, { dueMs: this.#now + delayMs, run })
    return () => this.#timers.delete(id)
  }

  advance(ms: number): void {
    const endMs = this.#now + ms
    for (;;) {
      const due = [...this.#timers].sort((a, b) => a[1].dueMs - b[1].dueMs)[0]
      if (due === undefined || due[1].dueMs > endMs) break
      this.#timers.delete(due[0])
      this.#now = due[1].dueMs
      due[1].run()
    }
    this.#now = endMs
  }
}
