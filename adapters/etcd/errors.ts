/**
 * The driver's errors → StoreError. The only place that matches message texts. The outcome is
 * `unapplied` only where etcd or the transport is certain of it; otherwise a write is `unknown`.
 */
import {
  ClientClosedError,
  castGrpcError,
  EtcdAuthenticationFailedError,
  EtcdInvalidAuthTokenError,
  EtcdLeaseInvalidError,
  EtcdPermissionDeniedError,
  GRPCCancelledError,
  GRPCDeadlineExceededError,
  GRPCFailedPreconditionError,
  GRPCInvalidArgumentError,
  GRPCNotFoundError,
  GRPCNotImplementedError,
  GRPCOutOfRangeError,
  GRPCResourceExhastedError,
  GRPCUnauthenticatedError,
  GRPCUnavailableError,
} from 'etcd3'
import { StoreError, type StoreErrorCode, type StoreOutcome } from '../../lib/model/errors.ts'
import { REFUSES } from '../credentials/credentials.ts'

type Verdict = readonly [code: StoreErrorCode, outcome: StoreOutcome]

/** First match wins. Texts are etcd's rpctypes/error.go and grpc-js's call states. */
const BY_TEXT: readonly (readonly [text: string, ...verdict: Verdict])[] = [
  ['request is too large', 'STORE_TOO_LARGE', 'unapplied'],
  ['too many operations in txn', 'STORE_TOO_LARGE', 'unapplied'],
  ['grpc: received message larger than max', 'STORE_TOO_LARGE', 'unapplied'],
  ['requested lease not found', 'STORE_LEASE_NOT_FOUND', 'unapplied'],
  ['required revision has been compacted', 'STORE_COMPACTED', 'unapplied'],
  ['required revision is a future revision', 'STORE_INVALID', 'unapplied'],
  // etcd's quota applier also answers this after it has applied the txn that crossed the quota.
  ['database space exceeded', 'STORE_NO_SPACE', 'unknown'],
  ['too many requests', 'STORE_UNAVAILABLE', 'unapplied'],
  ['not supported for learner', 'STORE_UNAVAILABLE', 'unapplied'],
  ['invalid auth token', 'STORE_UNAUTHENTICATED', 'unapplied'],
  ['revision of auth store is old', 'STORE_UNAUTHENTICATED', 'unapplied'],
  ['user name is empty', 'STORE_UNAUTHENTICATED', 'unapplied'],
  ['authentication is not enabled', 'STORE_UNAUTHENTICATED', 'unapplied'],
  ['permission denied', 'STORE_UNAUTHENTICATED', 'unapplied'],
  // The call never left this process.
  ['No connection established', 'STORE_UNAVAILABLE', 'unapplied'],
  ['Name resolution failed', 'STORE_UNAVAILABLE', 'unapplied'],
  ['before call started', 'STORE_UNAVAILABLE', 'unapplied'],
  ['Waiting for LB pick', 'STORE_TIMEOUT', 'unapplied'],
  ['waiting for name resolution', 'STORE_TIMEOUT', 'unapplied'],
]

/** Texts of a refusal that a new log-in remedies. */
const NEEDS_TOKEN = ['invalid auth token', 'revision of auth store is old']

type ErrorClass = abstract new (...args: never[]) => Error

const BY_CLASS: readonly (readonly [type: ErrorClass, ...verdict: Verdict])[] = [
  [ClientClosedError, 'STORE_UNAVAILABLE', 'unapplied'],
  [GRPCDeadlineExceededError, 'STORE_TIMEOUT', 'unknown'],
  [GRPCUnavailableError, 'STORE_UNAVAILABLE', 'unknown'],
  [GRPCCancelledError, 'STORE_UNAVAILABLE', 'unknown'],
  [GRPCResourceExhastedError, 'STORE_UNAVAILABLE', 'unknown'],
  [GRPCInvalidArgumentError, 'STORE_INVALID', 'unapplied'],
  [GRPCOutOfRangeError, 'STORE_INVALID', 'unapplied'],
  [GRPCFailedPreconditionError, 'STORE_INVALID', 'unapplied'],
  [EtcdLeaseInvalidError, 'STORE_LEASE_NOT_FOUND', 'unapplied'],
  [GRPCNotFoundError, 'STORE_INVALID', 'unapplied'],
  [GRPCUnauthenticatedError, 'STORE_UNAUTHENTICATED', 'unapplied'],
  [EtcdInvalidAuthTokenError, 'STORE_UNAUTHENTICATED', 'unapplied'],
  [EtcdAuthenticationFailedError, 'STORE_UNAUTHENTICATED', 'unapplied'],
  [EtcdPermissionDeniedError, 'STORE_UNAUTHENTICATED', 'unapplied'],
  [GRPCNotImplementedError, 'STORE_UNSUPPORTED', 'unapplied'],
]

/** Translates a failure of the driver, of a call or a stream; the driver's error is the cause. */
export function toStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error
  const cause = error instanceof Error ? castGrpcError(error) : new Error(String(error))
  const [code, outcome] = verdictOn(cause)
  const retriable = NEEDS_TOKEN.some((text) => cause.message.includes(text))
  return new StoreError(code, `etcd: ${plain(cause.message)}`, {
    outcome,
    cause,
    ...(retriable && { retriable }),
  })
}

/** What a user wants to know of a driver's text, without the driver's own state. Source: messages of grpc-js. */
export function plain(text: string): string {
  const [, connect] =
    /^14 UNAVAILABLE: No connection established\. Last error: (?:Error: )?(.*?)\.? Resolution note: /s.exec(
      text,
    ) ?? []
  if (connect !== undefined) return `no connection: ${connect}`
  const [, seconds] = /^4 DEADLINE_EXCEEDED: Deadline exceeded after ([\d.]+)s/.exec(text) ?? []
  if (seconds !== undefined) return `no answer within ${Math.round(Number(seconds) * 1000)} ms`
  return text.replace(/^\d+ [A-Z_]+: (?=\S)/, '')
}

/** Translates the gRPC status and message that etcd answered a call with instead of a result. */
export function statusToStoreError(status: number, message: string): StoreError {
  return toStoreError(Object.assign(new Error(`${status}: ${message}`), { code: status }))
}

/** Translates a reason that etcd gives as text only, such as a watch's cancel_reason. */
export function reasonToStoreError(reason: string): StoreError {
  const text = reason === '' ? 'cancelled by the server' : reason
  const [, code, outcome] = BY_TEXT.find(([part]) => text.includes(part)) ?? [
    '',
    'STORE_UNAVAILABLE' as const,
    'unknown' as const,
  ]
  return new StoreError(code, `etcd: ${text}`, { outcome })
}

/** The token expired or an auth change made it old: certainly unapplied, a new log-in is needed. */
export function wantsNewToken(error: StoreError): boolean {
  return (
    error.code === 'STORE_UNAUTHENTICATED' &&
    NEEDS_TOKEN.some((text) => error.message.includes(text))
  )
}

/** The log-in is refused, for as long as the credentials are what they are: see ../credentials. */
export function isRefusedLogin(error: StoreError): boolean {
  return error.code === 'STORE_UNAUTHENTICATED' && error.message.includes(REFUSES)
}

/** The user is logged in, but lacks the permission. */
export function isForbidden(error: StoreError): boolean {
  return error.code === 'STORE_UNAUTHENTICATED' && error.message.includes('permission denied')
}

/** etcd lets only root compact, whatever a role grants. */
export function mayNotCompact(cause: StoreError): StoreError {
  return new StoreError(
    'STORE_UNAUTHENTICATED',
    'etcd: this user may not compact the history, only root may: start etcd with ' +
      '--auto-compaction-mode=periodic --auto-compaction-retention=5m, or it runs into its space quota',
    { cause },
  )
}

/** The member left a call to an earlier leader, and has another one now. */
export function isLeaderChange(error: StoreError): boolean {
  return error.message.includes('leader changed')
}

/** Another member may answer. */
export function isMemberFailure(error: StoreError): boolean {
  return error.code === 'STORE_UNAVAILABLE' || error.code === 'STORE_TIMEOUT'
}

function verdictOn(error: Error): Verdict {
  for (const [text, code, outcome] of BY_TEXT) {
    if (error.message.includes(text)) return [code, outcome]
  }
  for (const [type, code, outcome] of BY_CLASS) {
    if (error instanceof type) return [code, outcome]
  }
  return ['STORE_INTERNAL', 'unknown']
}
