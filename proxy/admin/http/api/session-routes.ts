/** /api/v1/sessions and /api/v1/watches: who is there, what they wait for; and the end of a session by an operator. */
import { deadline, OwnTask, type Session, type SessionRecord } from '../../../../lib/internal.ts'
import type { ClientConnection, ProxyHost } from '../../../host.ts'
import { hex } from '../../listing-words.ts'
import { type Call, HttpError } from '../call.ts'

/** How long the end of a session may take to be committed, ms. */
const CLOSE_MS_MAX = 10_000
/** It may move to another proxy meanwhile: then it is tried again. */
const TRIES_MAX = 3

function* sessionsOf(host: ProxyHost): Iterable<object> {
  const { replica, registry, proxy } = host.keeper
  const connected = new Map<bigint, ClientConnection>()
  for (const one of host.connections)
    if (one.session !== undefined) connected.set(one.session.id, one)
  for (const { id, timeoutMs, owner } of replica.sessions.values()) {
    const connection = connected.get(id)
    yield {
      id: hex(id),
      timeoutMs,
      owner,
      address: registry.peers.get(owner)?.address,
      isHere: owner === proxy,
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
}

export function answerSessions(host: ProxyHost, call: Call): void {
  call.list(host.listings, { zxid: host.keeper.replica.zxid, sessions: sessionsOf(host) })
}

function* watchesOf({ keeper }: ProxyHost): Iterable<object> {
  const { data, child } = keeper.watches
  for (const [kind, table] of [
    ['data', data],
    ['child', child],
  ] as const) {
    for (const [path, watchers] of table.byPath()) {
      yield { path, kind, sessions: idsOf(watchers.keys()) }
    }
  }
}

function* idsOf(watchers: Iterable<unknown>): Iterable<string> {
  for (const watcher of watchers) yield hex((watcher as Session).id)
}

/** Of the clients of this proxy: others keep those of theirs. */
export function answerWatches(host: ProxyHost, call: Call): void {
  const { watchCount } = host.keeper.watches
  call.list(host.listings, { count: watchCount, watches: watchesOf(host) })
}

export async function closeSession(host: ProxyHost, call: Call): Promise<void> {
  const id = idOf(call.params.id ?? '')
  const { keeper } = host
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const record = keeper.replica.sessions.get(id)
    if (record === undefined) {
      if (tries === 0) throw new HttpError(404, `There is no session ${hex(id)}.`)
      break
    }
    await expired(host, record)
  }
  if (keeper.replica.sessions.has(id)) {
    throw new HttpError(503, `Session ${hex(id)} moves between servers: try again.`)
  }
  host.logger.info({ session: hex(id) }, 'session ended on request')
  call.json(200, { id: hex(id), closed: true })
}

function idOf(text: string): bigint {
  if (!/^(?:0x[0-9a-f]{1,16}|\d{1,20})$/i.test(text)) {
    throw new HttpError(400, 'The id of a session is a number such as 0x1000f2a3b4c0001.')
  }
  return BigInt.asIntN(64, BigInt(text))
}

function expired({ keeper }: ProxyHost, { id, owner, fence }: SessionRecord): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => () =>
      reject(
        new HttpError(503, `The end of session ${hex(id)} is not known to be committed: ${why}.`),
      )
    const cancel = deadline(keeper.clock, CLOSE_MS_MAX, fail('the store does not answer'))
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
