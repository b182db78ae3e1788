/**
 * Quotas as znodes (P2, P3): /zookeeper/quota<path>/zookeeper_limits declares one, the server keeps
 * the usage in …/zookeeper_stats. The statistics are derived from the tree, on every replica alike,
 * and like ZooKeeper's they change the data of that znode without a version or zxid of their own.
 */
import type { ByteString } from '../../model/byte-string.ts'
import { parentOf, RESERVED } from '../../model/path.ts'
import { parseQuota, type QuotaLimits } from '../../model/quota.ts'
import type { Znode } from '../../model/znode.ts'

const LIMITS_NAME = '/zookeeper_limits'
const STATS_NAME = '/zookeeper_stats'

/** Is the data of this znode computed, so that its record may have older data? */
export function isDerived(path: string): boolean {
  return path.endsWith(STATS_NAME) && path.startsWith(RESERVED.quota)
}

/** Is this one of the znodes of which a quota is made? */
export function isQuotaZnode(path: string): boolean {
  return (
    path.startsWith(RESERVED.quota) && (path.endsWith(LIMITS_NAME) || path.endsWith(STATS_NAME))
  )
}

/** What is counted: a tree, as far as quotas care. */
export interface CountedTree {
  /** The record of a znode is no more what the znode is. */
  readonly onDirty?: ((kind: 'n', path: string) => void) | undefined
  get(path: string): Znode | undefined
  paths(): IterableIterator<string>
}

export interface Usage {
  readonly count: number
  readonly bytes: number
}

/** The quota that counts for a path. */
export interface Quota {
  /** Where it is declared for: the path itself or one above. */
  readonly path: string
  readonly usage: Usage
  /** undefined: what its data says is not understood. */
  readonly limits: QuotaLimits | undefined
  /** Has it statistics? Without them nothing is counted, and nothing enforced. */
  readonly isCounted: boolean
}

interface Counted {
  count: number
  bytes: number
  /** What the data of zookeeper_limits was when it was read last, and what it says. */
  data?: ByteString | null
  limits?: QuotaLimits | undefined
}

export class QuotaTable {
  readonly #tree: CountedTree
  /** Quota'd path → usage. Few of them; the common case is none. */
  readonly #usage = new Map<string, Counted>()
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
      const quotaPath = parentOf(path).slice(RESERVED.quota.length)
      if (this.#usage.delete(quotaPath)) {
        this.#measure()
        // From now on its data is its own, and only the record says it: as it was counted last.
        const stats = `${RESERVED.quota}${quotaPath}${STATS_NAME}`
        if (this.#tree.get(stats) !== undefined) this.#tree.onDirty?.('n', stats)
      }
    }
    this.#account(path, -1, -(node.data?.length ?? 0))
  }

  resized(path: string, bytes: number): void {
    if (bytes !== 0 || this.#usage.size > 0) this.#account(path, 0, bytes)
  }

  /** The data of that znode was set: where it is counted, the usage stays what it shows, on every replica alike. */
  written(path: string): void {
    if (!path.startsWith(RESERVED.quota) || !path.endsWith(STATS_NAME)) return
    const quotaPath = parentOf(path).slice(RESERVED.quota.length)
    const usage = this.#usage.get(quotaPath)
    if (usage !== undefined) this.#publish(quotaPath, usage)
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
    const at = this.#nearest(path)
    if (at === undefined) return
    const usage = this.#usage.get(at) as Counted
    usage.count += count
    usage.bytes += bytes
    this.#publish(at, usage)
  }

  /** The quota of which the usage is counted for that path; undefined: none. */
  nearest(path: string): Quota | undefined {
    const at = this.#nearest(path)
    if (at === undefined) return undefined
    const counted = this.#usage.get(at) as Counted
    const { data = null } = this.#tree.get(`${RESERVED.quota}${at}${LIMITS_NAME}`) ?? {}
    // Data may be long, and every request below asks.
    if (counted.data !== data) {
      counted.data = data
      counted.limits = parseQuota(data)
    }
    const isCounted = this.#tree.get(`${RESERVED.quota}${at}${STATS_NAME}`) !== undefined
    return { path: at, usage: counted, limits: counted.limits, isCounted }
  }

  #nearest(path: string): string | undefined {
    if (this.#usage.size === 0) return undefined
    // Not level by level: a path may have thousands, and few of them have a quota.
    for (const length of this.#lengths) {
      if (length > path.length || (length < path.length && path[length] !== '/')) continue
      const at = path.slice(0, length)
      if (this.#usage.has(at)) return at
    }
    return undefined
  }

  #publish(quotaPath: string, usage: Usage): void {
    const node = this.#tree.get(`${RESERVED.quota}${quotaPath}${STATS_NAME}`)
    if (node !== undefined) {
      node.data = `count=${usage.count},bytes=${usage.bytes}`
    }
  }
}
