/**
 * The side of a take-over that proxies wait for which serve clients while ZooKeeper leads: they are to stop, each says when all
 * that it had sent is answered and how far the leader was then, and when the tree has that, nothing is missing.
 * Line: take-over → here → source record → zookeeper-upstream → forwarder keys → here.
 */
import type { Clock } from '../../base/clock.ts'
import { pause } from '../../base/pause.ts'
import { decodeForwarder, type ForwarderRecord } from '../../format/forwarder.ts'
import type { Keeper } from '../../member/keeper.ts'
import type { MetadataStore } from '../../store/metadata-store.ts'
import { MigrateError } from '../migrate-error.ts'
import type { SourceKey } from '../source-key.ts'

/** Between two looks, short since clients are waiting: a pace, which ends nothing. Unit: ms. */
const LOOK_MS = 10
/**
 * How long proxies may take: longer than one counts that was killed (proxyTtlMs), shorter than requests wait (holdMsMax), so that a
 * take-over that comes to nothing disconnects nobody. Where those were set, `--hand-over-timeout` must fit them. Unit: ms.
 */
export const HAND_OVER_MS = 9_000

export interface Forwarder extends ForwarderRecord {
  readonly proxy: string
}

/** Those that live. @throws {StoreError} */
export async function liveForwarders(
  store: MetadataStore,
  { layout }: SourceKey,
): Promise<Forwarder[]> {
  const [forwarders, proxies] = await Promise.all([
    store.range(layout.forwarders),
    store.range({ ...layout.proxies, keysOnly: true }),
  ])
  const live = new Set(proxies.kvs.map(({ key }) => layout.proxyOf(key)))
  return forwarders.kvs.flatMap(({ key, value }) => {
    const proxy = layout.proxyOf(key)
    return proxy === undefined || !live.has(proxy) ? [] : [{ proxy, ...decodeForwarder(value) }]
  })
}

/** So many are removed together: fewer than any store takes in one transaction. */
const REMOVED_TOGETHER = 50

/**
 * Removes the keys of members that do not live. Those of this release end with their member; of those before it they stayed.
 * @throws {StoreError}
 */
export async function removeDeadForwarders(
  store: MetadataStore,
  { layout }: SourceKey,
): Promise<void> {
  const [forwarders, proxies] = await Promise.all([
    store.range({ ...layout.forwarders, keysOnly: true }),
    store.range({ ...layout.proxies, keysOnly: true }),
  ])
  const live = new Set(proxies.kvs.map(({ key }) => layout.proxyOf(key)))
  const dead = forwarders.kvs.flatMap(({ key }) => {
    const proxy = layout.proxyOf(key)
    return proxy === undefined || live.has(proxy) ? [] : [{ key, proxy }]
  })
  for (let at = 0; at < dead.length; at += REMOVED_TOGETHER) {
    const some = dead.slice(at, at + REMOVED_TOGETHER)
    // One that was paused may be back: its key stays, and those beside it until somebody looks again.
    await store.txn({
      compares: some.map(({ proxy }) => {
        return { target: 'version', key: layout.proxy(proxy), equals: 0 }
      }),
      ops: some.map(({ key }) => ({ type: 'delete', key })),
    })
  }
}

export interface FreezeOptions {
  readonly store: MetadataStore
  readonly key: SourceKey
  /** Follows the store. */
  readonly keeper: Keeper
  readonly clock: Clock
  /** The ensemble leads. */
  readonly hasLeader: boolean
  /** @default {@link HAND_OVER_MS} */
  readonly timeoutMs?: number
}

/**
 * Resolves when all proxies have stopped and the tree has everything that they were answered. The take-over, or {@link thaw},
 * must follow soon. `hasLeader`: one of the proxies at least must have had the leader say how far it is.
 * @throws {MigrateError} MIGRATE_NOT_DRAINED @throws {StoreError}
 */
export async function freeze(options: FreezeOptions): Promise<void> {
  const { key, keeper, clock, timeoutMs = HAND_OVER_MS } = options
  const endMs = clock.monotonic() + timeoutMs
  await key.update((record) => record && { ...record, freeze: keeper.proxy })
  for (;;) {
    const why = await unfrozen(options)
    if (why === undefined) return
    if (clock.monotonic() >= endMs) throw notFrozen(`${why} after ${timeoutMs} ms`)
    await pause(clock, LOOK_MS)
  }
}

/** They are still stopped: a process that was paused may come too late. @throws {MigrateError} MIGRATE_NOT_DRAINED @throws {StoreError} */
export async function refuseThawed(options: FreezeOptions): Promise<void> {
  const why = await unfrozen(options)
  if (why !== undefined) throw notFrozen(why)
}

const notFrozen = (why: string): MigrateError =>
  new MigrateError(
    'MIGRATE_NOT_DRAINED',
    `${why}: nothing is taken over, the proxies forward to the ensemble as before`,
  )

/** What is missing, a sentence; undefined: nothing. @throws {MigrateError} it will not come */
async function unfrozen(options: FreezeOptions): Promise<string | undefined> {
  const { store, key, keeper, hasLeader } = options
  const forwarders = await liveForwarders(store, key)
  const late = forwarders.filter((forwarder) => forwarder.freeze !== keeper.proxy)
  if (late.length > 0) {
    const names = late.map(({ proxy }) => keeper.registry.peers.get(proxy)?.address || proxy)
    return `not stopped: ${names.join(', ')}`
  }
  const zxid = Math.max(0, ...forwarders.map((forwarder) => forwarder.zxid))
  // Another one was first.
  if (!keeper.replica.mirrors) return undefined
  if (hasLeader && zxid === 0) {
    throw notFrozen('no proxy is connected to the leader of the ensemble')
  }
  const there = keeper.replica.zxid
  if (there >= zxid) return undefined
  return `the tree is at 0x${there.toString(16)}, and the ensemble was at 0x${zxid.toString(16)}`
}

/** The take-over by that member came to nothing: requests are forwarded again. @throws {StoreError} */
export async function thaw(key: SourceKey, holder: string): Promise<void> {
  await key.update((record) => {
    if (record?.freeze !== holder) return undefined
    const { freeze: _, ...rest } = record
    return rest
  })
}
