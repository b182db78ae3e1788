/**
 * Which proxies are alive: each holds a key bound to a lease, p/<id>, and renews the lease by
 * heartbeats. When a proxy vanishes, the others look after its sessions. Leases say nothing about a
 * session: the journal does. Neighbours: session-manager (notified of peers), store-health (of
 * heartbeats).
 */
import { pause } from '../../base/pause.ts'
import { JOURNAL_FORMAT } from '../../format/journal.ts'
import { decodeProxy, encodeProxy, type ProxyRecord } from '../../format/record.ts'
import { unfinishedImport } from '../../format/unfinished.ts'
import { StoreError } from '../../model/errors.ts'
import { storeFailure } from '../../store/store-failure.ts'
import type { LeaseId, Revision } from '../../store/types.ts'
import {
  guardedCallbacks,
  type ProxyRegistryCallbacks,
  type ProxyRegistryOptions,
} from './registry-options.ts'

/** Heartbeats in one TTL. */
const HEARTBEATS_PER_TTL = 6
/** After one that was not confirmed, the next one comes so soon. Unit ms. */
const HEARTBEAT_RETRY_MS = 250
/** After a feed or a list that was not read. Unit ms. */
const READ_RETRY_MS = 1_000

/**
 * How long ago a proxy can have received from its clients last, at least, when its lease ran out: it serves on for
 * `silenceMsMax` behind its newest confirmed heartbeat, from which the lease counts. 0 for one that said goodbye.
 * Unit ms.
 */
export function goneForMs(record: ProxyRecord): number {
  return record.leaving ? 0 : Math.max(0, record.ttlMs - record.silenceMsMax)
}

/** It serves the whole tree, so it can write again what others cannot read. */
export function isWhole({ leaving, unreadable = 0 }: ProxyRecord): boolean {
  return !leaving && unreadable === 0
}

export class ProxyRegistry {
  readonly #options: ProxyRegistryOptions
  readonly #on: ProxyRegistryCallbacks
  readonly #peers = new Map<string, ProxyRecord>()
  #lease: LeaseId = 0n
  /** Our key is in the store, on our lease, as far as we know. */
  #isListed = false
  #registering: Promise<void> | undefined
  readonly #stop = new AbortController()
  #loops: Promise<void>[] = []
  /** A reading of the list, while it lasts. */
  #relisting: Promise<unknown> | undefined
  /** Reports in flight: the goodbye must come after them. */
  #pendingReports: Promise<unknown> = Promise.resolve()
  /** Ends the pause before the next heartbeat. */
  #endPause: (() => void) | undefined
  #isHurried = false
  #grantedTtlMs: number
  readonly #startedMs: number
  #journalFormat = JOURNAL_FORMAT

  constructor(options: ProxyRegistryOptions) {
    this.#options = options
    this.#on = guardedCallbacks(options)
    this.#grantedTtlMs = options.ttlMs
    this.#startedMs = Math.round(options.clock.now())
  }

  /** Live proxies, this one included, as of the feed. */
  get peers(): ReadonlyMap<string, ProxyRecord> {
    return this.#peers
  }
  /** Of our key; 0: none was granted yet. */
  get lease(): LeaseId {
    return this.#lease
  }
  /** Newest format of journal entries that every live proxy reads. */
  get journalFormat(): number {
    return this.#journalFormat
  }
  /** The lowest live id does what one of them must do: reaping and compaction. */
  get isFirst(): boolean {
    for (const id of this.#peers.keys()) if (id < this.#options.proxy) return false
    return true
  }

  /** Of those that could read every znode, the lowest live id does it. */
  get isFirstWhole(): boolean {
    const { proxy, unreadable } = this.#options
    if (unreadable() > 0) return false
    for (const [id, record] of this.#peers) if (id < proxy && isWhole(record)) return false
    return true
  }

  async start(known: ReadonlyMap<string, ProxyRecord>, fromRevision: Revision): Promise<void> {
    for (const [id, record] of known) this.#peers.set(id, record)
    this.#peersChanged()
    await this.#register()
    const { faults, clock } = this.#options
    const bounds = { clock, signal: this.#stop.signal }
    this.#loops = [
      faults.keepUp('the feed of proxies', () => this.#watch(fromRevision), bounds),
      faults.keepUp('the heartbeats', () => this.#renew(), bounds),
    ]
  }

  /** Says goodbye: peers give our sessions their whole timeout. Never throws. */
  async leave(): Promise<void> {
    this.#stop.abort()
    await Promise.allSettled([...this.#loops, this.#pendingReports, this.#registering])
    const { store, layout, proxy, logger } = this.#options
    // It was never granted: a key without a lease would stay for ever.
    if (this.#lease === 0n) return
    try {
      await store.txn({
        compares: [],
        ops: [
          {
            type: 'put',
            key: layout.proxy(proxy),
            value: encodeProxy({ ...this.#record(), leaving: true }),
            lease: this.#lease,
          },
        ],
      })
      await store.revokeLease(this.#lease)
    } catch (error) {
      logger.warn({ err: error }, 'goodbye not written; peers will notice when the lease runs out')
    }
  }

  /**
   * Writes our key once more, which the other proxies read as: we are starved, take turns with us.
   * Turns are cooperative, so nothing depends on the outcome.
   */
  reportStarvation(): void {
    if (this.#stop.signal.aborted) return
    this.#putRecord('starvation not reported')
  }

  /** How much of the tree could be read has changed. */
  reportUnreadable(): void {
    if (!this.#stop.signal.aborted) this.#putRecord('unreadable znodes not reported')
  }

  #putRecord(failure: string): void {
    const { store, layout, proxy, logger } = this.#options
    const report = store
      .txn({
        compares: [],
        ops: [
          {
            type: 'put',
            key: layout.proxy(proxy),
            value: encodeProxy(this.#record()),
            lease: this.#lease,
          },
        ],
      })
      .catch((error: unknown) => logger.debug({ err: error }, failure))
    this.#pendingReports = Promise.all([this.#pendingReports, report])
  }

  /** The next heartbeat is sent now, or as soon as the one in flight is settled. */
  renewNow(): void {
    this.#isHurried = true
    this.#endPause?.()
  }

  /** Reads the list of proxies, unless it is being read. */
  listNow(): void {
    if (this.#stop.signal.aborted) return
    const list = async (): Promise<void> => {
      if ((await this.#relist()) === undefined) await this.#sleep(READ_RETRY_MS)
    }
    this.#relisting ??= this.#options.faults.guard(list(), 'the list of proxies').then(() => {
      this.#relisting = undefined
    })
  }

  #record(): ProxyRecord {
    const unreadable = this.#options.unreadable()
    return {
      ...(unreadable > 0 ? { unreadable } : {}),
      address: this.#options.address,
      ttlMs: this.#grantedTtlMs,
      leaving: false,
      journalFormat: Math.min(JOURNAL_FORMAT, this.#options.journalFormat),
      silenceMsMax: this.#options.silenceMsMax,
      startedMs: this.#startedMs,
    }
  }

  /** Once at a time: the loops ask for it independently. */
  #register(options: { readonly hasLease?: boolean } = {}): Promise<void> {
    this.#isListed = false
    this.#registering ??= (options.hasLease === true ? this.#list() : this.#grant()).finally(() => {
      this.#registering = undefined
    })
    return this.#registering
  }

  async #grant(): Promise<void> {
    const { store, clock } = this.#options
    const sentMs = clock.monotonic()
    const lease = await store.grantLease({ ttlMs: this.#options.ttlMs })
    this.#lease = lease.id
    this.#grantedTtlMs = lease.ttlMs
    await this.#list()
    this.#on.onHeartbeat(sentMs)
  }

  async #list(): Promise<void> {
    const { store, layout, proxy, onLease } = this.#options
    await onLease?.(this.#lease)
    // An import looks for proxies after it has written its marker: one of the two sees the other.
    const { committed } = await store.txn({
      compares: [{ target: 'version', key: layout.importMarker, equals: 0 }],
      ops: [
        {
          type: 'put',
          key: layout.proxy(proxy),
          value: encodeProxy(this.#record()),
          lease: this.#lease,
        },
      ],
    })
    if (!committed) throw unfinishedImport(layout.prefix)
    this.#isListed = true
    this.#peers.set(proxy, this.#record())
    this.#peersChanged()
  }

  async #registerAgain(options: { readonly hasLease: boolean }): Promise<void> {
    try {
      await this.#register(options)
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'could not register again')
    }
  }

  async #renew(): Promise<void> {
    const { store, clock, logger } = this.#options
    let isConfirmed = true
    while (!this.#stop.signal.aborted) {
      const pauseMs = this.#grantedTtlMs / HEARTBEATS_PER_TTL
      await this.#pauseBetween(isConfirmed ? pauseMs : Math.min(pauseMs, HEARTBEAT_RETRY_MS))
      if (this.#stop.signal.aborted) return
      this.#isHurried = false
      const sentMs = clock.monotonic()
      isConfirmed = false
      const lease = this.#lease
      let hasLease = true
      try {
        await store.keepLeaseAlive(lease)
        isConfirmed = true
      } catch (thrown) {
        const error = storeFailure(thrown, 'unknown')
        if (error.code === 'STORE_CLOSED') return
        this.#on.onUnconfirmed(error)
        logger.warn({ err: error }, 'heartbeat not confirmed')
        if (error.code !== 'STORE_LEASE_NOT_FOUND') continue
        hasLease = lease !== this.#lease
      }
      if (isConfirmed) {
        this.#on.onHeartbeat(sentMs)
        // The watch of the list may be behind, or follow a history that is gone. A store that is slow to
        // answer this must not delay the next heartbeat.
        this.listNow()
      }
      // A lease alone is not seen by others: its key may be gone, or may not have been written with it.
      if (hasLease && this.#isListed) continue
      await this.#registerAgain({ hasLease })
      isConfirmed &&= this.#isListed
    }
  }

  async #watch(fromRevision: Revision): Promise<void> {
    const { store, layout, logger } = this.#options
    let from = fromRevision
    while (!this.#stop.signal.aborted) {
      let gave = false
      try {
        const { start, end } = layout.proxies
        const feed = store.watch({ start, end, fromRevision: from, signal: this.#stop.signal })
        for await (const { revision, events } of feed) {
          for (const event of events) {
            if (event.type === 'put') this.#seen(event.kv.key, event.kv.value, true)
            else this.#gone(layout.proxyOf(event.key))
          }
          from = revision + 1
          gave = true
        }
      } catch (error) {
        if (error instanceof StoreError && error.code === 'STORE_CLOSED') return
        logger.warn({ err: error }, 'feed of proxies lost, reading their list')
        const listed = await this.#relist()
        gave &&= listed !== undefined
        from = listed ?? from
      }
      // One that ends immediately each time, or whose list cannot be read, is not opened without a pause.
      if (!gave) await this.#sleep(READ_RETRY_MS)
    }
  }

  /** @returns behind which revision the feed continues; undefined: the list could not be read */
  async #relist(): Promise<Revision | undefined> {
    const { store, layout, logger, clock } = this.#options
    const sentMs = clock.monotonic()
    try {
      const { kvs, revision } = await store.range(layout.proxies)
      const live = new Set<string>()
      for (const { key, value } of kvs) {
        const id = layout.proxyOf(key)
        if (id !== undefined) live.add(id)
        this.#seen(key, value, false)
      }
      for (const id of [...this.#peers.keys()]) if (!live.has(id)) this.#gone(id)
      this.#on.onListed(sentMs)
      return revision + 1
    } catch (error) {
      logger.warn({ err: error }, 'list of proxies not readable')
      return undefined
    }
  }

  /** `written`: it was put just now, and not only read. */
  #seen(key: Uint8Array, value: Uint8Array, written: boolean): void {
    const id = this.#options.layout.proxyOf(key)
    if (id === undefined) return
    const joined = !this.#peers.has(id)
    const record = decodeProxy(value)
    this.#peers.set(id, record)
    this.#peersChanged()
    if (joined) this.#on.onPeerJoined(id)
    else if (written && id !== this.#options.proxy && !record.leaving) {
      this.#on.onPeerStarved(id)
    }
  }

  #peersChanged(): void {
    let format = JOURNAL_FORMAT
    for (const { journalFormat } of this.#peers.values()) format = Math.min(format, journalFormat)
    this.#journalFormat = format
  }

  #gone(id: string | undefined): void {
    const record = id === undefined ? undefined : this.#peers.get(id)
    if (id === undefined || record === undefined) return
    this.#peers.delete(id)
    this.#peersChanged()
    if (id !== this.#options.proxy) {
      this.#on.onPeerLeft(id, record)
      return
    }
    if (this.#stop.signal.aborted) return
    // Our own lease ran out although we are alive: register again.
    void this.#registerAgain({ hasLease: false })
  }

  async #pauseBetween(delayMs: number): Promise<void> {
    if (this.#isHurried) return
    await new Promise<void>((resolve) => {
      this.#endPause = resolve
      void this.#sleep(delayMs).then(resolve)
    })
    this.#endPause = undefined
  }

  #sleep(delayMs: number): Promise<void> {
    return pause(this.#options.clock, delayMs, this.#stop.signal)
  }
}
