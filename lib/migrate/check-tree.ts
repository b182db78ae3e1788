/** Findings on the tree of a source, by a snapshot of it. Neighbours: check-source, finished-tree. */
import { LIMITS_DEFAULT } from '../base/limits.ts'
import { CopyError } from '../model/errors.ts'
import { finishTree, type ZookeeperFindings } from '../transfer/zookeeper/finished-tree.ts'
import type { ZookeeperTree } from '../transfer/zookeeper/tree.ts'
import { blocks, type Finding, info, warns } from './finding.ts'

/** What the store and the servers that it is moved to take. */
export interface TargetLimits {
  /** Largest data of a znode. Unit bytes. */
  readonly znodeBytesMax: number
  /** Unit ms. */
  readonly sessionTimeoutMsMin: number
  /** Unit ms. */
  readonly sessionTimeoutMsMax: number
}

/** etcd’s request limit, 1.5 MiB, less what a transaction takes beside the data. */
export const TARGET_DEFAULT: TargetLimits = {
  znodeBytesMax: 1_400_000,
  sessionTimeoutMsMin: LIMITS_DEFAULT.sessionTimeoutMsMin,
  sessionTimeoutMsMax: LIMITS_DEFAULT.sessionTimeoutMsMax,
}

/** A tree takes this much of the heap for each znode, roughly, beside its data. Unit: bytes. */
const ZNODE_HEAP_BYTES = 1_000
/** From there on a word about memory. Unit: bytes. */
const HEAP_BYTES_NOTED = 1024 ** 3
const MIB = 1024 ** 2
const GIB = 1024 ** 3
/** Paths that are named: their number is said, so nobody needs to set it. */
const PATHS_MAX = 5
/** Which a server knows from the start. */
const KNOWN_SCHEMES: ReadonlySet<string> = new Set([
  ...['world', 'auth', 'digest', 'ip', 'sasl', 'x509', 'super'],
])
/** A principal: name[/host]@REALM. */
const PRINCIPAL = /[@/]/

/** Changes the tree: it is of no use afterwards. */
export function checkTree(tree: ZookeeperTree, limits: TargetLimits): Finding[] {
  const findings = [
    ...checkSize(tree, limits),
    ...checkAclSchemes(tree),
    ...checkSessions(tree, limits),
  ]
  try {
    findings.push(...checkFinished(finishTree(tree, { withTtl: false }).findings))
  } catch (error) {
    if (!(error instanceof CopyError)) throw error
    findings.push(blocks(error.message))
  }
  return findings
}

function checkSize(tree: ZookeeperTree, { znodeBytesMax }: TargetLimits): Finding[] {
  const tooLarge: string[] = []
  let bytes = 0
  for (const [path, { data }] of tree.entries()) {
    const length = data?.length ?? 0
    bytes += length
    if (length > znodeBytesMax) tooLarge.push(`${path} (${length} bytes)`)
  }
  const findings: Finding[] = [
    info(
      `${tree.nodeCount} znodes with ${(bytes / MIB).toFixed(1)} MiB of data, ` +
        `${tree.sessions.size} sessions, zxid 0x${tree.zxid.toString(16)}`,
    ),
  ]
  const heap = bytes + tree.nodeCount * ZNODE_HEAP_BYTES
  if (heap > HEAP_BYTES_NOTED) {
    findings.push(
      warns(`each proxy keeps the tree in memory: about ${(heap / GIB).toFixed(1)} GiB of it`),
    )
  }
  if (tooLarge.length > 0) {
    findings.push(
      blocks(
        `${tooLarge.length === 1 ? '1 znode has' : `${tooLarge.length} znodes have`} more data than a request of the store may have, ${znodeBytesMax} bytes: ` +
          `${named(tooLarge)}; etcd takes more by --max-request-bytes`,
      ),
    )
  }
  return findings
}

function checkAclSchemes(tree: ZookeeperTree): Finding[] {
  const strange = new Map<string, string[]>()
  const principals: string[] = []
  const certificates: string[] = []
  for (const [path, { acl }] of tree.entries()) {
    for (const { id } of acl) {
      if (id.scheme === 'x509') certificates.push(path)
      else if (id.scheme === 'sasl' && PRINCIPAL.test(id.id)) principals.push(path)
      else if (!KNOWN_SCHEMES.has(id.scheme)) {
        strange.set(id.scheme, [...(strange.get(id.scheme) ?? []), path].slice(0, PATHS_MAX + 1))
      }
    }
  }
  const findings: Finding[] = []
  if (principals.length > 0) {
    findings.push(
      warns(
        `ACLs of ${principals.length} znodes name Kerberos principals (scheme sasl), which nobody can log in as here: ` +
          `their ACLs are kept, and give no rights: ${named(principals)}`,
      ),
    )
  }
  if (certificates.length > 0) {
    findings.push(
      info(
        `ACLs of ${certificates.length} znodes name certificates (scheme x509): their clients need a TLS port here: ` +
          named(certificates),
      ),
    )
  }
  for (const [scheme, paths] of strange) {
    findings.push(
      warns(
        `ACLs name the scheme ${JSON.stringify(scheme)}, which gives no rights unless it is added here: ${named(paths)}`,
      ),
    )
  }
  return findings
}

function checkSessions({ sessions }: ZookeeperTree, limits: TargetLimits): Finding[] {
  const { sessionTimeoutMsMin: min, sessionTimeoutMsMax: max } = limits
  const outside = [...sessions.values()].filter((ms) => ms < min || ms > max)
  if (outside.length === 0) return []
  const [least, most] = [Math.min(...outside), Math.max(...outside)]
  return [
    warns(
      `${outside.length} sessions have timeouts outside ${min} to ${max} ms, from ${least} to ${most} ms: ` +
        'they get others when their clients reconnect, unless the limits here are set to those of the source',
    ),
  ]
}

function checkFinished(found: ZookeeperFindings): Finding[] {
  const { deadEphemerals, configEmptied, keeperZnodes, containers, ttls, hasQuotas } = found
  const findings: Finding[] = []
  if (containers > 0) findings.push(info(`${containers} znodes are containers`))
  if (ttls > 0) {
    findings.push(
      info(`${ttls} znodes have a TTL, if the source runs with extendedTypesEnabled, as it seems`),
    )
  }
  if (hasQuotas)
    findings.push(info('there are quotas: their limits are kept, usage is counted again'))
  if (deadEphemerals > 0) {
    findings.push(info(`${deadEphemerals} ephemerals are of sessions that have ended`))
  }
  if (keeperZnodes > 0) findings.push(info('/keeper is ClickHouse Keeper’s own, and left out'))
  if (configEmptied) {
    findings.push(
      info(
        '/zookeeper/config names the servers of the ensemble, and is left empty: Curator’s clients would go back to them',
      ),
    )
  }
  return findings
}

function named(paths: readonly string[]): string {
  const more = paths.length > PATHS_MAX ? ', …' : ''
  return `${paths.slice(0, PATHS_MAX).join(', ')}${more}`
}
