/**
 * What a contender has once it is first in line: held while its own znode is there and its session cannot have
 * ended. Neighbours: contend, mutex, leader-latch.
 */
import { ZK_ERRORS, ZnodeError } from '../../model/errors.ts'
import type { ZooKeeper } from '../zookeeper.ts'
import { type OwnZnode, removeOwn } from './own-znode.ts'
import { onSessionEnd, orSessionEnd } from './session-end.ts'

/** A lock, or the leadership, that is held until it is released or lost. */
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
   * again.
   */
  readonly isHeld: boolean
  /**
   * Deletes its znode, so that the next in line follows. Resolves when it is deleted, or its session has ended or may
   * have; in the last case it is deleted as soon as the store is back. May be called again.
   * @throws {ZnodeError} ZK_NO_AUTH: the ACL of the parent does not permit the delete
   */
  release(): Promise<void>
}

export class Holding implements Held {
  readonly token: number
  readonly #client: ZooKeeper
  readonly #own: OwnZnode
  readonly #remove: () => Promise<void>
  readonly #abort = new AbortController()
  readonly #cancel: () => void
  #removed: Promise<void> | undefined

  constructor(client: ZooKeeper, parent: string, prefix: string, own: OwnZnode) {
    this.#client = client
    this.#own = own
    this.token = own.czxid
    this.#remove = () => removeOwn(client, parent, prefix)
    this.#cancel = onSessionEnd(client, { whileConnected: true }, (error) => this.#end(error))
    own.watch(() => this.#end(new ZnodeError(ZK_ERRORS.NO_NODE.errno, own.path)))
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  get isHeld(): boolean {
    if (this.signal.aborted) return false
    const { isInDoubt, sessionUntilMs, clock } = this.#client
    if (clock.monotonic() >= sessionUntilMs) {
      this.#end(new ZnodeError(ZK_ERRORS.SESSION_EXPIRED.errno))
      return false
    }
    return !isInDoubt
  }

  release(): Promise<void> {
    return orSessionEnd(this.#client, this.#end())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release()
  }

  /** Resolves when its znode is gone. */
  #end(reason?: unknown): Promise<void> {
    if (this.#removed !== undefined) return this.#removed
    this.#cancel()
    this.#own.watch(undefined)
    this.#removed = this.#remove()
    // The caller of release() receives it.
    this.#removed.catch(() => {})
    this.#abort.abort(reason)
    return this.#removed
  }
}
