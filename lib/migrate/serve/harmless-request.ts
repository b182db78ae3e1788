/**
 * A leader of 3.4 accepts what no later release does, and the tree cannot have: names at the edges of what is forbidden, such as
 * U+007F, and its own /zookeeper/config. Followed, it would end the migration. So such a create reaches the leader with a path that
 * every release refuses: it fails in its turn, with the error of later releases. And a leader of 3.9 gives a multi with a create that
 * has no list of ACLs the zxid of the request before it, and may commit nothing more: it gets an empty list, which all refuse alike.
 * Line: zookeeper-upstream → here → request-packet.
 * Source: PathUtils.validatePath of 3.4.14 and 3.5.10, DataTree; PrepRequestProcessor.pRequestHelper, CreateOptions of 3.9.
 */
import { isValidPath, RESERVED } from '../../model/path.ts'
import type { GuardedRequest, MultiOp, SyncRequest, WriteRequest } from '../../model/request.ts'
import type { QuorumPacket } from '../../transfer/zookeeper/quorum-packet.ts'
import {
  type Asked,
  type ForwardedRequest,
  malformedPacket,
  requestPacket,
} from './request-packet.ts'

/** BADARGUMENTS. */
const REFUSED = ''

/** The same request as it is sent. `hasConfig`: the leader is of 3.5 or later. A request that fails here is one that was malformed. */
export function forwardedPacket(
  request: Exclude<WriteRequest | SyncRequest, GuardedRequest>,
  asked: Asked,
  hasConfig: boolean,
): QuorumPacket {
  if (request.type === 'fail') return malformedPacket(asked)
  return requestPacket(harmlessRequest(request as ForwardedRequest, hasConfig), asked)
}

/** The same request where it may be sent as it is. */
export function harmlessRequest(request: ForwardedRequest, hasConfig: boolean): ForwardedRequest {
  if (request.type !== 'multi') return isHarmless(request, hasConfig) ? request : refused(request)
  if (request.ops.every((op) => isHarmless(op, hasConfig) && hasAcl(op))) return request
  const ops = request.ops.map((op) => withAcl(isHarmless(op, hasConfig) ? op : refused(op)))
  return { ...request, ops }
}

const hasAcl = (op: MultiOp): boolean => op.type !== 'create' || op.acl !== null

function withAcl(op: MultiOp): MultiOp {
  return op.type === 'create' && op.acl === null ? { ...op, acl: [] } : op
}

function isHarmless(request: ForwardedRequest | MultiOp, hasConfig: boolean): boolean {
  if (request.type !== 'create' && request.type !== 'delete') return true
  const { path } = request
  if (!hasConfig && path === RESERVED.config) return false
  // What follows a sequential one’s last slash is a number.
  return request.type === 'delete' || isValidPath(path.endsWith('/') ? `${path}0` : path)
}

const refused = <R extends object>(request: R): R => ({ ...request, path: REFUSED })
