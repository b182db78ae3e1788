/**
 * A fair, exclusive lock among all clients of an ensemble, in the znode layout of Curator's InterProcessMutex or of
 * kazoo's Lock, so that all of them exclude each other. Neighbours: contend, holding, read-write-lock.
 */
import { optionNames } from '../../base/known-options.ts'
import type { ZooKeeper } from '../zookeeper.ts'
import { checkLinePath, contend, type Line } from './contend.ts'
import { type ContenderLayout, checkLayout } from './contender-name.ts'
import { type Held, holdingOf } from './holding.ts'
import { dataOf, readOptions } from './recipe-options.ts'
import { checkWait, WAIT_OPTIONS, type WaitOptions } from './wait-scope.ts'

/** Options of {@link Mutex}. */
export interface MutexOptions {
  /** @default 'curator' */
  readonly layout?: ContenderLayout
  /** What others read of a contender; kazoo's `contenders()` shows it. @default null */
  readonly data?: Uint8Array | null
}

/** How a lock is acquired. */
export interface LockOptions extends WaitOptions {
  /**
   * What is held of the same lock already: it is entered once more, without a wait. JavaScript has no threads that could
   * own a lock, and its tasks have no identity; so the owner is whoever was given what acquire() resolved with.
   * @default none: a second acquire() waits for the first one's release
   */
  readonly within?: Held | undefined
}

const OPTIONS = optionNames<MutexOptions>({ layout: true, data: true })

/** Checked, and read once. @throws {TypeError} the path is invalid, or the root; an option is not known, or not valid */
export function lockOf(path: string, options: MutexOptions): Required<MutexOptions> {
  checkLinePath(path)
  const { layout = 'curator', data } = readOptions<MutexOptions>(options, OPTIONS)
  return { layout: checkLayout(layout), data: dataOf(data) }
}

/** Checked, and read once. @throws {TypeError} an option is not known, or not valid */
export function checkLockOptions(options: LockOptions): {
  readonly within: Held | undefined
  readonly wait: WaitOptions
} {
  const { within, ...wait } = readOptions<LockOptions>(options, [...WAIT_OPTIONS, 'within'])
  return { within, wait: checkWait(wait) }
}

/**
 * `await using held = await mutex.acquire({ timeoutMs, signal })`. A second acquire() waits for the first one's release,
 * in the same process too; re-entrant with the option `within`: each acquire() needs its release(), and the znode is
 * deleted with the last one. The path has contenders for children and nothing else; it is made when missing, as a
 * container, or in layout kazoo persistent.
 */
export class Mutex {
  readonly #line: Line

  /** @throws {TypeError} the path is invalid, or the root; an option is not known, or not valid */
  constructor(client: ZooKeeper, path: string, options: MutexOptions = {}) {
    this.#line = { client, path, kind: 'lock', ...lockOf(path, options) }
  }

  /**
   * Waits in line, and resolves when the lock is held. A wait that is given up leaves no znode behind.
   * @throws the signal's reason; the reason of `within`'s signal: it is not held any more
   * @throws {ZnodeError} ZK_OPERATION_TIMEOUT (`timeoutMs` is over); ZK_SESSION_EXPIRED (it ended, or the store was out
   * of reach for the session's timeout); ZK_NO_AUTH, ZK_SYSTEM_ERROR and others of create(): nothing is held
   * @throws {TypeError} `timeoutMs` is not above 0; `within` is held of another lock
   */
  async acquire(options: LockOptions = {}): Promise<Held> {
    const { within, wait } = checkLockOptions(options)
    if (within === undefined) return contend(this.#line, wait)
    wait.signal?.throwIfAborted()
    const { client, path } = this.#line
    return holdingOf(within, { client, parent: path }).enter()
  }
}
