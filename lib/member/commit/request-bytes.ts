/** About how much of a batch a request takes. Neighbour: request-queue. */
import type { MultiOp } from '../../model/request.ts'
import type { CommitTask } from './task.ts'

/** What a request costs besides its data, bytes. */
const REQUEST_BYTES = 64
/** An ACL entry's, bytes. */
const ACL_ENTRY_BYTES = 32

type Sized = CommitTask['request'] | MultiOp

/** An estimate, bytes: data and path count, and entries of an ACL. */
export function requestBytes(request: Sized): number {
  switch (request.type) {
    case 'create':
      return REQUEST_BYTES + lengthOf(request.path) + lengthOf(request.data) + aclBytes(request.acl)
    case 'setData':
      return REQUEST_BYTES + lengthOf(request.path) + lengthOf(request.data)
    case 'setACL':
      return REQUEST_BYTES + lengthOf(request.path) + aclBytes(request.acl)
    case 'guarded':
      return requestBytes(request.request) + request.guards.length * REQUEST_BYTES
    case 'multi':
      return request.ops.reduce((sum, op) => sum + requestBytes(op), REQUEST_BYTES)
    default:
      return REQUEST_BYTES
  }
}

/** Of a malformed request, which fails when it is planned, anything may be absent. */
const lengthOf = (text: string | null): number => text?.length ?? 0

const aclBytes = (acl: readonly unknown[] | null): number => (acl?.length ?? 0) * ACL_ENTRY_BYTES
