/**
 * What a session may ask and what it gets back, as plain records: the common language of proxy
 * (which decodes them from bytes), planners, reads and the in-process client.
 * Source of the shapes: ZooKeeper's zookeeper.jute; names and fields are the protocol's.
 */
import type { ByteString } from './byte-string.ts'

/** Permission bits. Source: ZooDefs.Perms. */
export const PERMS = { READ: 1, WRITE: 2, CREATE: 4, DELETE: 8, ADMIN: 16, ALL: 31 } as const

export interface AuthId {
  readonly scheme: string
  readonly id: string
}

export interface Acl {
  readonly perms: number
  readonly id: AuthId
}

/** Create flags as on the wire. Source: CreateMode. */
export const CREATE_FLAGS = {
  PERSISTENT: 0,
  EPHEMERAL: 1,
  PERSISTENT_SEQUENTIAL: 2,
  EPHEMERAL_SEQUENTIAL: 3,
  CONTAINER: 4,
  PERSISTENT_WITH_TTL: 5,
  PERSISTENT_SEQUENTIAL_WITH_TTL: 6,
} as const

/** Opcodes as on the wire. Source: ZooDefs.OpCode. */
export const OP = {
  create: 1,
  delete: 2,
  exists: 3,
  getData: 4,
  setData: 5,
  getACL: 6,
  setACL: 7,
  getChildren: 8,
  sync: 9,
  ping: 11,
  getChildren2: 12,
  check: 13,
  multi: 14,
  create2: 15,
  reconfig: 16,
  checkWatches: 17,
  removeWatches: 18,
  createContainer: 19,
  deleteContainer: 20,
  createTTL: 21,
  multiRead: 22,
  auth: 100,
  setWatches: 101,
  sasl: 102,
  getEphemerals: 103,
  getAllChildrenNumber: 104,
  setWatches2: 105,
  addWatch: 106,
  whoAmI: 107,
  createSession: -10,
  closeSession: -11,
  error: -1,
} as const

/** The 68-byte Stat of the protocol. Times in ms since 1970. */
export interface Stat {
  readonly czxid: number
  readonly mzxid: number
  readonly ctime: number
  readonly mtime: number
  readonly version: number
  /** As exported: 2 × creates − children. Source: DataNode.copyStat. */
  readonly cversion: number
  readonly aversion: number
  readonly ephemeralOwner: bigint
  readonly dataLength: number
  readonly numChildren: number
  readonly pzxid: number
}

export interface CreateRequest {
  readonly type: 'create'
  /**
   * Which of create, create2, createContainer, createTTL: decides the reply's shape. Top level: as
   * sent. Inside multi: 19 or 21 for a container or TTL node, else 1, whatever was sent.
   */
  readonly op: 1 | 15 | 19 | 21
  readonly path: string
  /** null stays null: it reads back as length −1. */
  readonly data: ByteString | null
  /** null: the client sent a null vector. */
  readonly acl: readonly Acl[] | null
  readonly flags: number
  /** ms; 0 unless createTTL. */
  readonly ttlMs: number
}
export interface DeleteRequest {
  readonly type: 'delete'
  readonly path: string
  readonly version: number
}
export interface SetDataRequest {
  readonly type: 'setData'
  readonly path: string
  readonly data: ByteString | null
  readonly version: number
}
export interface SetAclRequest {
  readonly type: 'setACL'
  readonly path: string
  readonly acl: readonly Acl[] | null
  /** Compared with aversion. */
  readonly version: number
}
export interface CheckRequest {
  readonly type: 'check'
  readonly path: string
  readonly version: number
}
export type MultiOp = CreateRequest | DeleteRequest | SetDataRequest | CheckRequest
export interface MultiRequest {
  readonly type: 'multi'
  readonly ops: readonly MultiOp[]
}
/** From the reaper only: never decoded from the wire. Source: ContainerManager. */
export interface DeleteContainerRequest {
  readonly type: 'deleteContainer'
  readonly path: string
}
export interface CloseSessionRequest {
  readonly type: 'closeSession'
}
/** A request whose only fate is an error that takes its place in the order (and a zxid). */
export interface FailRequest {
  readonly type: 'fail'
  readonly errno: number
}
export type WriteRequest =
  | CreateRequest
  | DeleteRequest
  | SetDataRequest
  | SetAclRequest
  | CheckRequest
  | MultiRequest
  | DeleteContainerRequest
  | CloseSessionRequest
  | FailRequest

export interface ExistsRequest {
  readonly type: 'exists'
  readonly path: string
  readonly watch: boolean
}
export interface GetDataRequest {
  readonly type: 'getData'
  readonly path: string
  readonly watch: boolean
}
export interface GetAclRequest {
  readonly type: 'getACL'
  readonly path: string
}
export interface GetChildrenRequest {
  readonly type: 'getChildren' | 'getChildren2'
  readonly path: string
  readonly watch: boolean
}
export interface MultiReadRequest {
  readonly type: 'multiRead'
  readonly ops: readonly (GetDataRequest | GetChildrenRequest)[]
}
export interface SetWatchesRequest {
  readonly type: 'setWatches'
  readonly relativeZxid: number
  readonly data: readonly string[]
  readonly exist: readonly string[]
  readonly child: readonly string[]
  readonly persistent: readonly string[]
  readonly persistentRecursive: readonly string[]
}
export interface AddWatchRequest {
  readonly type: 'addWatch'
  readonly path: string
  /** 0 persistent, 1 persistent recursive; others are BADARGUMENTS. */
  readonly mode: number
}
export interface RemoveWatchesRequest {
  readonly type: 'checkWatches' | 'removeWatches'
  readonly path: string
  /** Children 1, Data 2, Any 3, Persistent 4, PersistentRecursive 5. */
  readonly watcherType: number
}
export interface GetEphemeralsRequest {
  readonly type: 'getEphemerals'
  readonly prefixPath: string
}
export interface GetAllChildrenNumberRequest {
  readonly type: 'getAllChildrenNumber'
  readonly path: string
}
export interface WhoAmIRequest {
  readonly type: 'whoAmI'
}
export interface PingRequest {
  readonly type: 'ping'
}
/** A read whose only fate is an error in its turn: its record could not be decoded. */
export interface FailReadRequest {
  readonly type: 'failRead'
  readonly errno: number
}
export type ReadRequest =
  | FailReadRequest
  | ExistsRequest
  | GetDataRequest
  | GetAclRequest
  | GetChildrenRequest
  | MultiReadRequest
  | SetWatchesRequest
  | AddWatchRequest
  | RemoveWatchesRequest
  | GetEphemeralsRequest
  | GetAllChildrenNumberRequest
  | WhoAmIRequest
  | PingRequest

export interface SyncRequest {
  readonly type: 'sync'
  readonly path: string
}
export interface AuthRequest {
  readonly type: 'auth'
  readonly scheme: string
  /** null, unlike no bytes, is AUTHFAILED. */
  readonly auth: Uint8Array | null
}
export interface SaslRequest {
  readonly type: 'sasl'
  readonly token: Uint8Array | null
}
export interface ReconfigRequest {
  readonly type: 'reconfig'
}
export type OtherRequest = SyncRequest | AuthRequest | SaslRequest | ReconfigRequest
export type Request = WriteRequest | ReadRequest | OtherRequest

/** One operation's result inside a multi. */
export type MultiResult =
  /** For an operation whose `op` is 1. */
  | { readonly type: 'create'; readonly path: string }
  /** For an operation whose `op` is 19 or 21. */
  | { readonly type: 'create2'; readonly path: string; readonly stat: Stat }
  | { readonly type: 'setData'; readonly stat: Stat }
  | { readonly type: 'delete' }
  | { readonly type: 'check' }
  | { readonly type: 'getData'; readonly data: ByteString | null; readonly stat: Stat }
  | { readonly type: 'getChildren'; readonly children: readonly string[] }
  | { readonly type: 'error'; readonly errno: number }

/** A successful answer's record; failures carry only an errno. */
export type Result =
  | { readonly type: 'none' }
  | { readonly type: 'path'; readonly path: string }
  | { readonly type: 'pathStat'; readonly path: string; readonly stat: Stat }
  | { readonly type: 'stat'; readonly stat: Stat }
  | { readonly type: 'data'; readonly data: ByteString | null; readonly stat: Stat }
  | { readonly type: 'acl'; readonly acl: readonly Acl[]; readonly stat: Stat }
  | { readonly type: 'children'; readonly children: readonly string[] }
  | { readonly type: 'childrenStat'; readonly children: readonly string[]; readonly stat: Stat }
  | { readonly type: 'multi'; readonly results: readonly MultiResult[] }
  | { readonly type: 'paths'; readonly paths: readonly string[] }
  | { readonly type: 'count'; readonly count: number }
  | { readonly type: 'whoAmI'; readonly ids: readonly AuthId[] }
  | { readonly type: 'errorRecord'; readonly errno: number }
  | { readonly type: 'sasl'; readonly token: Uint8Array | null }

/** Watch event types. Source: Watcher.Event.EventType. */
export const EVENT = {
  None: -1,
  NodeCreated: 1,
  NodeDeleted: 2,
  NodeDataChanged: 3,
  NodeChildrenChanged: 4,
} as const
export type EventType = (typeof EVENT)[keyof typeof EVENT]
