/** What a group committer is given, and what it counts. Neighbour: group-committer. */
import type { Clock, Random } from '../../base/clock.ts'
import type { Faults } from '../../base/faults.ts'
import type { KeeperLimits } from '../../base/limits.ts'
import type { Logger } from '../../base/log.ts'
import type { Layout } from '../../format/layout.ts'
import type { AclSchemes } from '../../model/acl-schemes.ts'
import type { MetadataStore } from '../../store/metadata-store.ts'
import type { HistoryLost } from '../tree/history.ts'
import type { Replica } from '../tree/replica.ts'
import type { PlannedBatch } from './batch-planner.ts'
import { CommitTimes } from './commit-times.ts'
import type { TreeDifference } from './entry-check.ts'

export interface CommitCounters {
  batches: number
  requests: number
  /** Batches of ours that were planned again, because another proxy's took their place. */
  conflicts: number
  unknownOutcomes: number
  flushedKeys: number
  /** Other proxies' claims about the tree that did not fit ours. */
  treeDifferences: number
  /** What the store said last to a commit that it did not take; empty: it took all. */
  lastFailure: string
  /** Requests of clients that were refused because the store had no space for them. */
  noSpaceRefusals: number
  /** Requests of clients that waited for space. */
  spaceWaits: number
  readonly times: CommitTimes
}

export const newCounters = (): CommitCounters => ({
  batches: 0,
  requests: 0,
  conflicts: 0,
  unknownOutcomes: 0,
  flushedKeys: 0,
  treeDifferences: 0,
  lastFailure: '',
  noSpaceRefusals: 0,
  spaceWaits: 0,
  times: new CommitTimes(),
})

/** This batch is in the store. */
export function countCommitted(counters: CommitCounters, { tasks, flush }: PlannedBatch): void {
  counters.batches++
  counters.requests += tasks.length
  counters.flushedKeys += flush.portion.entries.length
}

export interface CommitterOptions {
  readonly store: MetadataStore
  readonly layout: Layout
  readonly replica: Replica
  readonly proxy: string
  readonly limits: KeeperLimits
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly faults: Faults
  /** Schemes an ACL may name, besides world and auth. */
  readonly aclSchemes: AclSchemes
  /** Is there no memory for a larger tree? Then requests that make it larger are refused. */
  readonly isMemoryShort?: (() => boolean) | undefined
  /** Newest format of journal entries that every live proxy reads. */
  readonly journalFormat: () => number
  /** Bytes of journal that the store has room for. */
  readonly journalRoom: () => number
  /** Space is to be looked for: see SpaceGate. */
  readonly onSpaceLow: () => void
  /** Head's value as loaded; undefined: there is no head yet. */
  readonly head: Uint8Array | undefined
  /** Notifies the other proxies that we have something to write and do not get there. */
  readonly onStarved: () => void
  /** Head and the feed do not agree about batch `seq`: the tree must be reloaded. */
  readonly onStuck: (seq: number) => void
  /** The replica has everything that was committed before this monotonic time, ms. */
  readonly onProven: (atMs: number) => void
  /** What is in the store is not what this replica has applied. */
  readonly onHistoryLost: (error: HistoryLost) => void
  /** The feed did not bring what head has. */
  readonly onFeedLate: () => void
  /** Two replicas of one history are not equal. */
  readonly onTreeDiffers: (found: TreeDifference) => void
}
