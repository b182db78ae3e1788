/** A page of many names, in their order, without sorting all of them in one turn of the event loop. */

/** Names that one turn of the event loop looks at before others have theirs. */
const NAMES_PER_TURN = 20_000

/**
 * The first `countMax` names behind `after`. Names that come or go meanwhile may be in it or not; one that stays is in exactly
 * one page of a walk.
 */
async function pageOf(
  names: Iterable<string | undefined>,
  after: string | undefined,
  countMax: number,
): Promise<readonly string[]> {
  let page: string[] = []
  let last: string | undefined
  let seen = 0
  for (const name of names) {
    if (++seen % NAMES_PER_TURN === 0) await nextTurn()
    if (name === undefined || (after !== undefined && name <= after)) continue
    if (last !== undefined && name > last) continue
    page.push(name)
    // Twice as many at most are kept: each sort drops half of them.
    if (page.length < 2 * countMax) continue
    page = page.sort(byUnits).slice(0, countMax)
    last = page.at(-1)
  }
  return page.sort(byUnits).slice(0, countMax)
}

const byUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** A page, and behind which name the next one begins; undefined: there is none. */
export interface NamePage {
  readonly names: readonly string[]
  readonly cursor: string | undefined
}

/** As {@link pageOf}, with the cursor of the next page. */
export async function cursorPageOf(
  names: Iterable<string | undefined>,
  after: string | undefined,
  countMax: number,
): Promise<NamePage> {
  const page = countMax === 0 ? [] : await pageOf(names, after, countMax + 1)
  const shown = page.slice(0, countMax)
  return { names: shown, cursor: page.length > countMax ? shown.at(-1) : undefined }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
