/**
 * Are two trees the same one? ZooKeeper’s own digest covers neither ACLs nor sessions, and nothing below /zookeeper/: this
 * hash covers all of it. Left out is /zookeeper/config, which each server writes by itself, and the usage of quotas, which
 * is counted again. Neighbour: verify-source.
 */
import { createHash } from 'node:crypto'
import { RESERVED } from '../model/path.ts'
import { KIND, type Znode } from '../model/znode.ts'
import { CONTAINER_OWNER, TTL_OWNER } from '../transfer/zookeeper/txn.ts'

/** Of a quota, below its path. Source: Quotas.statNode. */
const USAGE = '/zookeeper_stats'

/** A ZookeeperTree, or one of anykeeper’s in the same form. */
export interface ComparableTree {
  /** Of the newest transaction in it. */
  readonly zxid: number
  entries(): Iterable<[string, Znode]>
  get(path: string): Znode | undefined
  /** Session → its timeout in ms. */
  readonly sessions: ReadonlyMap<bigint, number>
}

export interface TreeDifference {
  /** How many znodes and sessions differ. */
  readonly count: number
  /** The first of them by path, sessions last: a sentence each. */
  readonly first: readonly string[]
}

/** SHA-256 of all znodes, by path, and all sessions, by id; hexadecimal. Two trees have the same one if they are equal. */
export function treeHash(tree: ComparableTree): string {
  const hash = createHash('sha256')
  const paths = [...tree.entries()].flatMap(([path]) => (isCompared(path) ? [path] : [])).sort()
  for (const path of paths) {
    hash.update(`${path}\0${JSON.stringify(fieldsOf(tree.get(path) as Znode))}\n`)
  }
  for (const id of [...tree.sessions.keys()].sort(byId)) {
    hash.update(`${sessionName(id)} ${tree.sessions.get(id)}\n`)
  }
  return hash.digest('hex')
}

/** At most `max` sentences, in which the second tree is “here”. */
export function treeDifference(
  source: ComparableTree,
  here: ComparableTree,
  max: number,
): TreeDifference {
  const problems: [string, string][] = []
  for (const [path, node] of source.entries()) {
    if (!isCompared(path)) continue
    const other = here.get(path)
    if (other === undefined) problems.push([path, 'is missing here'])
    else {
      const fields = differing(fieldsOf(node), fieldsOf(other))
      if (fields.length > 0) problems.push([path, `differs in ${fields.join(', ')}`])
    }
  }
  for (const [path] of here.entries()) {
    if (isCompared(path) && source.get(path) === undefined) problems.push([path, 'is here alone'])
  }
  problems.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  const sessions = sessionDifferences(source.sessions, here.sessions)
  return {
    count: problems.length + sessions.length,
    first: [...problems.slice(0, max).map(([path, what]) => `${path} ${what}`), ...sessions].slice(
      ...[0, max],
    ),
  }
}

function sessionDifferences(
  source: ReadonlyMap<bigint, number>,
  here: ReadonlyMap<bigint, number>,
): string[] {
  const ids = [...new Set([...source.keys(), ...here.keys()])].sort(byId)
  return ids.flatMap((id) => {
    const [there, ours] = [source.get(id), here.get(id)]
    if (there === ours) return []
    const name = `session ${sessionName(id)}`
    if (ours === undefined) return [`${name} is missing here`]
    if (there === undefined) return [`${name} is here alone`]
    return [`${name} has a timeout of ${there} ms, here ${ours} ms`]
  })
}

const byId = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0)
const sessionName = (id: bigint): string => `0x${BigInt.asUintN(64, id).toString(16)}`

function isCompared(path: string): boolean {
  return path !== RESERVED.config && !(path.startsWith(RESERVED.quota) && path.endsWith(USAGE))
}

type Fields = Readonly<Record<string, unknown>>

function fieldsOf(node: Znode): Fields {
  const { acl, czxid, mzxid, pzxid, ctime, mtime, version, creates, aversion } = node
  return {
    // Null and empty data are not the same.
    data: node.data,
    acl: acl.map(({ perms, id }) => [perms, id.scheme, id.id]),
    ...{ czxid, mzxid, pzxid, ctime, mtime, version, creates, aversion },
    owner: ownerOf(node).toString(),
  }
}

/** As ZooKeeper has it: kinds are owners there. */
function ownerOf({ kind, ttlMs, ephemeralOwner }: Znode): bigint {
  if (kind === KIND.container) return CONTAINER_OWNER
  return kind === KIND.ttl ? TTL_OWNER + BigInt(ttlMs) : ephemeralOwner
}

function differing(one: Fields, other: Fields): string[] {
  return Object.keys(one).filter(
    (name) => JSON.stringify(one[name]) !== JSON.stringify(other[name]),
  )
}
