/** One attempt to open a link, and what the link brings. Neighbours: client-session, wire/wire-feed. */
import { onAbort } from '../base/on-abort.ts'
import { ZK_ERRORS, ZnodeError } from '../model/errors.ts'
import type { Result } from '../model/request.ts'
import type { Link, LinkEnd, LinkSink } from './transport.ts'

/** Ends a session that nobody uses. */
export function abandon(link: Link | undefined): void {
  link?.send({ type: 'closeSession' }, 0)
}

/** Rejects with the signal's reason as soon as it is aborted; what comes later is passed to `onLate`. */
export function orAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal,
  onLate: (value: T) => void = () => {},
): Promise<T> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => {
      promise.then(onLate, () => {})
      reject(signal.reason)
    }
    if (signal.aborted) return aborted()
    const cancel = onAbort(signal, aborted)
    promise.then(resolve, reject).finally(cancel)
  })
}

interface Handlers {
  readonly replied: LinkSink['reply']
  readonly fired: LinkSink['event']
  readonly ended: LinkSink['ended']
}

/** What one link brings: its end is kept until the session has the link, and nothing comes of one that was replaced. */
export class Inbound implements LinkSink {
  #handlers: Handlers | undefined
  #isAttached = false
  #early: LinkEnd | undefined
  #onEarly: () => void = () => {}

  constructor(handlers: Handlers) {
    this.#handlers = handlers
  }

  /** As the promise; rejects with ZK_CONNECTION_LOSS as soon as the link ends. For the time before attach(). */
  unlessEnded<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const { errno } = ZK_ERRORS.CONNECTION_LOSS
      const lost = (): void => reject(new ZnodeError(errno, undefined, { outcome: 'unapplied' }))
      if (this.#early !== undefined) return lost()
      this.#onEarly = lost
      promise.then(resolve, reject)
    })
  }

  attach(): void {
    this.#isAttached = true
    if (this.#early !== undefined) this.ended(this.#early)
  }

  detach(): void {
    this.#handlers = undefined
  }

  reply(tag: number, zxid: number, errno: number, result: Result): void {
    this.#handlers?.replied(tag, zxid, errno, result)
  }

  event(type: Parameters<LinkSink['event']>[0], path: string, zxid: number): void {
    this.#handlers?.fired(type, path, zxid)
  }

  ended(reason: LinkEnd): void {
    if (!this.#isAttached) {
      this.#early = reason
      this.#onEarly()
      return
    }
    const handlers = this.#handlers
    this.#handlers = undefined
    handlers?.ended(reason)
  }
}
