/**
 * One member of the ensemble: the replica of the tree, its feed, the group committer, sessions and
 * watches, on a metadata store. A proxy serves its sessions over the wire; a controller opens one
 * in its own process. Any number of keepers on one store are one ZooKeeper.
 */
import { type Clock, systemClock, systemRandom } from '../base/clock.ts'
import { everyStep } from '../base/every-step.ts'
import { Faults } from '../base/faults.ts'
import { LimitedLogger } from '../base/limited-logger.ts'
import { type KeeperLimits, LIMITS_DEFAULT } from '../base/limits.ts'
import { type Logger, silentLogger } from '../base/log.ts'
import { ProcessHold } from '../base/process-hold.ts'
import { Layout } from '../format/layout.ts'
import { ACL_SCHEMES_DEFAULT } from '../model/acl-schemes.ts'
import type { ChangeRecord, ChangesOptions } from '../model/change.ts'
import { DigestScheme } from '../model/digest-scheme.ts'
import { openChanges } from './changes/change-feed.ts'
import { ChangeLog } from './changes/change-log.ts'
import { GroupCommitter } from './commit/group-committer.ts'
import { type CommitTask, commitOwn } from './commit/task.ts'
import { standbyOf, type Upstream } from './commit/upstream.ts'
import { isWhole, ProxyRegistry } from './session/proxy-registry.ts'
import { SessionManager } from './session/session-manager.ts'
import type { WriteWitness } from './session/write-witness.ts'
import { JournalFollower, journalFaults } from './tree/follower.ts'
import { forkOf, isSameEnd } from './tree/fork.ts'
import { type Loaded, loadReplica } from './tree/load.ts'
import type { Replica } from './tree/replica.ts'
import { type KeeperOptions, knownOptions, loadOptions } from './upkeep/keeper-options.ts'
import { headIsGone, LostHistory } from './upkeep/lost-history.ts'
import { leaveToWholePeers, Quarantine, type QuarantineCounts } from './upkeep/quarantine.ts'
import { restoreAges } from './upkeep/reaper.ts'
import type { RecordCheck } from './upkeep/record-check.ts'
import { Serving } from './upkeep/serving.ts'
import { Upkeep } from './upkeep/upkeep.ts'
import { WatchRegistry } from './watch/watch-registry.ts'

/** Open, it keeps the process alive, until close() or {@link Keeper.unref}. */
export class Keeper {
  /** This member's id: 16 hex digits, drawn at every start. */
  readonly proxy: string
  /** As given, with the defaults for the rest. */
  readonly limits: KeeperLimits
  /** Watches of all sessions on this member. @internal */
  readonly watches = new WatchRegistry()
  /** @internal */ readonly digest: DigestScheme
  /** @internal */ witness: WriteWitness | undefined
  /** What all its times are measured with. */
  readonly clock: Clock
  readonly #layout: Layout
  readonly #logger: LimitedLogger
  /** Of its work that nobody waits for. @internal */
  readonly faults: Faults
  #replica: Replica
  /** Commits the writes of this member. @internal */
  readonly committer: GroupCommitter
  /** Those that this member owns. @internal */
  readonly sessions: SessionManager
  /** The live members. @internal */
  readonly registry: ProxyRegistry
  /** What it does for all members, and what it knows of the store's space. @internal */
  readonly upkeep: Upkeep
  /** undefined: nobody is served while a ZooKeeper ensemble leads. @internal */
  readonly upstream: Upstream | undefined
  readonly #follower: JournalFollower
  readonly #serving: Serving
  readonly #quarantine: Quarantine
  readonly #hold: ProcessHold
  readonly #lost: LostHistory
  /** @internal What the change feeds of this member share, and how they fare. */
  readonly changeLog: ChangeLog
  #closed = false
  #closing: Promise<void> | undefined
  /** When serving begins or ends. */
  onServingChange: ((serving: boolean) => void) | undefined
  /** How often the tree was reloaded because the feed was lost. */
  resyncCount = 0

  /**
   * Loads the tree, registers this member and follows the journal. Resolves when it may serve.
   * @throws {TypeError} the prefix is none, or an option is not known; {StoreError} the store's own; STORE_UNAVAILABLE, not
   * retriable: an import is unfinished; STORE_INTERNAL: damage; STORE_UNSUPPORTED: a newer version wrote it; STORE_INVALID: it is in another tree; STORE_NO_MEMORY
   */
  static async open(options: KeeperOptions): Promise<Keeper> {
    const known = knownOptions(options)
    const layout = new Layout(known.prefix ?? '/anykeeper')
    const limits = { ...LIMITS_DEFAULT, ...known.limits }
    const loaded = await loadReplica(known.store, layout, loadOptions(known, limits))
    leaveToWholePeers(loaded, '', isWhole)
    const keeper = new Keeper(known, limits, layout, loaded)
    try {
      await keeper.#start(loaded)
    } catch (error) {
      // Half open it must not continue to commit: the caller has no handle to close it.
      await keeper.close(0).catch(() => {})
      throw error
    }
    return keeper
  }

  private constructor(
    options: KeeperOptions,
    limits: KeeperLimits,
    layout: Layout,
    loaded: Loaded,
  ) {
    const { store, random = systemRandom, clock: given = systemClock } = options
    this.#hold = new ProcessHold(given)
    this.limits = limits
    this.digest = new DigestScheme(options)
    this.proxy = Buffer.from(random.bytes(8)).toString('hex')
    this.#layout = layout
    this.#logger = new LimitedLogger({
      logger: options.logger ?? silentLogger,
      clock: given,
      linesPerMinuteMax: limits.logLinesPerMinuteMax,
    })
    this.faults = new Faults(this.#logger, options.logger !== undefined)
    this.clock = this.faults.guardedClock(given)
    this.#replica = loaded.replica
    this.#quarantine = new Quarantine(this.#logger, layout.prefix)
    this.#quarantine.serving(loaded)
    const { clock, proxy, faults } = this
    const logger = this.#logger
    this.committer = new GroupCommitter({
      ...{ store, layout, proxy, limits, clock, random, logger, faults, replica: loaded.replica },
      aclSchemes: options.aclSchemes ?? ACL_SCHEMES_DEFAULT,
      head: loaded.head,
      isMemoryShort: options.memory && (() => options.memory?.isShort() === true),
      journalFormat: () => this.registry.journalFormat,
      journalRoom: () => this.upkeep.journalRoom,
      onSpaceLow: () => this.upkeep.makeRoom(),
      onStarved: () => this.registry.reportStarvation(),
      ...journalFaults(logger, () => this.#follower),
      onProven: (atMs) => this.#serving.proven(atMs),
    })
    this.sessions = new SessionManager({ host: this, proxy, limits, clock, random, logger })
    this.registry = new ProxyRegistry({
      ...{ store, layout, clock, logger, faults, proxy },
      ...{ address: options.address ?? '', ttlMs: limits.proxyTtlMs },
      ...{ silenceMsMax: limits.storeSilenceMsMax, journalFormat: limits.journalFormatMax },
      unreadable: () => this.#replica.tree.unreadable.size,
      onHeartbeat: (sentMs) => this.#serving.heartbeat(sentMs),
      onLease: async (lease) => this.upstream?.leased(lease),
      onUnconfirmed: ({ message }) => {
        this.committer.counters.lastFailure = message
      },
      onPeerLeft: (id, record) => this.sessions.peerLeft(id, record),
      onPeerJoined: (id) => this.sessions.peerJoined(id),
      onListed: (sentMs) => this.sessions.peersListed(sentMs),
      onPeerStarved: (id) => this.committer.addContender(id),
    })
    this.upkeep = new Upkeep({
      ...{ store, layout, clock, logger, faults, limits },
      ...{ revision: loaded.revision, source: loaded.source },
      committer: this.committer,
      replica: () => this.#replica,
      isMyTurn: () => this.#writes && this.registry.isFirst,
      isMyTurnAsWhole: () => this.#writes && this.registry.isFirstWhole,
      isFirst: () => this.registry.isFirst,
      onReplicaWrong: (message) => {
        logger.error({}, `${message}: reloading it`)
        this.#follower.replace()
      },
    })
    this.#serving = new Serving({
      ...{ clock, limits, logger, faults },
      ...{ committer: this.committer, sessions: this.sessions },
      replica: () => this.#replica,
      isBarred: () => this.#closed || this.#lost.isOpen || this.#standby() !== undefined,
      standby: () => this.#standby(),
      renewNow: () => this.registry.renewNow(),
      onFeedSilent: () => this.#follower.suspect(),
      onChange: (isServing) => this.onServingChange?.(isServing),
    })
    this.#follower = new JournalFollower({
      ...{ store, layout, clock, logger, faults },
      load: loadOptions(options, limits),
      onEntry: (entry, revision) => {
        this.upkeep.seen(revision, entry.length)
        const apply = (): void => this.committer.receive(entry, revision)
        if (this.upstream === undefined) apply()
        else this.upstream.receive(entry, apply)
      },
      onEvent: () => this.#serving.health.feedEvent(),
      catchUp: () => this.committer.prove(),
      onHistoryLost: (error) => this.#lost.lose(error.message),
      onReload: (reloaded, isWrong) => this.#reloaded(reloaded, isWrong),
    })
    this.#lost = new LostHistory({
      ...{ logger, random },
      replica: () => this.#replica,
      submit: (task) => this.committer.submit(task),
      onLost: () => this.#serving.end(),
      onEpoch: () => this.#serving.beginAfterNow(),
    })
    this.changeLog = new ChangeLog({
      ...{ clock, limits },
      replica: () => this.#replica,
      sync: () => this.sync(),
      isServing: () => this.isServing,
    })
    this.upstream = options.upstream?.({
      ...{ store, layout, proxy, clock, logger, limits },
      ...{ replica: () => this.#replica, lease: () => this.registry.lease },
      sessionCount: () => [...this.sessions.connections()].length,
      troubled: () => this.#serving.end(),
      claimSessions: () => this.sessions.claim(),
      feedFailed: (error) => this.#follower.giveUp(error),
      commit: (task) => this.committer.submit(task),
    })
    // Other proxies know better how old what they wrote is; alone, our clock is all there is.
    const isAlone = loaded.proxies.size === 0
    restoreAges(loaded.replica.tree, clock.monotonic(), isAlone ? { wallMs: clock.now() } : {})
    this.#adopt(loaded.replica)
  }

  /** The state as of now. A reload of the tree replaces it: do not keep it. @internal */
  get replica(): Replica {
    return this.#replica
  }
  /** false: no session is served. */
  get isServing(): boolean {
    return this.#serving.isServing
  }
  /** Requests wait: this process was paused, and has not seen the store since. */
  get isInDoubt(): boolean {
    return this.#serving.isInDoubt
  }
  /** When the newest confirmed heartbeat was sent, monotonic ms: no other one ends our sessions earlier than their timeout after it. */
  get heartbeatMs(): number {
    return this.#serving.health.heartbeatMs
  }
  /** Why this member is not well, in a sentence; undefined: it serves, and what is to be written is written. */
  get trouble(): string | undefined {
    return this.#serving.trouble
  }
  /** For how long records have been behind the journal while none was written, ms; 0: none is. */
  get flushStalledMs(): number {
    return this.#serving.writeBehind.stalledMs
  }
  /** How often this process was paused, and how often serving ended. @internal */
  get servingCounters(): Readonly<Serving['counters']> {
    return this.#serving.counters
  }
  /** What came of comparing the stored records with the tree. @internal */
  get recordChecks(): Readonly<RecordCheck['counters']> {
    return this.upkeep.recordChecks
  }
  /** How often what was in the store was not what had been served. */
  get historyLossCount(): number {
    return this.#lost.count
  }
  /** Lines that a flood of their kind would have been. */
  get logLinesLeftOut(): number {
    return this.#logger.leftOut
  }
  /** What could not be read when the tree was loaded. @internal */
  get quarantine(): QuarantineCounts {
    return this.#quarantine.counts
  }
  /** Takes so many lines of one kind in a minute as the limits say. */
  get logger(): Logger {
    return this.#logger
  }

  /** Resolves when this replica has everything that was committed before the call. */
  sync(): Promise<void> {
    if (this.upstream?.isActive === true) return this.upstream.sync()
    return commitOwn(this.committer, { type: 'sync', path: '/' }, () => {})
  }

  /** Commits it, or forwards it while a ZooKeeper ensemble leads. @internal */
  submit(task: CommitTask): void {
    if (this.upstream?.isActive === true) this.upstream.submit(task)
    else this.committer.submit(task)
  }

  /**
   * The change feed: every committed transaction once, in order, as of now or behind a position. It costs nothing while it
   * is not pulled: a reader that falls too far behind is ended. Ends with `signal` or, at the latest at the next record,
   * when the iteration is left.
   * @throws {TypeError} from the call: an option is not valid, or not known
   * @throws {ChangesError} from the iteration: CHANGES_GONE, where the position cannot be continued, or history went back
   * behind it; CHANGES_SLOW, with the position
   * @throws {StoreError} from the iteration: STORE_CLOSED, when this keeper is closed
   */
  changes(options: ChangesOptions = {}): AsyncIterableIterator<ChangeRecord> {
    return openChanges(this.changeLog, options)
  }

  /** Lets the process end while this keeper is open, as far as it is concerned. */
  unref(): this {
    this.#hold.unref()
    return this
  }

  /**
   * Leaves: connections end, and sessions stay alive for another keeper to resume. Records are written behind as far as the store takes
   * them within `drainMs`; what it does not answer within `proxyTtlMs` more is left. The store stays open: it is the caller's.
   */
  close(drainMs = 2_000): Promise<void> {
    const steps = [
      ...[this.sessions, this.upkeep, this.#serving].map((part) => () => part.stop()),
      () => this.#logger.flush(),
      () => this.upstream?.close(),
      () => this.committer.drain(drainMs),
      () => {
        this.#closed = true
        for (const part of [this.changeLog, this.committer]) part.close()
        this.#follower.stop()
      },
      () => this.registry.leave(),
      () => this.#follower.ended,
      () => this.#hold.end(),
    ]
    this.#closing ??= everyStep(steps, { clock: this.clock, ms: drainMs + this.limits.proxyTtlMs })
    return this.#closing
  }

  /** Nobody is served any more. */
  get isClosed(): boolean {
    return this.#closed
  }

  /** As close(). */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #start(loaded: Loaded): Promise<void> {
    await this.registry.start(loaded.proxies, loaded.revision + 1)
    this.#follower.start(loaded.revision + 1)
    this.sessions.start((proxy) => this.registry.peers.has(proxy))
    await this.committer.prove()
    // A commit may have proved it before, but no client could come.
    if (this.isServing) this.sessions.unsuspend()
    this.#serving.start()
    this.upkeep.start()
    this.upstream?.start()
  }

  /** It serves, and its tree is nobody’s copy. */
  get #writes(): boolean {
    return this.isServing && !this.#replica.mirrors
  }

  /** Why nobody may be served while the tree follows a ZooKeeper ensemble. */
  #standby(): string | undefined {
    return standbyOf(this.#replica, this.upstream)
  }

  #adopt(replica: Replica): void {
    this.#replica = replica
    replica.tree.observer = this.watches
    replica.tree.monotonic = () => this.clock.monotonic()
    replica.sessionObserver = this.sessions
    replica.txnObserver = this.upstream
  }

  /**
   * Nothing was missed, and the replica was not wrong: all stays. Otherwise events were missed: clients are
   * disconnected, and where history went back an epoch begins before anybody is served.
   */
  #reloaded(loaded: Loaded, isWrong: boolean): void {
    const { replica, head } = loaded
    const before = this.#replica
    this.#serving.health.feedEvent()
    if (head === undefined && before.seq > 0) throw headIsGone(this.#layout.prefix)
    leaveToWholePeers(loaded, this.proxy, isWhole)
    if (!isWrong && isSameEnd(before, replica) && !this.#lost.isOpen) return
    const fork = forkOf(before, replica)
    if (fork !== undefined) this.#lost.lose(fork)
    else if (!this.#lost.isOpen) replica.keepRecent(before)
    this.#serving.end()
    restoreAges(replica.tree, this.clock.monotonic(), { before: before.tree })
    this.#adopt(replica)
    this.#quarantine.serving(loaded)
    const hasOthers = before.tree.unreadable.size !== replica.tree.unreadable.size
    if (hasOthers) this.registry.reportUnreadable()
    this.committer.reset(replica, head, this.#lost.isOpen)
    this.changeLog.reloaded()
    this.sessions.reconcile()
    this.upstream?.reloaded()
    this.resyncCount++
    this.#lost.reloaded(replica)
  }

  /** Looks at the clocks: was this process paused, so that the store must be seen before anything is answered? */
  checkStore(): void {
    this.#serving.check()
  }

  /** @internal */ listProxies(): void {
    this.registry.listNow()
  }
}
