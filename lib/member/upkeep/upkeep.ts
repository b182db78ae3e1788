/**
 * What one of the live members does for all: reaping, compacting, comparing records at rest.
 * Neighbour: keeper.
 */
import type { Clock } from '../../base/clock.ts'
import type { Faults } from '../../base/faults.ts'
import type { KeeperLimits } from '../../base/limits.ts'
import type { Logger } from '../../base/log.ts'
import type { Layout } from '../../format/layout.ts'
import type { SourceRecord } from '../../format/source.ts'
import type { MetadataStore } from '../../store/metadata-store.ts'
import type { Revision, StoreSpace } from '../../store/types.ts'
import type { GroupCommitter } from '../commit/group-committer.ts'
import type { Replica } from '../tree/replica.ts'
import { Compactor } from './compactor.ts'
import { Reaper } from './reaper.ts'
import { Reclaimer } from './reclaimer.ts'
import { RecordCheck } from './record-check.ts'
import { RoomMaker } from './room-maker.ts'
import { SourceWatch } from './source-watch.ts'
import { SpaceWatch } from './space-watch.ts'

export interface UpkeepOptions {
  readonly store: MetadataStore
  readonly layout: Layout
  readonly clock: Clock
  readonly logger: Logger
  readonly faults: Faults
  readonly limits: KeeperLimits
  /** The tree was loaded as of this revision. */
  readonly revision: Revision
  readonly committer: GroupCommitter
  /** The replica as of now: a reload replaces it. */
  readonly replica: () => Replica
  /** As of that revision. */
  readonly source: SourceRecord | undefined
  /** One of the live members does it. */
  readonly isMyTurn: () => boolean
  /** One of the live members that have read all of the tree does it. */
  readonly isMyTurnAsWhole: () => boolean
  /** The same, also while this member does not serve. */
  readonly isFirst: () => boolean
  /** The replica must be loaded again. */
  readonly onReplicaWrong: (message: string) => void
}

export class Upkeep {
  readonly #reaper: Reaper
  readonly #compactor: Compactor
  readonly #recordCheck: RecordCheck
  readonly #spaceWatch: SpaceWatch
  readonly #reclaimer: Reclaimer
  readonly #roomMaker: RoomMaker
  /** The ZooKeeper ensemble that the tree comes from. */
  readonly source: SourceWatch

  constructor(options: UpkeepOptions) {
    const { committer, replica, limits } = options
    this.#reaper = new Reaper({
      ...options,
      tree: () => replica().tree,
      intervalMs: limits.reaperIntervalMs,
      perMinuteMax: limits.reapedPerMinuteMax,
    })
    this.#compactor = new Compactor({ ...options, isMyTurn: options.isFirst })
    this.#reclaimer = new Reclaimer({ ...options, isMyTurn: options.isFirst })
    this.#spaceWatch = new SpaceWatch({
      ...options,
      onRoom: (bytes) => {
        this.#compactor.room = bytes
      },
      onFull: () => void this.#compactor.giveUpHistory(false),
      mark: () => committer.space.writtenBytes,
      onLook: (space, writtenBytes) => {
        this.#roomMaker.looked(space, writtenBytes)
        this.#reclaimer.looked(space)
      },
      onUnknown: () => this.#roomMaker.looked(undefined, 0),
    })
    this.#roomMaker = new RoomMaker({
      ...{ limits, faults: options.faults },
      gate: committer.space,
      compactor: this.#compactor,
      look: () => this.#spaceWatch.look(),
      hasBacklog: () => replica().backlog.size > 0,
      isMyTurn: options.isFirst,
    })
    this.source = new SourceWatch({ ...options, isFollowing: () => replica().mirrors })
    this.#recordCheck = new RecordCheck({
      ...options,
      isMyTurn: options.isMyTurnAsWhole,
      prove: () => committer.prove(),
      rewrite: (records) => committer.rewrite(records),
    })
  }

  /** How often the store's history was compacted. */
  get compactionCount(): number {
    return this.#compactor.compactions
  }
  /** Compactions that the store did not carry out. */
  get compactionRefusals(): number {
    return this.#compactor.refusals
  }
  /** As of the last look; undefined: not known. */
  get space(): StoreSpace | undefined {
    return this.#spaceWatch.space
  }
  /** Steps that gave the store's space back. */
  get maintenance(): Readonly<Reclaimer['counters']> {
    return this.#reclaimer.counters
  }
  /** Bytes of journal that the store has room for, as history and apart from that. */
  get journalRoom(): number {
    return this.#compactor.room
  }
  get recordChecks(): Readonly<RecordCheck['counters']> {
    return this.#recordCheck.counters
  }

  /** The feed brought a journal entry of this size. */
  seen(revision: Revision, bytes: number): void {
    this.#compactor.seen(revision, bytes)
  }

  /** Requests wait for space, or soon will. */
  makeRoom(): void {
    this.#roomMaker.needed()
  }

  start(): void {
    this.#compactor.start()
    this.#recordCheck.start()
    this.#spaceWatch.start()
    this.source.start()
  }

  stop(): void {
    this.#reaper.stop()
    this.#compactor.stop()
    this.#recordCheck.stop()
    this.#spaceWatch.stop()
    this.source.stop()
    this.#reclaimer.stop()
    this.#roomMaker.stop()
  }
}
