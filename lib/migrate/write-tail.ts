/**
 * What the logs of a stopped server have behind the tree, written into it. All that may refuse a transaction of them, or the
 * take-over behind them, is tried before. What they end with is recorded then: where only a part of it gets into the tree, a
 * take-over without the logs is refused. Line: tail-rehearsal → here → mirror-writer.
 */
import type { Clock } from '../base/clock.ts'
import type { Keeper } from '../member/keeper.ts'
import { StoreError } from '../model/errors.ts'
import type { MetadataStore } from '../store/metadata-store.ts'
import type { ZookeeperFolder } from '../transfer/zookeeper/data-files.ts'
import { logTail } from '../transfer/zookeeper/log-tail.ts'
import { MigrateError } from './migrate-error.ts'
import { MIRROR_BOUNDS } from './mirror-bounds.ts'
import { MirrorWriter } from './mirror-writer.ts'
import type { SourceKey } from './source-key.ts'
import type { LargestRequest } from './tail-plan.ts'
import { type RehearsalOptions, rehearseTail, tailRefusal, tailTooLarge } from './tail-rehearsal.ts'
import { refuseEpoch } from './take-over-refusals.ts'

export interface WriteTailOptions extends Pick<RehearsalOptions, 'acceptsGaps'> {
  readonly store: MetadataStore
  readonly keeper: Keeper
  readonly key: SourceKey
  readonly tail: ZookeeperFolder
  readonly clock: Clock
}

/** What is the case where it did not come to its end. */
export const PART_TAKEN =
  'nothing was taken over, and a part of the logs may be in the tree: run it again with the same --tail'
const hex = (zxid: number): string => `0x${zxid.toString(16)}`
/** As the version of a key: none was ever put so often. */
const NEVER = Number.MAX_SAFE_INTEGER

/**
 * Resumable: what the tree has already is left out.
 * @returns how many transactions @throws {MigrateError} MIGRATE_TAIL, MIGRATE_NOT_DRAINED, MIGRATE_TOO_LARGE, MIGRATE_EPOCH: nothing is
 * written; MIGRATE_TIMEOUT: a part of it may be @throws {CopyError} as logTail @throws {StoreError}
 */
export async function writeTail(options: WriteTailOptions): Promise<number> {
  const { store, keeper, key, tail, clock, acceptsGaps } = options
  const target = { features: store.features, layout: key.layout }
  const found = await rehearseTail(tail, keeper.replica, { acceptsGaps, target })
  const { count, last, largest, treeBytes } = found
  refuseEpoch(last)
  const received = (await key.read())?.received ?? 0
  if (received > last && !acceptsGaps) {
    throw tailRefusal(
      tail.name,
      `${hex(received)} was received, and the logs end with ${hex(last)}: name those of the server that wrote last`,
    )
  }
  if (largest !== undefined) await tryRequest(largest, options)
  await refuseNoRoom(treeBytes, options)
  if (count === 0) return 0
  await key.update((now) => now && { ...now, received: Math.max(now.received, last) })
  const writer = new MirrorWriter(keeper, { clock, bounds: MIRROR_BOUNDS, onStop: () => {} })
  try {
    for await (const txn of logTail(tail, writer.zxid)) {
      if (writer.stop !== undefined) break
      writer.write(txn, clock.now())
      await writer.drainedTo(MIRROR_BOUNDS.pendingMax - 1)
    }
    await writer.drainedTo(0)
  } finally {
    writer.close()
  }
  const { stop } = writer
  if (stop === undefined) return count
  // Not seen in the rehearsal: it must not serve.
  if (stop.kind === 'differs') {
    await key.update((now) => now && { ...now, digest: 'unequal', trouble: stop.why })
  }
  if (stop.kind === 'again') {
    throw new MigrateError('MIGRATE_TIMEOUT', `${tail.name}: ${stop.why}: ${PART_TAKEN}`)
  }
  const code = stop.kind === 'large' ? 'MIGRATE_TOO_LARGE' : 'MIGRATE_TAIL'
  throw new MigrateError(code, `${tail.name}: ${stop.why}`)
}

/**
 * The tree would not fit, however much history is given up. What else the store has is not known here: the rest shows when it is
 * written, and where that ends the same logs continue it. @throws {MigrateError} MIGRATE_TOO_LARGE
 */
async function refuseNoRoom(
  treeBytes: number,
  { store, tail }: Pick<WriteTailOptions, 'store' | 'tail'>,
): Promise<void> {
  // Not every store says it, nor to everybody.
  const maxBytes = (await store.space?.().catch(() => undefined))?.maxBytes
  if (maxBytes === undefined || treeBytes <= maxBytes) return
  const what = `with them the tree has ${treeBytes} bytes, and the store takes ${maxBytes} bytes of all that is in it`
  throw tailTooLarge(tail.name, `${what}: let it take more`)
}

/**
 * A store may take less than it says, as an etcd whose bound was lowered: one request is sent that is as large and changes nothing,
 * as its condition never holds. @throws {MigrateError} MIGRATE_TOO_LARGE @throws {StoreError}
 */
async function tryRequest(
  { txn, bytes }: LargestRequest,
  { store, key, tail, keeper }: WriteTailOptions,
): Promise<void> {
  const { layout } = key
  const put = { key: layout.journalEntry(keeper.replica.seq + 1), value: Buffer.alloc(bytes) }
  try {
    await key.patiently(async () => ({
      is: await store.txn({
        compares: [{ target: 'version', key: layout.head, equals: NEVER }],
        ops: [{ type: 'put', ...put }],
      }),
    }))
  } catch (error) {
    const isTooLarge = error instanceof StoreError && error.code === 'STORE_TOO_LARGE'
    throw isTooLarge ? tailTooLarge(tail.name, txn) : error
  }
}
