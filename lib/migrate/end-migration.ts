/** The two ends of a migration: without a way back, and without a way on. Neighbours: take-over, take-over-refusals. */
import { systemClock } from '../base/clock.ts'
import { CopyError } from '../model/errors.ts'
import type { MetadataStore } from '../store/metadata-store.ts'
import { emptyMirror } from '../transfer/empty-mirror.ts'
import { MigrateError } from './migrate-error.ts'
import { removeDeadForwarders } from './serve/hand-over.ts'
import { type MigrationPlace, SourceKey } from './source-key.ts'
import { isServedTree, nothingFollows } from './take-over-refusals.ts'
import { TimeLimit } from './time-limit.ts'

/** How long each of them may take, unless `--timeout` is given. Unit: ms. */
export const END_TIMEOUT_MS = 600_000

export interface EndOptions extends MigrationPlace {
  /** How long it may take. @default {@link END_TIMEOUT_MS} */
  readonly timeoutMs?: number
}

/**
 * There is no way back any more: new sessions get passwords that nobody can compute.
 * @returns false: it was finished before
 * @throws {MigrateError} MIGRATE_NOT_FOLLOWING, MIGRATE_TIMEOUT; MIGRATE_UNKNOWN: it may be finished @throws {StoreError}
 */
export async function finishMigration(options: EndOptions): Promise<boolean> {
  const { store, clock = systemClock, timeoutMs = END_TIMEOUT_MS } = options
  const limit = new TimeLimit(clock, timeoutMs)
  const key = new SourceKey(options)
  const { prefix } = key.layout
  // The journal decides: whoever took over may have ended before it said so in the record.
  const isServed = await limit.step({ doing: 'the store was read' }, () => isServedTree(store, key))
  const step = {
    doing: 'the store wrote that it is finished',
    otherwise: 'whether it is finished is not known: run it again',
    isUnknown: true,
  }
  const written = await limit.step(step, () =>
    key.update((record) => {
      if (record === undefined) throw nothingFollows(prefix)
      if (record.phase !== 'finished' && !isServed) {
        throw new MigrateError(
          'MIGRATE_NOT_FOLLOWING',
          `the tree below ${prefix} is not taken over yet: anykeeper migrate take-over does that`,
        )
      }
      return record.phase === 'finished' ? undefined : { ...record, phase: 'finished' }
    }),
  )
  await limit.step(step, () => forgotten(store, key))
  return written !== undefined
}

/** Of proxies that do not live: nobody waits for them any more. */
function forgotten(store: MetadataStore, key: SourceKey): Promise<void> {
  return key.patiently(async () => {
    await removeDeadForwarders(store, key)
    return { is: undefined }
  })
}

/**
 * Removes the tree that follows, and forgets the migration; the ensemble is as it was. Resumable.
 * @throws {MigrateError} MIGRATE_BUSY: a process follows; MIGRATE_NOT_FOLLOWING: it is taken over; MIGRATE_TIMEOUT; MIGRATE_UNKNOWN:
 * a part of the tree may be removed @throws {StoreError}
 */
export async function abandonMigration(options: EndOptions): Promise<void> {
  const { store, prefix = '/anykeeper', clock = systemClock, storeMs } = options
  const limit = new TimeLimit(clock, options.timeoutMs ?? END_TIMEOUT_MS)
  const key = new SourceKey(options)
  const reading = { doing: 'the store was read' }
  const record = await limit.step(reading, () => key.read())
  if (record === undefined) throw nothingFollows(prefix)
  const follower = await limit.step(reading, () => key.follower())
  if (follower !== undefined) {
    throw new MigrateError('MIGRATE_BUSY', `${follower} follows the ensemble: end it first`)
  }
  const step = {
    doing: 'the tree was removed',
    otherwise: 'it is removed, or a part of it is: run it again',
    isUnknown: true,
  }
  try {
    if (record.phase !== 'following') throw new CopyError('COPY_CONFLICT', '')
    await limit.step(step, () =>
      emptyMirror({ store, prefix, clock, ...(storeMs !== undefined && { storeMs }) }),
    )
  } catch (error) {
    if (!(error instanceof CopyError)) throw error
    throw new MigrateError(
      'MIGRATE_NOT_FOLLOWING',
      `the tree below ${prefix} is taken over: it is the authority, and is not removed`,
    )
  }
  await limit.step(step, () => forgotten(store, key))
  await limit.step(step, () => key.remove())
}
