/**
 * A place in line: the lowest sequence number has it, the others watch the one that they wait for, so that an end wakes
 * one contender. Source: ZooKeeper recipes, "Locks". Neighbours: mutex, read-write-lock, leader-latch, place.
 */
import { systemRandom } from '../../base/clock.ts'
import { childOf, isValidPath, nameOf } from '../../model/path.ts'
import type { CreateMode } from '../operations.ts'
import type { ZooKeeper } from '../zookeeper.ts'
import {
  type ContenderKind,
  type ContenderLayout,
  inOrder,
  newContenderName,
} from './contender-name.ts'
import type { Held, Holding } from './holding.ts'
import type { OwnZnode } from './own-znode.ts'
import { takePlace } from './place.ts'
import { childrenOf, untilGone } from './until-gone.ts'
import { type WaitOptions, WaitScope } from './wait-scope.ts'

/** What all waits of one recipe have in common. */
export interface Line {
  readonly client: ZooKeeper
  /** Parent of the contenders. */
  readonly path: string
  readonly layout: ContenderLayout
  readonly kind: ContenderKind
  readonly data: Uint8Array | null
  /** Does it wait for a contender of this name that came before? @default always */
  readonly waitsFor?: (name: string) => boolean
}

/** What the recipe of a contender is notified of. */
export interface Hooks {
  /** There is a contender that it waits for. */
  readonly onQueued?: () => void
  /** The wait has begun; `over` resolves when it was successful, or nothing of it is left. Never rejects. */
  readonly onBegun?: (over: Promise<void>) => void
}

/** @throws {TypeError} the path is not that of a znode that can have children of its own */
export function checkLinePath(path: string): void {
  if (path === '/' || !isValidPath(path)) throw new TypeError(`not a path for a recipe: "${path}"`)
}

/**
 * Of parents that a recipe makes. Curator's are containers, deleted some time after their last child; kazoo's recipes
 * look only once that they are there.
 */
export function parentModeOf(layout: ContenderLayout): CreateMode {
  return layout === 'kazoo' ? 'persistent' : 'container'
}

/**
 * Waits in line. Its znode is gone, or goes as soon as the store can be reached, when the wait is given up. A znode
 * that another client deletes is replaced by one at the end of the line.
 * @throws the signal's reason; {ZnodeError} ZK_OPERATION_TIMEOUT, ZK_SESSION_EXPIRED, or what a create failed with
 */
export async function contend(line: Line, options: WaitOptions, hooks: Hooks = {}): Promise<Held> {
  const scope = new WaitScope(line.client, line.path, options)
  const holding = await scope.run(() => contendWithin(line, scope, hooks, () => scope.close()))
  return holding.enter()
}

/**
 * The same as a step of a longer wait: its caller ends the scope, and receives what is held although the scope ended.
 * @throws as the scope; {ZnodeError} what a create failed with
 */
export function contendWithin(
  line: Line,
  scope: WaitScope,
  { onQueued = () => {}, onBegun }: Hooks = {},
  onIn: () => void = () => {},
): Promise<Holding> {
  const { client, path, layout, kind, data } = line
  const { prefix, base } = newContenderName(layout, kind, systemRandom)
  const mode = 'ephemeral-sequential'
  const parentMode = parentModeOf(layout)
  const own = { client, parent: path, prefix, names: [base], mode, data, parentMode } as const
  const isIn = ([first]: readonly OwnZnode[]): Promise<boolean> =>
    first === undefined ? Promise.resolve(false) : isFirst(line, first, scope, onQueued)
  let removed = Promise.resolve()
  const onAbandoned = (removing: Promise<void>): void => {
    removed = removing
  }
  const wait = takePlace(own, scope, { isIn, onIn, onAbandoned })
  onBegun?.(
    wait.then(
      () => {},
      () => removed,
    ),
  )
  return wait
}

/**
 * Resolves when there is nobody before it that it waits for: then it is still watched, which saves who holds it from
 * another look. false: it was deleted.
 */
async function isFirst(
  { client, path, waitsFor = () => true }: Line,
  own: OwnZnode,
  scope: WaitScope,
  onQueued: () => void,
): Promise<boolean> {
  own.watch(scope.wake)
  let isIn = false
  try {
    for (;;) {
      scope.throwIfEnded()
      scope.sleep()
      const names = inOrder(await childrenOf(client, path, scope))
      const place = names.indexOf(nameOf(own.path))
      if (place < 0 || own.isGone) return false
      const before = names.slice(0, place).findLast(waitsFor)
      if (before === undefined) {
        isIn = true
        return true
      }
      onQueued()
      await untilGone(client, childOf(path, before), scope)
    }
  } finally {
    if (!isIn) own.watch(undefined)
  }
}
