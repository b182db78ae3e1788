/**
 * The bounds of `serve` that an operator may move: a flag, its variable, and what it sets. The defaults are those of
 * the library and the proxy. ZooKeeper's name, where it has one, stands in parentheses. Neighbour: serve.
 */
import { type Command, InvalidArgumentError } from 'commander'
import { type KeeperLimits, LIMITS_DEFAULT } from '../lib/index.ts'
import { PROXY_DEFAULT, type ProxyOptions } from '../proxy/index.ts'
import { flag } from './flags.ts'

type Numbers<T> = { [K in keyof T]: T[K] extends number ? K : never }[keyof T]

interface Bound {
  readonly flags: string
  readonly env: string
  readonly text: string
  /** Smallest value. */
  readonly min: number
  /** Largest value. Absent: none. */
  readonly max?: number
  readonly proxy?: Numbers<ProxyOptions>
  readonly keeper?: Numbers<KeeperLimits>
}

const BOUNDS: readonly Bound[] = [
  {
    flags: '--max-connections <n>',
    env: 'MAX_CONNECTIONS',
    text: 'open connections (maxCnxns)',
    min: 1,
    proxy: 'connectionsMax',
  },
  {
    flags: '--max-connections-per-address <n>',
    env: 'MAX_CONNECTIONS_PER_ADDRESS',
    text: 'open connections of one address, 0: no limit (maxClientCnxns)',
    min: 0,
    proxy: 'connectionsPerAddressMax',
  },
  {
    flags: '--greeting-timeout <ms>',
    env: 'GREETING_TIMEOUT',
    text: 'time for a connection to send its ConnectRequest',
    min: 1,
    proxy: 'greetingTimeoutMs',
  },
  {
    flags: '--max-outstanding <n>',
    env: 'MAX_OUTSTANDING',
    text: 'requests in flight of one connection: more wait (globalOutstandingLimit)',
    min: 1,
    proxy: 'outstandingMax',
  },
  {
    flags: '--max-outstanding-bytes <n>',
    env: 'MAX_OUTSTANDING_BYTES',
    text: 'bytes of requests in flight of one connection: more wait',
    min: 1,
    proxy: 'outstandingBytesMax',
  },
  {
    flags: '--max-request-queue-bytes <n>',
    env: 'MAX_REQUEST_QUEUE_BYTES',
    text: 'bytes of requests in flight of all connections: more wait (largeRequestMaxBytes)',
    min: 1,
    proxy: 'requestBytesMax',
  },
  {
    flags: '--max-unread-bytes <n>',
    env: 'MAX_UNREAD_BYTES',
    text: 'unread output at which a client is disconnected',
    min: 65_536,
    proxy: 'outputBytesMax',
  },
  {
    flags: '--max-response-queue-bytes <n>',
    env: 'MAX_RESPONSE_QUEUE_BYTES',
    text: 'unread output of all clients at which those with the most are disconnected',
    min: 65_536,
    proxy: 'replyBytesMax',
  },
  {
    flags: '--max-identities <n>',
    env: 'MAX_IDENTITIES',
    text: 'identities that one connection may prove',
    min: 1,
    proxy: 'identitiesMax',
  },
  {
    flags: '--client-slice <ms>',
    env: 'CLIENT_SLICE',
    text: 'time for which one client is served before others have their turn',
    min: 1,
    proxy: 'sliceMs',
  },
  {
    flags: '--doubt-timeout <ms>',
    env: 'DOUBT_TIMEOUT',
    text: 'after a pause of this process, disconnect clients unless the store was seen again',
    min: 1,
    keeper: 'doubtMsMax',
  },
  {
    flags: '--write-behind-timeout <ms>',
    env: 'WRITE_BEHIND_TIMEOUT',
    text: 'say that this server is not well when no record was written for so long',
    min: 20_000,
    keeper: 'flushSilenceMsMax',
  },
  {
    flags: '--max-log-lines <n>',
    env: 'MAX_LOG_LINES',
    text: 'log lines of one kind in a minute, 0: no limit',
    min: 0,
    keeper: 'logLinesPerMinuteMax',
  },
  {
    flags: '--container-check-interval <ms>',
    env: 'CONTAINER_CHECK_INTERVAL',
    text: 'look for empty containers and old TTL znodes this often (znode.container.checkIntervalMs)',
    min: 1,
    keeper: 'reaperIntervalMs',
  },
  {
    flags: '--max-containers-per-minute <n>',
    env: 'MAX_CONTAINERS_PER_MINUTE',
    text: 'remove no more of them than this (znode.container.maxPerMinute)',
    min: 1,
    keeper: 'reapedPerMinuteMax',
  },
  {
    flags: '--record-check <ms>',
    env: 'RECORD_CHECK',
    text: 'compare a page of the stored records with the tree this often, 0: never',
    min: 0,
    keeper: 'recordCheckMs',
  },
  {
    flags: '--max-unreadable <n>',
    env: 'MAX_UNREADABLE',
    text: 'start although so many znodes cannot be read: they answer DATAINCONSISTENCY',
    min: 0,
    keeper: 'unreadableMax',
  },
  {
    flags: '--history-retention <ms>',
    env: 'HISTORY_RETENTION',
    text: 'keep so much of the store’s history, 0: never compact',
    min: 0,
    keeper: 'historyRetentionMs',
  },
  {
    flags: '--max-history-bytes <n>',
    env: 'MAX_HISTORY_BYTES',
    text: 'compact earlier behind so many bytes of journal',
    min: 1,
    keeper: 'historyBytesMax',
  },
  {
    flags: '--changes-retention <ms>',
    env: 'CHANGES_RETENTION',
    text: 'keep committed transactions in memory for so long, for change feeds that resume',
    min: 0,
    keeper: 'changesRetentionMs',
  },
  {
    flags: '--max-changes-bytes <n>',
    env: 'MAX_CHANGES_BYTES',
    text: 'keep no more bytes of them, 0: none',
    min: 0,
    keeper: 'changesRetainedBytesMax',
  },
  {
    flags: '--max-changes-lag-bytes <n>',
    env: 'MAX_CHANGES_LAG_BYTES',
    text: 'end a change feed whose reader is behind by more bytes',
    min: 1,
    keeper: 'changesLagBytesMax',
  },
  {
    flags: '--max-changes-lag <n>',
    env: 'MAX_CHANGES_LAG',
    text: 'end a change feed whose reader is behind by more transactions',
    min: 1,
    keeper: 'changesLagTxnsMax',
  },
  {
    flags: '--max-journal-kept-bytes <n>',
    env: 'MAX_JOURNAL_KEPT_BYTES',
    text: 'leave so much of the journal in the store, for members and change feeds that were away',
    min: 0,
    keeper: 'journalKeptBytesMax',
  },
  {
    flags: '--max-journal-kept <n>',
    env: 'MAX_JOURNAL_KEPT',
    text: 'leave so many entries of it',
    min: 0,
    keeper: 'journalKeptEntriesMax',
  },
  {
    flags: '--space-check <ms>',
    env: 'SPACE_CHECK',
    text: 'look at the space that the store has left this often, 0: never',
    min: 0,
    keeper: 'spaceCheckMs',
  },
  {
    flags: '--space-reserve <percent>',
    env: 'SPACE_RESERVE',
    text: 'keep this part of the store’s space for deletes and ends of sessions, 0: none',
    min: 0,
    max: 50,
    keeper: 'spaceReservePercent',
  },
  {
    flags: '--space-wait <ms>',
    env: 'SPACE_WAIT',
    text: 'time for a write to wait while compaction makes room for it: then it is refused',
    min: 0,
    keeper: 'spaceWaitMsMax',
  },
  {
    flags: '--max-small-bytes <n>',
    env: 'MAX_SMALL_BYTES',
    text: 'a write of no more data passes those that wait for space',
    min: 0,
    keeper: 'spaceSmallBytes',
  },
  {
    flags: '--compaction-wait <ms>',
    env: 'COMPACTION_WAIT',
    text: 'deadline of a compaction that writes wait for',
    min: 1,
    keeper: 'compactionWaitMs',
  },
  {
    flags: '--etcd-maintenance-timeout <ms>',
    env: 'ETCD_MAINTENANCE_TIMEOUT',
    text: 'deadline of one step of --etcd-maintenance',
    min: 1,
    keeper: 'maintenanceTimeoutMs',
  },
]

const defaultOf = ({ proxy, keeper }: Bound): number =>
  proxy === undefined ? LIMITS_DEFAULT[keeper as Numbers<KeeperLimits>] : PROXY_DEFAULT[proxy]

/** The name under which commander keeps the flag's value. */
const keyOf = ({ flags }: Bound): string =>
  flags
    .slice(2, flags.indexOf(' '))
    .replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())

const parserFrom =
  (min: number, max: number = Number.MAX_SAFE_INTEGER) =>
  (text: string) => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < min || value > max) {
      const range = max < Number.MAX_SAFE_INTEGER ? `to ${max}` : 'on'
      throw new InvalidArgumentError(
        `expected a whole number from ${min} ${range}, without a unit.`,
      )
    }
    return value
  }

export function addBounds(command: Command): Command {
  for (const bound of BOUNDS) {
    command.addOption(
      flag(bound.flags, bound.text, bound.env)
        .default(defaultOf(bound))
        .argParser(parserFrom(bound.min, bound.max)),
    )
  }
  return command
}

/** What the flags set. */
export function boundsOf(flags: object): {
  readonly proxy: Partial<ProxyOptions>
  readonly keeper: Partial<KeeperLimits>
} {
  const values = flags as Record<string, number>
  const chosen = (bound: Bound) => values[keyOf(bound)] as number
  const of = (room: 'proxy' | 'keeper') =>
    Object.fromEntries(
      BOUNDS.filter((bound) => bound[room] !== undefined).map((b) => [b[room], chosen(b)]),
    )
  return { proxy: of('proxy'), keeper: of('keeper') }
}
