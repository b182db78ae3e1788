/**
 * One member of the ensemble: the replica of the tree, its feed, the group committer, sessions and
 * watches, on a metadata store. A proxy serves its sessions over the wire; a controller opens one
 * in its own process. Any number of keepers on one store are one ZooKeeper.
 */
import { type Clock, type Random, systemClock, systemRandom } from '../base/clock.ts'
import { type KeeperLimits, LIMITS_DEFAULT } from '../base/limits.ts'
import { type Logger, silentLogger } from '../base/log.ts'
import { Layout } from '../format/layout.ts'
import { ACL_SCHEMES_DEFAULT } from '../model/acl.ts'
import { StoreError } from '../model/errors.ts'
import type { MetadataStore } from '../store/metadata-store.ts'
import { GroupCommitter } from './commit/group-committer.ts'
import { OwnTask } from './commit/task.ts'
import { ProxyRegistry } from './session/proxy-registry.ts'
import { SessionManager } from './session/session-manager.ts'
import { JournalFollower } from './tree/follower.ts'
import { forkOf, isSameEnd, lastCommonZxid, nextEpoch, type ServedEnd } from './tree/fork.ts'
import { type Loaded, type LoadOptions, loadReplica } from './tree/load.ts'
import type { Replica } from './tree/replica.ts'
import { restoreAges } from './upkeep/reaper.ts'
import type { RecordCheck } from './upkeep/record-check.ts'
import { StoreHealth } from './upkeep/store-health.ts'
import { Upkeep } from './upkeep/upkeep.ts'
import { WatchRegistry } from './watch/watch-registry.ts'

/** Options of {@link Keeper.open}. */
export interface KeeperOptions {
  readonly store: MetadataStore
  /** Key prefix in the store. Starts with "/", does not end with it. @default "/anykeeper" */
  readonly prefix?: string
  /** Where clients reach this keeper; only for people that read the store. @default "" */
  readonly address?: string
  /** `user:base64(sha1(user:password))`: a session that proves it passes every ACL. */
  readonly superDigest?: string
  /** Authentication schemes an ACL may name, besides world and auth. @default digest, ip */
  readonly aclSchemes?: ReadonlySet<string>
  readonly limits?: Partial<KeeperLimits>
  /**
   * Start also from a tree that is not the one that the store's head names (records are missing), and from
   * records without a head. @default false
   */
  readonly acceptDamagedTree?: boolean
  readonly clock?: Clock
  readonly random?: Random
  readonly logger?: Logger
}

function loadOptions(options: KeeperOptions, bounds: KeeperLimits): LoadOptions {
  const { acceptDamagedTree = false, logger = silentLogger } = options
  return {
    bounds,
    acceptDamage: acceptDamagedTree,
    onDamage: (damage) => logger.error({ damage }, 'a damaged tree was accepted'),
  }
}

/** Looks at head that may be in flight together, when the store is slow. */
const PROOFS_MAX = 3

export class Keeper {
  /** This member's id: 16 hex digits, drawn at every start. */
  readonly proxy: string
  readonly limits: KeeperLimits
  /** Watches of all sessions on this member. */
  readonly watches = new WatchRegistry()
  readonly superDigest: string | undefined
  readonly clock: Clock
  readonly #layout: Layout
  readonly #logger: Logger
  #replica: Replica
  /** Commits the writes of this member. */
  readonly committer: GroupCommitter
  /** Those that this member owns. */
  readonly sessions: SessionManager
  /** The live members. */
  readonly registry: ProxyRegistry
  /** What it does for all members, and what it knows of the store's space. */
  readonly upkeep: Upkeep
  readonly #follower: JournalFollower
  readonly #health: StoreHealth
  #closed = false
  #serving = false
  /** When serving begins or ends. */
  onServingChange: ((serving: boolean) => void) | undefined
  /** How often the tree was reloaded because the feed was lost. */
  resyncCount = 0
  /** How often what was in the store was not what had been served. */
  historyLossCount = 0
  /** What was served last and is lost: nobody is served before an epoch has begun. */
  #lost: ServedEnd | undefined
  /** When serving ended last, monotonic ms. */
  #suspendedMs: number
  /** When head was read last, and how many reads are in flight. */
  #askedMs = Number.NEGATIVE_INFINITY
  #proofs = 0

  /**
   * Loads the tree, registers this member and follows the journal. Resolves when it may serve.
   * @throws {TypeError} the prefix does not start with "/", or ends with it
   * @throws {StoreError} the store's own; STORE_UNAVAILABLE, not retriable, while an import into
   * the prefix is unfinished
   */
  static async open(options: KeeperOptions): Promise<Keeper> {
    const prefix = options.prefix ?? '/anykeeper'
    if (!/^\/[^\0]*[^/\0]$/.test(prefix)) {
      throw new TypeError(`prefix must start with "/" and not end with it, got "${prefix}"`)
    }
    const limits = { ...LIMITS_DEFAULT, ...options.limits }
    const layout = new Layout(prefix)
    const loaded = await loadReplica(options.store, layout, loadOptions(options, limits))
    const keeper = new Keeper(options, limits, layout, loaded)
    try {
      await keeper.#start(loaded)
    } catch (error) {
      // Half open it must not continue to commit: the caller has no handle to close it.
      keeper.#stopTimers()
      keeper.committer.close()
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
    const random = options.random ?? systemRandom
    this.clock = options.clock ?? systemClock
    this.#suspendedMs = this.clock.monotonic()
    this.limits = limits
    this.superDigest = options.superDigest
    this.proxy = Buffer.from(random.bytes(8)).toString('hex')
    this.#layout = layout
    this.#logger = options.logger ?? silentLogger
    this.#replica = loaded.replica
    const { clock, proxy } = this
    const logger = this.#logger
    this.committer = new GroupCommitter({
      store: options.store,
      layout,
      replica: loaded.replica,
      proxy,
      limits,
      clock,
      random,
      logger,
      aclSchemes: options.aclSchemes ?? ACL_SCHEMES_DEFAULT,
      head: loaded.head,
      journalFormat: () => this.registry.journalFormat,
      journalRoom: () => this.upkeep.journalRoom,
      onStarved: () => this.registry.reportStarvation(),
      onStuck: (seq) => {
        logger.error({ seq }, 'the feed and head do not agree, reloading the tree')
        this.#follower.giveUp(new StoreError('STORE_INTERNAL', 'the feed is stuck'))
      },
      onProven: (atMs) => this.#proven(atMs),
      onHistoryLost: (error) => this.#follower.giveUp(error),
      onFeedLate: () => this.#follower.suspect(),
      onTreeDiffers: (found) => {
        logger.error(
          found,
          'this tree differs from another proxy’s after the same batch, reloading it',
        )
        this.#follower.replace()
      },
    })
    this.sessions = new SessionManager({ host: this, proxy, limits, clock, random, logger })
    this.registry = new ProxyRegistry({
      store: options.store,
      layout,
      clock,
      logger,
      proxy,
      address: options.address ?? '',
      ttlMs: limits.proxyTtlMs,
      silenceMsMax: limits.storeSilenceMsMax,
      journalFormat: limits.journalFormatMax,
      onHeartbeat: (sentMs) => this.#storeAnswered(sentMs),
      onPeerLeft: (id, record) => this.sessions.peerLeft(id, record),
      onPeerJoined: (id) => this.sessions.peerJoined(id),
      onPeerStarved: (id) => this.committer.addContender(id),
    })
    this.upkeep = new Upkeep({
      store: options.store,
      layout,
      clock,
      logger,
      limits,
      revision: loaded.revision,
      committer: this.committer,
      replica: () => this.#replica,
      isMyTurn: () => this.#serving && this.registry.isFirst,
      isFirst: () => this.registry.isFirst,
      onReplicaWrong: (message) => {
        logger.error({}, `${message}: reloading it`)
        this.#follower.replace()
      },
    })
    this.#health = new StoreHealth({
      clock,
      limits,
      stalledMs: () => this.committer.stalledMs,
      onCheck: () => this.#check(),
    })
    this.#follower = new JournalFollower({
      store: options.store,
      layout,
      load: loadOptions(options, limits),
      clock,
      logger,
      onEntry: (entry, revision) => {
        this.upkeep.seen(revision, entry.length)
        this.committer.receive(entry, revision)
      },
      onEvent: () => this.#health.feedEvent(),
      catchUp: () => this.committer.prove(),
      onHistoryLost: (error) => this.#loseHistory(error.message),
      onReload: (reloaded, isWrong) => this.#reloaded(reloaded, isWrong),
    })
    // Other proxies know better how old what they wrote is; alone, our clock is all there is.
    const isAlone = loaded.proxies.size === 0
    restoreAges(loaded.replica.tree, clock.monotonic(), isAlone ? { wallMs: clock.now() } : {})
    this.#adopt(loaded.replica)
  }

  /** The state as of now. A reload of the tree replaces it: do not keep it. */
  get replica(): Replica {
    return this.#replica
  }
  /** false: no session is served. */
  get isServing(): boolean {
    return this.#serving
  }
  /** What came of comparing the stored records with the tree. */
  get recordChecks(): Readonly<RecordCheck['counters']> {
    return this.upkeep.recordChecks
  }
  get logger(): Logger {
    return this.#logger
  }

  /** Resolves when this replica has everything that was committed before the call. */
  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.committer.submit(new OwnTask({ type: 'sync', path: '/' }, () => resolve(), reject))
    })
  }

  /**
   * Leaves: connections end, and sessions stay alive for another keeper to resume. Records are
   * written behind as far as the store takes them within `drainMs`. The store stays open: it is the
   * caller's.
   */
  async close(drainMs = 2_000): Promise<void> {
    if (this.#closed) return
    this.#stopTimers()
    await this.committer.drain(drainMs)
    this.#closed = true
    this.#follower.stop()
    this.committer.close()
    await this.registry.leave()
    await this.#follower.ended
  }

  #stopTimers(): void {
    this.sessions.stop()
    this.upkeep.stop()
    this.#health.stop()
  }

  async #start(loaded: Loaded): Promise<void> {
    await this.registry.start(loaded.proxies, loaded.revision + 1)
    this.#follower.start(loaded.revision + 1)
    this.sessions.start((proxy) => this.registry.peers.has(proxy))
    await this.committer.prove()
    // A commit may have proved it before, but no client could come.
    if (this.#serving) this.sessions.unsuspend()
    this.#health.start()
    this.upkeep.start()
  }

  #adopt(replica: Replica): void {
    this.#replica = replica
    replica.tree.observer = this.watches
    replica.tree.monotonic = () => this.clock.monotonic()
    replica.sessionObserver = this.sessions
  }

  /**
   * Nothing was missed, and the replica was not wrong: all stays. Otherwise events were missed: clients are
   * disconnected, and where history went back an epoch begins before anybody is served.
   */
  #reloaded({ replica, head }: Loaded, isWrong: boolean): void {
    const before = this.#replica
    this.#health.feedEvent()
    if (head === undefined && before.seq > 0) {
      const message = `${this.#layout.prefix}/head is gone: a tree that is not there is not served`
      throw new StoreError('STORE_INTERNAL', message)
    }
    if (!isWrong && isSameEnd(before, replica) && this.#lost === undefined) return
    const fork = forkOf(before, replica)
    if (fork !== undefined) this.#loseHistory(fork)
    if (this.#serving) this.#setServing(false)
    restoreAges(replica.tree, this.clock.monotonic(), { before: before.tree })
    this.#adopt(replica)
    this.committer.reset(replica, head, this.#lost !== undefined)
    this.sessions.reconcile()
    this.resyncCount++
    // It may have gone back twice: what was loaded in between was never served.
    if (this.#lost !== undefined) this.#beginEpoch(this.#lost, replica)
  }

  /** What is in the store is not what was served: nobody is served before an epoch has begun. */
  #loseHistory(why: string): void {
    if (this.#lost !== undefined) return
    this.historyLossCount++
    const { zxid, seq, history } = this.#replica
    this.#lost = { zxid, seq, history }
    this.#logger.error(
      { why, seq, zxid },
      'the history in the store is not the one that was served (restored from a backup?): ' +
        'disconnecting all clients, reloading the tree, beginning an epoch',
    )
    if (this.#serving) this.#setServing(false)
  }

  #beginEpoch(before: ServedEnd, after: Replica): void {
    const epoch = nextEpoch(before, after)
    if (epoch === undefined) return this.#epochBegun()
    const lastZxid = lastCommonZxid(before, after)
    this.#logger.warn({ epoch, lastZxid, lostZxid: before.zxid }, 'beginning an epoch')
    const request = { type: 'newEpoch', epoch, lastZxid } as const
    // Abandoned, it is begun after the reload that abandoned it.
    this.committer.submit(
      new OwnTask(
        request,
        () => this.#epochBegun(),
        () => {},
      ),
    )
  }

  #epochBegun(): void {
    this.#lost = undefined
    this.#suspendedMs = this.clock.monotonic()
    this.#logger.warn({ zxid: this.#replica.zxid }, 'the new epoch has begun')
  }

  #storeAnswered(sentMs: number): void {
    this.#health.heartbeat(sentMs)
    this.#serveIfPossible()
  }

  #proven(atMs: number): void {
    this.#health.proven(atMs)
    this.#serveIfPossible()
  }

  /** Serving begins behind a read of head that was sent after it ended. */
  #serveIfPossible(): void {
    if (this.#serving || this.#closed || this.#lost !== undefined || this.#health.isSilent) return
    if (this.#health.provenMs >= this.#suspendedMs) this.#setServing(true)
  }

  #check(): void {
    this.checkStore()
    if (this.#health.isFeedSilent) this.#follower.suspect()
    const now = this.clock.monotonic()
    const dueMs = this.#serving ? this.limits.freshnessCheckMs : 0
    if (now - Math.max(this.#health.provenMs, this.#askedMs) < dueMs) return
    if (this.#proofs >= PROOFS_MAX) return
    this.#askedMs = now
    this.#proofs++
    void this.committer.prove().finally(() => {
      this.#proofs--
    })
  }

  /**
   * Disconnects the clients now if the store was silent for too long. To be called before a reply
   * is sent: when a stopped process resumes, input may be read before its timers run.
   */
  checkStore(): void {
    if (!this.#serving || !this.#health.isSilent) return
    this.#logger.error(this.#health.silence, 'store out of reach, disconnecting all clients')
    this.#setServing(false)
  }

  #setServing(serving: boolean): void {
    this.#serving = serving
    if (!serving) this.#suspendedMs = this.clock.monotonic()
    if (serving) this.sessions.unsuspend()
    else this.sessions.suspend()
    this.onServingChange?.(serving)
  }
}
