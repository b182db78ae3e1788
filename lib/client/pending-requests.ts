/** Requests of a client that have no answer yet. Neighbours: client-session, transport. */

import { ZK_ERRORS, ZnodeError } from '../model/errors.ts'
import type { Result } from '../model/request.ts'
import { type CallTrace, captureTrace, withAwaiting, withTrace } from './call-trace.ts'
import { isRead, isWrite } from './operations.ts'
import type { ClientRequest, Link } from './transport.ts'

interface Pending {
  readonly resolve: (result: Result) => void
  readonly reject: (error: Error) => void
  readonly path: string | undefined
  /** Can it have changed anything? */
  readonly isWriting: boolean
  /** undefined: a read without onReply. */
  readonly trace: CallTrace | undefined
  readonly onReply: ((errno: number, trace: CallTrace) => void) | undefined
}

export class PendingRequests {
  readonly #byTag = new Map<number, Pending>()
  #nextTag = 1

  /**
   * Sends it on the link; undefined: there is none, and the result is `errno`. `onReply` is called with the answer,
   * before anything that comes after it.
   *
   * The stack of the call is captured for what a caller may leave to itself: a write, or a read with a watch. The
   * result of any other read is of no use to those that do not await it.
   */
  ask(
    link: Link | undefined,
    request: ClientRequest,
    path: string | undefined,
    errno: number,
    onReply?: (errno: number, trace: CallTrace) => void,
  ): Promise<Result> {
    const isTraced = onReply !== undefined || !isRead(request)
    const trace = isTraced ? captureTrace(this.ask) : undefined
    const answer = this.#ask(link, request, path, errno, trace, onReply)
    return isTraced ? answer : withAwaiting(answer)
  }

  #ask(
    link: Link | undefined,
    request: ClientRequest,
    path: string | undefined,
    errno: number,
    trace: CallTrace | undefined,
    onReply: Pending['onReply'],
  ): Promise<Result> {
    if (link === undefined) {
      return Promise.reject(withTrace(new ZnodeError(errno, path, { outcome: 'unapplied' }), trace))
    }
    return new Promise((resolve, reject) => {
      const tag = this.#nextTag++
      const isWriting = isWrite(request)
      this.#byTag.set(tag, { resolve, reject, path, isWriting, trace, onReply })
      try {
        link.send(request, tag)
      } catch (cause) {
        this.#byTag.delete(tag)
        // Refused before it was sent.
        if (cause instanceof ZnodeError) return reject(withTrace(cause, trace))
        const { errno: marshalling } = ZK_ERRORS.MARSHALLING
        reject(withTrace(new ZnodeError(marshalling, path, { outcome: 'unknown', cause }), trace))
      }
    })
  }

  reply(tag: number, errno: number, result: Result): void {
    const pending = this.#byTag.get(tag)
    if (pending === undefined) return
    this.#byTag.delete(tag)
    try {
      if (pending.trace !== undefined) pending.onReply?.(errno, pending.trace)
    } finally {
      if (errno === 0) pending.resolve(result)
      else pending.reject(withTrace(new ZnodeError(errno, pending.path), pending.trace))
    }
  }

  /** A request that can have changed something has no answer yet. */
  get isWriting(): boolean {
    return [...this.#byTag.values()].some(({ isWriting }) => isWriting)
  }

  /** The session ended: what became of a write is not known. */
  rejectAll(errno: number): void {
    const all = [...this.#byTag.values()]
    this.#byTag.clear()
    for (const { reject, path, isWriting, trace } of all) {
      const outcome = isWriting ? 'unknown' : 'unapplied'
      reject(withTrace(new ZnodeError(errno, path, { outcome }), trace))
    }
  }
}
