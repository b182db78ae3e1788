/**
 * A place in line: the lowest sequence number has it, the others watch the one before them, so that an end wakes one
 * contender. Source: ZooKeeper recipes, "Locks". Neighbours: mutex, leader-latch, own-znode, wait-scope.
 */
import { systemRandom } from '../../base/clock.ts'
import { ZK_ERRORS } from '../../model/errors.ts'
import { childOf, isValidPath, nameOf } from '../../model/path.ts'
import type { ZooKeeper } from '../zookeeper.ts'
import {
  type ContenderKind,
  type ContenderLayout,
  inOrder,
  newContenderName,
} from './contender-name.ts'
import { type Held, Holding } from './holding.ts'
import { createOwn, isZnodeError, type OwnZnode, removeOwn } from './own-znode.ts'
import { whenConnected } from './session-end.ts'
import { type WaitOptions, WaitScope } from './wait-scope.ts'

/** What all waits of one recipe have in common. */
export interface Line {
  readonly client: ZooKeeper
  /** Parent of the contenders. */
  readonly path: string
  readonly layout: ContenderLayout
  readonly kind: ContenderKind
  readonly data: Uint8Array | null
}

/** What the recipe of a contender is notified of. */
export interface Hooks {
  /** There is a contender before this one. */
  readonly onQueued?: () => void
  /** The wait was given up; `removed` resolves when nothing of it is left. Never rejects. */
  readonly onAbandoned?: (removed: Promise<void>) => void
}

/** @throws {TypeError} the path is not that of a znode that can have children of its own */
export function checkLinePath(path: string): void {
  if (path === '/' || !isValidPath(path)) throw new TypeError(`not a path for a recipe: "${path}"`)
}

/**
 * Waits in line. Its znode is gone, or goes as soon as the store can be reached, when the wait is given up. A znode
 * that another client deletes is replaced by one at the end of the line.
 * @throws the signal's reason; {ZnodeError} ZK_OPERATION_TIMEOUT, ZK_SESSION_EXPIRED, or what a create failed with
 */
export async function contend(
  line: Line,
  options: WaitOptions,
  { onQueued = () => {}, onAbandoned = () => {} }: Hooks = {},
): Promise<Held> {
  const { client, path } = line
  const scope = new WaitScope(client, path, options)
  const name = newContenderName(line.layout, line.kind, systemRandom)
  const attempt = async (): Promise<Holding> => {
    try {
      for (;;) {
        const own = await createOwn(client, path, name, line.data, scope)
        if (await isFirst(line, own, scope, onQueued)) {
          // From here on the holder decides: nothing comes between this and its return.
          scope.throwIfEnded()
          scope.close()
          return new Holding(client, path, name.prefix, own)
        }
      }
    } catch (error) {
      scope.close()
      // Without the permission to delete it, it goes with the session.
      onAbandoned(removeOwn(client, path, name.prefix).catch(() => {}))
      throw error
    }
  }
  return scope.race(attempt())
}

/** Resolves when it is the first. false: it was deleted. */
async function isFirst(
  line: Line,
  own: OwnZnode,
  scope: WaitScope,
  onQueued: () => void,
): Promise<boolean> {
  const { client, path } = line
  own.watch(scope.wake)
  try {
    for (;;) {
      scope.throwIfEnded()
      scope.sleep()
      const names = await contenders(client, path, scope)
      const place = names.indexOf(nameOf(own.path))
      if (place < 0 || own.isGone) return false
      const before = names[place - 1]
      if (before === undefined) return true
      onQueued()
      await untilGone(client, childOf(path, before), scope)
    }
  } finally {
    own.watch(undefined)
  }
}

async function contenders(
  client: ZooKeeper,
  path: string,
  scope: WaitScope,
): Promise<readonly string[]> {
  for (;;) {
    try {
      return inOrder((await client.getChildren(path)).children)
    } catch (error) {
      scope.throwIfEnded()
      if (isZnodeError(error, ZK_ERRORS.NO_NODE)) return []
      if (!isZnodeError(error, ZK_ERRORS.CONNECTION_LOSS)) throw error
      await scope.race(whenConnected(client))
    }
  }
}

/** Or something else may have changed. */
async function untilGone(client: ZooKeeper, path: string, scope: WaitScope): Promise<void> {
  try {
    if ((await client.exists(path, scope.wake)) !== undefined) await scope.woken()
  } catch (error) {
    scope.throwIfEnded()
    if (!isZnodeError(error, ZK_ERRORS.CONNECTION_LOSS)) throw error
    await scope.race(whenConnected(client))
  } finally {
    client.unwatch(path, scope.wake)
  }
}
