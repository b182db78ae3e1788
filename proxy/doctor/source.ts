/** Where a doctor reads znodes: a session of a client, or a tree read out of a store. It never writes. Neighbours: kafka/read. */
import {
  type Clock,
  fromByteString,
  pause,
  type TreeExport,
  type Znode,
  type ZooKeeper,
} from '../../lib/internal.ts'

/** What cannot be examined, and why, in one sentence. */
export class DoctorError extends Error {}

/** A znode as it was when it was read. */
export interface SeenZnode {
  /** null: it has none. */
  readonly data: Uint8Array | null
  /** Session of an ephemeral, else 0n. */
  readonly ephemeralOwner: bigint
  /** zxid of the newest change of the data. */
  readonly mzxid: number
}

/** Read access to a tree. Paths are absolute in it. */
export interface ZnodeSource {
  /** undefined: there is no such znode. @throws {ZnodeError} ZK_NO_AUTH, ZK_CONNECTION_LOSS and the like */
  read(path: string): Promise<SeenZnode | undefined>
  /** Names; undefined: there is no such znode. @throws {ZnodeError} as `read` */
  children(path: string): Promise<readonly string[] | undefined>
  /** Reads after it are at least so new as this call. @throws {ZnodeError} */
  refresh(): Promise<void>
  /** Resolves after so many ms. */
  wait(ms: number): Promise<void>
}

/** Over a session, which stays the caller's. A reader of ZooKeeper's own behind a follower needs refresh(), too. */
export function clientSource(zk: ZooKeeper): ZnodeSource {
  return {
    async read(path) {
      const found = await unlessAbsent(zk.getData(path))
      return found && { data: found.data, ...placeOf(found.stat) }
    },
    async children(path) {
      return (await unlessAbsent(zk.getChildren(path)))?.children
    },
    refresh: () => zk.sync(),
    wait: (ms) => pause(zk.clock, ms),
  }
}

/**
 * Of a store: `load` reads the whole tree, and does so again at each refresh().
 * @throws what `load` rejects with
 */
export async function treeSource(
  load: () => Promise<TreeExport>,
  clock: Clock,
): Promise<ZnodeSource> {
  let nodes = new Map<string, Znode>()
  const refresh = async (): Promise<void> => {
    nodes = new Map((await load()).znodes())
  }
  await refresh()
  return {
    async read(path) {
      const node = nodes.get(path)
      if (node === undefined) return undefined
      const data = node.data === null ? null : fromByteString(node.data)
      return { data, ...placeOf(node) }
    },
    children: async (path) => nodes.get(path)?.childList,
    refresh,
    wait: (ms) => pause(clock, ms),
  }
}

const placeOf = ({ ephemeralOwner, mzxid }: { ephemeralOwner: bigint; mzxid: number }) => ({
  ephemeralOwner,
  mzxid,
})

async function unlessAbsent<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading
  } catch (error) {
    if ((error as { code?: string }).code === 'ZK_NO_NODE') return undefined
    throw error
  }
}
