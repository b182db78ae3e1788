/**
 * What becomes of a tree of ZooKeeper once all is read: kinds in place of special owners, sessions with the passwords that
 * their clients have, and nothing that belongs to the servers alone. Line: tree → here → export.ts’s lines.
 */
import { TTL_MS_MAX } from '../../base/limits.ts'
import { zookeeperPasswordDigest } from '../../member/session/zookeeper-password.ts'
import { CopyError } from '../../model/errors.ts'
import { RESERVED } from '../../model/path.ts'
import { KIND } from '../../model/znode.ts'
import { sessionText, type TreeSession } from '../format.ts'
import type { ZookeeperTree } from './tree.ts'
import { CONTAINER_OWNER, TTL_OWNER } from './txn.ts'

/** What was left out or changed, for whoever moves a tree. */
export interface ZookeeperFindings {
  /** Ephemerals of sessions that are not there: ZooKeeper deletes them when it starts. */
  readonly deadEphemerals: number
  /** `/zookeeper/config` named servers: it is empty now, or Curator’s clients would go back to them. */
  readonly configEmptied: boolean
  /** Znodes below and including `/keeper` that ClickHouse Keeper keeps for itself: left out. */
  readonly keeperZnodes: number
  /** How many containers there are. */
  readonly containers: number
  /** How many znodes have a TTL. */
  readonly ttls: number
  /** There are limits below `/zookeeper/quota`. */
  readonly hasQuotas: boolean
}

const KEEPER = '/keeper'
/** ClickHouse Keeper’s own. A `/keeper` with anything else is somebody’s. */
const KEEPER_NAMES: ReadonlySet<string> = new Set([
  ...['api_version', 'feature_flags', 'availability_zone'],
])

/**
 * Changes the tree in place.
 * @throws {CopyError} COPY_MALFORMED, COPY_UNSUPPORTED: there is something in it that no tree can have
 */
export function finishTree(
  tree: ZookeeperTree,
  { withTtl }: { readonly withTtl: boolean },
): { sessions: Map<bigint, TreeSession>; findings: ZookeeperFindings } {
  checkAcls(tree)
  const ttls = giveTtls(tree, withTtl)
  const deadEphemerals = endDeadSessions(tree)
  const configEmptied = emptyConfig(tree)
  const keeperZnodes = dropKeeper(tree)
  let containers = 0
  let hasQuotas = false
  for (const [path, node] of tree.entries()) {
    if (node.creates < 0) {
      throw new CopyError(
        'COPY_UNSUPPORTED',
        `${path} has had more than 2147483647 children: its counter of sequence numbers has overflowed`,
      )
    }
    if (
      node.ephemeralOwner !== 0n &&
      node.ephemeralOwner !== CONTAINER_OWNER &&
      node.childCount > 0
    ) {
      throw new CopyError('COPY_MALFORMED', `the ephemeral ${path} has children`)
    }
    if (path.startsWith(RESERVED.quota) && path.endsWith('/zookeeper_limits')) hasQuotas = true
    if (node.ephemeralOwner !== CONTAINER_OWNER) continue
    node.ephemeralOwner = 0n
    node.kind = KIND.container
    containers++
  }
  const sessions = new Map<bigint, TreeSession>()
  for (const [id, timeoutMs] of tree.sessions) {
    if (id === 0n) throw new CopyError('COPY_MALFORMED', `no session is ${sessionText(id)}`)
    sessions.set(id, { id, timeoutMs, passwordDigest: zookeeperPasswordDigest(id) })
  }
  return {
    sessions,
    findings: { deadEphemerals, configEmptied, keeperZnodes, containers, ttls, hasQuotas },
  }
}

function checkAcls({ withoutAcl }: ZookeeperTree): void {
  const [path] = withoutAcl
  if (path === undefined) return
  throw new CopyError(
    'COPY_MALFORMED',
    `${withoutAcl.size} znodes have ACLs that are not in the snapshot, and no log has them; the first is ${path}`,
  )
}

/**
 * ZooKeeper takes an owner for a TTL if it runs with extendedTypesEnabled, and for the session of a server of id 255
 * otherwise. That session would be among the sessions.
 */
function giveTtls(tree: ZookeeperTree, withTtl: boolean): number {
  let count = 0
  for (const [owner, paths] of tree.ephemeralEntries()) {
    const ttlMs = Number(owner - TTL_OWNER)
    if (ttlMs < 1 || ttlMs > TTL_MS_MAX) continue
    if (tree.sessions.has(owner) && !withTtl) continue
    for (const path of paths) {
      const node = tree.get(path)
      if (node === undefined) continue
      node.ephemeralOwner = 0n
      node.kind = KIND.ttl
      node.ttlMs = ttlMs
      count++
    }
  }
  return count
}

function endDeadSessions(tree: ZookeeperTree): number {
  let count = 0
  for (const [owner, paths] of [...tree.ephemeralEntries()]) {
    if (tree.sessions.has(owner)) continue
    // A znode with a TTL has no owner any more.
    for (const path of [...paths]) {
      if (tree.get(path)?.ephemeralOwner !== owner) continue
      tree.remove(path, tree.zxid)
      count++
    }
  }
  return count
}

function emptyConfig(tree: ZookeeperTree): boolean {
  const config = tree.get(RESERVED.config)
  if (config === undefined || (config.data?.length ?? 0) === 0) return false
  config.data = ''
  return true
}

function dropKeeper(tree: ZookeeperTree): number {
  const keeper = tree.get(KEEPER)
  if (keeper === undefined || keeper.childCount === 0) return 0
  for (const name of keeper.children) {
    const childCount = tree.get(`${KEEPER}/${name}`)?.childCount ?? 0
    if (!KEEPER_NAMES.has(name) || childCount > 0) return 0
  }
  const count = 1 + keeper.childCount
  tree.drop(KEEPER)
  return count
}
