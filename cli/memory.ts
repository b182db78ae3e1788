/**
 * How much of the process's heap the tree may take. Above the soft limit requests that make the tree larger are refused;
 * a tree that does not fit is refused while it is loaded, before V8 aborts the process.
 *
 * What lives is measured where that costs nothing, after a mark-compact, and in between the tree's own counts say how
 * much came since: `process.memoryUsage` would count what the next collection frees. Neighbour: heap (growth).
 */
import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import { LIMITS_DEFAULT, type MemoryGuard, StoreError } from '../lib/index.ts'

const MIB = 1_024 * 1_024
/** V8's young generation, three semi-spaces of 16 MiB: `heap_size_limit` counts it, but no tree lives there. */
const YOUNG_BYTES = 48 * MIB
/** What a znode takes besides its path and data, bytes: 490 for each of a million without data, and a Buffer's header. */
const ZNODE_BYTES = 520
/** What serving adds to a loaded tree before the first client has done anything. */
const SERVING_BYTES = 16 * MIB
/** Requests are taken again below this part of the soft limit. */
const AGAIN = 0.95
/**
 * A tree is loaded up to this part of the heap. From there on V8 ends a process whose mark-compacts free little
 * (`Heap::IsIneffectiveMarkCompact` in V8's heap.cc).
 */
const LOADED_MAX = 0.8
/** The soft limit is this part of the heap, unless it is given. */
export const SOFT_LIMIT_DEFAULT = 0.7
/** The heap has room for so many pages of a load. */
const PAGE_PART = 64
/** Of the machine's memory that a heap is sized to take. */
const MACHINE_PART = 0.75

/** What of a tree says how large it is. */
export interface TreeSize {
  readonly nodeCount: number
  /** Of paths and data. */
  readonly dataBytes: number
}

const EMPTY: TreeSize = { nodeCount: 0, dataBytes: 0 }

export function treeBytes({ nodeCount, dataBytes }: TreeSize): number {
  return nodeCount * ZNODE_BYTES + dataBytes
}

/** Bytes of heap in which what lives for long must fit. */
export function heapBytes(): number {
  return Math.max(16 * MIB, getHeapStatistics().heap_size_limit - YOUNG_BYTES)
}

/** Bytes of a page while a tree is loaded into a heap of this size. */
export function pageBytes(heap: number = heapBytes()): number {
  return Math.min(LIMITS_DEFAULT.loadPageBytes, Math.floor(heap / PAGE_PART))
}

export class HeapGuard implements MemoryGuard {
  /** Requests refused. */
  refused = 0
  /** 0: there is none. */
  readonly softLimitBytes: number
  readonly #heapBytes: number
  readonly #onOverflow: (error: StoreError) => void
  /** In use without the tree, or with it after a mark-compact. */
  #liveBytes: number
  /** Before a tree was loaded. */
  #baseBytes: number
  readonly #usedBytes: () => number
  /** Of the tree when that was measured. */
  #measuredTreeBytes = 0
  #tree: () => TreeSize = () => EMPTY
  #isShort = false
  #isServing = false
  /** Of the tree that is being loaded, now and when what lives was measured. */
  #loadBytes = 0
  #measuredLoadBytes = 0
  /** As far as a tree was loaded that did not fit. */
  largest: TreeSize | undefined

  /**
   * @param softLimit up to 1: that part of the heap; above: bytes; 0: none
   * @param onOverflow a tree that is loaded beside the one that is served does not fit: the process must end
   */
  constructor(
    softLimit: number,
    onOverflow: (error: StoreError) => void,
    heap: number = heapBytes(),
    usedBytes: () => number = () => getHeapStatistics().used_heap_size,
  ) {
    this.#usedBytes = usedBytes
    this.#baseBytes = usedBytes()
    this.#liveBytes = this.#baseBytes
    this.#heapBytes = heap
    this.#onOverflow = onOverflow
    this.softLimitBytes = softLimit <= 1 ? Math.floor(softLimit * heap) : softLimit
  }

  /** From now on this tree is served. `tree` is called often. */
  serve(tree: () => TreeSize): void {
    // The tree that was loaded is the one that is served.
    this.#tree = tree
    this.#measuredTreeBytes += this.#measuredLoadBytes
    this.#loadEnded()
    this.#isServing = true
  }

  /** After each mark-compact, for as long as the process lives. */
  observe(): void {
    new PerformanceObserver((list) => {
      if (list.getEntries().some(isMarkCompact)) this.measured(getHeapStatistics().used_heap_size)
    }).observe({ entryTypes: ['gc'] })
  }

  /** So much lives now. */
  measured(liveBytes: number): void {
    this.#liveBytes = liveBytes
    this.#measuredTreeBytes = treeBytes(this.#tree())
    this.#measuredLoadBytes = this.#loadBytes
  }

  /** An estimate of what would live after a mark-compact now. */
  get liveBytes(): number {
    return this.#liveBytes + treeBytes(this.#tree()) - this.#measuredTreeBytes
  }

  get isAboveLimit(): boolean {
    if (this.softLimitBytes === 0) return false
    const limit = this.#isShort ? this.softLimitBytes * AGAIN : this.softLimitBytes
    this.#isShort = this.liveBytes > limit
    return this.#isShort
  }

  isShort(): boolean {
    const isShort = this.isAboveLimit
    if (isShort) this.refused++
    return isShort
  }

  loading(tree: TreeSize): void {
    const loaded = treeBytes(tree)
    // Another load: of the one before nothing is left, or it is the tree that is served.
    if (loaded < this.#loadBytes) this.#measuredLoadBytes = 0
    this.#loadBytes = loaded
    const bytes = this.liveBytes + this.#loadBytes - this.#measuredLoadBytes
    if (bytes <= this.#heapBytes * LOADED_MAX) return
    this.largest = { nodeCount: tree.nodeCount, dataBytes: tree.dataBytes }
    const error = new StoreError(
      'STORE_NO_MEMORY',
      `the tree does not fit into a heap of ${shown(this.#heapBytes)}: ${tree.nodeCount} znodes of it take ${shown(treeBytes(tree))}`,
    )
    if (this.#isServing) this.#onOverflow(error)
    throw error
  }

  /** A load begins: what lives without its tree is known. */
  beginLoad(): void {
    this.#loadEnded()
    if (this.#isServing) return
    this.#baseBytes = this.#usedBytes()
    this.#liveBytes = this.#baseBytes
    this.#measuredTreeBytes = 0
  }

  #loadEnded(): void {
    this.#loadBytes = 0
    this.#measuredLoadBytes = 0
  }

  /** Bytes of a page while a tree is loaded: two of them are in memory beside the tree. */
  get pageBytes(): number {
    return pageBytes(this.#heapBytes)
  }

  /** MiB of heap that a tree of this size wants, with what else lives and the soft limit in view. */
  neededMiB(tree: TreeSize): number {
    const softPart = this.softLimitBytes / this.#heapBytes
    const part = softPart > 0 ? Math.min(SOFT_LIMIT_DEFAULT, softPart) : SOFT_LIMIT_DEFAULT
    return Math.ceil((this.#baseBytes + treeBytes(tree) + SERVING_BYTES) / part / MIB)
  }
}

/** What an operator, or this process, does about a tree that does not fit. */
export function heapAdvice(neededMiB: number): string {
  return `it needs about ${neededMiB} MiB of heap, and this process has ${shown(heapBytes())}: start it with NODE_OPTIONS=--max-old-space-size=${neededMiB}`
}

/** Whether this process was given a size of heap: then that is the operator's choice. */
export function hasChosenHeap(
  args: readonly string[] = process.execArgv,
  options = process.env.NODE_OPTIONS ?? '',
): boolean {
  return [...args, options].some((arg) => /--max[-_]old[-_]space[-_]size/.test(arg))
}

/** Does the machine, or the container, have the memory for it? */
export function fitsMachine(neededMiB: number, constrained: number, total: number): boolean {
  const bytes = constrained > 0 ? Math.min(constrained, total) : total
  return neededMiB * MIB <= bytes * MACHINE_PART
}

/** `detail` is Node's own, and not in its types. */
function isMarkCompact(entry: PerformanceEntry & { readonly detail?: { kind: number } }): boolean {
  return entry.detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR
}

function shown(bytes: number): string {
  return `${Math.round(bytes / MIB)} MiB`
}
