/** Commands that show clients, sessions and watches, or change something about them. */
import type { Session } from '../../../../lib/internal.ts'
import type { ClientConnection, ProxyHost } from '../../../host.ts'
import { watchedPaths, watchSummary } from '../../listing-words.ts'
import { JsonMembers } from '../json.ts'
import { type Command, CommandError, type CommandInput, type Fields } from './command.ts'

const briefFields = (connection: ClientConnection): Fields => ({
  remote_socket_address: connection.name,
  outstanding_requests: connection.queued,
  packets_received: connection.received,
  packets_sent: connection.sent,
})

function fullFields(connection: ClientConnection): Fields {
  const { session, latency } = connection
  if (session === undefined) return briefFields(connection)
  return {
    ...briefFields(connection),
    session_id: session.id,
    last_operation: connection.lastOperation,
    established: connection.establishedMs,
    session_timeout: session.timeoutMs,
    last_cxid: connection.lastXid,
    last_zxid: connection.lastZxid,
    min_latency: Math.round(latency.minMs),
    avg_latency: Math.round(latency.averageMs),
    max_latency: Math.round(latency.maxMs),
  }
}

function* each(host: ProxyHost, fieldsOf: typeof briefFields): Iterable<Fields> {
  for (const connection of host.connections) yield fieldsOf(connection)
}

/** As stats has them: without their sessions. */
export const briefConnections = (host: ProxyHost): Iterable<Fields> => each(host, briefFields)

function* watchesBySession(host: ProxyHost): Iterable<[string, Iterable<string>]> {
  for (const { session } of host.connections) {
    if (session === undefined) continue
    const paths = watchedPaths(host, session)
    const first = paths[Symbol.iterator]().next()
    if (first.done !== true) yield [String(session.id), watchedPaths(host, session)]
  }
}

function* sessionsByPath({ keeper }: ProxyHost): Iterable<[string, Iterable<bigint>]> {
  const { data, child } = keeper.watches
  for (const [path, watchers] of data.byPath()) {
    yield [path, idsOf(watchers.keys(), child.byPath().get(path)?.keys(), watchers)]
  }
  for (const [path, watchers] of child.byPath()) {
    if (!data.byPath().has(path)) yield [path, idsOf(watchers.keys(), undefined, watchers)]
  }
}

function* idsOf(
  watchers: Iterable<unknown>,
  others: Iterable<unknown> | undefined,
  known: { has(watcher: never): boolean },
): Iterable<bigint> {
  for (const watcher of watchers) yield (watcher as Session).id
  for (const watcher of others ?? [])
    if (!known.has(watcher as never)) yield (watcher as Session).id
}

/** By their timeout: when a session of another proxy expires is not known here. */
function* sessionsByTimeout({ keeper }: ProxyHost): Iterable<[string, readonly bigint[]]> {
  const byTimeout = new Map<number, bigint[]>()
  for (const { id, timeoutMs } of keeper.replica.sessions.values()) {
    const known = byTimeout.get(timeoutMs)
    if (known === undefined) byTimeout.set(timeoutMs, [id])
    else known.push(id)
  }
  for (const [timeoutMs, ids] of byTimeout) yield [String(timeoutMs), ids]
}

function* ephemerals({ keeper }: ProxyHost): Iterable<[string, Iterable<string>]> {
  for (const [id, paths] of keeper.replica.tree.ephemeralEntries()) yield [String(id), paths]
}

/** The oldest connections first: those that came last may have been sent here by others that shed theirs. */
export function shedConnections(host: ProxyHost, { body, query }: CommandInput): Fields {
  const given = body.percentage ?? query.get('percentage') ?? undefined
  const percentage = typeof given === 'string' ? Number(given) : given
  if (
    typeof percentage !== 'number' ||
    !Number.isInteger(percentage) ||
    percentage < 0 ||
    percentage > 100
  ) {
    throw new CommandError('Expected {"percentage": n}, a whole number from 0 to 100.')
  }
  const clients = [...host.connections].filter(({ session }) => session !== undefined)
  const count = Math.round((clients.length * percentage) / 100)
  for (const connection of clients.slice(0, count)) connection.close()
  if (count > 0) {
    host.logger.info({ percentage, connections: count }, 'clients disconnected: shed on request')
  }
  return { percentage_requested: percentage, connections_shed: count }
}

export const clientCommands: readonly Command[] = [
  {
    names: ['connections', 'cons'],
    isLong: true,
    run: (host) => ({ connections: each(host, fullFields), secure_connections: [] }),
  },
  { names: ['secure_connections'], run: () => ({ secure_connections: [] }) },
  {
    names: ['dump'],
    isGuarded: true,
    isLong: true,
    run: (host) => ({
      session_timeout_to_session_ids: new JsonMembers(sessionsByTimeout(host)),
      session_id_to_ephemeral_paths: new JsonMembers(ephemerals(host)),
    }),
  },
  { names: ['watch_summary', 'wchs'], run: watchSummaryFields },
  {
    names: ['watches', 'wchc'],
    isGuarded: true,
    isLong: true,
    run: (host) => ({ session_id_to_watched_paths: new JsonMembers(watchesBySession(host)) }),
  },
  {
    names: ['watches_by_path', 'wchp'],
    isGuarded: true,
    isLong: true,
    run: (host) => ({ path_to_session_ids: new JsonMembers(sessionsByPath(host)) }),
  },
  {
    names: ['stat_reset', 'srst'],
    isGuarded: true,
    run: ({ stats }) => {
      stats.reset()
      return {}
    },
  },
  {
    names: ['connection_stat_reset', 'crst'],
    isGuarded: true,
    run: ({ connections }) => {
      for (const connection of connections) {
        connection.latency.reset()
        connection.received = 0
        connection.sent = 0
      }
      return {}
    },
  },
  { names: ['observer_connection_stat_reset', 'orst'], isGuarded: true, run: () => ({}) },
  { names: ['shed_connections'], isGuarded: true, method: 'POST', run: shedConnections },
]

async function watchSummaryFields(host: ProxyHost): Promise<Fields> {
  const { connections, paths, watches } = await watchSummary(host)
  return { num_connections: connections, num_paths: paths, num_total_watches: watches }
}
