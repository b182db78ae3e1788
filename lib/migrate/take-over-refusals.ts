/** Why a tree is not taken over: each a sentence that says what to do. Neighbour: take-over. */
import type { Clock } from '../base/clock.ts'
import { pause } from '../base/pause.ts'
import { decodeHead } from '../format/head.ts'
import type { SourceRecord } from '../format/source.ts'
import { isSafeZxid, takeOverZxid } from '../member/plan/mirrored.ts'
import { epochOf } from '../model/zxid.ts'
import type { MetadataStore } from '../store/metadata-store.ts'
import { copyAge } from './copy-age.ts'
import { MigrateError } from './migrate-error.ts'
import { MIRROR_BOUNDS } from './mirror-bounds.ts'
import { answering, type ProbeOptions } from './probe.ts'
import type { SourceKey } from './source-key.ts'

/** Between two looks at how far the follower is: a pace, which ends nothing. Unit: ms. */
const LOOK_MS = 200
/**
 * What the follower has written of itself may be as old as its `--status-interval`: so long it must have said that nothing is to come.
 * Unit: ms.
 */
const settleMs = (record: SourceRecord | undefined): number =>
  (record?.statusMs ?? MIRROR_BOUNDS.statusMs) + LOOK_MS
/** What to do about it. */
const WAYS =
  'run anykeeper migrate follow while the ensemble runs, or name the logs of a stopped server by --tail (--source-stays takes over all the same)'

/** A migration as the store has it. */
export interface Migration {
  readonly record: SourceRecord
  /** By the journal, which decides: a take-over may have ended before it had written so into the record. */
  readonly isTaken: boolean
}

/** @throws {MigrateError} MIGRATE_NOT_FOLLOWING: there is none, or it is finished @throws {StoreError} */
export async function readMigration(store: MetadataStore, key: SourceKey): Promise<Migration> {
  const { prefix } = key.layout
  const record = await key.read()
  if (record === undefined) throw nothingFollows(prefix)
  if (record.phase === 'finished') {
    throw new MigrateError(
      'MIGRATE_NOT_FOLLOWING',
      `the migration of ${prefix} is finished already`,
    )
  }
  return { record, isTaken: record.phase === 'taken' || (await isServedTree(store, key)) }
}

/** There is a tree, and it follows nobody. @throws {StoreError} */
export async function isServedTree(store: MetadataStore, key: SourceKey): Promise<boolean> {
  const head = await key.patiently(async () => {
    return { is: (await store.range({ start: key.layout.head })).kvs[0] }
  })
  return head !== undefined && decodeHead(head.value).mirrors !== true
}

export function nothingFollows(prefix: string): MigrateError {
  return new MigrateError(
    'MIGRATE_NOT_FOLLOWING',
    `the tree below ${prefix} comes from no ensemble: anykeeper migrate follow begins that`,
  )
}

/** @throws {MigrateError} MIGRATE_DIFFERS */
export function refuseUnequal({ phase, digest }: SourceRecord, prefix: string): void {
  if (phase !== 'following' || digest !== 'unequal') return
  throw new MigrateError(
    'MIGRATE_DIFFERS',
    `the tree below ${prefix} is not the one that the ensemble has: anykeeper migrate follow copies it again`,
  )
}

/**
 * A process follows the ensemble, and is connected to its leader. Waits for one for a moment. @throws {StoreError}
 */
export async function isFollowed(key: SourceKey, clock: Clock): Promise<boolean> {
  const startMs = clock.monotonic()
  for (;;) {
    const record = await key.read()
    const leader = record?.leader ?? ''
    if (leader !== '' && (await key.follower()) !== undefined) return true
    if (clock.monotonic() - startMs >= settleMs(record)) return false
    await pause(clock, LOOK_MS)
  }
}

/**
 * `isServed`: proxies serve clients for it, or did.
 * @returns one sentence each, of the addresses that could not be queried
 * @throws {MigrateError} MIGRATE_SOURCE_ANSWERS; MIGRATE_NOT_DRAINED: the same while proxies serve
 */
export async function refuseAnswering(
  record: SourceRecord,
  options: ProbeOptions,
  isServed: boolean,
): Promise<readonly string[]> {
  const { answering: addresses, unasked } = await answering(record, options)
  if (addresses.length === 0) return unasked
  const still = `${addresses.join(', ')} still ${addresses.length === 1 ? 'answers' : 'answer'}`
  if (isServed) {
    throw new MigrateError(
      'MIGRATE_NOT_DRAINED',
      `${still}, and nobody follows the leader of the ensemble: run anykeeper migrate follow, or stop all servers`,
    )
  }
  throw new MigrateError(
    'MIGRATE_SOURCE_ANSWERS',
    `${still}: stop all servers of the ensemble first (--source-stays does it all the same)`,
  )
}

/** Nobody knows what the ensemble did where nobody followed it. @throws {MigrateError} MIGRATE_NOT_DRAINED */
export function refuseUnfollowed(
  record: SourceRecord,
  follower: string | undefined,
  clock: Clock,
): void {
  const wasKilled = follower === undefined && record.leader !== ''
  if (!record.unfollowed && !wasKilled) return
  throw new MigrateError(
    'MIGRATE_NOT_DRAINED',
    `nobody followed the ensemble to its end: what it committed since may be missing (${copyAge(record, clock)}): ${WAYS}`,
  )
}

/** @throws {MigrateError} MIGRATE_NOT_DRAINED */
export function refuseMissing(record: SourceRecord, zxid: number): void {
  if (record.received <= zxid) return
  throw new MigrateError(
    'MIGRATE_NOT_DRAINED',
    `0x${record.received.toString(16)} was received, and the tree is at 0x${zxid.toString(16)}: ${WAYS}`,
  )
}

/** A zxid is a safe integer here, also the one that begins the epoch of the take-over. @throws {MigrateError} MIGRATE_EPOCH */
export function refuseEpoch(zxid: number): void {
  if (isSafeZxid(takeOverZxid(zxid))) return
  throw new MigrateError(
    'MIGRATE_EPOCH',
    `the ensemble is in epoch ${epochOf(zxid)}, and the one of the take-over would be ${epochOf(takeOverZxid(zxid))}: only those below 2097152 (2²¹) can be kept`,
  )
}

/** Until what the follower has received is in the tree; where nobody follows, nothing is to come. @throws {MigrateError} MIGRATE_NOT_DRAINED */
export async function drained(
  key: SourceKey,
  clock: Clock,
  drainMs: number,
  sourceStays: boolean,
): Promise<void> {
  const startMs = clock.monotonic()
  for (;;) {
    if ((await key.follower()) === undefined) return
    const record = await key.read()
    if (record === undefined || record.trouble !== '') return
    const isDone = record.zxid === record.received && record.lagMs === 0
    const spentMs = clock.monotonic() - startMs
    const isSettled = spentMs >= settleMs(record)
    if (isDone && isSettled && (sourceStays || record.leader === '')) return
    if (spentMs >= Math.max(drainMs, settleMs(record) + LOOK_MS)) {
      throw new MigrateError(
        'MIGRATE_NOT_DRAINED',
        `${record.holder} has received 0x${record.received.toString(16)}, and the tree is at 0x${record.zxid.toString(16)} after ${drainMs} ms` +
          (record.leader === '' ? '' : `; it is still connected to ${record.leader}`),
      )
    }
    await pause(clock, LOOK_MS)
  }
}
