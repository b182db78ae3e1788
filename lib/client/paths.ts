/**
 * Verbs on whole paths, each made of several calls of a client: every step is atomic, the whole is not. Neighbour:
 * zookeeper.
 */
import { ZK_ERRORS, ZnodeError, type ZnodeErrorCode } from '../model/errors.ts'
import { childOf, isReservedPath, parentOf } from '../model/path.ts'
import type { Acl, Stat } from '../model/request.ts'
import {
  badArgument,
  checkAcl,
  checkCallback,
  checkData,
  checked,
  checkOptions,
  checkPath,
} from './arguments.ts'
import type { ZooKeeper } from './zookeeper.ts'

/** Options of {@link mkdirp}. */
export interface MkdirpOptions {
  /** Of every znode that is created. @default world:anyone may do anything */
  readonly acl?: readonly Acl[]
  /** Of the last znode, if it is created: bytes. One that is there keeps its data. @default none */
  readonly data?: Uint8Array | null
}

/** Of {@link DeleteRecursiveOptions.inFlightMax}. */
export const DELETES_IN_FLIGHT_MAX = 64

const hasCode = (error: unknown, code: ZnodeErrorCode): boolean =>
  error instanceof ZnodeError && error.code === code

/**
 * Creates a path and its missing parents, persistent. What is there stays as it is; of two callers at the same time both
 * succeed.
 * @throws {ZnodeError} ZK_BAD_ARGUMENTS, ZK_INVALID_ACL, ZK_NO_AUTH, ZK_NO_CHILDREN_FOR_EPHEMERALS (a parent is
 * ephemeral), ZK_NO_NODE (the client's chroot is not there), ZK_CONNECTION_LOSS, ZK_SESSION_EXPIRED; safe to repeat after any of them
 */
export async function mkdirp(
  client: ZooKeeper,
  path: string,
  options: MkdirpOptions = {},
): Promise<void> {
  const known = checked(() => {
    const { acl, data = null } = checkOptions(options, ['acl', 'data'] as const)
    checkPath(path)
    checkData(data)
    const checkedAcl = acl === undefined ? {} : { acl: checkAcl(acl) }
    return { data: data as Uint8Array | null, create: checkedAcl }
  })
  await createMissing(client, path, (one) =>
    client.create(one, one === path ? known.data : null, known.create),
  )
}

/**
 * Creates what is missing of a path, from the top down, each by `create`; of two callers at the same time both succeed. What
 * another client deletes meanwhile is created again.
 * @throws {ZnodeError} as exists() and `create`, except ZK_NODE_EXISTS; ZK_NO_NODE: the client's root is not there, and nobody who
 * repeats the call makes it
 */
export async function createMissing(
  client: ZooKeeper,
  path: string,
  create: (path: string) => Promise<unknown>,
): Promise<void> {
  for (;;) {
    const missing = await missingOf(client, path)
    if (await isMade(missing, create)) break
  }
  // What a caller could not create below the root has no other parent.
  if (path === '/' && !(await isThere(client, path))) throw noRoot(path)
}

/** From the top down. */
async function missingOf(client: ZooKeeper, path: string): Promise<readonly string[]> {
  // From the end: mostly all but a few of the last are there.
  const missing: string[] = []
  for (let at = path; at !== '/' && !(await isThere(client, at)); at = parentOf(at)) {
    missing.push(at)
  }
  return missing.reverse()
}

/** false: a parent was deleted meanwhile. */
async function isMade(
  paths: readonly string[],
  create: (path: string) => Promise<unknown>,
): Promise<boolean> {
  for (const path of paths) {
    try {
      await create(path)
    } catch (error) {
      if (hasCode(error, 'ZK_NO_NODE')) {
        if (parentOf(path) === '/') throw noRoot(path, error)
        return false
      }
      if (!hasCode(error, 'ZK_NODE_EXISTS')) throw error
    }
  }
  return true
}

/** A chroot that was never made, or is deleted. */
function noRoot(path: string, cause?: unknown): ZnodeError {
  const message = 'the znode that is the root of this client is not there'
  return new ZnodeError(ZK_ERRORS.NO_NODE.errno, path, { message, cause })
}

/** Also where READ is not permitted. */
async function isThere(client: ZooKeeper, path: string): Promise<boolean> {
  try {
    return (await client.exists(path)) !== undefined
  } catch (error) {
    if (hasCode(error, 'ZK_NO_AUTH')) return true
    throw error
  }
}

/** The name that kazoo has for {@link mkdirp} without options. @throws {ZnodeError} as mkdirp() */
export function ensurePath(client: ZooKeeper, path: string): Promise<void> {
  return mkdirp(client, path)
}

/** Options of {@link deleteRecursive}. */
export interface DeleteRecursiveOptions {
  /**
   * Called while it runs with how many znodes below the path were deleted since it was called last.
   * @default nothing is reported
   */
  readonly onDeleted?: (count: number) => void
  /** Deletes in flight at the same time, 1 or more. @default 64 */
  readonly inFlightMax?: number
}

/**
 * Deletes a znode and everything below it, children first, with a bounded number of requests in flight. What others create below it meanwhile is deleted too.
 * `/zookeeper` cannot be deleted: `/` deletes all but that and itself. A path that is not there is no error.
 * @throws {ZnodeError} ZK_BAD_ARGUMENTS, ZK_NO_AUTH, ZK_CONNECTION_LOSS, ZK_SESSION_EXPIRED; the reason of the client's signal. A part
 * may be deleted, and it is safe to repeat. What was in flight has its answer by then, or ended with that error, too.
 */
export async function deleteRecursive(
  client: ZooKeeper,
  path: string,
  options: DeleteRecursiveOptions = {},
): Promise<void> {
  checkPath(path)
  const { onDeleted = () => {}, inFlightMax = DELETES_IN_FLIGHT_MAX } = checked(() => {
    const given = checkOptions(options, ['onDeleted', 'inFlightMax'] as const)
    checkCallback(given.onDeleted, 'onDeleted')
    return given as DeleteRecursiveOptions
  })
  if (!Number.isSafeInteger(inFlightMax) || inFlightMax < 1) {
    throw badArgument(`inFlightMax must be a whole number of at least 1, got ${inFlightMax}`)
  }
  if (path !== '/' && isReservedPath(path)) throw badArgument(`${path} cannot be deleted`)
  for (;;) {
    await deleteBelow(client, path, { onDeleted, inFlightMax })
    if (path === '/' || (await tryDelete(client, path))) return
  }
}

async function deleteBelow(
  client: ZooKeeper,
  path: string,
  { onDeleted, inFlightMax }: Required<DeleteRecursiveOptions>,
): Promise<void> {
  // A list of its own instead of recursion: a tree may be deeper than the stack.
  const stack = [path]
  while (stack.length > 0) {
    const parent = stack.at(-1) as string
    const children = await childrenOf(client, parent)
    const deep: string[] = []
    for (let i = 0; i < children.length; i += inFlightMax) {
      const some = children.slice(i, i + inFlightMax)
      const ended = await Promise.allSettled(some.map((child) => tryDelete(client, child)))
      for (const [place, one] of ended.entries()) {
        if (one.status === 'fulfilled' && !one.value) deep.push(some[place] as string)
      }
      onDeleted(ended.filter((one) => one.status === 'fulfilled' && one.value).length)
      const failed = ended.find((one) => one.status === 'rejected')
      if (failed !== undefined) throw failed.reason
    }
    if (deep.length > 0) {
      for (const child of deep) stack.push(child)
      continue
    }
    stack.pop()
    if (parent === path) continue
    if (await tryDelete(client, parent)) onDeleted(1)
    else stack.push(parent)
  }
}

/** Full paths; none if the znode is gone. */
async function childrenOf(client: ZooKeeper, path: string): Promise<string[]> {
  try {
    const { children } = await client.getChildren(path)
    return children
      .map((name) => childOf(path, name))
      .filter((child) => path !== '/' || !isReservedPath(child))
  } catch (error) {
    if (hasCode(error, 'ZK_NO_NODE')) return []
    throw error
  }
}

/** false: it has children. */
async function tryDelete(client: ZooKeeper, path: string): Promise<boolean> {
  try {
    await client.delete(path)
    return true
  } catch (error) {
    if (hasCode(error, 'ZK_NO_NODE')) return true
    if (hasCode(error, 'ZK_NOT_EMPTY')) return false
    throw error
  }
}

/**
 * Sets the data of a znode, which is created, persistent, if it is not there; its parent must be. `data`: bytes, null for
 * none; `acl` is that of a znode that is created. Resolves with the Stat.
 * @throws {ZnodeError} ZK_BAD_ARGUMENTS, ZK_INVALID_ACL, ZK_NO_NODE (the parent), ZK_NO_AUTH, ZK_CONNECTION_LOSS,
 * ZK_SESSION_EXPIRED
 */
export async function createOrSet(
  client: ZooKeeper,
  path: string,
  data: Uint8Array | null,
  options: { readonly acl?: readonly Acl[] } = {},
): Promise<Stat> {
  const create = checked(() => {
    const { acl } = checkOptions(options, ['acl'] as const)
    return acl === undefined ? {} : { acl: checkAcl(acl) }
  })
  for (;;) {
    try {
      return await client.setData(path, data)
    } catch (error) {
      if (!hasCode(error, 'ZK_NO_NODE')) throw error
    }
    try {
      return (await client.create(path, data, create)).stat
    } catch (error) {
      // Another one was faster; deleted again meanwhile, it is created again.
      if (!hasCode(error, 'ZK_NODE_EXISTS')) throw error
    }
  }
}

/**
 * Yields a path and every path below it, parents first, siblings by code unit. Not one state of the tree: what changes
 * meanwhile may be missing or there. A path that is not there, or no more, is left out.
 * @throws {ZnodeError} ZK_BAD_ARGUMENTS, ZK_NO_AUTH, ZK_CONNECTION_LOSS, ZK_SESSION_EXPIRED
 */
export async function* walk(
  client: ZooKeeper,
  path: string,
): AsyncGenerator<{ readonly path: string; readonly stat: Stat }, void, undefined> {
  checkPath(path)
  const stack = [path]
  for (;;) {
    const next = stack.pop()
    if (next === undefined) return
    let found: Awaited<ReturnType<ZooKeeper['getChildren']>>
    try {
      found = await client.getChildren(next)
    } catch (error) {
      if (hasCode(error, 'ZK_NO_NODE')) continue
      throw error
    }
    yield { path: next, stat: found.stat }
    for (const name of found.children.toSorted().reverse()) stack.push(childOf(next, name))
  }
}
