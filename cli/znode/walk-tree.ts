/**
 * A path and everything below it, parents first, siblings in the order of their names, with many requests in flight: one
 * after the other a large tree would take a round trip a znode. Neighbours: verbs/listing, ../doctor.
 */
import { type Stat, ZnodeError, type ZooKeeper } from '../../lib/index.ts'

export interface Visited {
  readonly path: string
  /** 0: where the walk began. */
  readonly depth: number
  readonly stat: Stat
  /** Names; undefined: they may not be read. */
  readonly children: readonly string[] | undefined
  /** Its last sibling. */
  readonly isLast: boolean
}

export interface WalkOptions {
  /** Below so many levels nothing is read. @default all */
  readonly depthMax?: number
  /** Of a parent's children so many are visited. @default all */
  readonly childrenMax?: number
}

/** Requests in flight. */
const AHEAD = 64

interface Read {
  readonly stat: Stat
  readonly children: readonly string[] | undefined
}

interface Entry {
  readonly path: string
  readonly depth: number
  readonly isLast: boolean
  read?: Promise<Read | undefined>
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof ZnodeError && error.code === code

/** Of one state of a znode; undefined: it is gone. A znode that may not be read has its Stat, which needs no permission. */
async function read(client: ZooKeeper, path: string): Promise<Read | undefined> {
  try {
    return await client.getChildren(path)
  } catch (error) {
    if (hasCode(error, 'ZK_NO_NODE')) return undefined
    if (!hasCode(error, 'ZK_NO_AUTH')) throw error
    const stat = await client.exists(path)
    return stat && { stat, children: undefined }
  }
}

/** The path's own absence is an error; that of others is a change meanwhile. @throws {ZnodeError} */
export async function* walkTree(
  client: ZooKeeper,
  root: string,
  { depthMax = Number.POSITIVE_INFINITY, childrenMax = Number.POSITIVE_INFINITY }: WalkOptions = {},
): AsyncGenerator<Visited, void, undefined> {
  const stack: Entry[] = [{ path: root, depth: 0, isLast: true, read: first(client, root) }]
  for (;;) {
    for (let i = stack.length - 1; i >= Math.max(0, stack.length - AHEAD); i--)
      start(client, stack[i] as Entry)
    const entry = stack.pop()
    if (entry === undefined) return
    const found = await entry.read
    if (found === undefined) continue
    const { path, depth, isLast } = entry
    const children = found.children?.toSorted()
    yield { path, depth, isLast, stat: found.stat, children }
    if (children === undefined || depth >= depthMax) continue
    const shown = Math.min(children.length, childrenMax)
    for (let i = shown - 1; i >= 0; i--) {
      const child = path === '/' ? `/${children[i]}` : `${path}/${children[i]}`
      stack.push({ path: child, depth: depth + 1, isLast: i === children.length - 1 })
    }
  }
}

function first(client: ZooKeeper, root: string): Promise<Read> {
  return client.getChildren(root).catch(async (error) => {
    const stat = hasCode(error, 'ZK_NO_AUTH') ? await client.exists(root) : undefined
    if (stat === undefined) throw error
    return { stat, children: undefined }
  })
}

function start(client: ZooKeeper, entry: Entry): void {
  if (entry.read !== undefined) return
  entry.read = read(client, entry.path)
  // It is awaited in its turn, or the walk has ended before.
  entry.read.catch(() => {})
}
