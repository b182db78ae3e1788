/**
 * The side of a take-over that proxies wait for which serve clients while ZooKeeper leads: they are to stop, each says when all
 * that it had sent is answered and how far the leader was then, and when the tree has that, nothing is missing.
 * Line: take-over → here → source record → zookeeper-upstream → forwarder keys → here.
 */
import { randomBytes } from 'node:crypto'
import type { Clock } from '../../base/clock.ts'
import { pause } from '../../base/pause.ts'
import { decodeForwarder, type ForwarderRecord } from '../../format/forwarder.ts'
import type { Keeper } from '../../member/keeper.ts'
import type { MetadataStore } from '../../store/metadata-store.ts'
import { hostPortOf } from '../host-port.ts'
import { MigrateError } from '../migrate-error.ts'
import { fourLetterWord } from '../server-words.ts'
import { SOURCE_BOUNDS } from '../source-bounds.ts'
import type { SourceKey } from '../source-key.ts'

/** Between two looks: clients are waiting. Unit: ms. */
const LOOK_MS = 10
/** How long proxies may take. It is less than they wait for us: see zookeeper-upstream. Unit: ms. */
export const HAND_OVER_MS = 15_000
/** For one server of the ensemble to answer. Unit: ms. */
const WORD_MS = 3_000

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

/**
 * Nobody but the proxies may write to the ensemble any more.
 * @throws {MigrateError} MIGRATE_SOURCE_ANSWERS: a server has clients of its own, or does not say
 */
export async function refuseClients(servers: readonly string[], clock: Clock): Promise<void> {
  const found = await Promise.all(servers.map((server) => clientsOf(server, clock)))
  const sentences = found.filter((sentence) => sentence !== undefined)
  if (sentences.length === 0) return
  throw new MigrateError(
    'MIGRATE_SOURCE_ANSWERS',
    `${sentences.join('; ')}: move them to the proxies first, what they write afterwards is lost (--source-stays does it all the same)`,
  )
}

/** A sentence; undefined: it has none, or does not answer. */
async function clientsOf(server: string, clock: Clock): Promise<string | undefined> {
  const options = {
    ...{ tls: undefined, clock, timeoutMs: WORD_MS },
    bytesMax: SOURCE_BOUNDS.answerBytesMax,
  }
  const text = await fourLetterWord(hostPortOf(server), 'srvr', options).catch(() => '')
  if (text === '') return undefined
  const [, connections] = /^Connections: (\d+)/m.exec(text ?? '') ?? []
  if (connections === undefined) {
    return /not currently serving/.test(text ?? '')
      ? undefined
      : `${server} does not say whether it has clients (srvr is switched off)`
  }
  // Ours is one of them.
  const others = Number(connections) - 1
  return others > 0 ? `${server} has ${others} clients` : undefined
}

export interface FreezeOptions {
  readonly store: MetadataStore
  readonly key: SourceKey
  /** Follows the store. */
  readonly keeper: Keeper
  readonly clock: Clock
  readonly timeoutMs?: number
}

/**
 * Resolves when all proxies have stopped and the tree has everything that they were answered. The take-over, or {@link thaw},
 * must follow soon. @throws {MigrateError} MIGRATE_NOT_DRAINED @throws {StoreError}
 */
export async function freeze(options: FreezeOptions): Promise<void> {
  const { store, key, keeper, clock, timeoutMs = HAND_OVER_MS } = options
  const token = randomBytes(8).toString('hex')
  const endMs = clock.monotonic() + timeoutMs
  await key.update((record) => record && { ...record, freeze: token })
  try {
    for (;;) {
      const forwarders = await liveForwarders(store, key)
      const late = forwarders.filter((forwarder) => forwarder.freeze !== token)
      const zxid = Math.max(0, ...forwarders.map((forwarder) => forwarder.zxid))
      const { replica } = keeper
      if (late.length === 0 && replica.zxid >= zxid) return
      if (clock.monotonic() >= endMs) {
        const names = late.map(({ proxy }) => keeper.registry.peers.get(proxy)?.address || proxy)
        throw new MigrateError(
          'MIGRATE_NOT_DRAINED',
          late.length > 0
            ? `not stopped within ${timeoutMs} ms: ${names.join(', ')}`
            : `the tree is at 0x${replica.zxid.toString(16)} after ${timeoutMs} ms, and the ensemble was at 0x${zxid.toString(16)}`,
        )
      }
      await pause(clock, LOOK_MS)
    }
  } catch (error) {
    await thaw(key)
    throw error
  }
}

/** The take-over came to nothing: requests are forwarded again. @throws {StoreError} */
export async function thaw(key: SourceKey): Promise<void> {
  await key.update((record) => {
    if (record?.freeze === undefined) return undefined
    const { freeze: _, ...rest } = record
    return rest
  })
}
