/**
 * Changes of znodes by an operator: POST, PUT and DELETE of /api/v1/tree, where --admin-edit allows it. Each is a write of a session
 * that is opened for it, so it takes its place in the journal, in quotas and in the audit log as a client's does. None is repeated: where
 * its outcome is not known, the answer says so. Neighbours: tree-route (what is read), member/session.
 */
import {
  type AuthId,
  deadline,
  type Result,
  reasonOf,
  type SessionSink,
  SUPER_ID,
  toByteString,
  type WriteRequest,
  ZnodeError,
} from '../../../../lib/internal.ts'
import type { ProxyHost } from '../../../host.ts'
import { type Call, HttpError } from '../call.ts'
import { onlyKnown, pathOf, wholeOf } from './parameters.ts'
import { znodeOf } from './tree-route.ts'

/** How long a change may take to be committed, ms. */
const EDIT_MS_MAX = 10_000
/** The session of a change whose end is not committed ends by itself after so long, ms. */
const SESSION_MS = 10_000
const INT_MAX = 0x7fffffff
const NUMBERS = { min: 0, max: Number.MAX_SAFE_INTEGER, fallback: 0 } as const

const STATUS: Readonly<Record<string, number>> = {
  ZK_NO_NODE: 404,
  ZK_NODE_EXISTS: 409,
  ZK_BAD_VERSION: 409,
  ZK_NOT_EMPTY: 409,
  ZK_SYSTEM_ERROR: 503,
}

/** PUT: {"data", "encoding", "version", "czxid"}. */
export async function setZnode(host: ProxyHost, call: Call, bodyBytesMax: number): Promise<void> {
  onlyKnown(call.query, ['path'])
  const path = pathOf(call.query, 'path')
  const body = await call.jsonBody(bodyBytesMax)
  const data = dataOf(body)
  const version = guardOf(host, path, body)
  await answered(host, call, path, { type: 'setData', path, data, version })
}

/** POST: {"data", "encoding"}. A persistent znode with the ACL of its parent. */
export async function createZnode(
  host: ProxyHost,
  call: Call,
  bodyBytesMax: number,
): Promise<void> {
  onlyKnown(call.query, ['path'])
  const path = pathOf(call.query, 'path')
  const data = dataOf(await call.jsonBody(bodyBytesMax))
  if (path === '/') throw new HttpError(409, 'The root is there already.')
  const parent = path.slice(0, path.lastIndexOf('/')) || '/'
  const { acl } = znodeOf(host.keeper.replica.tree, parent)
  await answered(host, call, path, {
    ...{ type: 'create', op: 1, path, data, acl, flags: 0, ttlMs: 0 },
  })
}

/** DELETE: ?version, czxid: what is between the two may drop the body of a DELETE. */
export async function deleteZnode(host: ProxyHost, call: Call): Promise<void> {
  const { query } = call
  onlyKnown(query, ['path', 'version', 'czxid'])
  const path = pathOf(query, 'path')
  const numberOf = (name: string) => (query.has(name) ? wholeOf(query, name, NUMBERS) : undefined)
  const guard = { version: numberOf('version'), czxid: numberOf('czxid') }
  const version = guardOf(host, path, guard)
  await answered(host, call, path, { type: 'delete', path, version })
}

type Body = Readonly<Record<string, unknown>>

/** null: the znode is to have none. */
function dataOf({ data = null, encoding = 'text' }: Body): string | null {
  if (data === null) return null
  if (typeof data === 'string' && encoding === 'text') return toByteString(Buffer.from(data))
  const isBase64 = typeof data === 'string' && /^[\w+/]*={0,2}$/.test(data)
  if (isBase64 && encoding === 'base64') return toByteString(Buffer.from(data, 'base64'))
  throw new HttpError(400, 'Expected "data", a text or null, and "encoding", text or base64.')
}

/**
 * The version that a change expects. A znode that was deleted and created again has the same versions: `czxid`, if given, says which
 * one is meant.
 */
function guardOf({ keeper }: ProxyHost, path: string, { version, czxid }: Body): number {
  if (!Number.isInteger(version) || (version as number) < 0 || (version as number) > INT_MAX) {
    throw new HttpError(400, 'Expected "version", that of the znode as it was read.')
  }
  const node = znodeOf(keeper.replica.tree, path)
  if (czxid !== undefined && czxid !== node.czxid) {
    throw new HttpError(409, `${path} was deleted and created again meanwhile.`)
  }
  return version as number
}

async function answered(
  host: ProxyHost,
  call: Call,
  path: string,
  request: WriteRequest,
): Promise<void> {
  if (!host.keeper.isServing) {
    throw new HttpError(503, `Nothing was changed: ${host.keeper.trouble ?? 'the store is away'}.`)
  }
  const { errno, zxid } = await written(host, request, identitiesOf(call))
  const operation = request.type
  if (errno !== 0) {
    const { code, message } = new ZnodeError(errno)
    throw new HttpError(STATUS[code] ?? 422, `${operation} ${path}: ${message} (${code}).`)
  }
  host.logger.info({ operation, path, zxid }, 'znode changed on request')
  call.json(200, { path, zxid })
}

/** As a super user; the audit log has the address, and that it was done here. */
function identitiesOf(call: Call): readonly AuthId[] {
  const { remoteAddress = '' } = call.request.socket
  return [
    { scheme: 'ip', id: remoteAddress.replace(/^::ffff:/, '') },
    { scheme: 'admin', id: 'admin-port' },
    SUPER_ID,
  ]
}

interface Outcome {
  readonly errno: number
  readonly zxid: number
}

async function written(
  { keeper }: ProxyHost,
  request: WriteRequest,
  ids: readonly AuthId[],
): Promise<Outcome> {
  const inbox = new Inbox()
  const cancel = deadline(keeper.clock, EDIT_MS_MAX, () => inbox.end('the store does not answer'))
  const opened = keeper.sessions.open(SESSION_MS, inbox, ids).then(
    ({ session }) => {
      // Too late: it must not be changed behind the back of somebody who was given an answer.
      if (!inbox.isOver) {
        inbox.isSent = true
        session.write(request, 0)
      }
      session.write({ type: 'closeSession' }, 1)
    },
    (error) => inbox.end(reasonOf(error)),
  )
  try {
    return await inbox.outcome
  } finally {
    cancel()
    opened.catch(() => {})
  }
}

/** Waits for the reply to one write. */
class Inbox implements SessionSink {
  readonly outcome: Promise<Outcome>
  isOver = false
  /** It was given to the committer, so it may be carried out. */
  isSent = false
  #resolve: (outcome: Outcome) => void = () => {}
  #reject: (error: HttpError) => void = () => {}

  constructor() {
    this.outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  reply(tag: number, _request: unknown, zxid: number, errno: number, _result: Result): void {
    if (tag !== 0) return
    this.isOver = true
    this.#resolve({ errno, zxid })
  }

  event(): void {}

  ended(): void {
    this.end('the server lost the store, or stops')
  }

  /** There is no reply. */
  end(why: string): void {
    this.isOver = true
    const sentence = this.isSent
      ? `It is not known whether this was changed: ${why}. Read it again.`
      : `Nothing was changed: ${why}.`
    this.#reject(new HttpError(503, sentence))
  }
}
