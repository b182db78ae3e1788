/**
 * One member of the ensemble: the replica of the tree, its feed, the group committer, sessions and
 * watches, on a metadata store. A proxy serves its sessions over the wire; a controller opens one in
 * its own process. Any number of keepers on one store are one ZooKeeper.
 */
import { randomBytes } from 'node:crypto'
import { type Clock, type Random, systemClock, systemRandom } from '../base/clock.ts'
import { type KeeperLimits, LIMITS_DEFAULT } from '../base/limits.ts'
import { type Logger, silentLogger } from '../base/log.ts'
import { Layout } from '../format/layout.ts'
import { ACL_SCHEMES_DEFAULT } from '../model/acl.ts'
import { StoreError } from '../model/errors.ts'
import type { MetadataStore } from '../store/metadata-store.ts'
import type { Revision } from '../store/types.ts'
import { GroupCommitter } from './commit/group-committer.ts'
import { OwnTask } from './commit/task.ts'
import { ProxyRegistry } from './session/proxy-registry.ts'
import { SessionManager } from './session/session-manager.ts'
import { reportDifferences } from './tree/diff.ts'
import { followJournal } from './tree/feed.ts'
import { type Loaded, loadReplica } from './tree/load.ts'
import type { Replica } from './tree/replica.ts'
import { Compactor } from './upkeep/compactor.ts'
import { Reaper } from './upkeep/reaper.ts'
import { WatchRegistry } from './watch/watch-registry.ts'

export interface KeeperOptions {
  readonly store: MetadataStore
  /** Where everything lies in the store. Starts with "/". @default "/anykeeper" */
  readonly prefix?: string
  /** Told to people who look at the store: where clients reach this keeper. @default "" */
  readonly address?: string
  /** `user:base64(sha1(user:password))`: who proves it passes every ACL. */
  readonly superDigest?: string
  /** Authentication schemes an ACL may name, besides world and auth. @default digest, ip */
  readonly aclSchemes?: ReadonlySet<string>
  readonly limits?: Partial<KeeperLimits>
  readonly clock?: Clock
  readonly random?: Random
  readonly logger?: Logger
}

export class Keeper {
  /** This process among the proxies: 16 hex digits, drawn at every start. */
  readonly proxy: string
  readonly limits: KeeperLimits
  readonly watches = new WatchRegistry()
  readonly superDigest: string | undefined
  readonly clock: Clock
  readonly #store: MetadataStore
  readonly #layout: Layout
  readonly #logger: Logger
  #replica: Replica
  readonly committer: GroupCommitter
  readonly sessions: SessionManager
  readonly registry: ProxyRegistry
  readonly #reaper: Reaper
  readonly #compactor: Compactor
  readonly #stop = new AbortController()
  #feedStop = new AbortController()
  #feedLoop: Promise<void> = Promise.resolve()
  /** When the store was last known to answer: to our life sign, and with the feed. Monotonic ms. */
  #lastHeartbeatMs: number
  #lastFeedEventMs: number
  #serving = false
  #cancelCheck: (() => void) | undefined
  /** Called when serving begins or ends: see {@link isServing}. */
  onServingChange: ((serving: boolean) => void) | undefined
  resyncCount = 0

  /** Loads the tree and begins to follow it. Resolves when it may serve. */
  static async open(options: KeeperOptions): Promise<Keeper> {
    const prefix = options.prefix ?? '/anykeeper'
    if (!/^\/[^\0]*[^/\0]$/.test(prefix)) {
      throw new TypeError(`prefix must start with "/" and not end with it, got "${prefix}"`)
    }
    const limits = { ...LIMITS_DEFAULT, ...options.limits }
    const layout = new Layout(prefix)
    const loaded = await loadReplica(options.store, layout, limits)
    const keeper = new Keeper(options, limits, layout, loaded)
    try {
      await keeper.#start(loaded)
    } catch (error) {
      // Half open it must not go on committing behind the caller's back.
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
    this.limits = limits
    this.superDigest = options.superDigest
    this.proxy = randomBytes(8).toString('hex')
    this.#store = options.store
    this.#layout = layout
    this.#logger = options.logger ?? silentLogger
    this.#replica = loaded.replica
    this.#lastHeartbeatMs = this.clock.monotonic()
    this.#lastFeedEventMs = this.#lastHeartbeatMs
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
      headRevision: loaded.headRevision,
      onStarved: () => this.registry.reportStarvation(),
      onStuck: (seq) => {
        logger.error({ seq }, 'the feed and head do not agree, loading the tree anew')
        this.#feedStop.abort(new StoreError('STORE_INTERNAL', 'the feed is stuck'))
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
      onHeartbeat: (sentMs) => this.#storeAnswered(sentMs),
      onPeerLeft: (id, record) => this.sessions.peerLeft(id, record),
      onPeerJoined: (id) => this.sessions.peerJoined(id),
      onPeerStarved: (id) => this.committer.addContender(id),
    })
    this.#reaper = new Reaper({
      clock,
      committer: this.committer,
      tree: () => this.#replica.tree,
      isMyTurn: () => this.#serving && this.registry.isFirst,
      intervalMs: limits.reaperIntervalMs,
      perMinuteMax: limits.reapedPerMinuteMax,
    })
    this.#compactor = new Compactor({
      store: options.store,
      clock,
      logger,
      limits,
      revision: loaded.revision,
      isMyTurn: () => this.#serving && this.registry.isFirst,
    })
    this.#adopt(loaded.replica)
  }

  /** The state as of now. It is replaced when the tree had to be loaded anew: do not keep it. */
  get replica(): Replica {
    return this.#replica
  }
  /** false: the store is out of reach, nobody is served. */
  get isServing(): boolean {
    return this.#serving
  }
  /** How often this keeper had the store forget history. */
  get compactionCount(): number {
    return this.#compactor.compactions
  }
  get logger(): Logger {
    return this.#logger
  }
  get layout(): Layout {
    return this.#layout
  }

  /** Resolves when this replica has everything that was committed before the call. */
  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.committer.submit(new OwnTask({ type: 'sync', path: '/' }, () => resolve(), reject))
    })
  }

  /**
   * Leaves: connections end, sessions stay alive for another keeper, what is committed is written
   * behind if the store takes it within `drainMs`. The store stays open: it is the caller's.
   */
  async close(drainMs = 2_000): Promise<void> {
    if (this.#stop.signal.aborted) return
    this.#stopTimers()
    await this.committer.drain(drainMs)
    this.#stop.abort()
    this.#feedStop.abort()
    this.committer.close()
    await this.registry.leave()
    await this.#feedLoop
  }

  #stopTimers(): void {
    this.sessions.stop()
    this.#reaper.stop()
    this.#cancelCheck?.()
    this.#compactor.stop()
  }

  async #start(loaded: Loaded): Promise<void> {
    await this.registry.start(loaded.proxies, loaded.revision + 1)
    this.#feedLoop = this.#feed(loaded.revision + 1)
    this.sessions.start((proxy) => this.registry.peers.has(proxy))
    this.#watchStore()
    this.#compactor.start()
  }

  #adopt(replica: Replica): void {
    this.#replica = replica
    replica.tree.observer = this.watches
    replica.sessionObserver = this.sessions
  }

  async #feed(fromRevision: Revision): Promise<void> {
    let from = fromRevision
    while (!this.#stop.signal.aborted) {
      try {
        await followJournal({
          store: this.#store,
          layout: this.#layout,
          fromRevision: from,
          signal: this.#feedStop.signal,
          onEntry: (header, decode, bytes, revision) => {
            this.#compactor.seen(revision, bytes)
            this.committer.receive(header, decode, bytes, revision)
          },
          onEvent: () => {
            this.#lastFeedEventMs = this.clock.monotonic()
          },
        })
        if (this.#stop.signal.aborted) return
        throw this.#feedStop.signal.reason
      } catch (error) {
        if (this.#stop.signal.aborted) return
        if (error instanceof StoreError && error.code === 'STORE_CLOSED') return
        this.#logger.warn({ err: error }, 'journal feed lost, loading the tree anew')
        const loaded = await this.#reload()
        if (loaded === undefined) return
        from = loaded.revision + 1
      }
    }
  }

  /** Loads until it succeeds; watchers are told the difference, sessions are looked over. */
  async #reload(): Promise<Loaded | undefined> {
    for (let tries = 1; !this.#stop.signal.aborted; tries++) {
      try {
        this.#feedStop = new AbortController()
        const loaded = await loadReplica(this.#store, this.#layout, this.limits)
        const before = this.#replica
        if (loaded.replica.zxid < before.zxid) {
          this.#logger.error(
            { had: before.zxid, found: loaded.replica.zxid },
            'the store went back in time (restored from a backup?)',
          )
        }
        this.#lastFeedEventMs = this.clock.monotonic()
        this.#adopt(loaded.replica)
        this.committer.reset(loaded.replica, loaded.headRevision)
        reportDifferences(before.tree, loaded.replica.tree, this.watches)
        this.sessions.reconcile((proxy) => this.registry.peers.has(proxy))
        this.resyncCount++
        this.#logger.info({ revision: loaded.revision, tries }, 'tree loaded anew')
        return loaded
      } catch (error) {
        if (error instanceof StoreError && error.code === 'STORE_CLOSED') return undefined
        this.#logger.warn({ err: error, tries }, 'tree not loadable, trying again')
        await new Promise<void>((resolve) => {
          this.clock.after(Math.min(100 * 2 ** Math.min(tries, 6), 5_000), resolve)
        })
      }
    }
    return undefined
  }

  #storeAnswered(sentMs: number): void {
    this.#lastHeartbeatMs = Math.max(this.#lastHeartbeatMs, sentMs)
    if (!this.#serving && !this.#stop.signal.aborted && !this.#isSilent()) this.#setServing(true)
  }

  #watchStore(): void {
    this.#cancelCheck = this.clock.after(250, () => {
      this.checkStore()
      this.#watchStore()
    })
  }

  /**
   * Cuts the clients now if the store was silent for too long. For whoever is about to answer: when
   * a stopped process goes on, input may be read before its timers run.
   */
  checkStore(): void {
    if (!this.#serving || !this.#isSilent()) return
    const now = this.clock.monotonic()
    const silentMs = Math.round(now - this.#lastHeartbeatMs)
    const feedSilentMs = Math.round(now - this.#lastFeedEventMs)
    const stalledMs = Math.round(this.committer.stalledMs)
    this.#logger.error({ silentMs, feedSilentMs, stalledMs }, 'store out of reach, clients are cut')
    this.#setServing(false)
  }

  #isSilent(): boolean {
    const now = this.clock.monotonic()
    const { storeSilenceMsMax, feedSilenceMsMax, commitSilenceMsMax } = this.limits
    return (
      now - this.#lastHeartbeatMs > storeSilenceMsMax ||
      now - this.#lastFeedEventMs > feedSilenceMsMax ||
      this.committer.stalledMs > commitSilenceMsMax
    )
  }

  #setServing(serving: boolean): void {
    this.#serving = serving
    if (serving) this.sessions.unsuspend()
    else this.sessions.suspend()
    this.onServingChange?.(serving)
  }
}
