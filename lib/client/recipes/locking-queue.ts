/**
 * A queue whose elements stay until they are consumed, each claimed by one consumer at a time: kazoo's LockingQueue.
 * Neighbours: queue-claim, queue-entries, queue.
 */
import { systemRandom } from '../../base/clock.ts'
import { isZnodeError, ZK_ERRORS, ZnodeError } from '../../model/errors.ts'
import { childOf, parentOf } from '../../model/path.ts'
import { newHex } from '../protected-name.ts'
import type { ZooKeeper } from '../zookeeper.ts'
import { checkLinePath } from './contend.ts'
import { type Held, Holding } from './holding.ts'
import { isAbout, OwnZnode } from './own-znode.ts'
import type { QueueElement } from './queue.ts'
import { type Claim, claimOn, consumeClaimed, endClaim, makeClaim } from './queue-claim.ts'
import { checkPut, ENTRY, entryName, QueueFolder, type QueuePutOptions } from './queue-entries.ts'
import { type WaitOptions, WaitScope } from './wait-scope.ts'

/** An element that is claimed: nobody else has it until it is released, lost or consumed. */
export interface ClaimedElement extends QueueElement, Held {
  /**
   * Deletes the element: the work on it is done. Later calls return the first one's promise. It is not held from the call on.
   * @throws {ZnodeError} ZK_NO_NODE: another client deleted the claim or the element; ZK_SESSION_EXPIRED: the claim was
   * lost with the session: `outcome` unapplied: the element is still there, and another consumer gets it; unknown: or it is
   * consumed; ZK_NOT_EMPTY: somebody has put a znode below it meanwhile; ZK_NO_AUTH. {Error} it was released
   */
  consume(): Promise<void>
}

/**
 * Elements are put as in {@link PriorityQueue}, and taken in its order. One that is taken is claimed by an ephemeral; without consume()
 * it is there again when it is released, or when the session of its consumer ends. So none is lost, each is consumed once, and it is
 * worked on again only where a consumer lost it (`signal`, `isHeld`) before it was done: pass `token` to what the work changes.
 *
 * The znodes: `<path>/entries/entry-<priority>-<number>`, and `<path>/taken/<the same name>`; made when missing, persistent.
 */
export class LockingQueue {
  readonly #client: ZooKeeper
  readonly #entries: QueueFolder
  readonly #taken: QueueFolder

  /** @throws {TypeError} the path is invalid, or the root */
  constructor(client: ZooKeeper, path: string) {
    checkLinePath(path)
    this.#client = client
    this.#entries = new QueueFolder(client, childOf(path, 'entries'), 'persistent')
    this.#taken = new QueueFolder(client, childOf(path, 'taken'), 'persistent')
  }

  /** As {@link PriorityQueue.put}. */
  async put(data: Uint8Array | null, options: QueuePutOptions = {}): Promise<void> {
    const { priority, wait } = checkPut(options)
    await this.#entries.put(data, entryName(priority), wait)
  }

  /**
   * Claims the first element that nobody has, and waits for one. A wait that is given up leaves no claim behind. One that has
   * children, or that this client may not read, is passed over.
   * @throws the signal's reason; {ZnodeError} ZK_OPERATION_TIMEOUT, ZK_SESSION_EXPIRED: nothing is claimed; ZK_NO_AUTH: nothing is, and
   * one may not be read while there is no other, or the path may not be changed
   */
  async take(options: WaitOptions = {}): Promise<ClaimedElement> {
    const scope = new WaitScope(this.#client, this.#entries.path, options)
    const cancels = [this.#entries, this.#taken].map((folder) => folder.follow(scope.wake))
    try {
      return await scope.run(async () => {
        for (;;) {
          scope.throwIfEnded()
          scope.sleep()
          const claimed = await this.#claimFirst(scope)
          if (claimed !== undefined) return claimed
          await scope.woken()
        }
      })
    } finally {
      for (const cancel of cancels) cancel()
      scope.close()
    }
  }

  /** Elements in the queue, the claimed ones too, as of now. @throws {ZnodeError} */
  size(): Promise<number> {
    return this.#entries.size()
  }

  /** undefined: there is none. */
  async #claimFirst(scope: WaitScope): Promise<ClaimedElement | undefined> {
    const names = await this.#entries.names(scope, ENTRY)
    const taken = new Set(await this.#taken.names(scope, ENTRY))
    for (const name of names) {
      if (taken.has(name) || this.#entries.isBlocked(name)) continue
      const claimed = await this.#claim(name, scope)
      if (claimed !== undefined) return claimed
    }
    this.#entries.throwIfHidden(names)
    return undefined
  }

  /** undefined: it cannot be had. */
  async #claim(name: string, scope: WaitScope): Promise<ClaimedElement | undefined> {
    const client = this.#client
    const id = newHex(systemRandom)
    const claim = claimOn(client, this.#entries.path, this.#taken.path, name, id)
    try {
      const made = await makeClaim(claim, scope)
      if (made === 'taken') return undefined
      if (made === 'no-folder') {
        await this.#taken.make(scope)
        scope.wake()
        return undefined
      }
      const data = made === 'gone' ? undefined : await this.#entries.read(name, scope)
      if (made !== 'gone' && data !== undefined) {
        scope.throwIfEnded()
        // From here on the consumer decides.
        scope.close()
        return new Claimed(claim, made, { data, name })
      }
    } catch (error) {
      if (!isZnodeError(error, ZK_ERRORS.NO_AUTH) || !isAbout(error, claim.entry)) {
        void endClaim(claim).catch(() => {})
        throw error
      }
      this.#entries.hide(name, error)
    }
    await endClaim(claim)
    return undefined
  }
}

class Claimed implements ClaimedElement {
  readonly data: Uint8Array | null
  readonly name: string
  readonly #claim: Claim
  readonly #holding: Holding
  readonly #held: Held
  #consumed: Promise<void> | undefined
  #isConsuming = false

  constructor(claim: Claim, czxid: number, { data, name }: QueueElement) {
    this.data = data
    this.name = name
    this.#claim = claim
    const { client } = claim
    const place = { client, parent: parentOf(claim.claim), prefix: name }
    const remove = (): Promise<void> =>
      this.#isConsuming ? consumeClaimed(claim) : endClaim(claim)
    this.#holding = new Holding(place, [new OwnZnode(client, claim.claim, czxid)], remove)
    this.#held = this.#holding.enter()
  }

  get token(): number {
    return this.#held.token
  }

  get signal(): AbortSignal {
    return this.#held.signal
  }

  get isHeld(): boolean {
    return this.#held.isHeld
  }

  consume(): Promise<void> {
    this.#consumed ??= this.#consume()
    return this.#consumed
  }

  release(): Promise<void> {
    return this.#held.release()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release()
  }

  async #consume(): Promise<void> {
    // In doubt it is sent: only the session that has the claim can delete it.
    if (!this.isHeld && this.signal.aborted) {
      const { reason } = this.signal
      if (reason instanceof ZnodeError) throw new ZnodeError(reason.errno, this.#claim.entry)
      throw new Error(`the element was released: ${this.#claim.entry}`)
    }
    this.#isConsuming = true
    await this.#holding.end()
  }
}
