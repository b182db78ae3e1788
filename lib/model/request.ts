/**
 * What a session may request and what it gets back, as plain records: the common language of proxy
 * (which decodes them from bytes), planners, reads and the in-process client.
 * Source of the shapes: ZooKeeper's zookeeper.jute; names and fields are the protocol's.
 */
import type { ByteString } from './byte-string.ts'

/** Permission bits. Source: ZooDefs.Perms. */
export const PERMS = { READ: 1, WRITE: 2, CREATE: 4, DELETE: 8, ADMIN: 16, ALL: 31 } as const

/**
 * One identity: a scheme (world, auth, digest, ip, x509, sasl, super) and an id of that scheme.
 */
export interface AuthId {
  /** How the identity was proved. */
  readonly scheme: string
  /** Empty for the scheme auth. */
  readonly id: string
  /**
   * Of an id that a connection has proven: does it match that id of its scheme in an ACL, though the two are
   * not equal? It must not throw. Absent: no.
   */
  readonly matches?: (idInAcl: string) => boolean
}

/** What one identity may do; `perms` is a sum of {@link PERMS}. */
export interface Acl {
  /** 0 to 31. */
  readonly perms: number
  /** Whom it is for. */
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
  /** zxid of the create. */
  readonly czxid: number
  /** zxid of the newest change of the data. */
  readonly mzxid: number
  /** Time of the create. */
  readonly ctime: number
  /** Time of the newest change of the data. */
  readonly mtime: number
  /** Changes of the data; 0 for a new znode. */
  readonly version: number
  /** As exported: 2 × creates − children. Source: DataNode.copyStat. */
  readonly cversion: number
  /** Changes of the ACL. */
  readonly aversion: number
  /** Session of an ephemeral, else 0n. A container and a TTL znode have a value of their own here, as in ZooKeeper. */
  readonly ephemeralOwner: bigint
  /** Unit bytes. */
  readonly dataLength: number
  /** Direct ones. */
  readonly numChildren: number
  /** zxid of the newest create or delete of a child. */
  readonly pzxid: number
}

/** Creates a znode: create, create2, createContainer and createTTL. */
export interface CreateRequest {
  /** Which operation it is. */
  readonly type: 'create'
  /**
   * Which of create, create2, createContainer, createTTL: decides the reply's shape. Top level: as
   * sent. Decoded from a multi: 19 or 21 for a container or TTL node, else 1, whatever was sent.
   * The in-process client sends 15, 19 or 21 in both.
   */
  readonly op: 1 | 15 | 19 | 21
  /** Absolute, and not ending with "/". A sequential one may end with "/". */
  readonly path: string
  /** null stays null: it reads back as length −1. */
  readonly data: ByteString | null
  /** null: the client sent a null vector. */
  readonly acl: readonly Acl[] | null
  /** A value of {@link CREATE_FLAGS}. */
  readonly flags: number
  /** ms; 0 unless createTTL. */
  readonly ttlMs: number
}
/** Deletes a znode without children. `version`: expected; −1: any. */
export interface DeleteRequest {
  /** Which operation it is. */
  readonly type: 'delete'
  /** Absolute, and not ending with "/". */
  readonly path: string
  /** Expected; −1: any. */
  readonly version: number
}
/** Replaces the data. `version`: expected; −1: any. */
export interface SetDataRequest {
  /** Which operation it is. */
  readonly type: 'setData'
  /** Absolute, and not ending with "/". */
  readonly path: string
  /** null: none. */
  readonly data: ByteString | null
  /** Expected; −1: any. */
  readonly version: number
}
/** Replaces the ACL. */
export interface SetAclRequest {
  readonly type: 'setACL'
  readonly path: string
  readonly acl: readonly Acl[] | null
  /** Compared with aversion. */
  readonly version: number
}
/** Does the znode have this version? Changes nothing. */
export interface CheckRequest {
  /** Which operation it is. */
  readonly type: 'check'
  /** Absolute, and not ending with "/". */
  readonly path: string
  /** Expected; −1: any. */
  readonly version: number
}
/** An operation that may stand in a multi. */
export type MultiOp = CreateRequest | DeleteRequest | SetDataRequest | CheckRequest
/** All operations under one zxid, or none. */
export interface MultiRequest {
  readonly type: 'multi'
  readonly ops: readonly MultiOp[]
}
/** From the reaper only: never decoded from the wire. Source: ContainerManager. */
export interface DeleteContainerRequest {
  readonly type: 'deleteContainer'
  readonly path: string
  /** Of the state that the reaper judged: a znode that was changed since stays. */
  readonly mzxid: number
}
/** A change that may stand behind guards. */
export type GuardableRequest =
  | CreateRequest
  | DeleteRequest
  | SetDataRequest
  | SetAclRequest
  | MultiRequest
/**
 * From the admin port only: never decoded from the wire, which has no field for it. A znode that was deleted and created again
 * has the same versions, but another czxid: BADVERSION if one of `guards` is not the znode that was meant, NONODE if it is gone.
 */
export interface GuardedRequest {
  readonly type: 'guarded'
  readonly guards: readonly { readonly path: string; readonly czxid: number }[]
  readonly request: GuardableRequest
}
/** Ends the session and deletes its ephemerals. */
export interface CloseSessionRequest {
  readonly type: 'closeSession'
}
/** A request that can only fail, with an error that takes its place in the order (and a zxid). */
export interface FailRequest {
  readonly type: 'fail'
  readonly errno: number
  /** What was requested, for the record that is kept of it. */
  readonly instead?: 'reconfig'
}
/** A request that takes its place in the order of writes. */
export type WriteRequest =
  | CreateRequest
  | DeleteRequest
  | SetDataRequest
  | SetAclRequest
  | CheckRequest
  | MultiRequest
  | DeleteContainerRequest
  | GuardedRequest
  | CloseSessionRequest
  | FailRequest

/** Reads a Stat; the watch is set even if there is no such znode. */
export interface ExistsRequest {
  readonly type: 'exists'
  readonly path: string
  readonly watch: boolean
}
/** Reads data and Stat. */
export interface GetDataRequest {
  readonly type: 'getData'
  readonly path: string
  readonly watch: boolean
}
/** Reads ACL and Stat. */
export interface GetAclRequest {
  readonly type: 'getACL'
  readonly path: string
}
/** Reads the names of the children; getChildren2 the Stat too. */
export interface GetChildrenRequest {
  readonly type: 'getChildren' | 'getChildren2'
  readonly path: string
  readonly watch: boolean
}
/** Several reads, each answered on its own. */
export interface MultiReadRequest {
  readonly type: 'multiRead'
  readonly ops: readonly (GetDataRequest | GetChildrenRequest)[]
}
/** Restores the watches of a client that reconnects, as of the zxid it has seen. */
export interface SetWatchesRequest {
  readonly type: 'setWatches'
  readonly relativeZxid: number
  readonly data: readonly string[]
  readonly exist: readonly string[]
  readonly child: readonly string[]
  readonly persistent: readonly string[]
  readonly persistentRecursive: readonly string[]
}
/** Sets a persistent watch. */
export interface AddWatchRequest {
  readonly type: 'addWatch'
  readonly path: string
  /** 0 persistent, 1 persistent recursive; others are BADARGUMENTS. */
  readonly mode: number
}
/** Removes watches of this connection, or checks that there are some. */
export interface RemoveWatchesRequest {
  readonly type: 'checkWatches' | 'removeWatches'
  readonly path: string
  /** Children 1, Data 2, Any 3, Persistent 4, PersistentRecursive 5. */
  readonly watcherType: number
}
/** Lists the session's own ephemerals below a prefix. */
export interface GetEphemeralsRequest {
  readonly type: 'getEphemerals'
  readonly prefixPath: string
}
/** Counts all znodes below a path. */
export interface GetAllChildrenNumberRequest {
  readonly type: 'getAllChildrenNumber'
  readonly path: string
}
/** Lists the identities of the connection. */
export interface WhoAmIRequest {
  readonly type: 'whoAmI'
}
/** Keeps the session alive. */
export interface PingRequest {
  readonly type: 'ping'
}
/** A read that can only fail, in its place in the line: its record could not be decoded. */
export interface FailReadRequest {
  readonly type: 'failRead'
  readonly errno: number
}
/** A request that is answered from the replica. */
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

/** Answered once the replica has every commit that was acknowledged before the request. */
export interface SyncRequest {
  readonly type: 'sync'
  readonly path: string
}
/** Proves an identity. */
export interface AuthRequest {
  readonly type: 'auth'
  readonly scheme: string
  /** null, unlike no bytes, is AUTHFAILED. */
  readonly auth: Uint8Array | null
}
/** One step of a SASL exchange. */
export interface SaslRequest {
  readonly type: 'sasl'
  readonly token: Uint8Array | null
}
/** Always refused: the ensemble is not configured through znodes. */
export interface ReconfigRequest {
  readonly type: 'reconfig'
}
/** A request that is neither a read nor a write. */
export type OtherRequest = SyncRequest | AuthRequest | SaslRequest | ReconfigRequest
/** Every request that a client may send. */
export type Request = WriteRequest | ReadRequest | OtherRequest

/**
 * One operation's result inside a multi or multiRead. A multi that fails has an `error` for each
 * operation: errno 0 before the one that failed, ZK_RUNTIME_INCONSISTENCY after it.
 */
export type MultiResult =
  /** For a create whose `op` is 1. */
  | { readonly type: 'create'; readonly path: string }
  /** For a create whose `op` is 15, 19 or 21. */
  | { readonly type: 'create2'; readonly path: string; readonly stat: Stat }
  | { readonly type: 'setData'; readonly stat: Stat }
  | { readonly type: 'delete' }
  | { readonly type: 'check' }
  /** In a multiRead only. */
  | { readonly type: 'getData'; readonly data: ByteString | null; readonly stat: Stat }
  /** In a multiRead only. */
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
/** A value of {@link EVENT}. */
export type EventType = (typeof EVENT)[keyof typeof EVENT]
