/**
 * The four-letter words whose answers grow with clients, sessions or watches, as lines that are made while they
 * are sent. What changes meanwhile may be in them or not. Neighbours: four-letter-words, listings.
 */
import type { Session } from '../../lib/internal.ts'
import type { ClientConnection, ProxyHost } from '../host.ts'

export const hex = (id: bigint): string => `0x${BigInt.asUintN(64, id).toString(16)}`
export const zxidHex = (zxid: number): string => `0x${zxid.toString(16)}`

const brief = (c: ClientConnection): string =>
  ` /${c.name}[${c.session === undefined ? 0 : 1}](queued=${c.queued},recved=${c.received},sent=${c.sent})`

function full(c: ClientConnection): string {
  const session =
    c.session === undefined
      ? ''
      : `,sid=${hex(c.session.id)},lop=${c.lastOperation},est=${c.establishedMs},to=${c.session.timeoutMs},lcxid=0x${(c.lastXid >>> 0).toString(16)},lzxid=${c.lastZxid < 0 ? '0xffffffffffffffff' : zxidHex(c.lastZxid)},lresp=${Math.round(performance.now())},llat=0,minlat=${Math.round(c.latency.minMs)},avglat=${Math.round(c.latency.averageMs)},maxlat=${Math.round(c.latency.maxMs)}`
  return `${brief(c).slice(0, -1)}${session})`
}

/** Of stat: the clients before the server's numbers. */
export function* clientLines({ connections }: ProxyHost): Iterable<string> {
  for (const connection of connections) yield `${brief(connection)}\n`
}

export function* cons({ connections }: ProxyHost): Iterable<string> {
  if (connections.size === 0) yield '\n'
  for (const connection of connections) yield `${full(connection)}\n`
  yield '\n'
}

export function* dump({ keeper, connections }: ProxyHost): Iterable<string> {
  const { sessions, tree } = keeper.replica
  const byTimeout = new Map<number, bigint[]>()
  for (const { id, timeoutMs } of sessions.values()) {
    const known = byTimeout.get(timeoutMs)
    if (known === undefined) byTimeout.set(timeoutMs, [id])
    else known.push(id)
  }
  yield `SessionTracker dump:\nSession Sets (${byTimeout.size})/(${sessions.size}):\n`
  for (const [timeoutMs, ids] of byTimeout) {
    yield `${ids.length} with a timeout of ${timeoutMs}ms:\n`
    for (const id of ids) yield `\t${hex(id)}\n`
  }
  yield `ephemeral nodes dump:\nSessions with Ephemerals (${tree.ephemeralOwnerCount}):\n`
  for (const [id, paths] of tree.ephemeralEntries()) {
    yield `${hex(id)}:\n`
    for (const path of paths) yield `\t${path}\n`
  }
  yield `Connections dump:\nConnections Sets (1)/(${connections.size}):\n`
  for (const connection of connections) yield `\tip: /${connection.name}\n`
}

/** Each path once. */
export function* watchedPaths({ keeper }: ProxyHost, session: Session): Iterable<string> {
  const { data, child } = keeper.watches
  const own = data.pathsOf(session)
  if (own !== undefined) yield* own
  for (const path of child.pathsOf(session) ?? []) if (own?.has(path) !== true) yield path
}

interface WatchSummary {
  readonly connections: number
  readonly paths: number
  readonly watches: number
}

/** Step by step, so that others may have their turn: nothing is to be sent meanwhile. */
function* countWatches({ keeper, connections }: ProxyHost): Generator<string, WatchSummary> {
  const { data, child } = keeper.watches
  let watching = 0
  for (const { session } of connections) {
    if (session === undefined) continue
    if (data.pathsOf(session) !== undefined || child.pathsOf(session) !== undefined) watching++
  }
  let paths = data.pathCount
  for (const path of child.byPath().keys()) {
    if (!data.byPath().has(path)) paths++
    yield ''
  }
  return { connections: watching, paths, watches: keeper.watches.watchCount }
}

export function* wchs(server: ProxyHost): Iterable<string> {
  const { connections, paths, watches } = yield* countWatches(server)
  yield `${connections} connections watching ${paths} paths\nTotal watches:${watches}\n`
}

/** Paths that one turn of the event loop looks at before others have theirs. */
const STEPS_PER_TURN = 10_000

/** What wchs shows, as numbers. */
export async function watchSummary(server: ProxyHost): Promise<WatchSummary> {
  const steps = countWatches(server)
  for (let count = 1; ; count++) {
    const { value, done } = steps.next()
    if (done === true) return value
    if (count % STEPS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve))
  }
}

export function* wchc(server: ProxyHost): Iterable<string> {
  for (const { session } of server.connections) {
    if (session === undefined) continue
    let isFirst = true
    for (const path of watchedPaths(server, session)) {
      yield isFirst ? `${hex(session.id)}\n\t${path}\n` : `\t${path}\n`
      isFirst = false
    }
  }
}

export function* wchp({ keeper }: ProxyHost): Iterable<string> {
  const { data, child } = keeper.watches
  const line = (watcher: unknown) => `\t${hex((watcher as Session).id)}\n`
  for (const [path, watchers] of data.byPath()) {
    yield `${path}\n`
    const others = child.byPath().get(path)
    for (const watcher of watchers.keys()) yield line(watcher)
    for (const watcher of others?.keys() ?? []) if (!watchers.has(watcher)) yield line(watcher)
  }
  for (const [path, watchers] of child.byPath()) {
    if (data.byPath().has(path)) continue
    yield `${path}\n`
    for (const watcher of watchers.keys()) yield line(watcher)
  }
}
