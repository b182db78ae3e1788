/**
 * Can this ensemble be followed and taken over? Looks at its servers, joins it once for a snapshot, and leaves.
 * Line: check-servers (what they say), open-source-feed (the snapshot), check-tree (what is in it) → findings.
 */
import { systemClock } from '../base/clock.ts'
import { deadline } from '../base/deadline.ts'
import { checkTls } from '../client/tls-options.ts'
import type { ZookeeperTree } from '../transfer/zookeeper/tree.ts'
import { checkServers } from './check-servers.ts'
import { checkTree, TARGET_DEFAULT, type TargetLimits } from './check-tree.ts'
import { blocks, type Finding, info } from './finding.ts'
import { openSourceFeed } from './open-source-feed.ts'
import { sourceBounds } from './source-bounds.ts'
import { SourceError } from './source-error.ts'
import { SOURCE_SID, type SourceFeedOptions } from './source-feed.ts'

export interface CheckOptions extends Omit<SourceFeedOptions, 'from'> {
  /** @default {@link TARGET_DEFAULT} */
  readonly limits?: Partial<TargetLimits>
  /** Until the snapshot is there. Unit ms. @default {@link CHECK_MS} */
  readonly timeoutMs?: number
}

/** A leader serialises a tree of ten million znodes within it. The command takes half of its `--timeout` instead. Unit ms. */
export const CHECK_MS = 300_000
/**
 * Breaks before a snapshot came, after which the source counts as one that cannot be followed. Nobody needs to set it: the finding says
 * why the last one was, and a check that is run again begins again.
 */
const BREAKS_MAX = 3

/** The worst first. Never rejects for what is wrong with the source: that is a finding. */
export async function checkSource(options: CheckOptions): Promise<Finding[]> {
  const { servers, clientTls, clock = systemClock } = options
  const { connectMs, answerBytesMax } = sourceBounds(options)
  const tls = clientTls === undefined ? undefined : checkTls(clientTls)
  const findings = await checkServers(servers, {
    ...{ tls, clock, timeoutMs: connectMs },
    bytesMax: answerBytesMax,
  })
  try {
    const { tree, leader, isMember, isProved } = await takeSnapshot(options)
    findings.push(
      info(
        isMember
          ? `the leader at ${leader} accepts observers`
          : `${leader} accepts observers, and no server says that it is its quorum port: as it seems, a follower’s observerMasterPort`,
      ),
    )
    findings.push(...checkAuthentication(options))
    findings.push(
      info(
        isProved
          ? 'the source computes digests: every transaction that is followed is verified by one'
          : 'no digest came with the snapshot, as while the source is idle; of releases before 3.6 none ever comes, and a tree is verified by a second snapshot',
      ),
    )
    findings.push(...checkTree(tree, { ...TARGET_DEFAULT, ...options.limits }))
  } catch (error) {
    if (!(error instanceof SourceError)) throw error
    // A server that is alone has said so already.
    if (!findings.some(({ sentence }) => sentence === error.message)) {
      findings.push(blocks(`it cannot be followed: ${error.message}`))
    }
  }
  return findings.sort((a, b) => RANK[a.severity] - RANK[b.severity])
}

const RANK = { blocks: 0, warns: 1, info: 2 } as const

function checkAuthentication({ tls, sasl }: CheckOptions): Finding[] {
  if (tls !== undefined || sasl !== undefined) return []
  return [
    info(
      'its quorum ports want no credentials: whoever reaches them reads everything, and may write it',
    ),
  ]
}

interface Taken {
  readonly tree: ZookeeperTree
  readonly leader: string
  /** false: the servers name their quorum ports, and this is none of them. */
  readonly isMember: boolean
  readonly isProved: boolean
}

const portOf = (address: string): string => address.slice(address.lastIndexOf(':'))

/** @throws {SourceError} */
async function takeSnapshot(options: CheckOptions): Promise<Taken> {
  const { clock = systemClock, timeoutMs = CHECK_MS, sid = SOURCE_SID - 2 } = options
  const feed = openSourceFeed({ ...options, sid, from: 0 })
  const cancel = deadline(clock, timeoutMs, () => void feed.close())
  let leader = ''
  let breaks = 0
  let members: readonly string[] = []
  try {
    for await (const event of feed) {
      if (event.kind === 'connected') leader = event.leader
      else if (event.kind === 'members') members = event.addresses.quorum
      else if (event.kind === 'snapshot') {
        // A host may have several names.
        const isMember = members.length === 0 || members.some((at) => portOf(at) === portOf(leader))
        const isProved = feed.counters.snapshotsProved > 0
        return { tree: event.tree, leader, isMember, isProved }
      } else if (event.kind === 'disconnected' && ++breaks >= BREAKS_MAX) {
        throw new SourceError('SOURCE_UNREACHABLE', event.why)
      }
    }
    throw new SourceError('SOURCE_SILENT', `no snapshot came within ${timeoutMs} ms`)
  } finally {
    cancel()
    await feed.close()
  }
}
