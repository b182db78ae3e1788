/** A page of a znode's children, in the order of their names, without sorting all of them in one turn of the event loop. */

/** Names that one turn of the event loop looks at before others have theirs. */
const NAMES_PER_TURN = 20_000

/**
 * The first `countMax` names behind `after`. Children that come or go meanwhile may be in it or not; one that stays is in exactly
 * one page of a walk.
 */
export async function pageOf(
  names: readonly string[],
  after: string | undefined,
  countMax: number,
): Promise<readonly string[]> {
  let page: string[] = []
  let last: string | undefined
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string
    if (i % NAMES_PER_TURN === NAMES_PER_TURN - 1) await nextTurn()
    if (after !== undefined && name <= after) continue
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

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
