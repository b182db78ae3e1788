/**
 * A recipe's own znodes: created so that they are found again after an unknown outcome (Curator's protected create),
 * watched for their deletion, and removed for certain. Neighbours: place, holding.
 */
import { pause } from '../../base/pause.ts'
import { ZK_ERRORS, ZnodeError } from '../../model/errors.ts'
import { childOf } from '../../model/path.ts'
import { type CreateMode, createOp } from '../operations.ts'
import { createMissing } from '../paths.ts'
import type { ZooKeeper } from '../zookeeper.ts'
import { whenConnected } from './session-end.ts'
import type { WaitScope } from './wait-scope.ts'

/** Before a removal that the store refused for now is tried again. Unit ms. */
const REMOVE_AGAIN_MS = 1_000

/** Is it this result of ZooKeeper? */
export function isZnodeError(error: unknown, row: { readonly errno: number }): boolean {
  return error instanceof ZnodeError && error.errno === row.errno
}

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
      // Not set: it is when the client is connected again.
      async () => {
        if (await whenConnected(this.#client)) this.#look()
      },
    )
  }

  constructor(client: ZooKeeper, path: string, czxid: number) {
    this.#client = client
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

/** Znodes of one client below one parent, found again by their prefix. */
export interface OwnPlace {
  readonly client: ZooKeeper
  readonly parent: string
  /** No name of another has it. */
  readonly prefix: string
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
 * Creates znodes of its own. `isFirst`: none with its prefix can be there yet, which saves a look. After
 * ZK_CONNECTION_LOSS it looks for its prefix: the session was resumed behind
 * everything that it had sent, so what is not there then never comes.
 * @throws as the scope; {ZnodeError} ZK_NO_NODE with the path of the guard, if that is gone; others of create()
 */
export async function createOwn(
  own: OwnZnodes,
  scope: WaitScope,
  isFirst: boolean,
): Promise<readonly OwnZnode[]> {
  const { client, names, guard } = own
  for (let mayBeThere = !isFirst; ; ) {
    await scope.race(whenConnected(client))
    scope.throwIfEnded()
    try {
      if (mayBeThere) {
        const found = await findOwn(own)
        if (found.length === names.length) return found
        // Another client deleted some of them, meanwhile.
        for (const { path } of found) await client.delete(path)
        scope.throwIfEnded()
      }
      return await create(own)
    } catch (error) {
      scope.throwIfEnded()
      if (isZnodeError(error, ZK_ERRORS.CONNECTION_LOSS)) {
        mayBeThere = true
        continue
      }
      if (!isZnodeError(error, ZK_ERRORS.NO_NODE)) throw error
      if (guard !== undefined && isAbout(error, guard)) throw error
      await makeParent(own, scope)
    }
  }
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
    await createMissing(client, parent, (one) => client.create(one, null, { mode }))
  } catch (error) {
    scope.throwIfEnded()
    // A parent was deleted meanwhile, or may have been made: all of it is looked at again.
    if (isZnodeError(error, ZK_ERRORS.NO_NODE)) return
    if (!isZnodeError(error, ZK_ERRORS.CONNECTION_LOSS)) throw error
  }
}

async function findOwn({ client, parent, prefix }: OwnPlace): Promise<OwnZnode[]> {
  const { children } = await client.getChildren(parent)
  const found: OwnZnode[] = []
  for (const name of children) {
    if (!name.startsWith(prefix)) continue
    const path = childOf(parent, name)
    const stat = await client.exists(path)
    if (stat !== undefined) found.push(new OwnZnode(client, path, stat.czxid))
  }
  return found
}

/**
 * Deletes what has the prefix, however often the connection is lost meanwhile. Resolves when it is gone, or the
 * session is over and with it the ephemerals. No create with this prefix may be in flight. `known`: all that can be
 * there, which saves a look.
 * @throws {ZnodeError} ZK_NO_AUTH: the parent's ACL does not permit it
 */
export async function removeOwn(own: OwnPlace, known: readonly OwnZnode[] = []): Promise<void> {
  const { client } = own
  for (let isKnown = known.length > 0; await whenConnected(client); isKnown = false) {
    try {
      const found = isKnown ? known : await findOwn(own)
      for (const { path } of found) await deleteIfThere(client, path)
      if (isKnown || found.length === 0) return
    } catch (error) {
      if (isZnodeError(error, ZK_ERRORS.NO_NODE)) return
      if (isZnodeError(error, ZK_ERRORS.SESSION_EXPIRED)) return
      if (isZnodeError(error, ZK_ERRORS.CONNECTION_LOSS)) continue
      if (!(error instanceof ZnodeError) || !error.retriable) throw error
      await pause(client.clock, REMOVE_AGAIN_MS)
    }
  }
}

/** false: it was not there. @throws {ZnodeError} as delete() */
export async function deleteIfThere(client: ZooKeeper, path: string): Promise<boolean> {
  try {
    await client.delete(path)
    return true
  } catch (error) {
    if (isZnodeError(error, ZK_ERRORS.NO_NODE)) return false
    throw error
  }
}
