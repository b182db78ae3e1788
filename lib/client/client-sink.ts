/** What a session of a client is answered: replies to its requests, events to its watches. Neighbour: keeper-client. */
import type { EndReason, SessionQuery, SessionSink } from '../member/session/session.ts'
import type { EventType, Result } from '../model/request.ts'
import { PendingRequests } from './pending-requests.ts'
import type { ClientWatches } from './watches.ts'

export class ClientSink implements SessionSink {
  readonly pending = new PendingRequests()
  readonly watches: ClientWatches
  /** Newest zxid of a reply or an event. */
  lastZxid = 0
  #onEnded: ((reason: EndReason) => void) | undefined
  /** It ended before there was a client. */
  #early: EndReason | undefined

  constructor(watches: ClientWatches) {
    this.watches = watches
  }

  /** Reports the end to the client, also one that was before. */
  attach(onEnded: (reason: EndReason) => void): void {
    this.#onEnded = onEnded
    if (this.#early !== undefined) onEnded(this.#early)
  }

  reply(tag: number, _query: SessionQuery, zxid: number, errno: number, result: Result): void {
    this.lastZxid = Math.max(this.lastZxid, zxid)
    this.pending.reply(tag, errno, result)
  }

  event(type: EventType, path: string, zxid: number): void {
    this.lastZxid = Math.max(this.lastZxid, zxid)
    this.watches.fire(type, path)
  }

  ended(reason: EndReason): void {
    if (this.#onEnded === undefined) this.#early = reason
    else this.#onEnded(reason)
  }
}
