import { spawnSync } from 'node:child_process'
import { expect } from 'chai'
import { HEAP_GROWN_BYTES, heapGrowingPercent } from '../../../cli/heap.ts'

const MIB = 1_024 * 1_024

/**
 * How many mark-compacts a process needs that makes 1 GB of garbage while 16 MB are in use, with V8's growth
 * held at one tenth, as it is after an idle time.
 */
function markCompacts(growSmallHeap: boolean): number {
  const program = `
    import { setFlagsFromString } from 'node:v8'
    import { constants, PerformanceObserver } from 'node:perf_hooks'
    import { growSmallHeap } from './cli/heap.ts'
    setFlagsFromString('--heap-growing-percent=10')
    if (${growSmallHeap}) growSmallHeap()
    let marks = 0
    new PerformanceObserver((list) => {
      for (const { detail } of list.getEntries()) if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) marks++
    }).observe({ entryTypes: ['gc'] })
    const live = Array.from({ length: 2_000 }, () => [])
    for (let turn = 0; turn < 600; turn++) {
      for (let i = 0; i < 200; i++) live[(turn * 200 + i) % 2_000] = new Array(1_000).fill(turn + i)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await new Promise((resolve) => setTimeout(resolve, 0))
    console.log(marks)`
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', program],
    { encoding: 'utf8', timeout: 60_000 },
  )
  if (!/^\d+\n$/.test(stdout)) throw new Error(stderr)
  return Number(stdout)
}

describe('cli/heap', () => {
  it('a small heap may grow to four times itself, a larger one to 96 MiB, from there on V8 decides', () => {
    expect(heapGrowingPercent(MIB)).to.equal(300)
    expect(heapGrowingPercent(HEAP_GROWN_BYTES / 4)).to.equal(300)
    expect(heapGrowingPercent(HEAP_GROWN_BYTES / 2)).to.equal(100)
    expect(heapGrowingPercent(64 * MIB)).to.equal(50)
    expect(heapGrowingPercent(HEAP_GROWN_BYTES - 1)).to.equal(0)
    expect(heapGrowingPercent(HEAP_GROWN_BYTES)).to.equal(0)
    expect(heapGrowingPercent(2_000 * MIB)).to.equal(0)
  })

  it('is marked far less often than one that grows by a tenth', () => {
    const held = markCompacts(false)
    const grown = markCompacts(true)
    expect(held).to.be.greaterThan(0)
    expect(grown).to.be.lessThan(held / 2)
  })
})
