/**
 * Plans create in all modes. Order of the checks: zookeeper-reference §2.7, from ZooKeeper's
 * PrepRequestProcessor.pRequest2TxnCreate: the first failing one is the answer.
 */

import { TTL_MS_MAX } from '../../base/limits.ts'
import { fixupAcl, isAllowed } from '../../model/acl.ts'
import { ZK_ERRORS } from '../../model/errors.ts'
import { isValidPath, parentOf } from '../../model/path.ts'
import { CREATE_FLAGS, type CreateRequest, OP, PERMS } from '../../model/request.ts'
import { KIND, type Kind, statOf } from '../../model/znode.ts'
import type { Caller, Planned } from './planned.ts'
import type { PlannedZnode, PlanView } from './view.ts'

/** Which create flags are sequential, ephemeral, or need a TTL. Source: CreateMode. */
const SEQUENTIAL: readonly boolean[] = [false, false, true, true, false, false, true]
const EPHEMERAL: readonly boolean[] = [false, true, false, true, false, false, false]
const WITH_TTL: readonly boolean[] = [false, false, false, false, false, true, true]

/** Seen on 3.8.0: flag 4 makes a container under any opcode, createContainer under any flag. */
function kindOf({ op, flags }: CreateRequest): Kind {
  if (op === OP.createContainer || flags === CREATE_FLAGS.CONTAINER) return KIND.container
  return op === OP.createTTL ? KIND.ttl : KIND.plain
}

/** The suffix of a sequential name: %010d of an int32, as Java prints it. */
function sequenceSuffix(counter: number): string {
  return counter < 0 ? `-${String(-counter).padStart(9, '0')}` : String(counter).padStart(10, '0')
}

export function planCreate(view: PlanView, request: CreateRequest, caller: Caller): Planned {
  const sequential = SEQUENTIAL[request.flags]
  if (sequential === undefined) return ZK_ERRORS.BAD_ARGUMENTS.errno
  const kind = kindOf(request)
  if (WITH_TTL[request.flags] !== (request.op === OP.createTTL)) {
    return ZK_ERRORS.BAD_ARGUMENTS.errno
  }
  if (kind === KIND.ttl && (request.ttlMs <= 0 || request.ttlMs > TTL_MS_MAX)) {
    return ZK_ERRORS.BAD_ARGUMENTS.errno
  }
  if (!request.path.includes('/') || request.path.includes('\0')) {
    return ZK_ERRORS.BAD_ARGUMENTS.errno
  }
  const acl = fixupAcl(request.acl, caller.ids, view.aclSchemes)
  if (typeof acl === 'number') return acl
  const parentPath = parentOf(request.path)
  const parent = view.get(parentPath)
  if (parent === undefined) return ZK_ERRORS.NO_NODE.errno
  if (view.isUnreadable(parentPath)) return ZK_ERRORS.DATA_INCONSISTENCY.errno
  if (!isAllowed(parent.acl, PERMS.CREATE, caller.ids)) return ZK_ERRORS.NO_AUTH.errno
  const path = sequential ? request.path + sequenceSuffix(parent.creates) : request.path
  if (!isValidPath(path)) return ZK_ERRORS.BAD_ARGUMENTS.errno
  if (view.isTooLong(path)) return ZK_ERRORS.BAD_ARGUMENTS.errno
  if (view.get(path) !== undefined) return ZK_ERRORS.NODE_EXISTS.errno
  if (parent.ephemeralOwner !== 0n) return ZK_ERRORS.NO_CHILDREN_FOR_EPHEMERALS.errno

  if (view.isMemoryShort()) return ZK_ERRORS.QUOTA_EXCEEDED.errno
  const refused = view.checkQuota(path, 1, request.data?.length ?? 0)
  if (refused !== 0) return refused

  const parentCreates = (parent.creates + 1) | 0
  const edited = view.edit(parentPath, parent)
  edited.childCount++
  if (parentCreates > edited.creates) {
    edited.creates = parentCreates
    edited.pzxid = view.zxid
  }
  const node: PlannedZnode = {
    czxid: view.zxid,
    mzxid: view.zxid,
    pzxid: view.zxid,
    ctime: view.time,
    mtime: view.time,
    version: 0,
    creates: 0,
    aversion: 0,
    ephemeralOwner: EPHEMERAL[request.flags] && kind === KIND.plain ? caller.sessionId : 0n,
    childCount: 0,
    acl,
    kind,
    ttlMs: request.ttlMs,
    dataLength: request.data?.length ?? 0,
  }
  view.put(path, node)
  view.ops.push({
    type: 'create',
    path,
    data: request.data,
    acl,
    ephemeralOwner: node.ephemeralOwner,
    kind,
    ttlMs: request.ttlMs,
    parentCreates,
  })
  if (request.op === OP.create) return { type: 'path', path }
  return { type: 'pathStat', path, stat: statOf(node, node.dataLength) }
}
