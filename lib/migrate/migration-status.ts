/** How far a migration is, for people and programs: the record of the source, and what comes next. Neighbours: source-key. */
import { type Clock, systemClock } from '../base/clock.ts'
import type { SourceRecord } from '../format/source.ts'
import { type MigrationPlace, SourceKey } from './source-key.ts'
import { isServedTree } from './take-over-refusals.ts'

/** What {@link migrationStatus} found. */
export interface MigrationStatus {
  /** undefined: there is no migration. */
  readonly record: SourceRecord | undefined
  /** Sessions in the store's records; some of the newest may be missing. */
  readonly sessions: number
  /** What is the case, and what to do next. */
  readonly sentence: string
}

/** Sessions are counted in steps of so many. */
const PAGE = 5_000
/**
 * A follower that is connected writes of itself some times a minute. What is older says nothing of now, by clocks of two machines
 * that may differ a little. Unit: ms.
 */
const STALE_MS = 60_000
const SECOND_MS = 1_000

const UNRECORDED =
  'taken over: this tree is the authority, and whoever did it ended before it was recorded: anykeeper migrate take-over, once more, does that'

/** Writes nothing. @throws {StoreError} */
export async function migrationStatus(place: MigrationPlace): Promise<MigrationStatus> {
  const key = new SourceKey(place)
  const { prefix } = key.layout
  const record = await key.read()
  if (record === undefined) {
    return { record, sessions: 0, sentence: `the tree below ${prefix} comes from no ensemble` }
  }
  // The journal decides: whoever took over may have ended before it said so here.
  const isTaken = record.phase === 'following' && (await isServedTree(place.store, key))
  const now: SourceRecord = isTaken ? { ...record, phase: 'taken' } : record
  const follower = await key.follower()
  const shown = { ...now, holder: follower ?? '', leader: follower === undefined ? '' : now.leader }
  const sentence = isTaken ? UNRECORDED : sentenceOf(shown, place.clock ?? systemClock)
  return { record: shown, sessions: await countSessions(place, key), sentence }
}

async function countSessions({ store }: MigrationPlace, key: SourceKey): Promise<number> {
  let count = 0
  let { start } = key.layout.sessions
  for (;;) {
    const { end } = key.layout.sessions
    const page = { start, end, countMax: PAGE, keysOnly: true }
    const { kvs } = await key.patiently(async () => ({ is: await store.range(page) }))
    count += kvs.length
    const last = kvs.at(-1)
    if (last === undefined || kvs.length < PAGE) return count
    start = Buffer.concat([last.key, Buffer.from([0])])
  }
}

function sentenceOf(record: SourceRecord, clock: Clock): string {
  const { phase, trouble, holder, leader, digest, zxid, atMs } = record
  if (phase === 'finished') return 'the migration is finished'
  if (phase === 'taken') {
    return 'taken over: this tree is the authority, and its sessions can go back to ZooKeeper until anykeeper migrate finish'
  }
  if (digest === 'unequal') {
    return `${trouble === '' ? 'the tree is not the one that the ensemble has' : trouble}: anykeeper migrate follow copies it again`
  }
  if (trouble !== '') return trouble
  if (holder === '') return 'nobody follows: anykeeper migrate follow resumes'
  if (zxid === 0) return 'the tree is being copied'
  if (leader === '') return 'the ensemble is not connected'
  const silentMs = clock.now() - atMs
  if (silentMs >= STALE_MS) {
    return `${holder} has written nothing of itself for ${Math.round(silentMs / SECOND_MS)} s, as where the store is full: look at its log, what is above is that old`
  }
  return 'following: stop all servers of the ensemble, then anykeeper migrate take-over'
}
