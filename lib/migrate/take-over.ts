/**
 * Ends the following: from here on the tree is the authority. Nothing that was received is left behind, the ensemble must not
 * answer any more, and the epoch that begins is so high that it would refuse the clients that moved. Afterwards the way back
 * stays open until it is finished. Line: source-key, probe, log-tail → here → plan/mirrored.
 */
import { type Clock, systemClock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { pause } from '../base/pause.ts'
import type { SourceRecord } from '../format/source.ts'
import { commitOwn } from '../member/commit/task.ts'
import { Keeper } from '../member/keeper.ts'
import { CopyError } from '../model/errors.ts'
import { emptyMirror } from '../transfer/empty-mirror.ts'
import type { ZookeeperFolder } from '../transfer/zookeeper/data-files.ts'
import { logTail } from '../transfer/zookeeper/log-tail.ts'
import { MigrateError } from './migrate-error.ts'
import { MIRROR_BOUNDS } from './mirror-bounds.ts'
import { MirrorWriter } from './mirror-writer.ts'
import { answering } from './probe.ts'
import { freeze, liveForwarders, refuseClients, thaw } from './serve/hand-over.ts'
import { type MigrationPlace, SourceKey } from './source-key.ts'

/** Options of {@link takeOver}. */
export interface TakeOverOptions extends MigrationPlace {
  readonly logger: Logger
  /**
   * The ensemble may answer, and may have committed more: only the epoch keeps clients that moved away from it, and what is
   * missing is left behind. @default false
   */
  readonly sourceStays?: boolean
  /** Logs of a stopped server of it: what they have behind the tree is taken too. */
  readonly tail?: ZookeeperFolder
  /** How long what was received may take to be in the tree. @default {@link DRAIN_MS} ms */
  readonly drainMs?: number
}

/** What came of it. */
export interface TakenOver {
  /** The newest zxid of the ensemble. */
  readonly sourceZxid: number
  /** The first one of ours. */
  readonly zxid: number
  readonly znodes: number
  readonly sessions: number
  /** Transactions that the logs had beyond what was followed. */
  readonly fromTail: number
  /** The tree was taken over before. */
  readonly wasTaken: boolean
}

/** Default of `drainMs`. */
export const DRAIN_MS = 30_000
/**
 * What the follower has written of itself may be a second old: so long it must have said that nothing is to come. Unit: ms.
 */
const SETTLE_MS = 1_200
/** Between two looks at how far the follower is. Unit: ms. */
const LOOK_MS = 200

/**
 * Resumable: called again, it does what is left.
 * @throws {MigrateError} MIGRATE_NOT_FOLLOWING; MIGRATE_SOURCE_ANSWERS; MIGRATE_DIFFERS: the tree is not that of the ensemble;
 * MIGRATE_NOT_DRAINED; MIGRATE_TAIL, MIGRATE_TOO_LARGE @throws {CopyError} the logs @throws {StoreError}
 */
export async function takeOver(options: TakeOverOptions): Promise<TakenOver> {
  const { store, prefix, clock = systemClock, logger, sourceStays = false, tail } = options
  const key = new SourceKey(options)
  const record = await key.read()
  checkPhase(record, key.layout.prefix)
  const wasTaken = record.phase === 'taken'
  let isServed = false
  if (!wasTaken) {
    isServed = (await liveForwarders(store, key)).length > 0
    if (!sourceStays) {
      // Those that serve meanwhile need a leader until the end.
      if (isServed) await refuseClients(record.servers, clock)
      else await refuseAnswering(record, clock)
    }
    if (!isServed) {
      await drained(key, clock, options.drainMs ?? DRAIN_MS, sourceStays)
      const now = await key.read()
      checkPhase(now, key.layout.prefix)
      if (!sourceStays && tail === undefined) refuseUnfollowed(now, await key.follower())
    }
  }
  const keeper = await Keeper.open({ store, logger, clock, ...(prefix && { prefix }) })
  try {
    const { replica } = keeper
    let fromTail = 0
    let sourceZxid = record.zxid
    if (replica.mirrors) {
      if (isServed) await freeze({ store, key, keeper, clock })
      if (tail !== undefined) fromTail = await writeTail(keeper, key, tail, clock)
      sourceZxid = keeper.replica.zxid
      const now = await key.read()
      checkPhase(now, key.layout.prefix)
      if (!sourceStays) refuseMissing(now, sourceZxid)
      await commitOwn(keeper.committer, { type: 'takeOver' }, () => {})
    } else if (tail !== undefined) {
      throw new MigrateError(
        'MIGRATE_TAIL',
        'the tree is taken over already: its logs are too late',
      )
    }
    const { zxid, tree, sessions } = keeper.replica
    await key.update((now) => {
      if (now === undefined) return undefined
      const { freeze: _, ...rest } = now
      return { ...rest, phase: 'taken', zxid, received: zxid, lagMs: 0 }
    })
    const counts = { znodes: tree.nodeCount, sessions: sessions.size }
    return { sourceZxid, zxid, ...counts, fromTail, wasTaken }
  } catch (error) {
    // Those that were frozen find out by themselves, later.
    if (isServed) await thaw(key).catch(() => {})
    throw error
  } finally {
    await keeper.close()
  }
}

function checkPhase(
  record: SourceRecord | undefined,
  prefix: string,
): asserts record is SourceRecord {
  if (record === undefined) throw nothingFollows(prefix)
  if (record.phase === 'finished') {
    throw new MigrateError(
      'MIGRATE_NOT_FOLLOWING',
      `the migration of ${prefix} is finished already`,
    )
  }
  if (record.phase === 'following' && record.digest === 'unequal') {
    throw new MigrateError(
      'MIGRATE_DIFFERS',
      `the tree below ${prefix} is not the one that the ensemble has: anykeeper migrate follow copies it again`,
    )
  }
}

function nothingFollows(prefix: string): MigrateError {
  return new MigrateError(
    'MIGRATE_NOT_FOLLOWING',
    `the tree below ${prefix} comes from no ensemble: anykeeper migrate follow begins that`,
  )
}

async function refuseAnswering(record: SourceRecord, clock: Clock): Promise<void> {
  const addresses = await answering(record, clock)
  if (addresses.length === 0) return
  throw new MigrateError(
    'MIGRATE_SOURCE_ANSWERS',
    `${addresses.join(', ')} still ${addresses.length === 1 ? 'answers' : 'answer'}: stop all servers of the ensemble first (--source-stays does it all the same)`,
  )
}

/** What to do about it. */
const WAYS =
  'run anykeeper migrate follow while the ensemble runs, or name the logs of a stopped server by --tail (--source-stays takes over all the same)'

/** Nobody knows what the ensemble did where nobody followed it. */
function refuseUnfollowed(record: SourceRecord, follower: string | undefined): void {
  const wasKilled = follower === undefined && record.leader !== ''
  if (!record.unfollowed && !wasKilled) return
  throw new MigrateError(
    'MIGRATE_NOT_DRAINED',
    `nobody followed the ensemble to its end: what it committed since may be missing: ${WAYS}`,
  )
}

function refuseMissing(record: SourceRecord | undefined, zxid: number): void {
  if (record === undefined || record.received <= zxid) return
  throw new MigrateError(
    'MIGRATE_NOT_DRAINED',
    `0x${record.received.toString(16)} was received, and the tree is at 0x${zxid.toString(16)}: ${WAYS}`,
  )
}

/** Until what the follower has received is in the tree; where nobody follows, nothing is to come. */
async function drained(
  key: SourceKey,
  clock: Clock,
  drainMs: number,
  sourceStays: boolean,
): Promise<void> {
  const startMs = clock.monotonic()
  const endMs = startMs + drainMs
  for (;;) {
    if ((await key.follower()) === undefined) return
    const record = await key.read()
    if (record === undefined || record.trouble !== '') return
    const isDone = record.zxid === record.received && record.lagMs === 0
    const isSettled = clock.monotonic() - startMs >= SETTLE_MS
    if (isDone && isSettled && (sourceStays || record.leader === '')) return
    if (clock.monotonic() >= endMs) {
      throw new MigrateError(
        'MIGRATE_NOT_DRAINED',
        `${record.holder} has received 0x${record.received.toString(16)}, and the tree is at 0x${record.zxid.toString(16)} after ${drainMs} ms` +
          (record.leader === '' ? '' : `; it is still connected to ${record.leader}`),
      )
    }
    await pause(clock, LOOK_MS)
  }
}

async function writeTail(
  keeper: Keeper,
  key: SourceKey,
  tail: ZookeeperFolder,
  clock: Clock,
): Promise<number> {
  const writer = new MirrorWriter(keeper, { clock, bounds: MIRROR_BOUNDS, onStop: () => {} })
  let count = 0
  // To the end before anything is written: damage and gaps leave the tree as it is.
  for await (const _txn of logTail(tail, writer.zxid));
  try {
    for await (const txn of logTail(tail, writer.zxid)) {
      if (writer.stop !== undefined) break
      count++
      writer.write(txn, clock.now())
      await writer.drainedTo(MIRROR_BOUNDS.pendingMax - 1)
    }
    await writer.drainedTo(0)
  } finally {
    writer.close()
  }
  const { stop } = writer
  if (stop === undefined) return count
  // A log is missing that ended an epoch, which only the digest shows. What is behind it is in the tree now: it must not serve.
  if (stop.kind === 'differs') {
    await key.update((now) => now && { ...now, digest: 'unequal', trouble: stop.why })
  }
  const code = stop.kind === 'large' ? 'MIGRATE_TOO_LARGE' : 'MIGRATE_TAIL'
  throw new MigrateError(code, `${tail.name}: ${stop.why}`)
}

/**
 * There is no way back any more: new sessions get passwords that nobody can compute.
 * @returns false: it was finished before @throws {MigrateError} MIGRATE_NOT_FOLLOWING @throws {StoreError}
 */
export async function finishMigration(place: MigrationPlace): Promise<boolean> {
  const key = new SourceKey(place)
  const { prefix } = key.layout
  const written = await key.update((record) => {
    if (record === undefined) throw nothingFollows(prefix)
    if (record.phase === 'following') {
      throw new MigrateError(
        'MIGRATE_NOT_FOLLOWING',
        `the tree below ${prefix} is not taken over yet: anykeeper migrate take-over does that`,
      )
    }
    return record.phase === 'finished' ? undefined : { ...record, phase: 'finished' }
  })
  return written !== undefined
}

/**
 * Removes the tree that follows, and forgets the migration; the ensemble is as it was.
 * @throws {MigrateError} MIGRATE_BUSY: a process follows; MIGRATE_NOT_FOLLOWING: it is taken over @throws {StoreError}
 */
export async function abandonMigration(place: MigrationPlace): Promise<void> {
  const { store, prefix = '/anykeeper', clock = systemClock } = place
  const key = new SourceKey(place)
  const record = await key.read()
  if (record === undefined) throw nothingFollows(prefix)
  const follower = await key.follower()
  if (follower !== undefined) {
    throw new MigrateError('MIGRATE_BUSY', `${follower} follows the ensemble: end it first`)
  }
  try {
    if (record.phase !== 'following') throw new CopyError('COPY_CONFLICT', '')
    await emptyMirror({ store, prefix, clock })
  } catch (error) {
    if (!(error instanceof CopyError)) throw error
    throw new MigrateError(
      'MIGRATE_NOT_FOLLOWING',
      `the tree below ${prefix} is taken over: it is the authority, and is not removed`,
    )
  }
  await key.remove()
}
