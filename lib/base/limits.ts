/** Every bound of the library by name: its default, its unit and why it is what it is. */

export interface KeeperLimits {
  /** Session timeouts are clamped to [min, max]. Unit ms. Source: 2 and 20 × tickTime. */
  readonly sessionTimeoutMsMin: number
  /** See sessionTimeoutMsMin. Unit ms. */
  readonly sessionTimeoutMsMax: number
  /** Expiry granularity, ms: a session dies between its timeout and timeout + tickTimeMs. */
  readonly tickTimeMs: number
  /** Journal bytes at which a batch is full; a single larger request is a batch of its own. */
  readonly batchBytesMax: number
  /** Requests per batch. */
  readonly batchRequestsMax: number
  /**
   * Bytes of the paths that the end of a session names in its journal entry. A session whose ephemerals have more
   * ends without naming them; beside proxies that need the names, in several transactions.
   */
  readonly closeBytesMax: number
  /**
   * Commits in flight: while the store works on one, the next is planned. More of them cost more
   * where proxies race, because all behind a lost one are planned again.
   */
  readonly commitsInFlightMax: number
  /** Records behind the journal at which commits begin to carry more of them than they add. */
  readonly backlogKeysTarget: number
  /** Records behind the journal at which new writes wait for the flush. */
  readonly backlogKeysMax: number
  /** Bytes of journal a start would replay, at which commits carry more records than they add. */
  readonly journalBytesTarget: number
  /** Bytes of journal a start would replay, at which new writes wait for the flush. */
  readonly journalBytesMax: number
  /**
   * Bytes of journal that stay in the store although all records have them: by these a member that was away catches up,
   * and a change feed resumes behind a restart. A start reads them. The least of all members counts.
   */
  readonly journalKeptBytesMax: number
  /** The same in entries. */
  readonly journalKeptEntriesMax: number
  /** Records one commit carries along. Also bounded by the store's txnOpsMax. */
  readonly flushKeysPerTxnMax: number
  /** How long a changed record stays behind the journal when there is time to write it, ms. */
  readonly flushDelayMs: number
  /**
   * Under load, records that are later than this go along with commits, a few with each. Unit ms.
   */
  readonly flushLateMs: number
  /** TTL of a proxy's lease: how long a killed proxy still looks alive to the others. Unit ms. */
  readonly proxyTtlMs: number
  /** Without a confirmed heartbeat for this long, clients are disconnected. Unit ms. */
  readonly storeSilenceMsMax: number
  /**
   * How old the state that is served may be, ms. A linearizable look at the store proves how fresh it is;
   * without a proof for so long, clients are disconnected. Source of the idea: ZooKeeper's syncLimit.
   */
  readonly freshnessMsMax: number
  /** How often that is looked at while no commit proves it by the way, ms. */
  readonly freshnessCheckMs: number
  /** Without a word from the journal feed for this long, it is opened again, on another member. Unit ms. */
  readonly feedSilenceMsMax: number
  /**
   * A commit whose outcome stays open for this long (no quorum, no space left) ends serving, ms: a
   * disconnected client fails over to another proxy, a connected one would wait for ever.
   */
  readonly commitSilenceMsMax: number
  /**
   * Records are behind the journal, and none was written for this long (the store refuses them): serving continues,
   * and the server says that it is not well. Well above flushLateMs: under load none is written before. Unit ms.
   */
  readonly flushSilenceMsMax: number
  /**
   * After a pause of this process (stopped, a long turn, the machine suspended) requests wait for so long at most
   * until the store was seen again, ms of running; then clients are disconnected.
   */
  readonly doubtMsMax: number
  /**
   * While a ZooKeeper ensemble leads: how long a transaction of it may be missing in the tree that is served, ms; then clients
   * are disconnected. Source of the idea: ZooKeeper's syncLimit.
   */
  readonly sourceLagMsMax: number
  /** How long the leader of the ensemble may take to answer a request, ms; then its client is disconnected, and it is not sent again. */
  readonly forwardMsMax: number
  /** How long requests wait for a take-over, ms; then their clients are disconnected, and nothing was sent. */
  readonly holdMsMax: number
  /**
   * So long an entry of the journal waits for the leader of that ensemble to report it, which alone says with which error a request
   * failed: then it is taken without. Unit ms.
   */
  readonly reportMsMax: number
  /**
   * Log lines of one kind in a minute; further ones are counted, and their number is logged at the end of the
   * minute. 0: no limit.
   */
  readonly logLinesPerMinuteMax: number
  /**
   * Container and TTL znodes are looked through this often, ms. Source:
   * znode.container.checkIntervalMs.
   */
  readonly reaperIntervalMs: number
  /** Containers and TTL znodes removed per minute at most. Source: ContainerManager. */
  readonly reapedPerMinuteMax: number
  /**
   * How often one live proxy compares a page of the stored records with its tree, ms. 0: never. A round over
   * a million znodes with child records takes as many turns as there are pages.
   */
  readonly recordCheckMs: number
  /** Records of such a page at most. Large ones make it smaller, to some 256 KiB. */
  readonly recordCheckKeysMax: number
  /**
   * Newest format of journal entries that this member says it reads. 2: all members write entries that 0.1.0
   * reads, for as long as this one lives; it still reads newer ones.
   */
  readonly journalFormatMax: 2 | 3
  /** Znodes that a load leaves out because their records cannot be read. More: the load is refused. */
  readonly unreadableMax: number
  /** Target size of a page while the tree is loaded, bytes. Two pages are in memory at a time. */
  readonly loadPageBytes: number
  /** Keys of such a page. etcd walks the rest of the range for each. */
  readonly loadPageKeysMax: number
  /**
   * History kept in the store before it is compacted, ms; at times twice as much. 0: never compact.
   */
  readonly historyRetentionMs: number
  /**
   * Journal bytes since then make history compacted earlier, but not what is newer than half a
   * minute. The store holds two to three times as much in the meantime: records, and what it keeps
   * of both.
   */
  readonly historyBytesMax: number
  /**
   * How long a change feed can be resumed from a position, ms, as far as the bytes below have room for. Kept in the
   * member's memory; behind a restart, what the store's journal still has.
   */
  readonly changesRetentionMs: number
  /** Bytes of journal, and 128 for each entry, that a member keeps for change feeds. */
  readonly changesRetainedBytesMax: number
  /**
   * A feed whose reader falls behind by more than this ends, where it can still be resumed: bytes of journal, and
   * what its snapshot keeps of znodes that changed before they were read.
   */
  readonly changesLagBytesMax: number
  /** The same in transactions. */
  readonly changesLagTxnsMax: number
  /** A feed without a record for this long gets a bookmark, ms. */
  readonly changesBookmarkMs: number
  /** How often it is looked at how much space the store has left, ms. 0: never. */
  readonly spaceCheckMs: number
  /** Share of the store's space in use at which it is said that it gets full. */
  readonly spaceShortShare: number
  /** Share below which it is well again. */
  readonly spaceWellShare: number
  /**
   * Of the space left, history and journal may take one part in so many each: it is there several times, and
   * unevenly.
   */
  readonly historyRoomPart: number
  /** History that is kept however little space is left, until the store is full. Unit: bytes of journal. */
  readonly historyBytesMin: number
  /**
   * While the store has no space: between two tries of requests that wait, and between two looks whether it
   * takes a write, ms.
   */
  readonly noSpaceRetryMs: number
  /**
   * Part of the store's space that is kept for deletes, ends of sessions and what members write themselves, percent:
   * requests that would take it are refused, those of a few bytes once half of it is taken. 0: none, and no request waits
   * for space.
   */
  readonly spaceReservePercent: number
  /** How long a request waits while compaction makes room for it, ms; then it is refused. */
  readonly spaceWaitMsMax: number
  /** A request of no more data passes those that wait for room. Unit: bytes. */
  readonly spaceSmallBytes: number
  /** Deadline of a compaction that is waited for, ms. */
  readonly compactionWaitMs: number
  /** Between two log lines that say that the store is full, ms. */
  readonly noSpaceLogMs: number
  /**
   * Do what gives the store's space back, where it does not do so by itself: on etcd compact, defragment, disarm. One of the
   * live proxies does it.
   */
  readonly storeMaintenance: boolean
  /** Not full, it is done once so many times as much is taken as is in use, */
  readonly maintenanceRatio: number
  /** and at least this share of the space is taken. */
  readonly maintenanceShare: number
  /** Full, it is done once less than this share is in use: below it writes are allowed again. */
  readonly maintenanceFreeShare: number
  /** Deadline of one step, ms. A member of etcd answers nothing else while it is defragmented. */
  readonly maintenanceTimeoutMs: number
  /** Before the next round after one that could not be, because a member does not answer, ms. */
  readonly maintenanceRetryMs: number
  /** Between two rounds, unless the store is full, and after one that failed or was refused, ms. */
  readonly maintenancePauseMs: number
  /**
   * Refuse what goes beyond the hard limits of a quota. Every proxy judges what its own clients write. Source:
   * zookeeper.enforceQuota.
   */
  readonly enforceQuota: boolean
}

/** The limits of a keeper that names none of its own. */
export const LIMITS_DEFAULT: KeeperLimits = {
  sessionTimeoutMsMin: 6_000,
  sessionTimeoutMsMax: 60_000,
  tickTimeMs: 3_000,
  batchBytesMax: 512 * 1024,
  batchRequestsMax: 4_000,
  closeBytesMax: 32 * 1024,
  commitsInFlightMax: 2,
  backlogKeysTarget: 300_000,
  backlogKeysMax: 1_000_000,
  journalBytesTarget: 64 * 1024 * 1024,
  journalBytesMax: 256 * 1024 * 1024,
  journalKeptBytesMax: 1024 * 1024,
  journalKeptEntriesMax: 4_096,
  flushKeysPerTxnMax: 1_000,
  flushDelayMs: 100,
  flushLateMs: 10_000,
  proxyTtlMs: 6_000,
  storeSilenceMsMax: 4_000,
  freshnessMsMax: 4_000,
  freshnessCheckMs: 1_000,
  feedSilenceMsMax: 10_000,
  commitSilenceMsMax: 10_000,
  flushSilenceMsMax: 30_000,
  doubtMsMax: 3_000,
  sourceLagMsMax: 10_000,
  forwardMsMax: 15_000,
  holdMsMax: 10_000,
  reportMsMax: 1_000,
  logLinesPerMinuteMax: 10,
  reaperIntervalMs: 60_000,
  reapedPerMinuteMax: 10_000,
  recordCheckMs: 1_000,
  recordCheckKeysMax: 512,
  journalFormatMax: 3,
  unreadableMax: 1_000,
  loadPageBytes: 8 * 1024 * 1024,
  loadPageKeysMax: 50_000,
  historyRetentionMs: 300_000,
  historyBytesMax: 256 * 1024 * 1024,
  changesRetentionMs: 300_000,
  changesRetainedBytesMax: 32 * 1024 * 1024,
  changesLagBytesMax: 16 * 1024 * 1024,
  changesLagTxnsMax: 100_000,
  changesBookmarkMs: 1_000,
  spaceCheckMs: 2_000,
  spaceShortShare: 0.8,
  spaceWellShare: 0.7,
  historyRoomPart: 8,
  historyBytesMin: 256 * 1024,
  noSpaceRetryMs: 500,
  spaceReservePercent: 12,
  spaceWaitMsMax: 10_000,
  spaceSmallBytes: 4_096,
  compactionWaitMs: 60_000,
  noSpaceLogMs: 60_000,
  storeMaintenance: false,
  maintenanceRatio: 2,
  maintenanceShare: 0.5,
  maintenanceFreeShare: 0.9,
  maintenanceTimeoutMs: 60_000,
  maintenanceRetryMs: 10_000,
  maintenancePauseMs: 300_000,
  enforceQuota: false,
}

/** Largest TTL of a znode, ms. Source: EphemeralType.TTL, 40 bits. */
export const TTL_MS_MAX = 2 ** 40 - 1
