/**
 * Quotas as znodes (P2, P3): /zookeeper/quota<path>/zookeeper_limits declares one, the server keeps
 * the usage in …/zookeeper_stats. The statistics are derived from the tree, on every replica alike,
 * and like ZooKeeper's they change the data of that znode without a version or zxid of their own.
 */
import { parentOf, RESERVED } from '../../model/path.ts'
import type { Znode } from '../../model/znode.ts'

const LIMITS_NAME = '/zookeeper_limits'
const STATS_NAME = '/zookeeper_stats'

/** Is the data of this znode computed, so that its record may have older data? */
export function isDerived(path: string): boolean {
  return path.endsWith(STATS_NAME) && path.startsWith(RESERVED.quota)
}

/** What is counted: a tree, as far as quotas care. */
export interface CountedTree {
  get(path: string): Znode | undefined
  paths(): IterableIterator<string>
}

interface Usage {
  count: number
  bytes: number
}

export class QuotaTable {
  readonly #tree: CountedTree
  /** Quota'd path → usage. Few of them; the common case is none. */
  readonly #usage = new Map<string, Usage>()
  /** Lengths of those paths, the longest first. */
  #lengths: number[] = []

  constructor(tree: CountedTree) {
    this.#tree = tree
  }

  created(path: string, node: Znode): void {
    if (path.startsWith(RESERVED.quota)) {
      const parent = parentOf(path)
      const quotaPath = parent.slice(RESERVED.quota.length)
      if (quotaPath !== '' && path.endsWith(LIMITS_NAME)) this.#activate(quotaPath)
      if (quotaPath !== '' && path.endsWith(STATS_NAME)) this.#recount(quotaPath)
    }
    this.#account(path, 1, node.data?.length ?? 0)
  }

  deleted(path: string, node: Znode): void {
    if (path.startsWith(RESERVED.quota) && path.endsWith(LIMITS_NAME)) {
      this.#usage.delete(parentOf(path).slice(RESERVED.quota.length))
      this.#measure()
    }
    this.#account(path, -1, -(node.data?.length ?? 0))
  }

  resized(path: string, bytes: number): void {
    if (bytes !== 0 || this.#usage.size > 0) this.#account(path, 0, bytes)
  }

  /** After a load: counts everything again. */
  rebuild(): void {
    this.#usage.clear()
    this.#lengths = []
    for (const path of this.#tree.paths()) {
      if (path.startsWith(`${RESERVED.quota}/`) && path.endsWith(LIMITS_NAME)) {
        this.#activate(parentOf(path).slice(RESERVED.quota.length))
      }
    }
  }

  #activate(quotaPath: string): void {
    this.#usage.set(quotaPath, { count: 0, bytes: 0 })
    this.#measure()
    this.#recount(quotaPath)
  }

  #measure(): void {
    const lengths = new Set<number>()
    for (const path of this.#usage.keys()) lengths.add(path.length)
    this.#lengths = [...lengths].sort((x, y) => y - x)
  }

  #recount(quotaPath: string): void {
    const usage = this.#usage.get(quotaPath)
    if (usage === undefined) return
    const node = this.#tree.get(quotaPath)
    usage.count = node === undefined ? 0 : 1 + node.descendants
    usage.bytes = node?.subtreeBytes ?? 0
    this.#publish(quotaPath, usage)
  }

  /** The longest quota'd prefix takes the change. Source: DataTree.getMaxPrefixWithQuota. */
  #account(path: string, count: number, bytes: number): void {
    if (this.#usage.size === 0) return
    // Not level by level: a path may have thousands, and few of them have a quota.
    for (const length of this.#lengths) {
      if (length > path.length || (length < path.length && path[length] !== '/')) continue
      const at = path.slice(0, length)
      const usage = this.#usage.get(at)
      if (usage === undefined) continue
      usage.count += count
      usage.bytes += bytes
      this.#publish(at, usage)
      return
    }
  }

  #publish(quotaPath: string, usage: Usage): void {
    const node = this.#tree.get(`${RESERVED.quota}${quotaPath}${STATS_NAME}`)
    if (node !== undefined) {
      node.data = `count=${usage.count},bytes=${usage.bytes}`
    }
  }
}
