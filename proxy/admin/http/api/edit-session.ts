/**
 * One change of znodes, as a write of a session that is opened for it: it takes its place in the journal, in quotas and in the audit
 * log as a client's does. It is not repeated: where its outcome is not known, the answer says so. Neighbours: the routes that change.
 */
import {
  type AuthId,
  type GuardedRequest,
  type Result,
  reasonOf,
  type SessionSink,
  SUPER_ID,
  type WriteRequest,
  ZnodeError,
} from '../../../../lib/internal.ts'
import type { ProxyHost } from '../../../host.ts'
import { type Call, HttpError } from '../call.ts'
import { type Fields, meantOf } from './edit-fields.ts'

/** The session of a change whose end is not committed ends by itself after so long, ms. */
const SESSION_MS = 10_000

const STATUS: Readonly<Record<string, number>> = {
  ZK_NO_NODE: 404,
  ZK_NODE_EXISTS: 409,
  ZK_BAD_VERSION: 409,
  ZK_NOT_EMPTY: 409,
  ZK_SYSTEM_ERROR: 503,
}

/** What became of a change that was carried out. */
export interface Changed {
  readonly zxid: number
  readonly result: Result
}

/**
 * Carries it out. `path`: what it is about, for the answer and the log.
 * @throws {HttpError} 404, 409, 422: it was refused, and nothing was changed; 503: as its sentence says
 */
export async function change(
  host: ProxyHost,
  call: Call,
  path: string,
  request: GuardedRequest,
): Promise<Changed> {
  if (!host.keeper.isServing) {
    throw new HttpError(503, `Nothing was changed: ${host.keeper.trouble ?? 'the store is away'}.`)
  }
  const { errno, zxid, result } = await written(host, call, request)
  const operation = request.request.type
  const refusal = errno === 0 ? refusalIn(result) : errno
  if (refusal !== 0) {
    const { code, message } = new ZnodeError(refusal)
    throw new HttpError(STATUS[code] ?? 422, `${operation} ${path}: ${message} (${code}).`)
  }
  host.logger.info({ operation, path, zxid }, 'znode changed on request')
  return { zxid, result }
}

/** A change of one znode: of the one that `fields` mean. */
interface MeantChange {
  readonly path: string
  readonly fields: Fields
  readonly request: GuardedRequest['request']
}

/** Carries it out. Resolves with its zxid. @throws {HttpError} as meantOf(), {@link change} */
export async function changeMeant(
  host: ProxyHost,
  call: Call,
  { path, fields, request }: MeantChange,
): Promise<number> {
  const { guards } = meantOf(host, path, fields)
  const { zxid } = await change(host, call, path, { type: 'guarded', guards, request })
  return zxid
}

/** The error of the operation of a multi that failed; 0: none did. */
function refusalIn(result: Result): number {
  if (result.type !== 'multi') return 0
  const failed = result.results.find((one) => one.type === 'error' && one.errno !== 0)
  return failed?.type === 'error' ? failed.errno : 0
}

/** As a super user; the audit log has the address, and that it was done here. */
function identitiesOf(call: Call): readonly AuthId[] {
  const { remoteAddress = '' } = call.request.socket
  return [
    { scheme: 'ip', id: remoteAddress.replace(/^::ffff:/, '') },
    { scheme: 'admin', id: 'admin-port' },
    SUPER_ID,
  ]
}

interface Outcome extends Changed {
  readonly errno: number
}

async function written({ keeper }: ProxyHost, call: Call, request: WriteRequest): Promise<Outcome> {
  const inbox = new Inbox()
  const late = () => inbox.end('the store does not answer')
  const cancel = call.storeWait.begin(keeper.clock, late)
  const opened = keeper.sessions.open(SESSION_MS, inbox, identitiesOf(call)).then(
    ({ session }) => {
      // Too late: it must not be changed behind the back of somebody who was given an answer.
      if (!inbox.isOver) {
        inbox.isSent = true
        session.write(request, 0)
      }
      session.write({ type: 'closeSession' }, 1)
    },
    (error) => inbox.end(reasonOf(error)),
  )
  try {
    return await inbox.outcome
  } finally {
    cancel()
    opened.catch(() => {})
  }
}

/** Waits for the reply to one write. */
class Inbox implements SessionSink {
  readonly outcome: Promise<Outcome>
  isOver = false
  /** It was given to the committer, so it may be carried out. */
  isSent = false
  #resolve: (outcome: Outcome) => void = () => {}
  #reject: (error: HttpError) => void = () => {}

  constructor() {
    this.outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  reply(tag: number, _request: unknown, zxid: number, errno: number, result: Result): void {
    if (tag !== 0) return
    this.isOver = true
    this.#resolve({ errno, zxid, result })
  }

  event(): void {}

  ended(): void {
    this.end('the server lost the store, or stops')
  }

  /** There is no reply. */
  end(why: string): void {
    this.isOver = true
    const sentence = this.isSent
      ? `It is not known whether this was changed: ${why}. Read it again.`
      : `Nothing was changed: ${why}.`
    this.#reject(new HttpError(503, sentence))
  }
}
