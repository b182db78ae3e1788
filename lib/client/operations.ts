/**
 * What a caller of the client names, and the protocol's records for it. Neighbour: zookeeper.
 */
import type { Random } from '../base/clock.ts'
import { OPEN_ACL } from '../model/acl.ts'
import { type ByteString, fromByteString } from '../model/byte-string.ts'
import { ZnodeError } from '../model/errors.ts'
import {
  type Acl,
  type CheckRequest,
  CREATE_FLAGS,
  type CreateRequest,
  type DeleteRequest,
  type MultiOp,
  type MultiReadRequest,
  type MultiResult,
  OP,
  type ReadRequest,
  type Result,
  type SetDataRequest,
  type Stat,
  type SyncRequest,
  type WriteRequest,
} from '../model/request.ts'
import {
  badArgument,
  checkAcl,
  checkArray,
  checkBoolean,
  checkByteString,
  checkData,
  checked,
  checkNumber,
  checkOptions,
  checkPath,
  checkRecord,
  checkTtlMs,
  checkVersion,
  checkWord,
  copyOf,
} from './arguments.ts'
import { newProtectedName } from './protected-name.ts'

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

const CREATE_MODES = Object.keys(FLAGS) as CreateMode[]
const CREATE_OPTION_NAMES = ['mode', 'acl', 'ttlMs', 'protected'] as const
const SEQUENTIAL_FLAGS: ReadonlySet<number> = new Set([
  CREATE_FLAGS.PERSISTENT_SEQUENTIAL,
  CREATE_FLAGS.EPHEMERAL_SEQUENTIAL,
  CREATE_FLAGS.PERSISTENT_SEQUENTIAL_WITH_TTL,
])

const EPHEMERAL_FLAGS: ReadonlySet<number> = new Set([
  CREATE_FLAGS.EPHEMERAL,
  CREATE_FLAGS.EPHEMERAL_SEQUENTIAL,
])

/** Options of a create. */
export interface CreateOptions {
  /** @default 'persistent' */
  readonly mode?: CreateMode
  /** @default world:anyone may do anything */
  readonly acl?: readonly Acl[]
  /** For the ttl modes, and needed there: ms, an integer from 1 to 2⁴⁰ − 1. */
  readonly ttlMs?: number
  /**
   * It gets a name that no other has, `_c_<uuid>-<name>` as Curator's withProtection(), and is found again by it where the connection is
   * lost before the answer: the create waits until the client is connected, or its session over, and makes one znode or none. What
   * a create that is given up has made is deleted as soon as the client is connected. For {@link ZooKeeper.create} alone.
   * @default false
   */
  readonly protected?: boolean
}

/** An operation of a multi; see {@link createOp}. */
export type ClientOp =
  | CreateRequest
  | DeleteRequest
  | CheckRequest
  | (Omit<SetDataRequest, 'data'> & { readonly data: Uint8Array | null })

export function toBytes(data: ByteString | null): Uint8Array | null {
  return data === null ? null : fromByteString(data)
}

const CREATE_OPS = [OP.create, OP.create2, OP.createContainer, OP.createTTL] as const

/** Copies what a caller passed. @throws {ZnodeError} ZK_BAD_ARGUMENTS, ZK_INVALID_ACL */
function toMultiOp(value: unknown, at: number): MultiOp {
  const op = checkRecord(value, `ops[${at}]`)
  const type = checkWord(
    op.type,
    ['create', 'delete', 'setData', 'check'] as const,
    `ops[${at}].type`,
  )
  switch (type) {
    case 'create': {
      const flags = checkNumber(op.flags, Object.values(CREATE_FLAGS), `ops[${at}].flags`)
      const code = checkNumber(op.op, CREATE_OPS, `ops[${at}].op`)
      const isSequential = SEQUENTIAL_FLAGS.has(flags)
      const path = checkPath(op.path, isSequential)
      const ttlMs = code === OP.createTTL ? checkTtlMs(op.ttlMs) : 0
      const data = checkByteString(op.data)
      return { type, op: code, path, data, acl: checkAcl(op.acl), flags, ttlMs }
    }
    case 'setData':
      return {
        type,
        path: checkPath(op.path),
        data: checkData(op.data),
        version: checkVersion(op.version),
      }
    default:
      return { type, path: checkPath(op.path), version: checkVersion(op.version) }
  }
}

/** The operations of a multi, checked and copied. @throws {ZnodeError} with the place of the one that is wrong */
export function toMultiOps(ops: unknown): readonly MultiOp[] {
  return checked(() => copyOf(checkArray(ops, 'ops'), toMultiOp))
}

/**
 * A create as an operation of {@link ZooKeeper.multi}. `data`: bytes, null for none. Its result in the
 * multi is a `create2`: path and Stat. The data is copied.
 * @throws {ZnodeError} ZK_BAD_ARGUMENTS (path, data, mode, TTL, `protected`, an option that is not known), ZK_INVALID_ACL
 */
export function createOp(
  path: string,
  data: Uint8Array | null,
  options: CreateOptions = {},
  defaultAcl: readonly Acl[] = OPEN_ACL,
): CreateRequest {
  const { request, isProtected } = toCreate(path, data, options, defaultAcl)
  if (!isProtected) return request
  throw badArgument('protected is for create() alone: an operation of a multi cannot be protected')
}

/** What a caller wants created, checked and copied. @throws {ZnodeError} as createOp() */
export function toCreate(
  path: string,
  data: Uint8Array | null,
  options: CreateOptions,
  defaultAcl: readonly Acl[],
): { readonly request: CreateRequest; readonly isProtected: boolean } {
  return checked(() => {
    const given = checkOptions(options, CREATE_OPTION_NAMES)
    const { mode, acl, ttlMs } = given
    const flags = FLAGS[mode === undefined ? 'persistent' : checkWord(mode, CREATE_MODES, 'mode')]
    const hasTtl = flags >= CREATE_FLAGS.PERSISTENT_WITH_TTL
    if (!hasTtl && ttlMs !== undefined) {
      throw badArgument('ttlMs is for the modes ttl and ttl-sequential only')
    }
    const container = flags === CREATE_FLAGS.CONTAINER ? OP.createContainer : OP.create2
    const request: CreateRequest = {
      type: 'create',
      op: hasTtl ? OP.createTTL : container,
      path: checkPath(path, SEQUENTIAL_FLAGS.has(flags)),
      data: checkData(data),
      acl: acl === undefined ? defaultAcl : checkAcl(acl),
      flags,
      ttlMs: hasTtl ? checkTtlMs(ttlMs) : 0,
    }
    return { request, isProtected: checkBoolean(given.protected, 'protected') }
  })
}

/** The same create with a protected name, and where it is found again. @throws {ZnodeError} ZK_BAD_ARGUMENTS: the root */
export function protectedRequest(request: CreateRequest, random: Random) {
  const isSequential = SEQUENTIAL_FLAGS.has(request.flags)
  const { parent, prefix, path } = newProtectedName(request.path, isSequential, random)
  const isEphemeral = EPHEMERAL_FLAGS.has(request.flags)
  const place = { parent, prefix, isEphemeral, path: isSequential ? undefined : path }
  return { request: { ...request, path }, place }
}

/** A read of a {@link ZooKeeper.multiRead}. */
export interface ReadOp {
  /** The data and Stat, or the names of the children. */
  readonly type: 'getData' | 'getChildren'
  /** Of the znode. */
  readonly path: string
}

/** What one read of a {@link ZooKeeper.multiRead} found. `data`: null where the znode has none. */
export type ReadResult =
  | { readonly type: 'getData'; readonly data: Uint8Array | null; readonly stat: Stat }
  | { readonly type: 'getChildren'; readonly children: readonly string[] }
  | { readonly type: 'error'; readonly error: ZnodeError }

/** The reads of a multiRead, checked and copied. @throws {ZnodeError} with the place of the one that is wrong */
export function toReadOps(ops: unknown): MultiReadRequest['ops'] {
  return checked(() =>
    copyOf(checkArray(ops, 'ops'), (value, at) => {
      const { type, path } = checkRecord(value, `ops[${at}]`)
      const known = checkWord(type, ['getData', 'getChildren'] as const, `ops[${at}].type`)
      return { type: known, path: checkPath(path), watch: false }
    }),
  )
}

export function readResults(
  ops: MultiReadRequest['ops'],
  results: readonly MultiResult[],
): ReadResult[] {
  return results.map((result, at): ReadResult => {
    switch (result.type) {
      case 'getData':
        return { type: 'getData', data: toBytes(result.data), stat: result.stat }
      case 'getChildren':
        return { type: 'getChildren', children: [...result.children] }
      case 'error':
        return { type: 'error', error: new ZnodeError(result.errno, ops[at]?.path) }
      default:
        throw new TypeError(`unexpected ${result.type}`)
    }
  })
}

/** The record that a request of this kind is answered with. @throws {TypeError} it is another one */
export function resultOf<T extends Result['type']>(
  result: Result,
  type: T,
): Extract<Result, { readonly type: T }> {
  if (result.type !== type) throw new TypeError(`unexpected ${result.type}`)
  return result as Extract<Result, { readonly type: T }>
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
/** Can it change anything? */
export function isWrite(request: ReadRequest | WriteRequest | SyncRequest): boolean {
  return !isRead(request) && request.type !== 'sync'
}
