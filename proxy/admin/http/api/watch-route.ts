/** GET /api/v1/watches: which paths the clients of this proxy watch; others keep those of theirs. */
import type { Session } from '../../../../lib/internal.ts'
import type { ProxyHost } from '../../../host.ts'
import { hex } from '../../listing-words.ts'
import type { Call } from '../call.ts'
import { cursorPageOf } from './name-page.ts'
import { onlyKnown, pathOf, wholeOf } from './parameters.ts'

const LIMIT = { min: 1, max: 1_000, fallback: 100 } as const
/** Sessions that a page names for each path: tens of thousands may watch one. */
const SESSIONS_SHOWN_MAX = 20

type Watchers = ReadonlyMap<unknown, number>

/** All of them; with `limit`, a page by path, behind `cursor`. */
export async function answerWatches(host: ProxyHost, call: Call): Promise<void> {
  const { query } = call
  onlyKnown(query, ['limit', 'cursor', 'prefix'])
  const { watches } = host.keeper
  const count = watches.watchCount
  const worker = host.options.worker || undefined
  if (!query.has('limit') && !query.has('cursor') && !query.has('prefix')) {
    return call.list(host.listings, { count, worker, watches: watchesOf(host) })
  }
  const limit = wholeOf(query, 'limit', LIMIT)
  const prefix = pathOf(query, 'prefix')
  const cursor = query.get('cursor') ?? undefined
  const page = await cursorPageOf(pathsBelow(host, prefix), cursor, limit)
  const shown = page.names.flatMap((path) =>
    tablesOf(host).flatMap(([kind, byPath]) => {
      const watchers = byPath.get(path)
      return watchers === undefined ? [] : [shortened(path, kind, watchers)]
    }),
  )
  call.list(host.listings, { count, worker, watches: shown, cursor: page.cursor })
}

const tablesOf = ({
  keeper,
}: ProxyHost): [kind: string, byPath: ReadonlyMap<string, Watchers>][] => [
  ['data', keeper.watches.data.byPath()],
  ['child', keeper.watches.child.byPath()],
]

function* watchesOf(host: ProxyHost): Iterable<object> {
  for (const [kind, byPath] of tablesOf(host)) {
    for (const [path, watchers] of byPath) yield { path, kind, sessions: idsOf(watchers.keys()) }
  }
}

/** Each path once. What is not wanted is undefined, so that a long search has its turns, too. */
function* pathsBelow({ keeper }: ProxyHost, prefix: string): Iterable<string | undefined> {
  const below = prefix === '/' ? '/' : `${prefix}/`
  const isWanted = (path: string): boolean => path === prefix || path.startsWith(below)
  const data = keeper.watches.data.byPath()
  for (const path of data.keys()) yield isWanted(path) ? path : undefined
  for (const path of keeper.watches.child.byPath().keys()) {
    yield isWanted(path) && !data.has(path) ? path : undefined
  }
}

function shortened(path: string, kind: string, watchers: Watchers): object {
  const sessions: string[] = []
  for (const id of idsOf(watchers.keys())) {
    if (sessions.length >= SESSIONS_SHOWN_MAX) break
    sessions.push(id)
  }
  return { path, kind, sessionCount: watchers.size, sessions }
}

function* idsOf(watchers: Iterable<unknown>): Iterable<string> {
  for (const watcher of watchers) yield hex((watcher as Session).id)
}
