/** Reads of a recipe that waits: repeated through outages, until its scope ends. Neighbours: wait-scope, contend. */
import { isZnodeError, ZK_ERRORS } from '../../model/errors.ts'
import { EVENT } from '../../model/request.ts'
import type { WatchEvent } from '../watches.ts'
import { whenConnected } from '../when-connected.ts'
import type { ZooKeeper } from '../zookeeper.ts'
import type { WaitScope } from './wait-scope.ts'

/**
 * Calls `read` again after each outage. @throws as the scope; {ZnodeError} as `read`, but not ZK_CONNECTION_LOSS
 */
export async function throughOutages<T>(
  client: ZooKeeper,
  scope: WaitScope,
  read: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await read()
    } catch (error) {
      scope.throwIfEnded()
      if (!isZnodeError(error, ZK_ERRORS.CONNECTION_LOSS)) throw error
      await scope.race(whenConnected(client))
    }
  }
}

/** The names of the children; none where there is no such znode. `onChange`: a watch of them. @throws as throughOutages() */
export async function childrenOf(
  client: ZooKeeper,
  path: string,
  scope: WaitScope,
  onChange?: () => void,
): Promise<readonly string[]> {
  return throughOutages(client, scope, async () => {
    try {
      return (await client.getChildren(path, onChange)).children
    } catch (error) {
      if (isZnodeError(error, ZK_ERRORS.NO_NODE)) return []
      throw error
    }
  })
}

/**
 * false: it is gone, and no watch is left at the server for it, which exists() would leave at a name that never comes again.
 * Source: Curator's LockInternals.
 */
async function isWatched(
  client: ZooKeeper,
  path: string,
  watch: (event: WatchEvent) => void,
): Promise<boolean> {
  try {
    await client.getData(path, watch)
    return true
  } catch (error) {
    if (isZnodeError(error, ZK_ERRORS.NO_NODE)) return false
    if (!isZnodeError(error, ZK_ERRORS.NO_AUTH)) throw error
  }
  // Before ZooKeeper 3.9.5 it needs no READ.
  return (await client.exists(path, watch)) !== undefined
}

/**
 * Resolves with true when the znode is gone, and with false when something else woke the scope. An event of its deletion
 * counts although it may have been created again.
 */
export async function untilGone(
  client: ZooKeeper,
  path: string,
  scope: WaitScope,
): Promise<boolean> {
  let isGone = false
  const onEvent = ({ type }: WatchEvent): void => {
    if (type === EVENT.NodeDeleted) isGone = true
    scope.wake()
  }
  try {
    if (!(await isWatched(client, path, onEvent))) return true
    await scope.woken()
    return isGone
  } catch (error) {
    scope.throwIfEnded()
    if (!isZnodeError(error, ZK_ERRORS.CONNECTION_LOSS)) throw error
    await scope.race(whenConnected(client))
    return isGone
  } finally {
    client.unwatch(path, onEvent)
  }
}
