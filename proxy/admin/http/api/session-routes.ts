/** /api/v1/sessions: who is there, with which ephemerals; and the end of a session by an operator. */
import { OwnTask, type SessionRecord } from '../../../../lib/internal.ts'
import type { ClientConnection, ProxyHost } from '../../../host.ts'
import { hex } from '../../listing-words.ts'
import { type Call, HttpError } from '../call.ts'
import { cursorPageOf } from './name-page.ts'
import { onlyKnown, wholeOf } from './parameters.ts'

/** Sessions, or ephemerals of one, in a page. */
const LIMIT = { min: 1, max: 1_000, fallback: 100 } as const
/** It may move to another proxy meanwhile: then it is tried again. */
const TRIES_MAX = 3

type Connected = ReadonlyMap<bigint, ClientConnection>

function connectedTo(host: ProxyHost): Connected {
  const connected = new Map<bigint, ClientConnection>()
  for (const one of host.connections)
    if (one.session !== undefined) connected.set(one.session.id, one)
  return connected
}

function shownSession(host: ProxyHost, record: SessionRecord, connected: Connected): object {
  const { replica, registry } = host.keeper
  const { id, timeoutMs, owner } = record
  const connection = connected.get(id)
  return {
    id: hex(id),
    timeoutMs,
    owner,
    address: registry.peers.get(owner)?.address,
    ...placeOf(host, owner),
    ephemerals: replica.tree.ephemeralsOf(id).size,
    client: connection?.name,
    outstanding: connection?.queued,
    identities: connection?.session?.ids.map(({ scheme, id: name }) => ({
      scheme,
      // What stands behind the name can be used to search for the password.
      id: scheme === 'digest' ? name.split(':')[0] : name,
    })),
  }
}

/** `isHere`: at the process that answers; `isOfGroup`: at another one behind the same address, as those of --workers are. */
function placeOf({ keeper: { proxy, registry }, options }: ProxyHost, owner: string): object {
  const isHere = owner === proxy
  if (options.worker === 0) return { isHere }
  const own = registry.peers.get(proxy)?.address
  const isOfGroup = !isHere && own !== undefined && registry.peers.get(owner)?.address === own
  return { isHere, ...(isOfGroup && { isOfGroup }), ...(isHere && { worker: options.worker }) }
}

function* sessionsOf(host: ProxyHost): Iterable<object> {
  const connected = connectedTo(host)
  for (const record of host.keeper.replica.sessions.values()) {
    yield shownSession(host, record, connected)
  }
}

/** All of them; with `limit`, a page by id, behind `cursor`. */
export async function answerSessions(host: ProxyHost, call: Call): Promise<void> {
  const { query } = call
  onlyKnown(query, ['limit', 'cursor'])
  const { zxid, sessions } = host.keeper.replica
  const count = sessions.size
  if (!query.has('limit') && !query.has('cursor')) {
    return call.list(host.listings, { zxid, count, sessions: sessionsOf(host) })
  }
  const limit = wholeOf(query, 'limit', LIMIT)
  const given = query.get('cursor')
  const after = given === null ? undefined : sortable(idOf(given))
  const page = await cursorPageOf(sortableIds(sessions.keys()), after, limit)
  const connected = connectedTo(host)
  const shown = page.names.flatMap((name) => {
    const record = sessions.get(BigInt.asIntN(64, BigInt(`0x${name}`)))
    return record === undefined ? [] : [shownSession(host, record, connected)]
  })
  const cursor = page.cursor === undefined ? undefined : hex(BigInt(`0x${page.cursor}`))
  call.list(host.listings, { zxid, count, sessions: shown, cursor })
}

/** One session, with a page of its ephemerals by path. */
export async function answerSession(host: ProxyHost, call: Call): Promise<void> {
  const { query } = call
  onlyKnown(query, ['limit', 'cursor'])
  const id = idOf(call.params.id ?? '')
  const limit = wholeOf(query, 'limit', LIMIT)
  const { sessions, tree, zxid } = host.keeper.replica
  const record = sessions.get(id)
  if (record === undefined) throw new HttpError(404, `There is no session ${hex(id)}.`)
  const shown = shownSession(host, record, connectedTo(host))
  const paths = tree.ephemeralsOf(id)
  const page = await cursorPageOf(paths, query.get('cursor') ?? undefined, limit)
  call.list(host.listings, { zxid, ...shown, paths: page.names, cursor: page.cursor })
}

/** Ids as texts of one length, which have the order of the numbers. */
const sortable = (id: bigint): string => BigInt.asUintN(64, id).toString(16).padStart(16, '0')

function* sortableIds(ids: Iterable<bigint>): Iterable<string> {
  for (const id of ids) yield sortable(id)
}

export async function closeSession(host: ProxyHost, call: Call): Promise<void> {
  const id = idOf(call.params.id ?? '')
  const { keeper } = host
  refuseFollowing(host)
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const record = keeper.replica.sessions.get(id)
    if (record === undefined) {
      if (tries === 0) throw new HttpError(404, `There is no session ${hex(id)}.`)
      break
    }
    await expired(host, call, record)
  }
  if (keeper.replica.sessions.has(id)) {
    throw new HttpError(503, `Session ${hex(id)} moves between servers: try again.`)
  }
  host.logger.info({ session: hex(id) }, 'session ended on request')
  call.json(200, { id: hex(id), closed: true })
}

/** The sessions of a tree that follows are the ensemble’s. @throws {HttpError} 503 */
function refuseFollowing({ keeper }: ProxyHost): void {
  if (!keeper.replica.mirrors) return
  const why = keeper.trouble ?? 'the ZooKeeper ensemble leads, and ends its sessions itself'
  throw new HttpError(503, `Nothing was changed: ${why}.`)
}

function idOf(text: string): bigint {
  if (!/^(?:0x[0-9a-f]{1,16}|\d{1,20})$/i.test(text)) {
    throw new HttpError(400, 'The id of a session is a number such as 0x1000f2a3b4c0001.')
  }
  return BigInt.asIntN(64, BigInt(text))
}

function expired(
  { keeper }: ProxyHost,
  { storeWait }: Call,
  { id, owner, fence }: SessionRecord,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => () =>
      reject(
        new HttpError(503, `The end of session ${hex(id)} is not known to be committed: ${why}.`),
      )
    const cancel = storeWait.begin(keeper.clock, fail('the store does not answer'))
    const done = () => {
      cancel()
      resolve()
    }
    const abandoned = () => {
      cancel()
      fail('the tree was reloaded, or the server stops')()
    }
    keeper.committer.submit(
      new OwnTask({ type: 'expireSession', id, owner, fence }, done, abandoned),
    )
  })
}
