/**
 * A fair, exclusive lock among all clients of an ensemble, in the znode layout of Curator's InterProcessMutex or of
 * kazoo's Lock, so that all of them exclude each other. Neighbours: contend, holding.
 */
import type { KeeperClient } from '../keeper-client.ts'
import { checkLinePath, contend } from './contend.ts'
import type { ContenderLayout } from './contender-name.ts'
import type { Held } from './holding.ts'
import type { WaitOptions } from './wait-scope.ts'

/** Options of {@link Mutex}. */
export interface MutexOptions {
  /** @default 'curator' */
  readonly layout?: ContenderLayout
  /** What others read of a contender; kazoo's `contenders()` shows it. @default null */
  readonly data?: Uint8Array | null
}

/**
 * `await using held = await mutex.acquire({ timeoutMs, signal })`. Not re-entrant: a second acquire() waits for the
 * first one's release, in the same process too. The path has contenders for children and nothing else; it is made when
 * missing, as a container, or in layout kazoo persistent.
 */
export class Mutex {
  readonly #client: KeeperClient
  readonly #path: string
  readonly #options: MutexOptions

  /** @throws {TypeError} the path is invalid, or the root */
  constructor(client: KeeperClient, path: string, options: MutexOptions = {}) {
    checkLinePath(path)
    this.#client = client
    this.#path = path
    this.#options = options
  }

  /**
   * Waits in line, and resolves when the lock is held. A wait that is given up leaves no znode behind.
   * @throws the signal's reason
   * @throws {ZnodeError} ZK_OPERATION_TIMEOUT (`timeoutMs` is over); ZK_SESSION_EXPIRED (it ended, or the store was out
   * of reach for the session's timeout); ZK_NO_AUTH, ZK_SYSTEM_ERROR and others of create(): nothing is held
   * @throws {TypeError} `timeoutMs` is not above 0
   */
  acquire(options: WaitOptions = {}): Promise<Held> {
    const { layout = 'curator', data = null } = this.#options
    const line = { client: this.#client, path: this.#path, layout, kind: 'lock', data } as const
    return contend(line, options)
  }
}
