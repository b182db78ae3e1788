/** For how long a store that does not answer is tried again: as long as it is said, by all that read or write a tree. */
import { expect } from 'chai'
import {
  abandonImport,
  type Clock,
  importTree,
  type MetadataStore,
  type RepairOptions,
  readTree,
  repairTree,
  StoreError,
} from '../../../../lib/index.ts'
import { emptyMirror } from '../../../../lib/transfer/empty-mirror.ts'
import { STORE_MS_DEFAULT } from '../../../../lib/transfer/patiently.ts'
import { chunks, hastyClock, sourceTree, target } from '../copy/bench.ts'

/** The longest pause between two attempts. */
const PAUSE_MS = 2_000
const none = (): void => {}

describe('transfer: a store that does not answer', () => {
  for (const storeMs of [4_000, 90_000, undefined]) {
    const untilMs = storeMs ?? STORE_MS_DEFAULT
    it(`is tried again for ${untilMs} ms${storeMs === undefined ? ', unless given' : ''}`, async () => {
      const { lines } = await sourceTree()
      const store = target({})
      store.range = async () => {
        throw new StoreError('STORE_UNAVAILABLE', 'gone')
      }
      const given = storeMs === undefined ? {} : { storeMs }
      for (const run of [
        (clock: Clock) => importTree({ store, input: chunks(lines), clock, ...given }),
        (clock: Clock) => abandonImport({ store, clock, ...given }),
        (clock: Clock) => emptyMirror({ store, prefix: '/anykeeper', clock, ...given }),
        (clock: Clock) => readTree({ store, clock, ...given }),
        (clock: Clock) => repairTree({ store, save: none, clock, ...given }),
      ]) {
        const clock = hastyClock()
        const error = await run(clock).catch((e: Error) => e)
        expect(error).to.be.instanceOf(StoreError).with.property('message', 'gone')
        expect(clock.monotonic()).to.be.within(untilMs - PAUSE_MS, untilMs + PAUSE_MS)
      }
    })
  }

  it('each read of an export and of a repair is made again until it is answered', async () => {
    const { lines, store } = await damagedTree()
    const repaired = await damagedTree()
    const reads = lateOnce(store)
    const tree = await readTree({ store, clock: hastyClock(), salvage: true })
    expect(tree.header.znodes).to.equal(lines.filter((line) => line.startsWith('{"path"')).length)
    expect(reads.late).to.be.greaterThan(5)
    const saved: number[] = []
    const late = lateOnce(repaired.store)
    const { isMended } = await mended(repaired.store, {
      save: (kvs) => void saved.push(kvs.length),
    })
    expect(isMended).to.equal(true)
    expect(saved[0]).to.be.greaterThan(0)
    expect(late.late).to.be.greaterThan(reads.late)
  })

  for (const fault of ['before', 'after'] as const) {
    it(`a write of a repair is not: its outcome is unknown, and it was ${fault === 'after' ? '' : 'not '}applied`, async () => {
      const { store } = await damagedTree()
      store.faults.push(fault)
      const before = store.txnCount
      const error = await mended(store).catch((e: Error) => e)
      expect(error).to.include({ code: 'STORE_TIMEOUT', outcome: 'unknown' })
      expect(error).to.have.property('message').that.includes('the repair had begun')
      expect(store.txnCount).to.equal(before + 1)
      const again = await mended(store)
      expect(again.left).to.deep.equal([])
    })
  }

  it('what has been written is said where the look behind it fails', async () => {
    const { store } = await damagedTree()
    const { range } = store
    store.beforeTxn = () => {
      store.range = async () => {
        throw new StoreError('STORE_UNAVAILABLE', 'gone')
      }
    }
    const error = await mended(store).catch((e: Error) => e)
    expect(error)
      .to.have.property('message')
      .that.matches(/^gone: the repair had begun, .* run it/)
    store.range = range
    store.beforeTxn = undefined
    expect((await mended(store)).findings).to.deep.equal([])
  })
})

const mended = (store: MetadataStore, given: Partial<RepairOptions> = {}) =>
  repairTree({ store, save: none, clock: hastyClock(), ...given })

/** One record of it is none. */
async function damagedTree() {
  const { lines } = await sourceTree()
  const store = target({})
  await importTree({ store, input: chunks(lines) })
  const key = Buffer.from('/anykeeper/n/a1/app')
  await store.txn({ compares: [], ops: [{ type: 'put', key, value: Buffer.from('no record') }] })
  return { lines, store }
}

/** Each read is late once. */
function lateOnce(store: MetadataStore): { readonly late: number } {
  const { range } = store
  const counts = { late: 0 }
  let isLate = false
  store.range = async (query) => {
    isLate = !isLate
    if (!isLate) return range(query)
    counts.late++
    throw new StoreError('STORE_TIMEOUT', 'it did not answer in time')
  }
  return counts
}
