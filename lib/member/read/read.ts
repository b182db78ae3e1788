/**
 * Answers reads from the replica, synchronously: no promise, no store. Watches are set in the same
 * step as the read, so no change can slip in between. Line: session queue → here → reply.
 * Source: ZooKeeper's FinalRequestProcessor.
 */

import { isAllowed, maskDigests, userOf } from '../../model/acl.ts'
import { ZK_ERRORS } from '../../model/errors.ts'
import {
  type AuthId,
  type GetAclRequest,
  type GetDataRequest,
  type MultiReadRequest,
  type MultiResult,
  PERMS,
  type ReadRequest,
  type Result,
} from '../../model/request.ts'
import { statOf } from '../../model/znode.ts'
import { NONE, type Planned } from '../plan/planned.ts'
import { MODE } from '../watch/watch-table.ts'
import { isUnreadable, lookUp, type ReadContext } from './context.ts'
import { restoreWatches } from './set-watches.ts'

const { NO_NODE, NO_AUTH, BAD_ARGUMENTS, MARSHALLING, NO_WATCHER, THROTTLED_OP } = ZK_ERRORS
const { DATA_INCONSISTENCY } = ZK_ERRORS

export function answerRead(context: ReadContext, request: ReadRequest): Planned {
  switch (request.type) {
    case 'getData':
      return getData(context, request)
    case 'exists': {
      if (request.path.includes('\0')) return BAD_ARGUMENTS.errno
      if (isUnreadable(context.tree, request.path)) return DATA_INCONSISTENCY.errno
      const node = lookUp(context.tree, request.path)
      if (node !== undefined && !isAllowed(node.acl, PERMS.READ, context.ids)) {
        return NO_AUTH.errno
      }
      if (request.watch) context.watches.data.add(request.path, context.watcher, MODE.standard)
      if (node === undefined) return NO_NODE.errno
      return { type: 'stat', stat: statOf(node, node.data?.length ?? 0) }
    }
    case 'getChildren':
    case 'getChildren2':
      return getChildren(context, request.path, request.watch, request.type === 'getChildren2')
    case 'getACL':
      return getAcl(context, request)
    case 'multiRead':
      return multiRead(context, request)
    case 'setWatches':
      restoreWatches(context, request)
      return NONE
    case 'addWatch':
      if (request.mode !== 0 && request.mode !== 1) return MARSHALLING.errno
      context.watches.addPersistent(request.path, context.watcher, request.mode === 1)
      return { type: 'errorRecord', errno: 0 }
    case 'checkWatches':
    case 'removeWatches': {
      const { path, watcherType } = request
      if (watcherType < 1 || watcherType > 5) return MARSHALLING.errno
      const found =
        request.type === 'checkWatches'
          ? context.watches.contains(path, context.watcher, watcherType)
          : context.watches.remove(path, context.watcher, watcherType)
      return found ? NONE : NO_WATCHER.errno
    }
    case 'getEphemerals':
      return { type: 'paths', paths: ephemeralsBelow(context, request.prefixPath) }
    case 'getAllChildrenNumber':
      return countDescendants(context, request.path)
    case 'whoAmI':
      return { type: 'whoAmI', ids: context.ids.map(nameOnly) }
    case 'ping':
      return NONE
    case 'failRead':
      return request.errno
  }
}

function getData(context: ReadContext, { path, watch }: GetDataRequest): Planned {
  if (isUnreadable(context.tree, path)) return DATA_INCONSISTENCY.errno
  const node = lookUp(context.tree, path)
  if (node === undefined) return NO_NODE.errno
  if (!isAllowed(node.acl, PERMS.READ, context.ids)) return NO_AUTH.errno
  if (watch) context.watches.data.add(path, context.watcher, MODE.standard)
  return { type: 'data', data: node.data, stat: statOf(node, node.data?.length ?? 0) }
}

function getChildren(
  context: ReadContext,
  path: string,
  watch: boolean,
  withStat: boolean,
): Planned {
  if (isUnreadable(context.tree, path)) return DATA_INCONSISTENCY.errno
  const node = lookUp(context.tree, path)
  if (node === undefined) return NO_NODE.errno
  if (!isAllowed(node.acl, PERMS.READ, context.ids)) return NO_AUTH.errno
  if (watch) context.watches.child.add(path, context.watcher, MODE.standard)
  const children = node.childList
  return withStat
    ? { type: 'childrenStat', children, stat: statOf(node, node.data?.length ?? 0) }
    : { type: 'children', children }
}

/** READ or ADMIN may look; only ADMIN sees digests (A4). */
function getAcl(context: ReadContext, { path }: GetAclRequest): Planned {
  if (isUnreadable(context.tree, path)) return DATA_INCONSISTENCY.errno
  const node = lookUp(context.tree, path)
  if (node === undefined) return NO_NODE.errno
  if (!isAllowed(node.acl, PERMS.READ | PERMS.ADMIN, context.ids)) return NO_AUTH.errno
  const acl = isAllowed(node.acl, PERMS.ADMIN, context.ids) ? node.acl : maskDigests(node.acl)
  return { type: 'acl', acl, stat: statOf(node, node.data?.length ?? 0) }
}

/** What one multiRead may bring, bytes of data and names: ten thousand paths fit into a request. */
export const MULTI_READ_BYTES_MAX = 16 * 1024 * 1024

/**
 * Each read is answered on its own; one failure does not touch the others (M6). What is beyond
 * {@link MULTI_READ_BYTES_MAX} is not read: THROTTLEDOP in its place.
 */
function multiRead(context: ReadContext, request: MultiReadRequest): Planned {
  let bytes = 0
  const results = request.ops.map((op): MultiResult => {
    if (bytes > MULTI_READ_BYTES_MAX) return { type: 'error', errno: THROTTLED_OP.errno }
    const answer =
      op.type === 'getData' ? getData(context, op) : getChildren(context, op.path, op.watch, false)
    if (typeof answer === 'number') return { type: 'error', errno: answer }
    bytes += sizeOf(answer)
    if (answer.type === 'data') return { type: 'getData', data: answer.data, stat: answer.stat }
    if (answer.type === 'children') return { type: 'getChildren', children: answer.children }
    return { type: 'error', errno: MARSHALLING.errno }
  })
  return { type: 'multi', results }
}

function sizeOf(answer: Result): number {
  if (answer.type === 'data') return answer.data?.length ?? 0
  if (answer.type !== 'children') return 0
  return answer.children.reduce((sum, name) => sum + name.length + 4, 0)
}

/** Own ephemerals whose path starts with the text; all for "" and "/". */
function ephemeralsBelow(context: ReadContext, prefix: string): string[] {
  const paths = [...context.tree.ephemeralsOf(context.sessionId)]
  const trimmed = prefix.trim()
  if (trimmed === '' || trimmed === '/') return paths
  return paths.filter((path) => path.startsWith(prefix))
}

function countDescendants(context: ReadContext, path: string): Planned {
  if (isUnreadable(context.tree, path)) return DATA_INCONSISTENCY.errno
  const node = lookUp(context.tree, path)
  if (node === undefined) return NO_NODE.errno
  if (!isAllowed(node.acl, PERMS.READ, context.ids)) return NO_AUTH.errno
  if (path === '/') return { type: 'count', count: context.tree.nodeCount - 1 }
  // The empty path reads the root, and here ZooKeeper counts the root among what lies below.
  if (path === '') return { type: 'count', count: context.tree.nodeCount }
  return { type: 'count', count: node.descendants }
}

/** A digest id shows its user name alone. Source: DigestAuthenticationProvider.getUserName. */
function nameOnly(id: AuthId): AuthId {
  return id.scheme === 'digest' ? { scheme: id.scheme, id: userOf(id.id) } : id
}
