/**
 * A recipe's own znodes: created so that they are found again after an unknown outcome,
 * watched for their deletion, and removed for certain. Neighbours: protected-create, place, holding.
 */
import { pause } from '../../base/pause.ts'
import { isZnodeError, ZK_ERRORS, ZnodeError } from '../../model/errors.ts'
import { childOf } from '../../model/path.ts'
import { type CreateMode, createOp } from '../operations.ts'
import { createMissing } from '../paths.ts'
import {
  deleteIfThere,
  findProtected,
  type ProtectedPlace,
  removeProtected,
  untilKnown,
} from '../protected-create.ts'
import { whenConnected } from '../when-connected.ts'
import type { ZooKeeper } from '../zookeeper.ts'
import { unbounded } from './unbounded.ts'
import type { WaitScope } from './wait-scope.ts'

/** Before a znode is looked at again that could not be watched. Unit ms. */
const LOOK_AGAIN_MS = 1_000

export class OwnZnode {
  readonly path: string
  /** Grows with every contender of the line: its fencing token. */
  readonly czxid: number
  readonly #client: ZooKeeper
  #isGone = false
  #onGone: (() => void) | undefined
  readonly #look = (): void => {
    if (this.#onGone === undefined) return
    this.#client.exists(this.path, this.#look).then(
      (stat) => {
        // Another one of this name is not its own.
        if (stat?.czxid !== this.czxid) this.#gone()
      },
      // Not set: it is when the client is connected again, or READ of it is permitted.
      async (error: unknown) => {
        const { CONNECTION_LOSS, SESSION_EXPIRED } = ZK_ERRORS
        const isAway = [CONNECTION_LOSS, SESSION_EXPIRED].some((row) => isZnodeError(error, row))
        if (!isAway) await pause(this.#client.clock, LOOK_AGAIN_MS)
        if (await whenConnected(this.#client)) this.#look()
      },
    )
  }

  constructor(client: ZooKeeper, path: string, czxid: number) {
    this.#client = unbounded(client)
    this.path = path
    this.czxid = czxid
  }

  get isGone(): boolean {
    return this.#isGone
  }

  /** Calls `onGone` once, when it is deleted; undefined: nobody any more. */
  watch(onGone: (() => void) | undefined): void {
    const wasWatched = this.#onGone !== undefined
    this.#onGone = onGone
    if (onGone === undefined) this.#client.unwatch(this.path, this.#look)
    else if (this.#isGone) this.#gone()
    else if (!wasWatched) this.#look()
  }

  #gone(): void {
    this.#isGone = true
    const onGone = this.#onGone
    this.watch(undefined)
    onGone?.()
  }
}

/** Ephemerals of one client below one parent, found again by their prefix. */
export type OwnPlace = Omit<ProtectedPlace<ZooKeeper>, 'isEphemeral' | 'path'>

const placeOf = ({ client, parent, prefix }: OwnPlace): ProtectedPlace<ZooKeeper> => {
  return { client, parent, prefix, isEphemeral: true }
}

/** Ephemerals to be created, all or none. */
export interface OwnZnodes extends OwnPlace {
  /** One or more, without their sequence numbers; each begins with the prefix. */
  readonly names: readonly string[]
  readonly mode: 'ephemeral' | 'ephemeral-sequential'
  readonly data: Uint8Array | null
  /** Of the parents that are missing. */
  readonly parentMode: CreateMode
  /** Path of a znode that must be there when they are created. */
  readonly guard?: string | undefined
}

/**
 * Creates znodes of its own. `isFirst`: none with its prefix can be there yet, which saves a look. After an unknown outcome
 * they are found again: see {@link untilKnown}.
 * @throws as the scope; {ZnodeError} ZK_NO_NODE with the path of the guard, if that is gone; others of create()
 */
export async function createOwn(
  own: OwnZnodes,
  scope: WaitScope,
  isFirst: boolean,
): Promise<readonly OwnZnode[]> {
  const attempt = {
    create: () => create(own),
    find: () => findAll(own, scope),
    connected: () => scope.race(whenConnected(own.client)),
    throwIfEnded: () => scope.throwIfEnded(),
  }
  for (let mayBeThere = !isFirst; ; mayBeThere = false) {
    try {
      return await untilKnown(attempt, mayBeThere)
    } catch (error) {
      scope.throwIfEnded()
      if (!isZnodeError(error, ZK_ERRORS.NO_NODE)) throw error
      if (own.guard !== undefined && isAbout(error, own.guard)) throw error
      await makeParent(own, scope)
    }
  }
}

/** All of them, or none: another client may have deleted some. */
async function findAll(own: OwnZnodes, scope: WaitScope): Promise<OwnZnode[] | undefined> {
  const { client, names } = own
  const found = await findProtected(placeOf(own))
  if (found.length === names.length) {
    return found.map(({ path, stat }) => new OwnZnode(client, path, stat.czxid))
  }
  for (const { path } of found) {
    scope.throwIfEnded()
    await deleteIfThere(client, path)
  }
  return undefined
}

/** Is `path` the znode that the operation failed on? */
export function isAbout(error: unknown, path: string): boolean {
  return error instanceof ZnodeError && error.path === path
}

async function create(own: OwnZnodes): Promise<readonly OwnZnode[]> {
  const { client, parent, names, mode, data, guard } = own
  const paths = names.map((name) => childOf(parent, name))
  const [first] = paths
  if (guard === undefined && paths.length === 1 && first !== undefined) {
    const { path, stat } = await client.create(first, data, { mode })
    return [new OwnZnode(client, path, stat.czxid)]
  }
  const checks = guard === undefined ? [] : [{ type: 'check', path: guard, version: -1 } as const]
  const results = await client.multi([
    ...checks,
    ...paths.map((path) => createOp(path, data, { mode })),
  ])
  const made: OwnZnode[] = []
  for (const result of results) {
    if (result.type === 'create2') made.push(new OwnZnode(client, result.path, result.stat.czxid))
    else if (result.type === 'create') {
      // ZooKeeper before 3.9 sends no Stat. Deleted again meanwhile, it is found to be gone when it is watched.
      const stat = await client.exists(result.path)
      made.push(new OwnZnode(client, result.path, stat?.czxid ?? client.lastZxid))
    }
  }
  return made
}

async function makeParent(
  { client, parent, parentMode: mode }: OwnZnodes,
  scope: WaitScope,
): Promise<void> {
  try {
    await createMissing(client, parent, (one) => {
      scope.throwIfEnded()
      return client.create(one, null, { mode })
    })
  } catch (error) {
    scope.throwIfEnded()
    // A parent may have been made: all of it is looked at again.
    if (!isZnodeError(error, ZK_ERRORS.CONNECTION_LOSS)) throw error
  }
}

/** As {@link removeProtected}, for a recipe's own. */
export function removeOwn(own: OwnPlace, known: readonly OwnZnode[] = []): Promise<void> {
  return removeProtected(placeOf({ ...own, client: unbounded(own.client) }), known)
}
