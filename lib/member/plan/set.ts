/** Plans setData, setACL and check. Source: PrepRequestProcessor, §2.7. */

import { fixupAcl, isAllowed } from '../../model/acl.ts'
import { ZK_ERRORS } from '../../model/errors.ts'
import { isValidPath } from '../../model/path.ts'
import {
  type CheckRequest,
  PERMS,
  type SetAclRequest,
  type SetDataRequest,
} from '../../model/request.ts'
import { statOf, Znode } from '../../model/znode.ts'
import { type Caller, NONE, type Planned } from './planned.ts'
import type { PlannedZnode, PlanView, ViewedZnode } from './view.ts'

/** The next version: int32, wrapping (S5). */
const next = (version: number): number => (version + 1) | 0

export function planSetData(view: PlanView, request: SetDataRequest, caller: Caller): Planned {
  const { path, data } = request
  if (!isValidPath(path)) return ZK_ERRORS.BAD_ARGUMENTS.errno
  const node = view.get(path)
  if (node === undefined) return ZK_ERRORS.NO_NODE.errno
  if (view.isUnreadable(path)) return ZK_ERRORS.DATA_INCONSISTENCY.errno
  if (!isAllowed(node.acl, PERMS.WRITE, caller.ids)) return ZK_ERRORS.NO_AUTH.errno
  const grown = (data?.length ?? 0) - view.dataLength(node)
  const refused = view.checkQuota(path, 0, grown)
  if (refused !== 0) return refused
  if (request.version !== -1 && request.version !== node.version) {
    return ZK_ERRORS.BAD_VERSION.errno
  }
  const length = data?.length ?? 0
  if (length > dataLengthOf(node) && view.isMemoryShort()) return ZK_ERRORS.QUOTA_EXCEEDED.errno
  const edited = view.edit(path, node)
  edited.version = next(edited.version)
  edited.mzxid = view.zxid
  edited.mtime = view.time
  edited.dataLength = length
  view.ops.push({ type: 'setData', path, data, version: edited.version })
  return { type: 'stat', stat: statOf(edited, edited.dataLength) }
}

function dataLengthOf(node: ViewedZnode): number {
  return node instanceof Znode ? (node.data?.length ?? 0) : (node as PlannedZnode).dataLength
}

export function planSetAcl(view: PlanView, request: SetAclRequest, caller: Caller): Planned {
  const { path } = request
  if (!isValidPath(path)) return ZK_ERRORS.BAD_ARGUMENTS.errno
  const acl = fixupAcl(request.acl, caller.ids, view.aclSchemes)
  if (typeof acl === 'number') return acl
  const node = view.get(path)
  if (node === undefined) return ZK_ERRORS.NO_NODE.errno
  if (view.isUnreadable(path)) return ZK_ERRORS.DATA_INCONSISTENCY.errno
  if (!isAllowed(node.acl, PERMS.ADMIN, caller.ids)) return ZK_ERRORS.NO_AUTH.errno
  if (request.version !== -1 && request.version !== node.aversion) {
    return ZK_ERRORS.BAD_VERSION.errno
  }
  if (acl.length > node.acl.length && view.isMemoryShort()) return ZK_ERRORS.QUOTA_EXCEEDED.errno
  const edited = view.edit(path, node)
  edited.aversion = next(edited.aversion)
  edited.acl = acl
  view.ops.push({ type: 'setACL', path, acl, aversion: edited.aversion })
  return { type: 'stat', stat: statOf(edited, edited.dataLength) }
}

export function planCheck(view: PlanView, request: CheckRequest, caller: Caller): Planned {
  const { path } = request
  if (!isValidPath(path)) return ZK_ERRORS.BAD_ARGUMENTS.errno
  const node = view.get(path)
  if (node === undefined) return ZK_ERRORS.NO_NODE.errno
  if (view.isUnreadable(path)) return ZK_ERRORS.DATA_INCONSISTENCY.errno
  if (!isAllowed(node.acl, PERMS.READ, caller.ids)) return ZK_ERRORS.NO_AUTH.errno
  if (request.version !== -1 && request.version !== node.version) {
    return ZK_ERRORS.BAD_VERSION.errno
  }
  return NONE
}
