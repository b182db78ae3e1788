/**
 * GET /api/v1/search: the znodes below one whose names have a text in them, page by page. Whatever is searched for, one request looks at
 * a bounded part of the tree, some in each turn of the event loop. Neighbour: search-walk.
 */
import { type Clock, isValidPath } from '../../../../lib/internal.ts'
import type { ProxyHost } from '../../../host.ts'
import { type Call, HttpError } from '../call.ts'
import type { Slots } from '../slots.ts'
import { onlyKnown, pathOf, wholeOf } from './parameters.ts'
import { SearchWalk } from './search-walk.ts'
import { znodeOf } from './tree-route.ts'

const LIMIT = { min: 1, max: 1_000, fallback: 100 } as const
/** Characters of the text. */
const TEXT_CHARS_MAX = 1_000
/** How long one search is carried out in one turn of the event loop, ms. */
const SLICE_MS = 1
/** Steps between two looks at the clock. */
const STEPS_PER_LOOK = 64

/** How much of the tree one request looks at. */
export interface SearchBound {
  /** Names. */
  readonly lookedMax: number
  /** How often it was not all. */
  cut: number
  /** Searches that are carried out together. */
  readonly slots: Slots
}

export async function answerSearch(host: ProxyHost, call: Call, bound: SearchBound): Promise<void> {
  const { query } = call
  onlyKnown(query, ['path', 'name', 'limit', 'cursor'])
  const path = pathOf(query, 'path')
  const isWanted = wantedOf(query)
  const foundMax = wholeOf(query, 'limit', LIMIT)
  const behind = placeOf(query, path)
  const { tree, zxid } = host.keeper.replica
  znodeOf(tree, path)
  const { lookedMax, slots } = bound
  const walk = new SearchWalk(tree, { from: path, behind, isWanted, foundMax, lookedMax })
  const { socket } = call.request
  slots.take()
  try {
    await inTurns(walk.steps(), host.keeper.clock, () => socket.destroyed)
  } finally {
    slots.release()
  }
  const { found, looked, isDone, place } = walk
  if (!isDone && found.length < foundMax) bound.cut++
  call.list(host.listings, { path, zxid, found, looked, cursor: isDone ? undefined : place })
}

/** Small and capital letters are the same, and all else is what it is. @throws {HttpError} 400 */
function wantedOf(query: URLSearchParams): (name: string) => boolean {
  const text = query.get('name')?.toLowerCase() ?? ''
  if (text === '' || text.length > TEXT_CHARS_MAX) {
    throw new HttpError(400, `name must be a part of a name, of 1 to ${TEXT_CHARS_MAX} characters.`)
  }
  if (text.includes('/'))
    throw new HttpError(400, 'A name has no "/": put what is before it into path.')
  return (name) => name.toLowerCase().includes(text)
}

/** @throws {HttpError} 400: it is no place below `path` */
function placeOf(query: URLSearchParams, path: string): string | undefined {
  const place = query.get('cursor') ?? undefined
  if (place === undefined) return undefined
  const last = place.endsWith('/') ? place.slice(0, -1) : place
  const isBelow = last.startsWith(path === '/' ? '/' : `${path}/`) && last.length > path.length
  if (isBelow && isValidPath(last)) return place
  throw new HttpError(400, 'cursor must be that of the answer before, with the same path.')
}

/** Makes the steps, a few of them in each turn of the event loop, until there are no more or nobody waits for them. */
export async function inTurns(
  steps: Iterator<unknown>,
  clock: Pick<Clock, 'monotonic'>,
  isOver: () => boolean,
): Promise<void> {
  for (;;) {
    await new Promise((resolve) => setImmediate(resolve))
    if (isOver()) return
    const untilMs = clock.monotonic() + SLICE_MS
    for (let count = 1; count % STEPS_PER_LOOK !== 0 || clock.monotonic() < untilMs; count++) {
      if (steps.next().done === true) return
    }
  }
}
