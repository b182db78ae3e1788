/**
 * The way to what a recipe holds: own znodes are created, and created again if another client deletes them, until they
 * count; nothing of a wait that was given up stays. Neighbours: own-znode, holding, contend.
 */

import { Holding } from './holding.ts'
import { createOwn, type OwnZnode, type OwnZnodes, removeOwn } from './own-znode.ts'
import type { WaitScope } from './wait-scope.ts'

export interface PlaceOptions {
  /** Do these znodes count? Waits until they do; they may be watched then. false: one of them was deleted, and all are created again. */
  readonly isIn?: (own: readonly OwnZnode[]) => Promise<boolean>
  /** Called when they count, and nothing of the scope comes between this and what is held. */
  readonly onIn?: () => void
  /** The wait was given up; `removed` resolves when nothing of it is left. Never rejects. */
  readonly onAbandoned?: ((removed: Promise<void>) => void) | undefined
  /** Deletes what was held. Resolves when nothing is left of it. @default deletes the own znodes */
  readonly remove?: (known: readonly OwnZnode[]) => Promise<void>
  /** Of what is held. @default the czxid of the own znodes */
  readonly token?: number
}

/** What is held is for the caller to end. @throws as the scope; {ZnodeError} as createOwn() */
export async function takePlace(
  own: OwnZnodes,
  scope: WaitScope,
  options: PlaceOptions = {},
): Promise<Holding> {
  const remove = options.remove ?? ((known: readonly OwnZnode[]) => removeOwn(own, known))
  let znodes: readonly OwnZnode[] = []
  try {
    for (let isFirst = true; ; isFirst = false) {
      znodes = await createOwn(own, scope, isFirst)
      if (options.isIn !== undefined && !(await options.isIn(znodes))) continue
      scope.throwIfEnded()
      options.onIn?.()
      const held = znodes
      return new Holding(own, held, () => remove(held), options.token)
    }
  } catch (error) {
    for (const znode of znodes) znode.watch(undefined)
    // Without the permission to delete them, they go with the session.
    const removed = remove([]).catch(() => {})
    options.onAbandoned?.(removed)
    throw error
  }
}
