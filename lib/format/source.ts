/**
 * The record of a migration from a live ZooKeeper ensemble, <prefix>/source: which one it is, and how far. For people, and for
 * members that report it. Whether the tree follows the ensemble is not decided here, but by head and the journal.
 * Neighbours: head, member/upkeep/source-watch (reads it), lib/migrate (writes it). Documented in docs/layout.md.
 */
import { assertIntegers, assertStrings, damaged, FORMAT, parse } from './json.ts'

/**
 * following: nobody is served, the ensemble is the authority. taken: this tree is, and its sessions can go back. finished: there
 * is no way back.
 */
export type SourcePhase = 'following' | 'taken' | 'finished'

/**
 * Is the tree the one that the ensemble has? unknown: no digest has come yet, or releases before 3.6 have none. equal: so
 * its digest said after the newest transaction that had one. unequal: it is not, and is never served.
 */
export type SourceDigest = 'unknown' | 'equal' | 'unequal'

const PHASES: readonly string[] = ['following', 'taken', 'finished']
const DIGESTS: readonly string[] = ['unknown', 'equal', 'unequal']
const ADDRESS = /^.+:(\d{1,5})$/s
const PORT_MAX = 65_535
/** What a Date can have. Unit: ms. */
const TIME_MS_MAX = 8.64e15

/** What a follower counts since it was started. Bytes, transactions, times. */
export const SOURCE_COUNTERS = [
  ...(['connects', 'disconnects', 'snapshots', 'truncates', 'memberChanges'] as const),
  ...(['overflows', 'silences', 'unanswered', 'malformed'] as const),
  ...(['bufferBytes', 'bufferBytesPeak', 'pending', 'pendingPeak', 'pendingFull'] as const),
  ...(['stalls', 'storeErrors', 'leasesLost'] as const),
] as const
export type SourceCounter = (typeof SOURCE_COUNTERS)[number]
/** Of other releases some may be missing, and some be there that are not known here. */
export type SourceCounters = Readonly<Partial<Record<SourceCounter, number>>>

export interface SourceRecord {
  readonly phase: SourcePhase
  /** Client addresses of the ensemble, `host:port`, as they were given. */
  readonly servers: readonly string[]
  /** Its quorum addresses, as they were given. */
  readonly quorum: readonly string[]
  /** Where its members may be reached, as the ensemble said last. Absent: it has not said. */
  readonly members?: { readonly clients: readonly string[]; readonly quorum: readonly string[] }
  /** Newest zxid that was in the tree when this was written. */
  readonly zxid: number
  /** Newest zxid that was received from the ensemble by then. */
  readonly received: number
  readonly digest: SourceDigest
  /**
   * The ensemble may have committed what nobody received, and has not sent it since: a follower ended while it was connected,
   * or left because it was too slow.
   */
  readonly unfollowed: boolean
  /** Who leads the ensemble; empty: not connected. */
  readonly leader: string
  /** Who follows it: host name and process id, for people; empty: nobody. */
  readonly holder: string
  /** Since when the oldest transaction waited that was not in the tree yet; 0: none did. Unit: ms. */
  readonly lagMs: number
  /** How often the whole tree was copied again. */
  readonly resyncs: number
  /** When this was written, ms since 1970. */
  readonly atMs: number
  /** Number of the newest batch of the tree before, when it is copied again: batch numbers never go back. */
  readonly seq: number
  /** Why it does not continue by itself, a sentence; empty: it does. */
  readonly trouble: string
  /**
   * When the ensemble last said that all it had committed was sent, ms since 1970, to some seconds; whatever it committed later may
   * be missing here. Absent: never, or written by a release that does not say it.
   */
  readonly currentMs?: number
  /** Why the last connection to the ensemble ended, a sentence. Absent: none has. */
  readonly why?: string
  /**
   * What is written here is at most so old, in a follower that lives: between two writes of what has changed. Unit ms. Absent: written
   * by a release that has 1,000.
   */
  readonly statusMs?: number
  /** Of the follower that wrote this. Absent: written by a release that does not count. */
  readonly counters?: SourceCounters
  /**
   * A take-over is in progress, by this member: proxies that forward requests stop, and say so. Absent: none is; nor where that
   * member does not live.
   */
  readonly freeze?: string
}

export function encodeSource(record: SourceRecord): Uint8Array {
  return Buffer.from(JSON.stringify({ f: FORMAT, ...record }))
}

/** @throws {StoreError} as decodeZnode */
export function decodeSource(value: Uint8Array): SourceRecord {
  const what = 'source record'
  const { f: _, ...record } = parse<SourceRecord & { f: number }>(value, what)
  const { phase, servers, quorum, zxid, received, digest, leader, holder } = record
  const { lagMs, resyncs, atMs, seq, trouble, unfollowed } = record
  if (!PHASES.includes(phase) || !DIGESTS.includes(digest)) throw damaged(what)
  if (typeof unfollowed !== 'boolean') throw damaged(what)
  if (!Array.isArray(servers) || !Array.isArray(quorum)) throw damaged(what)
  assertStrings(what, leader, holder, trouble)
  assertAddresses(what, [...servers, ...quorum])
  assertIntegers(what, zxid, received, lagMs, resyncs, seq)
  const { freeze, why, currentMs, statusMs, counters } = record
  if (freeze !== undefined) assertStrings(what, freeze)
  if (why !== undefined) assertStrings(what, why)
  for (const ms of [atMs, currentMs ?? 0]) {
    assertIntegers(what, ms)
    if (Math.abs(ms) > TIME_MS_MAX) throw damaged(what)
  }
  if (statusMs !== undefined) assertIntegers(what, statusMs)
  if (counters !== undefined) {
    if (typeof counters !== 'object' || counters === null) throw damaged(what)
    assertIntegers(what, ...Object.values(counters))
  }
  if (record.members !== undefined) assertMembers(what, record.members)
  return record
}

function assertMembers(what: string, members: NonNullable<SourceRecord['members']>): void {
  const { clients, quorum } = members ?? {}
  if (!Array.isArray(clients) || !Array.isArray(quorum)) throw damaged(what)
  assertAddresses(what, [...clients, ...quorum])
}

/** Members and commands connect to them without a further look. */
function assertAddresses(what: string, addresses: readonly unknown[]): void {
  for (const address of addresses) {
    const [, port] = (typeof address === 'string' && ADDRESS.exec(address)) || []
    if (port === undefined || Number(port) > PORT_MAX) throw damaged(what)
  }
}
