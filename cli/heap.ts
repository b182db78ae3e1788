/**
 * Tunes how far a small heap grows between two mark-compacts.
 *
 * V8 lets a heap grow by up to a factor of four before it marks again, but by little over one once its
 * memory reducer has found the process idle (`Heap::CurrentHeapGrowingMode` in V8's heap.cc; the reducer
 * cannot be turned off in a running process). A proxy that was idle and then serves thousands of writes a
 * second marked its 16 MiB nine times a second, which was the whole of its p99
 * (bench/where-the-time-goes.md). So `serve` sets the growth of a small heap itself, and leaves a large one
 * to V8: there a small factor keeps the resident set small, and marking is rare anyway.
 */
import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks'
import { getHeapStatistics, setFlagsFromString } from 'node:v8'

/** Below this size `serve` tunes heap growth, bytes. From here on V8 decides. */
export const HEAP_GROWN_BYTES = 96 * 1_024 * 1_024
/** V8's own largest factor is 4: 300 % on top of the heap in use. */
const GROWTH_PERCENT_MAX = 300

/** V8's `--heap-growing-percent` for this much in use after a mark-compact; 0: V8 decides. */
export function heapGrowingPercent(usedBytes: number): number {
  if (usedBytes >= HEAP_GROWN_BYTES) return 0
  return Math.min(GROWTH_PERCENT_MAX, Math.round((HEAP_GROWN_BYTES / usedBytes - 1) * 100))
}

/** `detail` is Node's own, and not in its types. */
function isMarkCompact(entry: PerformanceEntry & { readonly detail?: { kind: number } }): boolean {
  return entry.detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR
}

/** From now on, for this process: every mark-compact sets the growth until the next one. */
export function growSmallHeap(): void {
  let percent = 0
  const adjust = (): void => {
    const wanted = heapGrowingPercent(getHeapStatistics().used_heap_size)
    if (wanted === percent) return
    percent = wanted
    setFlagsFromString(`--heap-growing-percent=${percent}`)
  }
  new PerformanceObserver((list) => {
    if (list.getEntries().some(isMarkCompact)) adjust()
  }).observe({ entryTypes: ['gc'] })
  adjust()
}
