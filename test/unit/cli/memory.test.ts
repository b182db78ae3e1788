import { expect } from 'chai'
import {
  fitsMachine,
  HeapGuard,
  hasChosenHeap,
  heapAdvice,
  treeBytes,
} from '../../../cli/memory.ts'
import { parseSoftLimit } from '../../../cli/settings/groups/memory.ts'
import { StoreError } from '../../../lib/index.ts'

const MIB = 1_024 * 1_024
const HEAP = 1_000 * MIB

describe('cli/memory', () => {
  function guard(softLimit: number, overflows: StoreError[] = []): HeapGuard {
    return new HeapGuard(
      softLimit,
      (error) => overflows.push(error),
      HEAP,
      () => 20 * MIB,
    )
  }

  it('growth is refused above the limit, and taken again well below it', () => {
    const heap = guard(0.5)
    const tree = { nodeCount: 0, dataBytes: 0 }
    heap.serve(() => tree)
    heap.measured(100 * MIB)
    expect(heap.isShort()).to.equal(false)
    tree.dataBytes = 401 * MIB
    expect(heap.isShort()).to.equal(true)
    tree.dataBytes = 390 * MIB
    expect(heap.isShort(), 'only a little below').to.equal(true)
    tree.dataBytes = 370 * MIB
    expect(heap.isShort()).to.equal(false)
    expect(heap.refused).to.equal(2)
  })

  it('a measurement counts what the tree does not, and what it freed', () => {
    const heap = guard(0.5)
    const tree = { nodeCount: 1_000, dataBytes: 300 * MIB }
    heap.serve(() => tree)
    heap.measured(600 * MIB)
    expect(heap.isShort()).to.equal(true)
    heap.measured(310 * MIB)
    expect(heap.liveBytes).to.equal(310 * MIB)
    expect(heap.isShort()).to.equal(false)
    tree.nodeCount += 10
    expect(heap.liveBytes).to.equal(310 * MIB + treeBytes({ nodeCount: 10, dataBytes: 0 }))
  })

  it('a part of the heap, bytes, or none', () => {
    expect(guard(0.5).softLimitBytes).to.equal(HEAP / 2)
    expect(guard(1).softLimitBytes).to.equal(HEAP)
    expect(guard(5 * MIB).softLimitBytes).to.equal(5 * MIB)
    const none = guard(0)
    none.serve(() => ({ nodeCount: 0, dataBytes: 2 * HEAP }))
    expect(none.isShort()).to.equal(false)
    for (const [text, value] of [
      ['0.8', 0.8],
      ['.5', 0.5],
      ['1', 1],
      ['0', 0],
      ['1000000', 1e6],
    ]) {
      expect(parseSoftLimit(text as string)).to.equal(value)
    }
    for (const text of ['', '-1', '1.5', '80%', '1e9', 'x', '99999999999999999999']) {
      expect(() => parseSoftLimit(text), text).to.throw()
    }
  })

  it('a tree that does not fit ends its load', () => {
    const overflows: StoreError[] = []
    const heap = guard(0.7, overflows)
    heap.beginLoad()
    heap.loading({ nodeCount: 1, dataBytes: 100 * MIB })
    const tooLarge = { nodeCount: 5, dataBytes: 900 * MIB }
    expect(() => heap.loading(tooLarge))
      .to.throw(StoreError)
      .with.property('code', 'STORE_NO_MEMORY')
    expect(heap.largest).to.deep.equal(tooLarge)
    expect(overflows).to.deep.equal([])
    expect(heap.neededMiB(tooLarge))
      .to.be.above(900 / 0.7)
      .and.below(1_600)
  })

  it('beside a tree that is served it ends the process', () => {
    const overflows: StoreError[] = []
    const heap = guard(0.7, overflows)
    const size = { nodeCount: 1, dataBytes: 500 * MIB }
    heap.serve(() => size)
    heap.measured(500 * MIB)
    expect(() => heap.loading({ nodeCount: 1, dataBytes: 400 * MIB })).to.throw(StoreError)
    expect(overflows).to.have.length(1)
    // Measured behind that load, the next one counts from its first page on again.
    heap.measured(500 * MIB)
    heap.loading({ nodeCount: 1, dataBytes: 100 * MIB })
    expect(() => heap.loading({ nodeCount: 1, dataBytes: 350 * MIB })).to.throw(StoreError)
  })

  it('a size that was chosen stays, and the machine must have the memory', () => {
    expect(hasChosenHeap(['--max-old-space-size=64'], '')).to.equal(true)
    expect(hasChosenHeap([], '--inspect --max_old_space_size=64')).to.equal(true)
    expect(hasChosenHeap(['--import', 'tsx'], '')).to.equal(false)
    expect(fitsMachine(700, 0, 1_000 * MIB)).to.equal(true)
    expect(fitsMachine(800, 0, 1_000 * MIB)).to.equal(false)
    expect(fitsMachine(700, 500 * MIB, 1_000 * MIB)).to.equal(false)
    expect(heapAdvice(700)).to.include('NODE_OPTIONS=--max-old-space-size=700')
  })
})
