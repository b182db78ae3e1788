/** What bounds a single call: a time, a signal, and how long it is repeated. Neighbours: zookeeper, client-session. */
import { setMaxListeners } from 'node:events'
import { onAbort } from '../base/on-abort.ts'
import { ZK_ERRORS, ZnodeError } from '../model/errors.ts'
import type { Acl, Result } from '../model/request.ts'
import { checkAcl, checked, checkOptions, checkSignal, checkTimeoutMs } from './arguments.ts'
import { type CallTrace, captureTrace, withTrace } from './call-trace.ts'
import type { ClientSession } from './client-session.ts'
import { isWrite } from './operations.ts'
import type { ClientRequest } from './transport.ts'

/** Options of {@link ZooKeeper.with}. */
export interface CallOptions {
  /**
   * Then a call rejects with ZK_OPERATION_TIMEOUT; a write may have been applied, or may yet be. Unit ms.
   * @default until the session ends
   */
  readonly timeoutMs?: number
  /** Aborted: calls reject with its reason; a write may have been applied, or may yet be. */
  readonly signal?: AbortSignal
  /** Of what is created without an ACL. @default the client's */
  readonly acl?: readonly Acl[]
}

export interface KnownCallOptions {
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  readonly acl?: readonly Acl[]
}

type Reply = (errno: number, trace: CallTrace) => void

/** @throws {ZnodeError} ZK_BAD_ARGUMENTS, ZK_INVALID_ACL */
export function checkCallOptions(options: CallOptions): KnownCallOptions {
  return checked(() => {
    const given = checkOptions(options, ['timeoutMs', 'signal', 'acl'] as const)
    const signal = checkSignal(given.signal)
    return {
      ...(given.timeoutMs !== undefined && { timeoutMs: checkTimeoutMs(given.timeoutMs) }),
      ...(signal !== undefined && { signal }),
      ...(given.acl !== undefined && { acl: checkAcl(given.acl) }),
    }
  })
}

/** Asks within the bounds of the call and of the client. */
export function askWithin(
  session: ClientSession,
  call: KnownCallOptions,
  request: ClientRequest,
  path: string | undefined,
  onReply?: Reply,
): Promise<Result> {
  const { retryMs } = session.options
  const isBounded = call.signal !== undefined || call.timeoutMs !== undefined
  if (!isBounded && retryMs === 0) return session.ask(request, path, onReply)
  const trace = captureTrace(askWithin)
  if (!isBounded)
    return repeated(session, retryMs, NEVER, () => session.ask(request, path, onReply))
  return withinBounds({ session, call, path, isWriting: isWrite(request), trace }, (until) => {
    // A watch that comes after the end of its call is nobody's.
    const reply: Reply | undefined =
      onReply && ((errno, at) => !until.aborted && onReply(errno, at))
    return repeated(session, retryMs, until, () => session.ask(request, path, reply))
  })
}

const NEVER = new AbortController().signal
setMaxListeners(0, NEVER)

/** A call that {@link withinBounds} runs. */
export interface BoundedCall {
  readonly session: ClientSession
  readonly call: KnownCallOptions
  readonly path: string | undefined
  /** Can it change anything? */
  readonly isWriting: boolean
  readonly trace: CallTrace
}

/** Rejects when the time or the caller's patience is over; `run` continues, and can see it. */
export async function withinBounds<T>(
  { session, call, path, isWriting, trace }: BoundedCall,
  run: (until: AbortSignal) => Promise<T>,
): Promise<T> {
  const { signal, timeoutMs } = call
  const end = new AbortController()
  const aborted = (): void => end.abort(signal?.reason)
  let cancel = (): void => {}
  let forget = (): void => {}
  const ended = new Promise<never>((_resolve, reject) => {
    end.signal.addEventListener('abort', () => reject(end.signal.reason), { once: true })
  })
  ended.catch(() => {})
  if (signal?.aborted === true) aborted()
  else if (signal !== undefined) forget = onAbort(signal, aborted)
  if (timeoutMs !== undefined) {
    cancel = session.clock.after(timeoutMs, () => {
      const outcome = isWriting ? 'unknown' : 'unapplied'
      const { errno } = ZK_ERRORS.OPERATION_TIMEOUT
      end.abort(withTrace(new ZnodeError(errno, path, { outcome }), trace))
    })
  }
  try {
    end.signal.throwIfAborted()
    const running = run(end.signal)
    running.catch(() => {})
    return await Promise.race([running, ended])
  } finally {
    cancel()
    forget()
  }
}

/** Again while the connection is lost, if it surely was not applied. */
async function repeated(
  session: ClientSession,
  retryMs: number,
  until: AbortSignal,
  ask: () => Promise<Result>,
): Promise<Result> {
  const dueMs = session.clock.monotonic() + retryMs
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      const isLoss = error instanceof ZnodeError && error.code === 'ZK_CONNECTION_LOSS'
      const leftMs = dueMs - session.clock.monotonic()
      if (!isLoss || error.outcome !== 'unapplied' || leftMs <= 0 || until.aborted) throw error
      if (!(await isBack(session, leftMs, until))) throw error
    }
  }
}

/** Resolves when the state is not 'suspended' any more. false: it is, after so long. */
function isBack(session: ClientSession, ms: number, until: AbortSignal): Promise<boolean> {
  if (session.state !== 'suspended') return Promise.resolve(true)
  return new Promise((resolve) => {
    const done = (result: boolean): void => {
      cancelTimer()
      cancelListener()
      until.removeEventListener('abort', aborted)
      resolve(result)
    }
    const aborted = (): void => done(false)
    const cancelTimer = session.clock.after(ms, () => done(false))
    const cancelListener = session.onStateChange((state) => {
      if (state !== 'suspended') done(true)
    })
    until.addEventListener('abort', aborted, { once: true })
  })
}
