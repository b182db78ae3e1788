/** Plans delete, and the reaper's deleteContainer. Source: PrepRequestProcessor, §2.7. */

import { isAllowed } from '../../model/acl.ts'
import { ZK_ERRORS } from '../../model/errors.ts'
import { isReservedPath, parentOf } from '../../model/path.ts'
import { type DeleteContainerRequest, type DeleteRequest, PERMS } from '../../model/request.ts'
import { KIND } from '../../model/znode.ts'
import { type Caller, NONE, type Planned } from './planned.ts'
import type { PlanView, ViewedZnode } from './view.ts'

function remove(view: PlanView, path: string, parentPath: string, parent: ViewedZnode): void {
  const edited = view.edit(parentPath, parent)
  edited.childCount--
  edited.pzxid = view.zxid
  view.remove(path)
  view.ops.push({ type: 'delete', path })
}

export function planDelete(view: PlanView, request: DeleteRequest, caller: Caller): Planned {
  const { path } = request
  if (!path.includes('/') || path.includes('\0') || isReservedPath(path)) {
    return ZK_ERRORS.BAD_ARGUMENTS.errno
  }
  const parentPath = parentOf(path)
  const parent = view.get(parentPath)
  if (parent === undefined) return ZK_ERRORS.NO_NODE.errno
  if (view.isUnreadable(parentPath) || view.isUnreadable(path)) {
    return ZK_ERRORS.DATA_INCONSISTENCY.errno
  }
  if (!isAllowed(parent.acl, PERMS.DELETE, caller.ids)) return ZK_ERRORS.NO_AUTH.errno
  const node = view.get(path)
  if (node === undefined) return ZK_ERRORS.NO_NODE.errno
  if (request.version !== -1 && request.version !== node.version) {
    return ZK_ERRORS.BAD_VERSION.errno
  }
  if (node.childCount > 0) return ZK_ERRORS.NOT_EMPTY.errno
  remove(view, path, parentPath, parent)
  return NONE
}

/** Checked again here, because the reaper decided on an older state. */
export function planDeleteContainer(view: PlanView, request: DeleteContainerRequest): Planned {
  const { path } = request
  const node = view.get(path)
  if (node === undefined) return ZK_ERRORS.NO_NODE.errno
  if (node.childCount > 0) return ZK_ERRORS.NOT_EMPTY.errno
  if (node.kind === KIND.plain) return ZK_ERRORS.BAD_VERSION.errno
  // Not by the clock: this proxy's may differ from that of the one that wrote mtime.
  if (node.mzxid !== request.mzxid) return ZK_ERRORS.BAD_VERSION.errno
  const parentPath = parentOf(path)
  const parent = view.get(parentPath)
  if (parent === undefined) return ZK_ERRORS.NO_NODE.errno
  remove(view, path, parentPath, parent)
  return NONE
}
