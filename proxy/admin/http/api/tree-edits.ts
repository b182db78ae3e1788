/**
 * Changes of one znode by an operator: POST, PUT and DELETE of /api/v1/tree, and PUT of /api/v1/acl, where --admin-edit allows it.
 * Neighbours: edit-session (carries them out), data-routes, subtree-routes.
 */
import { CREATE_FLAGS, type CreateRequest, OP } from '../../../../lib/internal.ts'
import type { ProxyHost } from '../../../host.ts'
import { type Call, HttpError } from '../call.ts'
import { aclOf, dataOf, type Fields, meantOf, numbersOf, versionOf } from './edit-fields.ts'
import { change, changeMeant } from './edit-session.ts'
import { onlyKnown, pathOf } from './parameters.ts'

/** PUT: {"data", "encoding", "version", "czxid"}. */
export async function setZnode(host: ProxyHost, call: Call, bodyBytesMax: number): Promise<void> {
  onlyKnown(call.query, ['path'])
  const path = pathOf(call.query, 'path')
  const body = await call.jsonBody(bodyBytesMax)
  const data = dataOf(body)
  const version = versionOf(body, 'version')
  const request = { type: 'setData', path, data, version } as const
  const zxid = await changeMeant(host, call, { path, fields: body, request })
  call.json(200, { path, zxid })
}

/** PUT: {"acl", "aversion", "czxid"}. */
export async function setAcl(host: ProxyHost, call: Call, bodyBytesMax: number): Promise<void> {
  onlyKnown(call.query, ['path'])
  const path = pathOf(call.query, 'path')
  const body = await call.jsonBody(bodyBytesMax)
  const acl = aclOf(body)
  const version = versionOf(body, 'aversion')
  const request = { type: 'setACL', path, acl, version } as const
  const zxid = await changeMeant(host, call, { path, fields: body, request })
  call.json(200, { path, zxid })
}

/** How a znode is created, by the name of its mode. An ephemeral would end with the session of the request. */
const MODES: Readonly<Record<string, Pick<CreateRequest, 'op' | 'flags'>>> = {
  persistent: { op: OP.create2, flags: CREATE_FLAGS.PERSISTENT },
  persistent_sequential: { op: OP.create2, flags: CREATE_FLAGS.PERSISTENT_SEQUENTIAL },
  container: { op: OP.createContainer, flags: CREATE_FLAGS.CONTAINER },
  ttl: { op: OP.createTTL, flags: CREATE_FLAGS.PERSISTENT_WITH_TTL },
  ttl_sequential: { op: OP.createTTL, flags: CREATE_FLAGS.PERSISTENT_SEQUENTIAL_WITH_TTL },
}

/** POST: {"data", "encoding", "mode", "ttlMs"}. With the ACL of its parent. */
export async function createZnode(
  host: ProxyHost,
  call: Call,
  bodyBytesMax: number,
): Promise<void> {
  onlyKnown(call.query, ['path'])
  const path = pathOf(call.query, 'path')
  const body = await call.jsonBody(bodyBytesMax)
  const data = dataOf(body)
  const kind = kindOf(body)
  if (path === '/') throw new HttpError(409, 'The root is there already.')
  const { node, guards } = meantOf(host, path.slice(0, path.lastIndexOf('/')) || '/', {})
  const request = { type: 'create', path, data, acl: node.acl, ...kind } as const
  const { zxid, result } = await change(host, call, path, { type: 'guarded', guards, request })
  // A sequential one has a number behind its name.
  call.json(200, { path: 'path' in result ? result.path : path, zxid })
}

function kindOf({ mode = 'persistent', ttlMs = 0 }: Fields): {
  op: CreateRequest['op']
  flags: number
  ttlMs: number
} {
  const kind = typeof mode === 'string' && Object.hasOwn(MODES, mode) ? MODES[mode] : undefined
  if (kind === undefined) {
    throw new HttpError(400, `"mode" must be one of ${Object.keys(MODES).join(', ')}.`)
  }
  const needsTtl = kind.op === OP.createTTL
  const isTtl = Number.isSafeInteger(ttlMs) && (needsTtl ? (ttlMs as number) > 0 : ttlMs === 0)
  if (!isTtl) {
    throw new HttpError(400, '"ttlMs" must be a whole number above 0, and only with a mode of ttl.')
  }
  return { ...kind, ttlMs: ttlMs as number }
}

/** DELETE: ?version, czxid: what is between the two may drop the body of a DELETE. */
export async function deleteZnode(host: ProxyHost, call: Call): Promise<void> {
  const { query } = call
  onlyKnown(query, ['path', 'version', 'czxid'])
  const path = pathOf(query, 'path')
  const fields = numbersOf(query, ['version', 'czxid'])
  const version = versionOf(fields, 'version')
  const request = { type: 'delete', path, version } as const
  const zxid = await changeMeant(host, call, { path, fields, request })
  call.json(200, { path, zxid })
}
