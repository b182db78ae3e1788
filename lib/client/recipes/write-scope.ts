/**
 * Writes of a recipe within a wait: sent once, and again only where they were not sent; what the wait ends with says whether
 * a write may have been applied. Neighbours: wait-scope, versioned-znode, queue-entries.
 */
import { isZnodeError, ZK_ERRORS, ZnodeError } from '../../model/errors.ts'
import { parentOf } from '../../model/path.ts'
import { createMissing } from '../paths.ts'
import { whenConnected } from '../when-connected.ts'
import type { ZooKeeper } from '../zookeeper.ts'
import { throughOutages } from './until-gone.ts'
import { type WaitOptions, WaitScope } from './wait-scope.ts'

export class WriteScope {
  readonly client: ZooKeeper
  readonly scope: WaitScope
  /** A write was sent, and did not fail. */
  #isWriting = false

  /** @throws as WaitScope */
  constructor(client: ZooKeeper, path: string, options: WaitOptions) {
    this.client = client
    this.scope = new WaitScope(client, path, options)
  }

  /**
   * Runs reads and writes within the wait. @throws the signal's reason; {ZnodeError} ZK_OPERATION_TIMEOUT, ZK_SESSION_EXPIRED,
   * ZK_CONNECTION_LOSS, each with `outcome` unknown if a write was in flight, or had succeeded and the caller did not have its
   * result; others of the calls
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await this.scope.run(work)
    } catch (error) {
      throw this.#withOutcome(error)
    } finally {
      this.scope.close()
    }
  }

  /** Sends it; again only where it was not sent because the client was not connected. */
  async write<T>(send: () => Promise<T>): Promise<T> {
    for (;;) {
      this.scope.throwIfEnded()
      this.#isWriting = true
      try {
        // From here on it is applied, and the wait may still end before its caller has the result.
        return await send()
      } catch (error) {
        const isUnknown = error instanceof ZnodeError && error.outcome === 'unknown'
        if (isUnknown) throw error
        this.#isWriting = false
        if (!isZnodeError(error, ZK_ERRORS.CONNECTION_LOSS)) throw error
        await this.scope.race(whenConnected(this.client))
      }
    }
  }

  /** Whether the newest write was applied is seen by the next read. Resolves when the client is connected. */
  async reconnected(): Promise<void> {
    this.#isWriting = false
    await this.scope.race(whenConnected(this.client))
    this.scope.throwIfEnded()
  }

  /** Creates the missing parents of a path. */
  makeParent(path: string, mode: 'container' | 'persistent'): Promise<void> {
    return makePath(this.client, this.scope, parentOf(path), mode)
  }

  /** Resolves after `delayMs`. */
  pause(delayMs: number): Promise<void> {
    return this.scope.race(
      new Promise<void>((resolve) => {
        this.client.clock.after(delayMs, resolve)
      }),
    )
  }

  /** The error, with what it says of a write. */
  #withOutcome(error: unknown): unknown {
    return this.#isWriting ? asUnknown(error) : error
  }
}

/** The same error, of a write that may have been applied. */
export function asUnknown(error: unknown): unknown {
  if (!(error instanceof ZnodeError) || error.outcome === 'unknown') return error
  return new ZnodeError(error.errno, error.path, { outcome: 'unknown', cause: error })
}

/** Creates what is missing of a path: safe to repeat, and repeated through outages. @throws as throughOutages() */
export function makePath(
  client: ZooKeeper,
  scope: WaitScope,
  path: string,
  mode: 'container' | 'persistent',
): Promise<void> {
  const create = (one: string): Promise<unknown> => {
    scope.throwIfEnded()
    return client.create(one, null, { mode })
  }
  return throughOutages(client, scope, () => createMissing(client, path, create))
}
