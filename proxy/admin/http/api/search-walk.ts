/**
 * Looks for names below a znode, in the order of paths: each znode before those below it, its children by name. So a walk can end
 * anywhere, and another one begins behind any path, in this process or another, whatever comes and goes meanwhile. Pure. Neighbour: search-route.
 */
import type { Znode } from '../../../../lib/internal.ts'
import type { ProxyHost } from '../../../host.ts'

/** Names of a wide parent that are put in order together: to sort all of them would take too long in one turn. */
export const SORTED_MAX = 2_000

type Tree = Pick<ProxyHost['keeper']['replica']['tree'], 'get'>

export interface SearchOptions {
  /** Below this one, which is not looked at itself. */
  readonly from: string
  /** Behind this place, as {@link SearchWalk.place} was; undefined: from the first one on. */
  readonly behind: string | undefined
  readonly isWanted: (name: string) => boolean
  /** Paths that are wanted. */
  readonly foundMax: number
  /** Names to look at; of a parent that is wider, all are looked at. */
  readonly lookedMax: number
  /** @default SORTED_MAX */
  readonly sortedMax?: number
}

/** A parent whose children are gone through. */
interface Level {
  readonly path: string
  /** The newest that was taken out of it, or was passed before. */
  after: string | undefined
  names: readonly string[]
  /** The next one of `names`. */
  at: number
  /** Behind `names` there is nothing more. */
  isLast: boolean
}

const levelOf = (path: string, after?: string): Level => ({
  ...{ path, after, names: [], at: 0, isLast: false },
})

const pathBelow = (parent: string, name: string): string =>
  parent === '/' ? `/${name}` : `${parent}/${name}`

const byUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

export class SearchWalk {
  readonly found: string[] = []
  /** Names that were looked at; those of a wide parent may be looked at again with each request. */
  looked = 0
  /** All is looked at. */
  isDone = false
  /**
   * How far it is: the newest path that was looked at, with a "/" behind it if so was all below it. The znode need not be there any more
   * when the next walk begins behind it.
   */
  place: string | undefined
  readonly #tree: Tree
  readonly #options: SearchOptions
  readonly #sortedMax: number
  readonly #levels: Level[] = []
  /** Names that were looked at to find the next ones of a wide parent. */
  #passed = 0

  constructor(tree: Tree, options: SearchOptions) {
    this.#tree = tree
    this.#options = options
    this.#sortedMax = options.sortedMax ?? SORTED_MAX
    const { from, behind } = options
    if (behind === undefined) this.#levels.push(levelOf(from))
    else this.#resume(from, behind)
  }

  /** The levels as they were when `behind` was looked at: the next ones are below it. */
  #resume(from: string, behind: string): void {
    this.place = behind
    let path = from
    for (const name of behind.slice(from === '/' ? 1 : from.length + 1).split('/')) {
      if (name === '') return
      this.#levels.push(levelOf(path, name))
      path = pathBelow(path, name)
    }
    this.#levels.push(levelOf(path))
  }

  /** One step behind the other, each of less than a microsecond or, rarely, a sort of {@link SORTED_MAX} names. */
  *steps(): Generator<void> {
    const { foundMax, lookedMax, isWanted } = this.#options
    let level = this.#levels.at(-1)
    for (; level !== undefined; level = this.#levels.at(-1)) {
      if (this.found.length >= foundMax) return
      const name = level.names[level.at]
      if (name === undefined) {
        if (level.isLast) this.#leave(level)
        else if (this.#passed >= lookedMax && this.#isWide(level)) return
        else yield* this.#fill(level)
        continue
      }
      // What a wide parent has cost would be spent in vain if it ended before it got on.
      if (this.looked - this.#passed >= Math.max(lookedMax, this.#passed)) return
      level.at++
      level.after = name
      const path = pathBelow(level.path, name)
      this.place = path
      this.looked++
      if (isWanted(name)) this.found.push(path)
      if ((this.#tree.get(path)?.childCount ?? 0) > 0) this.#levels.push(levelOf(path))
      yield
    }
    this.isDone = true
  }

  #leave({ path }: Level): void {
    this.#levels.pop()
    this.place = path === '/' ? path : `${path}/`
  }

  #isWide({ path }: Level): boolean {
    return (this.#tree.get(path)?.childCount ?? 0) > this.#sortedMax
  }

  /** The next names of a level, in their order. */
  *#fill(level: Level): Generator<void> {
    const node = this.#tree.get(level.path)
    const { after } = level
    level.at = 0
    level.names = []
    level.isLast = true
    if (node === undefined) return
    if (this.#isWide(level)) return yield* this.#fillWide(level, node)
    const names = [...node.children].filter((name) => after === undefined || name > after)
    level.names = names.sort(byUnits)
  }

  /** Of a wide parent those alone that are wanted, or may have something below. */
  *#fillWide(level: Level, node: Znode): Generator<void> {
    const { path, after } = level
    const { isWanted } = this.#options
    const hasLeavesOnly = node.descendants === node.childCount
    let names: string[] = []
    let most: string | undefined
    for (const name of node.children) {
      this.#passed++
      this.looked++
      yield
      if (after !== undefined && name <= after) continue
      if (most !== undefined && name > most) {
        level.isLast = false
        continue
      }
      const hasMore = () => (this.#tree.get(pathBelow(path, name))?.childCount ?? 0) > 0
      if (!isWanted(name) && (hasLeavesOnly || !hasMore())) continue
      names.push(name)
      if (names.length < 2 * this.#sortedMax) continue
      names = names.sort(byUnits).slice(0, this.#sortedMax)
      most = names.at(-1)
      level.isLast = false
    }
    names.sort(byUnits)
    if (names.length > this.#sortedMax) {
      names.length = this.#sortedMax
      level.isLast = false
    }
    level.names = names
  }
}
