/**
 * The store contract on a Redis server. Neighbours: link.ts (connections), dataset.ts, ranges.ts,
 * feed.ts (watches), leases.ts, settings.ts, and the scripts, which do the work: lua.ts.
 */
import { systemClock } from '../../lib/base/clock.ts'
import {
  openServerStore,
  type ServerAdapter,
  type ServerStore,
} from '../../lib/store/server-store.ts'
import type {
  Lease,
  LeaseId,
  RangeQuery,
  RangeResult,
  Revision,
  StoreFeatures,
  StoreSpace,
  Txn,
  TxnResult,
  WatchBatch,
  WatchOptions,
} from '../../lib/store/types.ts'
import { Credentials } from '../credentials/credentials.ts'
import { Dataset } from './dataset.ts'
import { type Ioredis, loadIoredis } from './driver.ts'
import { toStoreError } from './errors.ts'
import { Feed } from './feed.ts'
import { Leases } from './leases.ts'
import { type Arg, Link } from './link.ts'
import { Ranges } from './ranges.ts'
import { txnArgs } from './requests.ts'
import { type Reply, SCRIPTS, type Script } from './scripts.ts'
import { assertUsable, readSettings, settingsWarnings } from './settings.ts'
import { readSpace } from './space.ts'
import type { RedisStoreOptions } from './store-options.ts'

/** A transaction blocks the server for all clients: some 10 ms at these bounds. */
const LIMITS = {
  txnOpsMax: 4_096,
  txnBytesMax: 16 * 2 ** 20,
  valueBytesMax: 8 * 2 ** 20,
}
const FEED_BYTES_MAX = 256 * 2 ** 20

/**
 * Connects, checks the server's settings, finds or creates the data, and returns the store.
 * @throws {StoreError} STORE_UNAVAILABLE or STORE_TIMEOUT when the server cannot be reached or is a
 * replica; STORE_UNAUTHENTICATED when the log-in fails or the user may not do what is needed;
 * STORE_UNSUPPORTED when the server is too old, a Cluster node or evicts keys, the data is of a
 * newer format, or the package ioredis is missing; STORE_INTERNAL when the data is damaged.
 */
export async function openRedisStore(options: RedisStoreOptions): Promise<ServerStore> {
  return openServerStore(new RedisAdapter(options, await loadIoredis()), toStoreError)
}

class RedisAdapter implements ServerAdapter {
  features!: StoreFeatures
  serverVersion: string | undefined
  warnings: readonly string[] = []
  readonly #writeTimeoutMs: number
  readonly #readTimeoutMs: number
  readonly #feedBytesMax: number
  readonly #credentials: Credentials
  readonly #dataset: Dataset
  readonly #main: Link
  readonly #links: readonly Link[]
  readonly #ranges: Ranges
  readonly #feed: Feed
  readonly #leases: Leases

  constructor(options: RedisStoreOptions, driver: Ioredis) {
    const { clock = systemClock, writeTimeoutMs = 5_000, readTimeoutMs = 5_000 } = options
    this.#writeTimeoutMs = writeTimeoutMs
    this.#readTimeoutMs = readTimeoutMs
    this.#feedBytesMax = options.feedBytesMax ?? FEED_BYTES_MAX
    const dataset = new Dataset(options.name ?? 'anykeeper')
    this.#dataset = dataset
    const { credentials: sources = {}, logger, reloadMs } = options
    const credentials = new Credentials({
      store: 'redis',
      sources,
      clock,
      ...(logger && { logger }),
      ...(reloadMs && { reloadMs }),
    })
    this.#credentials = credentials
    const { host, port, db, tls } = options
    const server = { host, port, ...(db && { db }), ...(tls && { tls }) }
    const link = () =>
      new Link({ ...server, credentials, driver, clock, connectTimeoutMs: readTimeoutMs })
    const [main, feedLink, leaseLink] = [link(), link(), link()]
    this.#main = main
    this.#links = [main, feedLink, leaseLink]
    this.#ranges = new Ranges({ dataset, link: main, clock, readTimeoutMs })
    this.#feed = new Feed({
      dataset,
      link: feedLink,
      pages: main,
      clock,
      progressMs: options.progressMs ?? 1_000,
      readTimeoutMs,
    })
    this.#leases = new Leases({
      dataset,
      link: leaseLink,
      clock,
      writeTimeoutMs,
      renewTimeoutMs: options.renewTimeoutMs ?? 2_000,
      sweepMs: options.sweepMs ?? 300,
      feedBytesMax: this.#feedBytesMax,
    })
    dataset.onWentBack = () => {
      this.#ranges.forget()
      this.#feed.wentBack()
    }
  }

  async open(): Promise<void> {
    await this.#credentials.load()
    const settings = await this.#main.run(this.#readTimeoutMs, readSettings)
    assertUsable(settings)
    await this.#main.run(this.#writeTimeoutMs, (c) => this.#dataset.open(c))
    this.serverVersion = settings.version
    this.warnings = settingsWarnings(settings)
    this.features = {
      ...LIMITS,
      persistent: settings.appendOnly !== false,
      shared: true,
      mayLoseTail: true,
    }
    this.#leases.startSweeping()
  }

  range(query: RangeQuery): Promise<RangeResult> {
    return this.#ranges.range(query)
  }

  async txn(txn: Txn): Promise<TxnResult> {
    const [revision, committed] = await this.#write(SCRIPTS.txn, ...txnArgs(txn))
    return { committed: committed === 1, revision: revision as number }
  }

  watch(options: WatchOptions): AsyncIterable<WatchBatch> {
    return this.#feed.watch(options)
  }

  grantLease({ ttlMs }: { readonly ttlMs: number }): Promise<Lease> {
    return this.#leases.grant(ttlMs)
  }

  keepLeaseAlive(id: LeaseId): Promise<{ readonly ttlMs: number }> {
    return this.#leases.renew(id)
  }

  revokeLease(id: LeaseId): Promise<void> {
    return this.#leases.revoke(id)
  }

  async compact(revision: Revision): Promise<void> {
    await this.#write(SCRIPTS.compact, revision)
  }

  space(): Promise<StoreSpace> {
    return this.#main.run(this.#readTimeoutMs, readSpace)
  }

  async close(): Promise<void> {
    this.#leases.stop()
    this.#feed.close()
    this.#ranges.forget()
    this.#credentials.close()
    for (const link of this.#links) link.close()
  }

  #write(script: Script, ...args: Arg[]): Promise<Reply> {
    return this.#main.run(this.#writeTimeoutMs, (c) =>
      this.#dataset.call(c, script, this.#feedBytesMax, ...args),
    )
  }
}
