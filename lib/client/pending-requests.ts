/** Requests of a client that have no answer yet. Neighbours: client-session, transport. */

import { ZK_ERRORS, ZnodeError } from '../model/errors.ts'
import type { Result } from '../model/request.ts'
import { type CallTrace, captureTrace, withTrace } from './call-trace.ts'
import { isWrite } from './operations.ts'
import type { ClientRequest, Link } from './transport.ts'

interface Pending {
  readonly resolve: (result: Result) => void
  readonly reject: (error: Error) => void
  readonly path: string | undefined
  /** Can it have changed anything? */
  readonly isWriting: boolean
  readonly trace: CallTrace
  readonly onReply: ((errno: number, trace: CallTrace) => void) | undefined
}

export class PendingRequests {
  readonly #byTag = new Map<number, Pending>()
  #nextTag = 1

  /**
   * Sends it on the link; undefined: there is none, and the result is `errno`. `onReply` is called with the answer,
   * before anything that comes after it.
   */
  ask(
    link: Link | undefined,
    request: ClientRequest,
    path: string | undefined,
    errno: number,
    onReply?: (errno: number, trace: CallTrace) => void,
  ): Promise<Result> {
    const trace = captureTrace(this.ask)
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
    pending.onReply?.(errno, pending.trace)
    if (errno === 0) pending.resolve(result)
    else pending.reject(withTrace(new ZnodeError(errno, pending.path), pending.trace))
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
