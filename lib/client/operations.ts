/**
 * What a caller of the in-process client names, and the protocol's records for it. Neighbour:
 * keeper-client.
 */
import { OPEN_ACL } from '../model/acl.ts'
import { type ByteString, fromByteString, toByteString } from '../model/byte-string.ts'
import {
  type Acl,
  type CheckRequest,
  CREATE_FLAGS,
  type CreateRequest,
  type DeleteRequest,
  type MultiOp,
  OP,
  type ReadRequest,
  type SetDataRequest,
  type SyncRequest,
  type WriteRequest,
} from '../model/request.ts'

/**
 * How long a znode lives, and how it is named. container: deleted some time after its last child;
 * ttl: deleted once it has no child and was not changed for `ttlMs`.
 */
export type CreateMode =
  | 'persistent'
  | 'ephemeral'
  | 'persistent-sequential'
  | 'ephemeral-sequential'
  | 'container'
  | 'ttl'
  | 'ttl-sequential'

const FLAGS: Record<CreateMode, number> = {
  persistent: CREATE_FLAGS.PERSISTENT,
  ephemeral: CREATE_FLAGS.EPHEMERAL,
  'persistent-sequential': CREATE_FLAGS.PERSISTENT_SEQUENTIAL,
  'ephemeral-sequential': CREATE_FLAGS.EPHEMERAL_SEQUENTIAL,
  container: CREATE_FLAGS.CONTAINER,
  ttl: CREATE_FLAGS.PERSISTENT_WITH_TTL,
  'ttl-sequential': CREATE_FLAGS.PERSISTENT_SEQUENTIAL_WITH_TTL,
}

/** Options of a create. */
export interface CreateOptions {
  readonly mode?: CreateMode
  /** @default world:anyone may do anything */
  readonly acl?: readonly Acl[]
  /** For the ttl modes, ms. */
  readonly ttlMs?: number
}

/** An operation of a multi; see {@link createOp}. */
export type ClientOp =
  | CreateRequest
  | DeleteRequest
  | CheckRequest
  | (Omit<SetDataRequest, 'data'> & { readonly data: Uint8Array | null })

export function toText(data: Uint8Array | null): ByteString | null {
  return data === null ? null : toByteString(data)
}
export function toBytes(data: ByteString | null): Uint8Array | null {
  return data === null ? null : fromByteString(data)
}
export function toMultiOp(op: ClientOp): MultiOp {
  return op.type === 'setData' ? { ...op, data: toText(op.data) } : op
}

/**
 * A create as an operation of KeeperClient.multi. `data`: bytes, null for none. Its result in the
 * multi is a `create2`: path and Stat.
 */
export function createOp(
  path: string,
  data: Uint8Array | null,
  options: CreateOptions = {},
): CreateRequest {
  const flags = FLAGS[options.mode ?? 'persistent']
  const op =
    options.mode === 'container'
      ? OP.createContainer
      : flags >= CREATE_FLAGS.PERSISTENT_WITH_TTL
        ? OP.createTTL
        : OP.create2
  return {
    type: 'create',
    op,
    path,
    data: toText(data),
    acl: options.acl ?? OPEN_ACL,
    flags,
    ttlMs: options.ttlMs ?? 0,
  }
}

const WRITES = new Set([
  'create',
  'delete',
  'setData',
  'setACL',
  'check',
  'multi',
  'closeSession',
  'sync',
])
export function isRead(request: ReadRequest | WriteRequest | SyncRequest): request is ReadRequest {
  return !WRITES.has(request.type)
}
