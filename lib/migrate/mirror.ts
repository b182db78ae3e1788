/**
 * Follows a ZooKeeper ensemble: copies its tree into the store, then commits each of its transactions with its zxid, until the
 * tree is taken over. Resumable at any point: where the tree is, is where it continues. One process at a time follows.
 * Line: source-feed → here → copy-tree, mirror-writer. Neighbours: follower-lease, source-key.
 */
import { backoffMs } from '../base/backoff.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import type { KeeperLimits } from '../base/limits.ts'
import type { Logger } from '../base/log.ts'
import { onAbort } from '../base/on-abort.ts'
import { pause } from '../base/pause.ts'
import { orAborted } from '../client/inbound.ts'
import { decodeHead } from '../format/head.ts'
import type { SourceRecord } from '../format/source.ts'
import { Keeper } from '../member/keeper.ts'
import { CopyError } from '../model/errors.ts'
import type { ImportProgress } from '../transfer/import.ts'
import { copyTree } from './copy-tree.ts'
import { FollowCounters } from './follow-counters.ts'
import { FollowerLease } from './follower-lease.ts'
import { type KnownTxn, knownTxn } from './known-txn.ts'
import { mayPass } from './may-pass.ts'
import { MigrateError } from './migrate-error.ts'
import { type MirrorBounds, mirrorBounds } from './mirror-bounds.ts'
import { MirrorStatus } from './mirror-status.ts'
import { MirrorWriter } from './mirror-writer.ts'
import type { SourceEvent, SourceFeed } from './source-feed.ts'
import { type MigrationPlace, SourceKey } from './source-key.ts'

/** Options of {@link followSource}. */
export interface MirrorOptions extends MigrationPlace {
  /** Client addresses of the ensemble, `host:port`: how it is known again. */
  readonly servers: readonly string[]
  /** Its quorum addresses, as far as they are given. */
  readonly quorum?: readonly string[]
  /** Opens the feed behind this zxid; 0: with a snapshot. `known`: that transaction, as far as it is known. */
  readonly openFeed: (from: number, known?: KnownTxn) => SourceFeed
  /** Who this is, for people. */
  readonly name: string
  /** As `withTtl` of readZookeeper. @default false */
  readonly withTtl?: boolean
  readonly logger: Logger
  readonly limits?: Partial<KeeperLimits>
  /** Those that are missing are of {@link MIRROR_BOUNDS}. */
  readonly bounds?: Partial<MirrorBounds>
  /** Leaves. */
  readonly signal: AbortSignal
  /** While the tree is copied. */
  readonly onProgress?: (progress: ImportProgress) => void
  /** When a change of the status was written, at most once a second. */
  readonly onStatus?: (record: SourceRecord) => void
}

/** Why the feed is opened again. copy: with a snapshot. */
type Next = 'over' | 'again' | 'copy'

/** Before the feed is opened again, the first time. Unit: ms. */
const AGAIN_MS_FIRST = 1_000

/**
 * Resolves when the tree is taken over, or the signal came.
 * @throws {MigrateError} MIGRATE_OTHER_SOURCE, MIGRATE_NOT_FOLLOWING; MIGRATE_DIFFERS: called again, it copies the whole tree
 * again; MIGRATE_TOO_LARGE
 * @throws {SourceError} the ensemble cannot be followed @throws {CopyError} its tree cannot be copied
 * @throws {StoreError} one that does not pass: while the store does not answer, it is tried again
 * @throws {ZnodeError} ZK_BAD_ARGUMENTS: a bound out of range
 */
export async function followSource(options: MirrorOptions): Promise<'over' | 'stopped'> {
  return new Mirror(options).run()
}

class Mirror {
  readonly #options: MirrorOptions
  readonly #clock: Clock
  readonly #prefix: string
  readonly #key: SourceKey
  readonly #status: MirrorStatus
  readonly #bounds: MirrorBounds
  readonly #counters = new FollowCounters()
  /** Times that it was followed again, with nothing written in between. */
  #failures = 0
  /** Newest zxid that the tree had, and that it had when it was followed again. */
  #written = 0
  #writtenBefore = -1
  #keeper: Keeper | undefined
  #writer: MirrorWriter | undefined
  /** Ends the wait for the next event. */
  #interruption = new AbortController()

  constructor(options: MirrorOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#prefix = options.prefix ?? '/anykeeper'
    this.#bounds = mirrorBounds(options.bounds)
    this.#key = new SourceKey({ ...options, storeMs: this.#bounds.storeMs })
    this.#status = new MirrorStatus({
      key: this.#key,
      clock: this.#clock,
      logger: options.logger,
      name: options.name,
      writer: () => this.#writer,
      bounds: this.#bounds,
      counters: this.#counters,
      onOver: () => this.#interruption.abort(),
      onStatus: options.onStatus,
    })
  }

  async run(): Promise<'over' | 'stopped'> {
    const { store, logger, name, signal } = this.#options
    const { layout } = this.#key
    const onWaiting = (other: string): void => {
      logger.info({ other }, 'another process follows the ensemble: waiting to take its place')
    }
    for (;;) {
      const lease = await FollowerLease.acquire({
        ...{ store, layout, clock: this.#clock, logger, name, signal, onWaiting },
        bounds: this.#bounds,
      })
      if (lease === undefined) return 'stopped'
      try {
        const isOver = await this.#followWhile(AbortSignal.any([signal, lease.lost]))
        if (isOver) return 'over'
        if (signal.aborted) return 'stopped'
        this.#counters.leasesLost++
        logger.warn({}, 'the place as follower is lost')
      } catch (error) {
        if (!mayPass(error)) throw error
        this.#counters.storeErrors++
        logger.warn({ reason: error.message }, 'the store does not answer, following again')
      } finally {
        await lease.release()
      }
      await this.#pauseAgain(signal)
    }
  }

  /** @returns true: it is taken over; false: the signal came */
  async #followWhile(signal: AbortSignal): Promise<boolean> {
    await this.#status.enter(this.#options, await this.#look())
    this.#status.start()
    try {
      let next: Next = this.#status.mustCopy ? 'copy' : 'again'
      while (!signal.aborted) {
        next = await this.#followFrom(next === 'copy' ? 0 : await this.#position(), signal)
        if (next === 'over') return true
        await this.#closeKeeper()
        if (next === 'again') await this.#pauseAgain(signal)
      }
      return false
    } catch (error) {
      // Another process may have been at work already.
      if (signal.aborted && !(error instanceof MigrateError)) return false
      if (!mayPass(error)) await this.#status.failed(error)
      throw error
    } finally {
      await this.#closeKeeper()
      await this.#status.leave()
    }
  }

  /**
   * Longer each time, as long as nothing was written in between. What was received does not count: our own look at the members
   * commits a session there.
   */
  async #pauseAgain(signal: AbortSignal): Promise<void> {
    const isProgress = this.#written !== this.#writtenBefore
    this.#failures = isProgress ? 1 : this.#failures + 1
    this.#writtenBefore = this.#written
    const { againMsMax: maxMs } = this.#bounds
    const firstMs = Math.min(AGAIN_MS_FIRST, maxMs)
    await pause(this.#clock, backoffMs(this.#failures, { firstMs, maxMs }), signal)
  }

  /** What there is: a tree that follows, one that does not, or none. */
  #look(): Promise<'mirror' | 'other' | 'none'> {
    return this.#key.patiently(async () => ({ is: await this.#found() }))
  }

  async #found(): Promise<'mirror' | 'other' | 'none'> {
    const { store } = this.#options
    const { layout } = this.#key
    const [head] = (await store.range({ start: layout.head })).kvs
    if (head !== undefined) {
      const { seq, mirrors } = decodeHead(head.value)
      this.#status.seq = Math.max(this.#status.seq, seq)
      return mirrors === true ? 'mirror' : 'other'
    }
    if ((await this.#key.read()) !== undefined) return 'none'
    const { start, end } = layout.proxies
    const proxies = (await store.range({ start, end, countMax: 1, keysOnly: true })).kvs
    const marks = (await store.range({ start: layout.importMarker, keysOnly: true })).kvs
    return proxies.length + marks.length > 0 ? 'other' : 'none'
  }

  /** Of the tree; 0: there is none. */
  async #position(): Promise<number> {
    if ((await this.#look()) === 'none') return 0
    await this.#openKeeper()
    return this.#writer?.zxid ?? 0
  }

  async #openKeeper(): Promise<void> {
    const { store, logger, limits } = this.#options
    const keeper = await Keeper.open({
      ...{ store, prefix: this.#prefix, logger, clock: this.#clock },
      ...(limits && { limits }),
    })
    this.#keeper = keeper
    this.#writer = new MirrorWriter(keeper, {
      ...{ clock: this.#clock, bounds: this.#bounds },
      onStop: () => this.#interruption.abort(),
      onWaiting: (count) => this.#counters.waiting(count),
      onStall: () => {
        this.#counters.stalls++
      },
    })
  }

  async #closeKeeper(): Promise<void> {
    const [keeper, writer] = [this.#keeper, this.#writer]
    if (keeper !== undefined) this.#status.seq = Math.max(this.#status.seq, keeper.replica.seq)
    if (writer !== undefined) {
      this.#status.received = Math.max(this.#status.received, writer.received)
      this.#written = writer.zxid
    }
    this.#keeper = undefined
    this.#writer = undefined
    writer?.close()
    await keeper?.close()
  }

  async #followFrom(from: number, signal: AbortSignal): Promise<Next> {
    if (signal.aborted) return 'again'
    this.#interruption = new AbortController()
    const forget = onAbort(signal, () => this.#interruption.abort())
    const feed = this.#options.openFeed(from, this.#keeper && knownTxn(this.#keeper.replica))
    this.#counters.opened(feed.counters)
    const events = feed[Symbol.asyncIterator]()
    try {
      for (;;) {
        const result = await this.#orInterrupted(events.next())
        const stopped = this.#stopped(signal)
        if (stopped !== undefined) return stopped
        if (result === undefined || result.done === true) return 'again'
        const next = await this.#take(result.value)
        if (next !== undefined) return next
      }
    } finally {
      forget()
      this.#status.ended()
      await feed.close()
      this.#counters.closed()
    }
  }

  /**
   * undefined: interrupted first. Not a race of promises: that which lives as long as the connection would keep what each of
   * them came to.
   */
  async #orInterrupted<T>(promise: Promise<T>): Promise<T | undefined> {
    const { signal } = this.#interruption
    try {
      return await orAborted(promise, signal)
    } catch (error) {
      if (signal.aborted) return undefined
      throw error
    }
  }

  /** Why it does not continue; undefined: it does. @throws {MigrateError} */
  #stopped(signal: AbortSignal): Next | undefined {
    if (this.#status.gone !== undefined) throw this.#status.gone
    if (this.#status.isOver) return 'over'
    const stop = this.#writer?.stop
    if (stop === undefined) return signal.aborted ? 'again' : undefined
    if (stop.kind === 'differs') throw new MigrateError('MIGRATE_DIFFERS', stop.why)
    if (stop.kind === 'large') throw new MigrateError('MIGRATE_TOO_LARGE', stop.why)
    if (stop.kind === 'again') this.#options.logger.warn({ why: stop.why }, 'following again')
    return stop.kind
  }

  async #take(event: SourceEvent): Promise<Next | undefined> {
    const { logger } = this.#options
    switch (event.kind) {
      case 'connected':
        this.#status.connected(event.leader)
        logger.info({ leader: event.leader, epoch: event.epoch }, 'following the ensemble')
        return undefined
      case 'disconnected':
        this.#status.disconnected(event.left === true, event.why)
        logger.warn({ why: event.why }, 'not connected to the ensemble')
        return undefined
      case 'members':
        this.#status.members(event.addresses)
        return undefined
      case 'truncate':
        logger.warn(
          { zxid: event.zxid },
          'the ensemble has lost what is in the tree: copying it again',
        )
        return 'copy'
      case 'snapshot':
        await this.#copy(event.tree)
        return undefined
      case 'transactions':
        if (this.#writer === undefined) return 'copy'
        for (const txn of event.txns) {
          this.#writer.write(txn, event.atMs)
          if (this.#writer.pending >= this.#bounds.pendingMax) await this.#drained(this.#writer)
          if (this.#writer.stop !== undefined) break
        }
        return undefined
      case 'current':
        this.#status.current(event.atMs)
        return undefined
    }
  }

  /** Until another one may wait for the store, or nothing more is written. */
  async #drained(writer: MirrorWriter): Promise<void> {
    this.#counters.pendingFull++
    await this.#orInterrupted(writer.drainedTo(this.#bounds.pendingMax - 1))
  }

  async #copy(tree: Parameters<typeof copyTree>[0]): Promise<void> {
    const { store, withTtl = false, onProgress, logger } = this.#options
    const { zxid, nodeCount: znodes } = tree
    await this.#closeKeeper()
    await this.#status.copying()
    logger.info({ zxid, znodes }, 'copying the tree of the ensemble')
    const seq = this.#status.seq
    try {
      const [prefix, clock] = [this.#prefix, this.#clock]
      const { storeMs } = this.#bounds
      await copyTree(tree, { store, prefix, clock, seq, withTtl, storeMs, onProgress })
    } catch (error) {
      if (error instanceof CopyError && error.code === 'COPY_NOT_EMPTY') await this.#status.undo()
      throw error
    }
    await this.#openKeeper()
    await this.#status.copied(zxid)
    logger.info({ zxid, znodes }, 'the tree of the ensemble is copied')
  }
}
