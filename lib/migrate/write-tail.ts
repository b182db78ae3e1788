/**
 * What the logs of a stopped server have behind the tree, written into it. What they end with is recorded before: where only a part
 * of it gets into the tree, a take-over without the logs is refused. Line: tail-rehearsal → here → mirror-writer.
 */
import type { Clock } from '../base/clock.ts'
import type { Keeper } from '../member/keeper.ts'
import type { ZookeeperFolder } from '../transfer/zookeeper/data-files.ts'
import { logTail } from '../transfer/zookeeper/log-tail.ts'
import { MigrateError } from './migrate-error.ts'
import { MIRROR_BOUNDS } from './mirror-bounds.ts'
import { MirrorWriter } from './mirror-writer.ts'
import type { SourceKey } from './source-key.ts'
import { type RehearsalOptions, rehearseTail } from './tail-rehearsal.ts'

export interface WriteTailOptions extends RehearsalOptions {
  readonly keeper: Keeper
  readonly key: SourceKey
  readonly tail: ZookeeperFolder
  readonly clock: Clock
}

/**
 * Resumable: what the tree has already is left out.
 * @returns how many transactions @throws {MigrateError} MIGRATE_TAIL, MIGRATE_NOT_DRAINED: nothing is written;
 * MIGRATE_TOO_LARGE: what is before that one is written @throws {CopyError} as logTail @throws {StoreError}
 */
export async function writeTail(options: WriteTailOptions): Promise<number> {
  const { keeper, key, tail, clock } = options
  const { count, last } = await rehearseTail(tail, keeper.replica, options)
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
  const code = stop.kind === 'large' ? 'MIGRATE_TOO_LARGE' : 'MIGRATE_TAIL'
  throw new MigrateError(code, `${tail.name}: ${stop.why}`)
}
