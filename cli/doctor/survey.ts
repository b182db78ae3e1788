/**
 * One look at every znode of a tree: what is large, wide, deep, and whose. Not one state of the tree, as it is read znode by
 * znode. Neighbours: report, verb.
 */
import type { ZooKeeper } from '../../lib/index.ts'
import { isSession } from '../ensemble/owners.ts'
import { type Visited, walkTree } from '../znode/walk-tree.ts'
import { Top } from './top.ts'

/** A znode and what is counted of it. */
export interface Counted {
  readonly path: string
  readonly count: number
}

/** A parent, and what a list of its children takes in a reply. Unit bytes. */
export interface Wide extends Counted {
  readonly listBytes: number
}

export interface Survey {
  readonly znodes: number
  readonly dataBytes: number
  readonly ephemerals: number
  /** Nothing is known of them, nor of what is below them. */
  readonly unreadable: number
  readonly deepest: Counted
  /** By bytes of data. */
  readonly largest: readonly Counted[]
  readonly widest: readonly Wide[]
  /** By znodes below them, the root left out. */
  readonly families: readonly Counted[]
  /** By ephemerals. */
  readonly owners: readonly { readonly id: bigint; readonly count: number }[]
}

export interface SurveyOptions {
  readonly root: string
  /** Of each list. */
  readonly top: number
  readonly signal: AbortSignal
  readonly onVisit?: (done: number) => void
}

/** Of a name in a list of children: its length, 4 bytes, and its text. */
const LENGTH_BYTES = 4

/** Counts what is below each znode: parents come first, so a znode is complete when one comes that is not below it. */
class Families {
  readonly #open: { path: string; depth: number; count: number }[] = []
  readonly #top: Top<Counted>

  constructor(top: number) {
    this.#top = new Top(top, ({ count }) => count)
  }

  visit({ path, depth }: Visited): void {
    this.#close(depth)
    this.#open.push({ path, depth, count: 0 })
  }

  end(): readonly Counted[] {
    this.#close(0)
    return this.#top.items
  }

  #close(depth: number): void {
    for (
      let last = this.#open.at(-1);
      last !== undefined && last.depth >= depth;
      last = this.#open.at(-1)
    ) {
      this.#open.pop()
      const parent = this.#open.at(-1)
      if (parent === undefined) continue
      parent.count += last.count + 1
      if (last.count > 0) this.#top.add({ path: last.path, count: last.count })
    }
  }
}

/** @throws {ZnodeError} the signal's reason */
export async function survey(client: ZooKeeper, options: SurveyOptions): Promise<Survey> {
  const { root, top, signal, onVisit = () => {} } = options
  const largest = new Top<Counted>(top, ({ count }) => count)
  const widest = new Top<Wide>(top, ({ listBytes }) => listBytes)
  const families = new Families(top)
  const owned = new Map<bigint, number>()
  let [znodes, dataBytes, ephemerals, unreadable] = [0, 0, 0, 0]
  let deepest: Counted = { path: root, count: 0 }
  for await (const visited of walkTree(client, root)) {
    signal.throwIfAborted()
    const { path, depth, stat, children } = visited
    onVisit(++znodes)
    if (depth > deepest.count) deepest = { path, count: depth }
    families.visit(visited)
    if (stat === undefined || children === undefined) {
      unreadable++
      continue
    }
    dataBytes += stat.dataLength
    if (stat.dataLength > 0) largest.add({ path, count: stat.dataLength })
    if (children.length > 0)
      widest.add({ path, count: children.length, listBytes: listBytes(children) })
    if (!isSession(stat.ephemeralOwner)) continue
    ephemerals++
    owned.set(stat.ephemeralOwner, (owned.get(stat.ephemeralOwner) ?? 0) + 1)
  }
  const owners = new Top<{ id: bigint; count: number }>(top, ({ count }) => count)
  for (const [id, count] of owned) owners.add({ id, count })
  return {
    znodes,
    dataBytes,
    ephemerals,
    unreadable,
    deepest,
    largest: largest.items,
    widest: widest.items,
    families: families.end(),
    owners: owners.items,
  }
}

function listBytes(names: readonly string[]): number {
  return names.reduce((sum, name) => sum + LENGTH_BYTES + Buffer.byteLength(name), 0)
}
