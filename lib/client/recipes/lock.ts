/**
 * A fair, exclusive lock among all processes of an ensemble, as ZooKeeper's recipe has it. What it
 * guards should also check the fencing token: a stopped process may believe it still holds the
 * lock.
 */

import { childOf } from '../../model/path.ts'
import type { KeeperClient } from '../keeper-client.ts'
import { ensurePath } from './leader-election.ts'

/** A lock that is held, until it is released or the session ends. */
export interface HeldLock {
  /** Grows with every holder: hand it to what the lock guards. It is the lock znode's czxid. */
  readonly fencingToken: number
  /**
   * Deletes the lock's znode: the next in line gets the lock.
   * @throws {ZnodeError} ZK_NO_NODE: the znode was gone already
   */
  release(): Promise<void>
}

/**
 * Waits in line, and resolves when the lock is held. Missing parents are created, persistent.
 *
 * Limitations, until the recipes are rebuilt: a wait never settles when the session ends meanwhile
 * (watch ClientOptions.onState), and repeats its reads without a pause when another client deletes
 * its znode. After a rejection with ZK_CONNECTION_LOSS the znode of the lock may exist: it then
 * blocks the line until the session ends.
 * @throws {ZnodeError} ZK_CONNECTION_LOSS, ZK_SESSION_EXPIRED: a call failed for that; nothing is
 * held
 */
export async function acquireLock(client: KeeperClient, path: string): Promise<HeldLock> {
  await ensurePath(client, path)
  const made = await client.create(`${path}/lock-`, null, { mode: 'ephemeral-sequential' })
  const own = made.path.slice(path.length + 1)
  for (;;) {
    const { children } = await client.getChildren(path)
    const line = children.toSorted((a, b) => (a.slice(-10) < b.slice(-10) ? -1 : 1))
    const place = line.indexOf(own)
    if (place === 0) {
      return {
        fencingToken: made.stat.czxid,
        release: () => client.delete(made.path),
      }
    }
    const before = childOf(path, line[place - 1] as string)
    await new Promise<void>((resolve, reject) => {
      client
        .exists(before, () => resolve())
        .then((stat) => {
          if (stat === undefined) resolve()
        }, reject)
    })
  }
}
