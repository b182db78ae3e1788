/**
 * One decoded request → who answers it: the authentication, or the session, as a read or a write.
 * Line: connection → here → session | authentication.
 */
import { OP, type Request, type Session, ZK_ERRORS } from '../lib/internal.ts'
import { XID } from '../lib/protocol/wire/opcodes.ts'
import { Authentication } from './auth/authentication.ts'
import type { ClientConnection } from './host.ts'
import type { InFlight } from './in-flight.ts'
import { READS_PER_SAMPLE } from './stats.ts'
import type { Throttle } from './throttle.ts'

export interface DispatcherOptions {
  readonly connection: ClientConnection
  readonly inFlight: InFlight
  readonly throttle: Throttle
}

export class Dispatcher {
  readonly #options: DispatcherOptions
  #authentication: Authentication | undefined
  /** Nothing has to be proven (any more) before requests are served. */
  #isAdmitted: boolean

  constructor(options: DispatcherOptions) {
    this.#options = options
    this.#isAdmitted = options.connection.server.options.enforcedSchemes.length === 0
  }

  /** Authentication is required, and missing: the request is refused, whatever it is (H13). */
  refuses(session: Session, xid: number, op: number): boolean {
    if (this.#isAdmitted || op === OP.auth || op === OP.sasl) return false
    const { connection } = this.#options
    const { server } = connection
    const { enforcedSchemes } = server.options
    this.#isAdmitted = session.ids.some(({ scheme }) => enforcedSchemes.includes(scheme))
    if (this.#isAdmitted) return false
    server.stats.unauthenticatedRefused++
    server.logger.warn(
      { client: connection.name, required: enforcedSchemes },
      'a client requests something before it has authenticated: client disconnected',
    )
    connection.refuse(xid, 0, ZK_ERRORS.SESSION_CLOSED_REQUIRE_SASL_AUTH.errno)
    return true
  }

  /** `bytes`: of the request on the wire. */
  dispatch(session: Session, tag: number, op: number, request: Request, bytes: number): void {
    const { connection, inFlight, throttle } = this.#options
    const xid = op === OP.ping ? XID.ping : tag
    connection.server.stats.requested(op)
    switch (request.type) {
      case 'auth':
        return this.#authenticator.auth(xid, request.scheme, request.auth)
      case 'sasl':
        return this.#authenticator.sasl(xid, request.token)
      case 'reconfig':
        return this.#write(
          session,
          xid,
          { type: 'fail', errno: ZK_ERRORS.RECONFIG_DISABLED.errno, instead: 'reconfig' },
          bytes,
        )
      case 'create':
      case 'check':
      case 'delete':
      case 'setData':
      case 'setACL':
      case 'multi':
      case 'deleteContainer':
      case 'guarded':
      case 'closeSession':
      case 'fail':
      case 'sync':
        return this.#write(session, xid, request, bytes)
      default:
        if (op !== OP.ping) connection.lastOperation = request.type
        if ((++connection.server.stats.reads & (READS_PER_SAMPLE - 1)) === 0) {
          if (this.#sampled(session, xid, request)) return
        } else if (session.read(request, xid)) return
        // Behind a write of its session it waits, too, and after a pause of this process.
        inFlight.addRead(performance.now(), bytes)
        throttle.pauseIfBusy()
    }
  }

  /** As {@link Session.read}, with a look at the clock before and behind it. */
  #sampled(session: Session, xid: number, request: Parameters<Session['read']>[0]): boolean {
    const { connection } = this.#options
    const sinceMs = performance.now()
    if (!session.read(request, xid)) return false
    const ms = performance.now() - sinceMs
    connection.latency.record(ms, READS_PER_SAMPLE)
    connection.server.stats.answeredRead(ms, READS_PER_SAMPLE)
    return true
  }

  #write(
    session: Session,
    xid: number,
    request: Parameters<Session['write']>[0],
    bytes: number,
  ): void {
    const { connection, inFlight, throttle } = this.#options
    connection.server.stats.writes++
    inFlight.add(performance.now(), bytes)
    connection.lastOperation = request.type
    session.write(request, xid)
    throttle.pauseIfBusy()
  }

  get #authenticator(): Authentication {
    this.#authentication ??= new Authentication(this.#options.connection, this.#options.throttle)
    return this.#authentication
  }
}
