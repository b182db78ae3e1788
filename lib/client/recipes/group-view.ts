/** Who is in a group, as Curator's GroupMember and kazoo's Party and ShallowParty write it. Neighbour: group-member. */
import { isZnodeError, ZK_ERRORS } from '../../model/errors.ts'
import { childOf } from '../../model/path.ts'
import type { ZooKeeper } from '../zookeeper.ts'

/**
 * How members are written below the path of the group.
 *
 * - `curator`: Curator's GroupMember: the name is the id, the data are the member's own.
 * - `kazoo`: kazoo's Party: `<32 hex digits>__party__`, the data are the id.
 * - `kazoo-shallow`: kazoo's ShallowParty: `<32 hex digits>-<id>`, so that the names are read and nothing else.
 */
export type GroupLayout = 'curator' | 'kazoo' | 'kazoo-shallow'

/** Id → data, in the order of the znodes' names. Of kazoo's members that have the same id there is one. */
export type GroupMembers = ReadonlyMap<string, Uint8Array | null>

const PARTY = '__party__'

/** Members that are read at the same time. */
const IN_FLIGHT_MAX = 64

/** The name of a member's znode, and what it must contain besides. `hex`: 32 digits that no other has. */
export function memberName(layout: GroupLayout, id: string, hex: string): string {
  if (layout === 'kazoo') return `${hex}${PARTY}`
  return layout === 'kazoo-shallow' ? `${hex}-${id}` : id
}

/** Where watches are set that a reader passes, so that it can take them back. */
export class GroupWatch {
  readonly #client: ZooKeeper
  readonly #wake: () => void
  readonly #paths = new Set<string>()

  constructor(client: ZooKeeper, wake: () => void) {
    this.#client = client
    this.#wake = wake
  }

  /** What to pass to a read of this path. */
  at(path: string): () => void {
    this.#paths.add(path)
    return this.#wake
  }

  /** All but these are gone, and so are their watches. */
  keep(path: string, names: readonly string[]): void {
    const kept = new Set([path, ...names.map((name) => childOf(path, name))])
    for (const one of this.#paths) if (!kept.has(one)) this.#paths.delete(one)
  }

  /** No read may be in flight. */
  end(): void {
    for (const path of this.#paths) this.#client.unwatch(path, this.#wake)
    this.#paths.clear()
  }
}

/**
 * Reads the members; none where there is no such path. `watch`: of all that it reads.
 * @throws {ZnodeError} as getChildren() and getData()
 */
export async function readMembers(
  client: ZooKeeper,
  path: string,
  layout: GroupLayout,
  watch?: GroupWatch,
): Promise<GroupMembers> {
  const names = (await namesOf(client, path, watch)).toSorted()
  watch?.keep(path, names)
  if (layout === 'kazoo-shallow') {
    return new Map(names.map((name) => [name.slice(name.indexOf('-') + 1), null]))
  }
  const members = new Map<string, Uint8Array | null>()
  const counted = layout === 'kazoo' ? names.filter((name) => name.includes(PARTY)) : names
  for (let i = 0; i < counted.length; i += IN_FLIGHT_MAX) {
    const some = counted.slice(i, i + IN_FLIGHT_MAX)
    const read = await Promise.all(some.map((name) => dataOf(client, childOf(path, name), watch)))
    for (const [place, data] of read.entries()) {
      if (data === undefined) continue
      const id = layout === 'kazoo' ? Buffer.from(data ?? []).toString() : some[place]
      members.set(id as string, data)
    }
  }
  return members
}

/** The same ids with the same data? */
export function isSameGroup(a: GroupMembers, b: GroupMembers): boolean {
  if (a.size !== b.size) return false
  for (const [id, data] of a) {
    const other = b.get(id)
    if (other === undefined || (data === null) !== (other === null)) return false
    if (data !== null && other !== null && !Buffer.from(data).equals(other)) return false
  }
  return true
}

async function namesOf(
  client: ZooKeeper,
  path: string,
  watch: GroupWatch | undefined,
): Promise<readonly string[]> {
  for (;;) {
    try {
      return (await client.getChildren(path, watch?.at(path))).children
    } catch (error) {
      if (!isZnodeError(error, ZK_ERRORS.NO_NODE)) throw error
    }
    if ((await client.exists(path, watch?.at(path))) === undefined) return []
  }
}

/** undefined: it is gone. */
async function dataOf(
  client: ZooKeeper,
  path: string,
  watch: GroupWatch | undefined,
): Promise<Uint8Array | null | undefined> {
  try {
    return (await client.getData(path, watch?.at(path))).data
  } catch (error) {
    if (isZnodeError(error, ZK_ERRORS.NO_NODE)) return undefined
    throw error
  }
}
