/**
 * What a client has once its znodes count: held while all of them are there and its session cannot have ended, by one
 * holder or, re-entered, by several. Neighbours: place, contend, mutex.
 */
import { ZK_ERRORS, ZnodeError } from '../../model/errors.ts'
import type { OwnPlace, OwnZnode } from './own-znode.ts'
import { onSessionEnd, orSessionEnd } from './session-end.ts'

/** A lock, a lease or the leadership, that is held until it is released or lost. */
export interface Held extends AsyncDisposable {
  /**
   * Grows with every holder: pass it to what the lock guards, which refuses a smaller one than it has seen. It is the
   * czxid of the holder's znode.
   */
  readonly token: number
  /**
   * Aborted when it is no longer held. The reason is a ZnodeError when it was lost: ZK_SESSION_EXPIRED (the session
   * has ended, or may have by the local clock), ZK_NO_NODE (its znode was deleted); and an AbortError when it was
   * released.
   */
  readonly signal: AbortSignal
  /**
   * Is it held now? Looks at the clocks: false also right after a pause of this process, until the store was seen
   * again. A znode that another client deletes is lost when its event arrives, and the next holder may be in before that:
   * only the token shows it.
   */
  readonly isHeld: boolean
  /**
   * Deletes its znode, so that the next in line follows. Resolves when it is deleted, or its session has ended or may
   * have; in the last case it is deleted as soon as the store is back. Of several that hold the same, only the last
   * release deletes it. May be called again.
   * @throws {ZnodeError} ZK_NO_AUTH: the ACL of the parent does not permit the delete: it is not held any more, and the znode is
   * deleted once that is permitted, or with the session
   */
  release(): Promise<void>
}

/** Held by nobody yet: see enter(). Ends when the last of its holders releases it, or when it is lost. */
export class Holding {
  readonly token: number
  readonly own: OwnPlace
  /** Of the own znodes; the first one's path, where there are several. */
  readonly path: string
  readonly #znodes: readonly OwnZnode[]
  readonly #remove: () => Promise<void>
  readonly #holders = new Set<Holder>()
  readonly #cancel: () => void
  #ended: { readonly reason: unknown; readonly removed: Promise<void> } | undefined

  /** `znodes`: one or more. `remove` resolves when nothing is left of them. */
  constructor(
    own: OwnPlace,
    znodes: readonly OwnZnode[],
    remove: () => Promise<void>,
    token?: number,
  ) {
    const [first] = znodes
    if (first === undefined) throw new TypeError('nothing to hold')
    this.own = own
    this.path = first.path
    this.token = token ?? first.czxid
    this.#znodes = znodes
    this.#remove = remove
    const { client } = own
    this.#cancel = onSessionEnd(client, { whileConnected: true }, (error) => this.end(error))
    for (const znode of znodes) {
      znode.watch(() => this.end(new ZnodeError(ZK_ERRORS.NO_NODE.errno, znode.path)))
    }
  }

  get isHeld(): boolean {
    if (this.#ended !== undefined) return false
    const { isInDoubt, sessionUntilMs, clock } = this.own.client
    if (clock.monotonic() >= sessionUntilMs) {
      void this.end(new ZnodeError(ZK_ERRORS.SESSION_EXPIRED.errno))
      return false
    }
    return !isInDoubt
  }

  /** One more holder, that releases it once. Of something that has ended it holds nothing. */
  enter(): Held {
    const holder = new Holder(this)
    if (this.#ended === undefined) this.#holders.add(holder)
    else holder.end(this.#ended.reason)
    return holder
  }

  /** Resolves when nothing is left, or immediately while others hold it. */
  leave(holder: Holder): Promise<void> {
    this.#holders.delete(holder)
    if (this.#ended === undefined && this.#holders.size > 0) return Promise.resolve()
    return this.end()
  }

  /** For all of its holders. Resolves when nothing is left of its znodes. `reason`: of their signals. */
  end(reason?: unknown): Promise<void> {
    if (this.#ended !== undefined) return this.#ended.removed
    this.#cancel()
    for (const znode of this.#znodes) znode.watch(undefined)
    const removed = this.#remove()
    // The caller of release() receives it.
    removed.catch(() => {})
    this.#ended = { reason, removed }
    for (const holder of this.#holders) holder.end(reason)
    this.#holders.clear()
    return removed
  }
}

class Holder implements Held {
  readonly holding: Holding
  readonly #abort = new AbortController()

  constructor(holding: Holding) {
    this.holding = holding
  }

  get token(): number {
    return this.holding.token
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  get isHeld(): boolean {
    return !this.signal.aborted && this.holding.isHeld
  }

  release(): Promise<void> {
    const removed = this.holding.leave(this)
    this.end()
    return orSessionEnd(this.holding.own.client, removed)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release()
  }

  /** It holds nothing any more. */
  end(reason?: unknown): void {
    this.#abort.abort(reason)
  }
}

/**
 * What `held` holds, if that is below `parent`.
 * @throws {TypeError} it is not of this library, or of another client or path; the reason of its signal: it holds
 * nothing any more
 */
export function holdingOf(held: Held, { client, parent }: Omit<OwnPlace, 'prefix'>): Holding {
  if (!(held instanceof Holder)) throw new TypeError('within: not what acquire() resolved with')
  const { holding } = held
  if (holding.own.client !== client || holding.own.parent !== parent) {
    throw new TypeError('within: held of another client, or at another path')
  }
  // Looks at the clocks.
  void held.isHeld
  held.signal.throwIfAborted()
  return holding
}
