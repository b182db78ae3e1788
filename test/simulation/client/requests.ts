/** What simulated clients ask for, and how it looks on the wire. Neighbours: sim-client, check/model. */
import { packRequest, type RawMultiOp, type RawRequests } from '../../support/raw-codec.ts'

export interface CreateOp {
  readonly type: 'create'
  readonly path: string
  /** As on the wire: 0 persistent, 1 ephemeral, 2 and 3 the same in sequence, 4 container, 5 TTL. */
  readonly flags: number
  readonly data: string
  readonly ttlMs: number
}
export interface DeleteOp {
  readonly type: 'delete'
  readonly path: string
  readonly version: number
}
export interface SetOp {
  readonly type: 'set'
  readonly path: string
  readonly data: string
  readonly version: number
}
export interface CheckOp {
  readonly type: 'check'
  readonly path: string
  readonly version: number
}
export type ModelOp = CreateOp | DeleteOp | SetOp | CheckOp

export interface MultiRequest {
  readonly type: 'multi'
  readonly ops: readonly ModelOp[]
}
export type WriteRequest = CreateOp | DeleteOp | SetOp | MultiRequest | { readonly type: 'close' }

export interface ReadRequest {
  readonly type: 'get' | 'exists' | 'children'
  readonly path: string
  readonly watch: boolean
}
export interface SetWatches {
  readonly type: 'setWatches'
  readonly relativeZxid: number
  readonly data: readonly string[]
  readonly exist: readonly string[]
  readonly child: readonly string[]
  readonly persistent: readonly string[]
  readonly recursive: readonly string[]
}
export type OtherRequest =
  | { readonly type: 'sync'; readonly path: string }
  | { readonly type: 'ping' }
  | { readonly type: 'multiRead'; readonly paths: readonly string[] }
  | { readonly type: 'addWatch'; readonly path: string; readonly recursive: boolean }
  | SetWatches

export type SimRequest = WriteRequest | ReadRequest | OtherRequest

export const OPCODE = {
  create: 15,
  delete: 2,
  set: 5,
  multi: 14,
  close: -11,
  get: 4,
  exists: 3,
  children: 12,
  sync: 9,
  ping: 11,
  multiRead: 22,
  addWatch: 106,
  setWatches: 105,
} as const

/** Also of a create: the opcode by which its reply is read. */
export function opcodeOf(request: SimRequest): number {
  if (request.type !== 'create') return OPCODE[request.type]
  return request.flags === 5 ? 21 : request.flags === 4 ? 19 : 15
}

export function isWrite(request: SimRequest): request is WriteRequest {
  switch (request.type) {
    case 'create':
    case 'delete':
    case 'set':
    case 'multi':
    case 'close':
      return true
    default:
      return false
  }
}

export function encode(xid: number, request: SimRequest): Buffer {
  switch (request.type) {
    case 'create':
      return packRequest(xid, opcodeOf(request) as 15, request as RawRequests[15])
    case 'delete':
      return packRequest(xid, 2, request)
    case 'set':
      return packRequest(xid, 5, request)
    case 'multi':
      return packRequest(xid, 14, { ops: request.ops.map(toMultiOp) })
    case 'close':
      return packRequest(xid, -11, {})
    case 'get':
      return packRequest(xid, 4, request)
    case 'exists':
      return packRequest(xid, 3, request)
    case 'children':
      return packRequest(xid, 12, request)
    case 'sync':
      return packRequest(xid, 9, request)
    case 'ping':
      return packRequest(xid, 11, {})
    case 'multiRead':
      return packRequest(xid, 22, {
        ops: request.paths.map((path): RawMultiOp => ({ op: 4, path, watch: false })),
      })
    case 'addWatch':
      return packRequest(xid, 106, { path: request.path, mode: request.recursive ? 1 : 0 })
    case 'setWatches':
      return packRequest(xid, 105, { ...request, persistentRecursive: request.recursive })
  }
}

function toMultiOp(op: ModelOp): RawMultiOp {
  switch (op.type) {
    case 'create':
      return { op: 1, path: op.path, data: op.data, flags: op.flags }
    case 'delete':
      return { op: 2, path: op.path, version: op.version }
    case 'set':
      return { op: 5, path: op.path, data: op.data, version: op.version }
    case 'check':
      return { op: 13, path: op.path, version: op.version }
  }
}
