/** What a client is opened with. Neighbours: connect, client-session. */
import { type Clock, type Random, systemClock, systemRandom } from '../base/clock.ts'
import { type Logger, silentLogger } from '../base/log.ts'
import { OPEN_ACL } from '../model/acl.ts'
import type { Acl } from '../model/request.ts'
import {
  badArgument,
  checkAcl,
  checkArray,
  checkBoolean,
  checkCallback,
  checkMethods,
  checkOptions,
  checkPath,
  checkRecord,
  checkSignal,
  checkText,
  checkTimeoutMs,
  checkWhole,
  copyOf,
} from './arguments.ts'
import type { CallbackError } from './callback-faults.ts'
import { type ClientTls, checkTls, type KnownTls } from './tls-options.ts'

/**
 * Curator's words. `suspended`: no server can be reached, and the session may live on. `lost`: it has ended, by the
 * server's word, or must be taken for it, by the local clock, which is past its timeout. `connected` follows both:
 * behind `lost` with a new session ({@link ClientOptions.renew}), or with the same one, if the server still has it.
 */
export type ClientState = 'connected' | 'suspended' | 'lost' | 'closed'

/** Called with the state that the client has from now on. */
export type StateListener = (state: ClientState) => void

/** An identity to prove. `digest`: `user:password`. Source: ZooKeeper.addAuthInfo. */
export interface ClientAuth {
  /** `digest`, or another one that the server knows. */
  readonly scheme: string
  /** Text is sent as UTF-8. */
  readonly auth: string | Uint8Array
}

/** Options of {@link connect}. */
export interface ClientOptions {
  /** Requested session timeout, ms; clamped to the server's limits. @default 30000 */
  readonly timeoutMs?: number
  /** `user:password` for the digest scheme: short for one `auth`. */
  readonly digest?: string
  /** Proved on every connection, in this order, before anything else. */
  readonly auth?: readonly ClientAuth[]
  /** Path of the znode that is this client's root; it is not made. Not with a chroot in the URL. @default / */
  readonly chroot?: string
  /** Of what this client creates without an ACL. @default world:anyone may do anything */
  readonly acl?: readonly Acl[]
  /** After the end of the session a new one is opened, and watches are set again. @default false */
  readonly renew?: boolean
  /**
   * A call that surely has changed nothing is repeated for so long while the connection is lost: reads, sync(), and what
   * could not be sent. Unit ms. @default 0: it is rejected with ZK_CONNECTION_LOSS
   */
  readonly retryMs?: number
  /** Until the first server must have answered. Unit ms. @default 15000 */
  readonly connectMs?: number
  /** Aborted: {@link connect} rejects with its reason. No effect afterwards: see {@link ZooKeeper.close}. */
  readonly signal?: AbortSignal
  /** Certificates. Over `zks://` only. @default the server is verified with Node's authorities; this client shows none */
  readonly tls?: ClientTls
  /** A server that has no quorum will do, for reads. Over `zk://` only. @default false */
  readonly canBeReadOnly?: boolean
  /**
   * Longest request: longer ones are refused before they are sent, since no server would take them, nor could other
   * clients read them. Unit bytes. @default 1048575, as jute.maxbuffer
   */
  readonly requestBytesMax?: number
  /** Longest reply; a longer one ends the connection. Over `zk://` only. Unit bytes. @default 67108864 */
  readonly replyBytesMax?: number
  /** Called at each change of {@link ZooKeeper.state}. What it throws is reported to `onError`. */
  readonly onState?: StateListener
  /**
   * Called when a callback of yours threw; the stack leads to where it was passed.
   * @default an error in the log and a warning of the process
   */
  readonly onError?: (error: CallbackError) => void
  /** Over `zk://` only: a member has its own. @default nothing is logged */
  readonly logger?: Logger
  /** Over `zk://` only, for tests. @default the clocks of the system */
  readonly clock?: Clock
  /** Over `zk://` only, for tests. @default the system's */
  readonly random?: Random
}

export interface Auth {
  readonly scheme: string
  readonly auth: Uint8Array
}

/** The options, checked and complete. */
export interface KnownOptions {
  readonly timeoutMs: number
  readonly auth: readonly Auth[]
  readonly chroot: string
  readonly acl: readonly Acl[]
  readonly renew: boolean
  readonly retryMs: number
  readonly connectMs: number
  readonly signal: AbortSignal | undefined
  readonly tls: KnownTls | undefined
  readonly canBeReadOnly: boolean
  readonly requestBytesMax: number
  readonly replyBytesMax: number
  readonly onState: StateListener | undefined
  readonly onError: ((error: CallbackError) => void) | undefined
  readonly logger: Logger
  readonly clock: Clock
  readonly random: Random
}

const OPTION_NAMES = [
  'timeoutMs',
  'digest',
  'auth',
  'chroot',
  'acl',
  'renew',
  'retryMs',
  'connectMs',
  'signal',
  'tls',
  'canBeReadOnly',
  'requestBytesMax',
  'replyBytesMax',
  'onState',
  'onError',
  'logger',
  'clock',
  'random',
] as const satisfies readonly (keyof ClientOptions)[]

const DEFAULTS = {
  timeoutMs: 30_000,
  retryMs: 0,
  connectMs: 15_000,
  requestBytesMax: 1_048_575,
  replyBytesMax: 64 * 1024 * 1024,
} as const

/** Copied: what the caller changes later has no effect. @throws {ZnodeError} ZK_BAD_ARGUMENTS, ZK_INVALID_ACL */
export function checkClientOptions(options: unknown): KnownOptions {
  const given = checkOptions(options, OPTION_NAMES)
  const whole = (name: Exclude<keyof typeof DEFAULTS, 'timeoutMs'>): number =>
    given[name] === undefined ? DEFAULTS[name] : checkWhole(given[name], name)
  return {
    timeoutMs: given.timeoutMs === undefined ? DEFAULTS.timeoutMs : checkTimeoutMs(given.timeoutMs),
    auth: [...digestOf(given.digest), ...authsOf(given.auth)],
    chroot: given.chroot === undefined ? '' : chrootOf(given.chroot),
    acl: given.acl === undefined ? OPEN_ACL : checkAcl(given.acl),
    renew: checkBoolean(given.renew, 'renew'),
    retryMs: whole('retryMs'),
    connectMs: whole('connectMs'),
    signal: checkSignal(given.signal),
    tls: given.tls === undefined ? undefined : checkTls(given.tls),
    canBeReadOnly: checkBoolean(given.canBeReadOnly, 'canBeReadOnly'),
    requestBytesMax: whole('requestBytesMax'),
    replyBytesMax: whole('replyBytesMax'),
    onState: checkCallback(given.onState as StateListener | undefined, 'onState'),
    onError: checkCallback(
      given.onError as ((error: CallbackError) => void) | undefined,
      'onError',
    ),
    logger: given.logger === undefined ? silentLogger : checkLogger(given.logger),
    clock: given.clock === undefined ? systemClock : checkClock(given.clock),
    random: given.random === undefined ? systemRandom : checkRandom(given.random),
  }
}

const checkLogger = (logger: unknown): Logger =>
  checkMethods(logger, ['debug', 'info', 'warn', 'error'], 'logger')

const checkClock = (clock: unknown): Clock =>
  checkMethods(clock, ['now', 'monotonic', 'after'], 'clock')

const checkRandom = (random: unknown): Random =>
  checkMethods(random, ['bytes', 'fraction'], 'random')

function digestOf(digest: unknown): Auth[] {
  if (digest === undefined) return []
  const text = checkText(digest, 'digest', '"user:password"')
  return [{ scheme: 'digest', auth: Buffer.from(text) }]
}

function authsOf(auths: unknown): Auth[] {
  return auths === undefined ? [] : copyOf(checkArray(auths, 'auth'), checkAuth)
}

/** Copied. @throws {ZnodeError} ZK_BAD_ARGUMENTS */
export function checkAuth(value: unknown, at = 0): Auth {
  const { scheme, auth } = checkRecord(value, `auth[${at}]`)
  const text = checkText(scheme, `auth[${at}].scheme`, 'the name of a scheme')
  if (typeof auth === 'string') return { scheme: text, auth: Buffer.from(auth) }
  if (auth instanceof Uint8Array) return { scheme: text, auth: Uint8Array.from(auth) }
  throw badArgument(`auth[${at}].auth must be text or a Uint8Array`)
}

function chrootOf(chroot: unknown): string {
  const path = checkPath(chroot)
  return path === '/' ? '' : path
}
