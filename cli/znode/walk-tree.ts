/**
 * A path and everything below it, parents first, siblings in the order of their names, with many requests in flight: one
 * after the other a large tree would take a round trip a znode. Neighbours: verbs/listing, ../doctor.
 */
import { type Stat, ZnodeError, type ZooKeeper } from '../../lib/index.ts'
import { Turns } from '../../lib/internal.ts'

export interface Visited {
  readonly path: string
  /** 0: where the walk began. */
  readonly depth: number
  /** undefined: it may not be read, and neither may the names. */
  readonly stat: Stat | undefined

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
  readonly stat: Stat | undefined
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

const HIDDEN: Read = { stat: undefined, children: undefined }

/** Of one state of a znode; undefined: it is gone. */
async function read(client: ZooKeeper, path: string): Promise<Read | undefined> {
  try {
    return await client.getChildren(path)
  } catch (error) {
    if (hasCode(error, 'ZK_NO_NODE')) return undefined
    if (hasCode(error, 'ZK_NO_AUTH')) return HIDDEN
    throw error
  }
}

/** That the path itself is not there, or may not be read, is an error; of others it is none. @throws {ZnodeError} */
export async function* walkTree(
  client: ZooKeeper,
  root: string,
  { depthMax = Number.POSITIVE_INFINITY, childrenMax = Number.POSITIVE_INFINITY }: WalkOptions = {},
): AsyncGenerator<Visited, void, undefined> {
  const stack: Entry[] = [{ path: root, depth: 0, isLast: true, read: client.getChildren(root) }]
  const turns = new Turns()
  for (;;) {
    await turns.take()
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

function start(client: ZooKeeper, entry: Entry): void {
  if (entry.read !== undefined) return
  entry.read = read(client, entry.path)
  // It is awaited in its turn, or the walk has ended before.
  entry.read.catch(() => {})
}
