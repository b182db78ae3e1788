/**
 * One writer or any number of readers among all clients of an ensemble, in the znode layout of Curator's
 * InterProcessReadWriteLock or of kazoo's ReadLock and WriteLock. Neighbours: contend, holding, mutex.
 */
import { systemRandom } from '../../base/clock.ts'
import { nameOf } from '../../model/path.ts'
import type { ZooKeeper } from '../zookeeper.ts'
import { contend, type Line, parentModeOf } from './contend.ts'
import { isReader, newContenderName, sequenceText } from './contender-name.ts'
import { type Held, type Holding, holdingOf } from './holding.ts'
import { checkLockOptions, type LockOptions, lockOf, type MutexOptions } from './mutex.ts'
import { takePlace } from './place.ts'
import { type WaitOptions, WaitScope } from './wait-scope.ts'

/** One side of a {@link ReadWriteLock}. */
export interface LockSide {
  /**
   * Waits in line, and resolves when this side is held. A wait that is given up leaves no znode behind. See
   * {@link ReadWriteLock} for `within`.
   * @throws the signal's reason; the reason of `within`'s signal: it is not held any more
   * @throws {ZnodeError} as Mutex.acquire(); ZK_NO_NODE: `within`, a writer, was lost meanwhile
   * @throws {TypeError} `timeoutMs` is not above 0; `within` is held of another lock, or is a reader that would write
   */
  acquire(options?: LockOptions): Promise<Held>
}

/**
 * `await using held = await lock.read.acquire({ timeoutMs, signal })`, or `lock.write`. Fair: a reader waits for the
 * writers that came before it, a writer for all that came before it.
 *
 * With the option `within` it is re-entrant, as Mutex is, and a writer may become a reader: what
 * `lock.read.acquire({ within: writer })` resolves with is held beside the writer, and on after its release, and no
 * writer was in between. A reader cannot become a writer: two that try would wait for each other.
 *
 * The token of a reader is for comparison with those of writers only: readers beside each other have different ones. A
 * reader within a writer has the writer's. The path has contenders for children and nothing else; it is made when
 * missing, as a container, or in layout kazoo persistent.
 */
export class ReadWriteLock {
  /** Shared: any number of readers hold it together. */
  readonly read: LockSide
  /** Exclusive. */
  readonly write: LockSide

  /** @throws {TypeError} the path is invalid, or the root; an option is not known, or not valid */
  constructor(client: ZooKeeper, path: string, options: MutexOptions = {}) {
    const both = { client, path, ...lockOf(path, options) }
    this.read = new Side({ ...both, kind: 'read', waitsFor: (name) => !isReader(name) })
    this.write = new Side({ ...both, kind: 'write' })
  }
}

class Side implements LockSide {
  readonly #line: Line

  constructor(line: Line) {
    this.#line = line
  }

  async acquire(options: LockOptions = {}): Promise<Held> {
    const { within, wait } = checkLockOptions(options)
    if (within === undefined) return contend(this.#line, wait)
    wait.signal?.throwIfAborted()
    const { client, path, kind } = this.#line
    const holding = holdingOf(within, { client, parent: path })
    if (isReader(nameOf(holding.path)) === (kind === 'read')) return holding.enter()
    if (kind === 'read') return downgrade(this.#line, holding, wait)
    throw new TypeError('within: a reader cannot become a writer')
  }
}

/**
 * A reader in the writer's place in line, created only while the writer is there: with the writer's sequence number,
 * as Curator does it.
 */
async function downgrade(line: Line, writer: Holding, options: WaitOptions): Promise<Held> {
  const { client, path, layout, data } = line
  const { prefix, base } = newContenderName(layout, 'read', systemRandom)
  const scope = new WaitScope(client, path, options)
  const own = {
    client,
    parent: path,
    prefix,
    names: [`${base}${sequenceText(nameOf(writer.path)) ?? ''}`],
    mode: 'ephemeral',
    data,
    parentMode: parentModeOf(layout),
    guard: writer.path,
  } as const
  // Behind the writer's, others may have come: their tokens are above its own.
  const take = { onIn: () => scope.close(), token: writer.token }
  const reader = await scope.run(() => takePlace(own, scope, take))
  return reader.enter()
}
