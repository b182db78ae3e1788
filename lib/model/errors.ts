/**
 * All errors of the library. Five families: ZooKeeper's own results (ZnodeError), the store's
 * failures (StoreError), bytes that are no request (WireError), failed exports and imports
 * (CopyError), and change feeds that ended (ChangesError). Match on `code`, never on the message.
 */

const BRAND = Symbol.for('anykeeper.error')

/** True for every error of this library, also across copies of the package. */
export function isKeeperError(error: unknown): error is KeeperError {
  return typeof error === 'object' && error !== null && BRAND in error
}

/** Base of all errors of the library: match on `code`. */
export abstract class KeeperError extends Error {
  /** What to match on; docs/errors.md lists all. */
  abstract readonly code: string
  readonly [BRAND] = true
}

/** One of ZooKeeper's results. */
export interface ZkErrorRow {
  /** As in {@link ZnodeError.code}. */
  readonly code: string
  /** The number on the wire. Source: ZooKeeper's KeeperException.Code. */
  readonly errno: number
  /**
   * The failure may pass. It does not say that a retry is safe: after ZK_CONNECTION_LOSS and
   * ZK_OPERATION_TIMEOUT the outcome of a write is unknown, and a blind retry may apply it twice.
   */
  readonly retriable: boolean
  /** In a few words, without the path. */
  readonly message: string
}

const row = <C extends string>(
  code: C,
  errno: number,
  retriable: boolean,
  message: string,
): ZkErrorRow & { readonly code: C } => ({ code, errno, retriable, message })

/** One row per ZooKeeper result; drives the wire codes and docs/errors.md. */
export const ZK_ERRORS = {
  SYSTEM_ERROR: row('ZK_SYSTEM_ERROR', -1, true, 'not carried out: the store is full'),
  RUNTIME_INCONSISTENCY: row('ZK_RUNTIME_INCONSISTENCY', -2, false, 'not executed'),
  DATA_INCONSISTENCY: row(
    'ZK_DATA_INCONSISTENCY',
    -3,
    false,
    'the stored record of the znode cannot be read',
  ),
  CONNECTION_LOSS: row('ZK_CONNECTION_LOSS', -4, true, 'connection lost'),
  MARSHALLING: row('ZK_MARSHALLING', -5, false, 'the request could not be decoded'),
  UNIMPLEMENTED: row('ZK_UNIMPLEMENTED', -6, false, 'not implemented by this server'),
  OPERATION_TIMEOUT: row('ZK_OPERATION_TIMEOUT', -7, true, 'timed out'),
  BAD_ARGUMENTS: row('ZK_BAD_ARGUMENTS', -8, false, 'invalid arguments'),
  UNKNOWN_SESSION: row('ZK_UNKNOWN_SESSION', -12, false, 'unknown session'),
  NO_NODE: row('ZK_NO_NODE', -101, false, 'no such znode'),
  NO_AUTH: row('ZK_NO_AUTH', -102, false, 'not permitted by the ACL'),
  BAD_VERSION: row('ZK_BAD_VERSION', -103, false, 'version does not match'),
  NO_CHILDREN_FOR_EPHEMERALS: row(
    'ZK_NO_CHILDREN_FOR_EPHEMERALS',
    -108,
    false,
    'an ephemeral znode cannot have children',
  ),
  NODE_EXISTS: row('ZK_NODE_EXISTS', -110, false, 'znode exists already'),
  NOT_EMPTY: row('ZK_NOT_EMPTY', -111, false, 'znode has children'),
  SESSION_EXPIRED: row('ZK_SESSION_EXPIRED', -112, false, 'session has expired'),
  INVALID_ACL: row('ZK_INVALID_ACL', -114, false, 'invalid ACL'),
  AUTH_FAILED: row('ZK_AUTH_FAILED', -115, false, 'authentication failed'),
  SESSION_MOVED: row('ZK_SESSION_MOVED', -118, false, 'session moved to another server'),
  NO_WATCHER: row('ZK_NO_WATCHER', -121, false, 'no such watch'),
  RECONFIG_DISABLED: row('ZK_RECONFIG_DISABLED', -123, false, 'reconfiguration is disabled'),
  SESSION_CLOSED_REQUIRE_SASL_AUTH: row(
    'ZK_SESSION_CLOSED_REQUIRE_SASL_AUTH',
    -124,
    false,
    'the server requires authentication first',
  ),
  QUOTA_EXCEEDED: row('ZK_QUOTA_EXCEEDED', -125, false, 'quota exceeded'),
  THROTTLED_OP: row('ZK_THROTTLED_OP', -127, true, 'throttled'),
} as const satisfies Record<string, ZkErrorRow>

const BY_ERRNO = new Map<number, ZkErrorRow>(Object.values(ZK_ERRORS).map((r) => [r.errno, r]))

/** A code of {@link ZK_ERRORS}; `ZK_ERROR_n` for a number that is not in the table. */
export type ZnodeErrorCode =
  | (typeof ZK_ERRORS)[keyof typeof ZK_ERRORS]['code']
  | `ZK_ERROR_${number}`

/** After these a write may have been applied, unless more is known. */
const UNKNOWN_OUTCOME: ReadonlySet<number> = new Set([
  ZK_ERRORS.CONNECTION_LOSS.errno,
  ZK_ERRORS.OPERATION_TIMEOUT.errno,
])

/** ZooKeeper's own result, as an error: what the in-process client rejects with. */
export class ZnodeError extends KeeperError {
  override readonly name = 'ZnodeError'
  /** What to match on. */
  readonly code: ZnodeErrorCode
  /** The number on the wire, below 0. */
  readonly errno: number
  /** `unknown`: the write may have been applied, or may yet be. Read before it is sent again. */
  readonly outcome: StoreOutcome
  /** The failure may pass, and nothing was applied: the same call may be repeated. */
  readonly retriable: boolean
  /** Of the request; undefined where it has none. */
  readonly path: string | undefined

  /**
   * `outcome`: by default `unknown` for ZK_CONNECTION_LOSS and ZK_OPERATION_TIMEOUT. `message`: instead of that of the
   * table, which also says that the outcome is unknown where it is.
   */
  constructor(
    errno: number,
    path?: string,
    options: {
      readonly outcome?: StoreOutcome
      readonly message?: string
      readonly cause?: unknown
    } = {},
  ) {
    const known = BY_ERRNO.get(errno)
    const outcome = options.outcome ?? (UNKNOWN_OUTCOME.has(errno) ? 'unknown' : 'unapplied')
    const what = known?.message ?? `error ${errno}`
    const { message = outcome === 'unknown' ? `${what}, outcome unknown` : what, cause } = options
    super(
      `${message}${path === undefined ? '' : `: ${path}`}`,
      cause === undefined ? undefined : { cause },
    )
    this.code = (known?.code as ZnodeErrorCode | undefined) ?? `ZK_ERROR_${-errno}`
    this.errno = errno
    this.outcome = outcome
    this.retriable = known?.retriable === true && this.outcome === 'unapplied'
    this.path = path
  }
}

/** Is it this result of ZooKeeper? */
export function isZnodeError(error: unknown, row: { readonly errno: number }): boolean {
  return error instanceof ZnodeError && error.errno === row.errno
}

/** What a store fails with: see docs/errors.md. */
export type StoreErrorCode =
  | 'STORE_UNAVAILABLE'
  | 'STORE_TIMEOUT'
  | 'STORE_COMPACTED'
  | 'STORE_LEASE_NOT_FOUND'
  | 'STORE_TOO_LARGE'
  | 'STORE_INVALID'
  | 'STORE_NO_SPACE'
  | 'STORE_NO_MEMORY'
  | 'STORE_UNAUTHENTICATED'
  | 'STORE_UNSUPPORTED'
  | 'STORE_CLOSED'
  | 'STORE_INTERNAL'

/** Did the write happen? `unknown` is never retried blindly and never acknowledged. */
export type StoreOutcome = 'unapplied' | 'unknown'

/** A store's failure, translated once, in its adapter, with the driver's error as `cause`. */
export class StoreError extends KeeperError {
  override readonly name = 'StoreError'
  /** What to match on. */
  readonly code: StoreErrorCode
  /** Did the write happen? `unapplied` also for what was no write. */
  readonly outcome: StoreOutcome
  /** The same call may succeed later (for a write: only if `outcome` is `unapplied`). */
  readonly retriable: boolean
  /** With STORE_COMPACTED: the oldest revision still readable, where the store said it. */
  readonly compactRevision: number | undefined

  constructor(
    code: StoreErrorCode,
    message: string,
    options: {
      readonly outcome?: StoreOutcome
      readonly retriable?: boolean
      readonly compactRevision?: number
      readonly cause?: unknown
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.outcome = options.outcome ?? 'unapplied'
    this.retriable = options.retriable ?? (code === 'STORE_UNAVAILABLE' || code === 'STORE_TIMEOUT')
    this.compactRevision = options.compactRevision
  }
}

/** Bytes that are no ZooKeeper record: the connection that sent them is closed. */
export class WireError extends KeeperError {
  override readonly name = 'WireError'
  /** Always this one. */
  readonly code = 'WIRE_MALFORMED'
}

/** Why an export or import ends: see docs/errors.md. */
export type CopyErrorCode =
  | 'COPY_MALFORMED'
  | 'COPY_UNSUPPORTED'
  | 'COPY_NOT_FOUND'
  | 'COPY_NOT_EMPTY'
  | 'COPY_TOO_LARGE'
  | 'COPY_CONFLICT'

/** Why a tree cannot be exported or imported. Nothing of an import is visible after it. */
export class CopyError extends KeeperError {
  override readonly name = 'CopyError'
  /** What to match on. */
  readonly code: CopyErrorCode
  /** The line of the file that it is about, the first one being 1; undefined where it is none. */
  readonly line: number | undefined

  constructor(code: CopyErrorCode, message: string, options: { readonly line?: number } = {}) {
    super(options.line === undefined ? message : `line ${options.line}: ${message}`)
    this.code = code
    this.line = options.line
  }
}

/** Why a change feed ends: see docs/errors.md. */
export type ChangesErrorCode = 'CHANGES_GONE' | 'CHANGES_SLOW'

/** A change feed ended, and nothing was left out before it. */
export class ChangesError extends KeeperError {
  override readonly name = 'ChangesError'
  readonly code: ChangesErrorCode
  /** What the feed had delivered, or was to resume from; undefined: its snapshot was not complete. */
  readonly position: string | undefined
  /** zxid of the oldest transaction that this member can still deliver; undefined: none. */
  readonly oldestZxid: number | undefined

  constructor(
    code: ChangesErrorCode,
    message: string,
    options: { readonly position: string | undefined; readonly oldestZxid: number | undefined },
  ) {
    super(message)
    this.code = code
    this.position = options.position
    this.oldestZxid = options.oldestZxid
  }
}
