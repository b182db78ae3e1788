/**
 * One contender's own znode: created so that it is found again after an unknown outcome (Curator's protected create),
 * watched for its deletion, and removed for certain. Neighbours: contend, holding.
 */
import { ZK_ERRORS, ZnodeError } from '../../model/errors.ts'
import { childOf } from '../../model/path.ts'
import { createMissing } from '../paths.ts'
import type { ZooKeeper } from '../zookeeper.ts'
import type { ContenderName } from './contender-name.ts'
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

/**
 * Creates the znode of a contender, ephemeral and sequential. After ZK_CONNECTION_LOSS it looks for its prefix: the
 * session was resumed behind everything that it had sent, so what is not there then never comes.
 */
export async function createOwn(
  client: ZooKeeper,
  parent: string,
  { base, prefix }: ContenderName,
  data: Uint8Array | null,
  scope: WaitScope,
): Promise<OwnZnode> {
  for (;;) {
    await scope.race(whenConnected(client))
    scope.throwIfEnded()
    try {
      const found = await findOwn(client, parent, prefix)
      if (found !== undefined) return found
      scope.throwIfEnded()
      const mode = 'ephemeral-sequential'
      const { path, stat } = await client.create(childOf(parent, base), data, { mode })
      return new OwnZnode(client, path, stat.czxid)
    } catch (error) {
      scope.throwIfEnded()
      if (isZnodeError(error, ZK_ERRORS.NO_NODE)) await makeParent(client, parent, scope)
      else if (!isZnodeError(error, ZK_ERRORS.CONNECTION_LOSS)) throw error
    }
  }
}

async function makeParent(client: ZooKeeper, parent: string, scope: WaitScope): Promise<void> {
  try {
    // As Curator's: containers are deleted some time after their last child.
    await createMissing(client, parent, (one) => client.create(one, null, { mode: 'container' }))
  } catch (error) {
    scope.throwIfEnded()
    // A parent was deleted meanwhile, or may have been made: all of it is looked at again.
    if (isZnodeError(error, ZK_ERRORS.NO_NODE)) return
    if (!isZnodeError(error, ZK_ERRORS.CONNECTION_LOSS)) throw error
  }
}

async function findOwn(
  client: ZooKeeper,
  parent: string,
  prefix: string,
): Promise<OwnZnode | undefined> {
  const { children } = await client.getChildren(parent)
  const name = children.find((child) => child.startsWith(prefix))
  if (name === undefined) return undefined
  const path = childOf(parent, name)
  const stat = await client.exists(path)
  return stat === undefined ? undefined : new OwnZnode(client, path, stat.czxid)
}

/**
 * Deletes what has the prefix, however often the connection is lost meanwhile. Resolves when it is gone, or the
 * session is over and with it the ephemeral. No create with this prefix may be in flight.
 * @throws {ZnodeError} ZK_NO_AUTH: the parent's ACL does not permit it
 */
export async function removeOwn(client: ZooKeeper, parent: string, prefix: string): Promise<void> {
  while (await whenConnected(client)) {
    try {
      const own = await findOwn(client, parent, prefix)
      if (own === undefined) return
      await client.delete(own.path)
    } catch (error) {
      if (isZnodeError(error, ZK_ERRORS.NO_NODE)) return
      if (isZnodeError(error, ZK_ERRORS.SESSION_EXPIRED)) return
      if (isZnodeError(error, ZK_ERRORS.CONNECTION_LOSS)) continue
      if (!(error instanceof ZnodeError) || !error.retriable) throw error
      await new Promise<void>((resolve) => client.clock.after(REMOVE_AGAIN_MS, resolve))
    }
  }
}
