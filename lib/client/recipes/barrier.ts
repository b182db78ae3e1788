/**
 * A gate that all clients of an ensemble wait at while it is set: Curator's DistributedBarrier and kazoo's Barrier. Its
 * znode is persistent, and there while the barrier is set. Neighbours: wait-scope, until-gone, double-barrier.
 */
import { ZnodeError } from '../../model/errors.ts'
import { createMissing } from '../paths.ts'
import { deleteIfThere } from '../protected-create.ts'
import type { ZooKeeper } from '../zookeeper.ts'
import { checkLinePath } from './contend.ts'
import { throughOutages, untilGone } from './until-gone.ts'
import { type WaitOptions, WaitScope } from './wait-scope.ts'
import { asUnknown } from './write-scope.ts'

/** `await barrier.set()`, elsewhere `await barrier.wait({ timeoutMs, signal })`, then `await barrier.remove()`. */
export class Barrier {
  readonly #client: ZooKeeper
  readonly #path: string

  /** @throws {TypeError} the path is invalid, or the root */
  constructor(client: ZooKeeper, path: string) {
    checkLinePath(path)
    this.#client = client
    this.#path = path
  }

  /**
   * Sets the barrier, and makes missing parents, as containers; one that is set stays so. Continues after an outage: then
   * it is set although another client may have removed it within the outage.
   * @throws the signal's reason: it may be set or not; {TypeError} `timeoutMs` is not above 0
   * @throws {ZnodeError} ZK_OPERATION_TIMEOUT, ZK_SESSION_EXPIRED, ZK_NO_AUTH and others of create(): `outcome` says whether it may
   * have been set
   */
  set(options: WaitOptions = {}): Promise<void> {
    const client = this.#client
    return this.#within(options, async (scope, write) => {
      await createMissing(client, this.#path, async (one) => {
        scope.throwIfEnded()
        if (one !== this.#path) await client.create(one, null, { mode: 'container' })
        else await write(() => client.create(one, null))
      })
    })
  }

  /**
   * Lets everybody pass. Continues after an outage; a barrier that was set again within it is another one, and stays.
   * @throws as set(), and those of delete()
   */
  remove(options: WaitOptions = {}): Promise<void> {
    let czxid: number | undefined
    return this.#within(options, async (scope, write) => {
      const stat = await this.#client.exists(this.#path)
      czxid ??= stat?.czxid
      scope.throwIfEnded()
      if (stat === undefined || stat.czxid !== czxid) return
      await write(() => deleteIfThere(this.#client, this.#path))
    })
  }

  /**
   * Resolves when the barrier is not set, or was removed meanwhile.
   * @throws the signal's reason; {TypeError} `timeoutMs` is not above 0
   * @throws {ZnodeError} ZK_OPERATION_TIMEOUT; ZK_SESSION_EXPIRED (it ended, or the store was out of reach for the
   * session's timeout)
   */
  wait(options: WaitOptions = {}): Promise<void> {
    return this.#within(options, async (scope) => {
      do {
        scope.throwIfEnded()
        scope.sleep()
      } while (!(await untilGone(this.#client, this.#path, scope)))
    })
  }

  /** `write`: one that is repeated after an outage. @throws as the scope, with the outcome of the writes */
  async #within(
    options: WaitOptions,
    run: (
      scope: WaitScope,
      write: (send: () => Promise<unknown>) => Promise<void>,
    ) => Promise<void>,
  ): Promise<void> {
    const scope = new WaitScope(this.#client, this.#path, options)
    let mayBeApplied = false
    const write = async (send: () => Promise<unknown>): Promise<void> => {
      const before = mayBeApplied
      mayBeApplied = true
      try {
        await send()
      } catch (error) {
        if (error instanceof ZnodeError && error.outcome === 'unapplied') mayBeApplied = before
        throw error
      }
    }
    try {
      await scope.run(() => throughOutages(this.#client, scope, () => run(scope, write)))
    } catch (error) {
      throw mayBeApplied ? asUnknown(error) : error
    }
    scope.close()
  }
}
