/** Flags of the bounds of the commands of a migration, one row each. Neighbours: the commands, scripts/lib/configuration-page. */
import { type Command, Option } from 'commander'
import {
  MIRROR_BOUNDS,
  type MirrorBounds,
  SOURCE_BOUNDS,
  type SourceBounds,
  STORED_TREE_DEFAULT,
  TAKE_OVER_DEFAULT,
} from '../../lib/internal.ts'
import { whole } from '../settings/parse.ts'

interface Row<Name extends string> {
  /** Without its dashes. */
  readonly flag: string
  readonly value: '<ms>' | '<n>'
  readonly bound: Name
  readonly text: string
  /** @default 1 */
  readonly min?: number
  readonly max?: number
}

const SOURCE_ROWS: readonly Row<keyof SourceBounds>[] = [
  {
    ...{ flag: 'max-buffer-bytes', value: '<n>', bound: 'bufferBytesMax' },
    text: 'bytes that wait to be written: beyond it the ensemble is left until half of them are',
  },
  {
    ...{ flag: 'max-proposed-bytes', value: '<n>', bound: 'proposedBytesMax' },
    text: 'bytes that the leader has proposed and not committed while it is joined: beyond it, it is left',
  },
  {
    ...{ flag: 'max-packet-bytes', value: '<n>', bound: 'packetBytesMax', min: 4_096 },
    text: 'longest packet of the leader, and largest znode of its snapshot',
  },
  {
    ...{ flag: 'max-answer-bytes', value: '<n>', bound: 'answerBytesMax', min: 4_096 },
    text: 'longest answer to a four-letter word',
  },
  {
    ...{ flag: 'connect-timeout', value: '<ms>', bound: 'connectMs' },
    text: 'time for a connection to a server, with TLS, and for a four-letter word',
  },
  {
    ...{ flag: 'handshake-timeout', value: '<ms>', bound: 'handshakeMs' },
    text: 'time for the leader to accept us',
  },
  {
    ...{ flag: 'config-timeout', value: '<ms>', bound: 'configMs' },
    text: 'time for a session that reads the members of the ensemble',
  },
  {
    ...{ flag: 'sync-timeout', value: '<ms>', bound: 'syncMs' },
    text: 'time for the leader to bring us up to date, with its snapshot',
  },
  {
    ...{ flag: 'prove-timeout', value: '<ms>', bound: 'proveMs' },
    text: 'time after that for the snapshot to have an equal digest',
  },
  {
    ...{ flag: 'silence-timeout', value: '<ms>', bound: 'silenceMs' },
    text: 'leave a leader that has sent nothing for so long',
  },
  {
    ...{ flag: 'min-silence', value: '<ms>', bound: 'silenceMsMin' },
    text: 'the same once the rate of its pings is known: at least so long',
  },
  {
    ...{ flag: 'max-missed-pings', value: '<n>', bound: 'pingsMissingMax' },
    text: 'and at most so many of them',
  },
  {
    ...{ flag: 'max-backoff', value: '<ms>', bound: 'backoffMsMax' },
    text: 'longest pause between two attempts to reach the ensemble',
  },
  {
    ...{ flag: 'max-unanswered', value: '<n>', bound: 'unansweredMax' },
    text: 'servers that close without an answer, before that is a refusal',
  },
  {
    ...{ flag: 'max-rounds', value: '<n>', bound: 'roundsMax' },
    text: 'attempts at all known members, before --source is looked at again',
  },
]

const MIRROR_ROWS: readonly Row<keyof MirrorBounds>[] = [
  {
    ...{ flag: 'max-pending', value: '<n>', bound: 'pendingMax' },
    text: 'transactions handed to the store and not settled: what comes beyond them is buffered',
  },
  {
    ...{ flag: 'stall-timeout', value: '<ms>', bound: 'stallMs' },
    text: 'load the tree again when the store has settled none of them for so long',
  },
  {
    ...{ flag: 'lease-timeout', value: '<ms>', bound: 'leaseMs', min: 1_000, max: 86_400_000 },
    text: 'time after which another process takes the place of one that was killed',
  },
  {
    ...{ flag: 'lease-look', value: '<ms>', bound: 'leaseLookMs' },
    text: 'time between two looks whether that place is free',
  },
  {
    ...{ flag: 'max-again', value: '<ms>', bound: 'againMsMax' },
    text: 'longest pause before it follows again after trouble with the store',
  },
  {
    ...{ flag: 'store-timeout', value: '<ms>', bound: 'storeMs' },
    text: 'time for the store to answer, before the place as follower is given up and sought again',
  },
  {
    ...{ flag: 'status-interval', value: '<ms>', bound: 'statusMs' },
    text: 'time between two writes of the status when it has changed',
  },
  {
    ...{ flag: 'idle-status-interval', value: '<ms>', bound: 'idleStatusMs' },
    text: 'the same when nothing has changed but that the ensemble was there',
  },
]

const TAKE_OVER_ROWS: readonly Row<Exclude<keyof typeof TAKE_OVER_DEFAULT, 'timeoutMs'>>[] = [
  {
    ...{ flag: 'drain-timeout', value: '<ms>', bound: 'drainMs' },
    text: 'how long what was received may take to be in the tree',
  },
  {
    ...{ flag: 'commit-timeout', value: '<ms>', bound: 'commitMs' },
    text: 'how long the store may take for the take-over itself',
  },
  {
    ...{ flag: 'hand-over-timeout', value: '<ms>', bound: 'handOverMs' },
    text: 'how long proxies that serve may take to stop: longer than their --proxy-ttl, shorter than their --hold-timeout',
  },
  {
    ...{ flag: 'look-timeout', value: '<ms>', bound: 'lookMs' },
    text: 'time for a server of the ensemble to answer whether it serves clients',
  },
  {
    ...{ flag: 'max-answer-bytes', value: '<n>', bound: 'answerMax', min: 4_096 },
    text: 'longest answer to it; one that is not whole counts as one of clients',
  },
]

const STORE_ROWS: readonly Row<'storeMs'>[] = [
  {
    ...{ flag: 'store-timeout', value: '<ms>', bound: 'storeMs' },
    text: 'for how long the store is tried again where it does not answer, within --timeout',
  },
]

const QUIET_ROWS: readonly Row<'quietMs'>[] = [
  {
    ...{ flag: 'quiet-time', value: '<ms>', bound: 'quietMs' },
    text: 'an epoch that has no transaction yet: compare when the stored tree has not changed for so long',
  },
]

/** Rows, their defaults, and the commands that have them. */
interface Table {
  readonly commands: readonly string[]
  readonly rows: readonly Row<string>[]
  readonly defaults: Readonly<Record<string, number>>
}

const table = (
  commands: readonly string[],
  rows: readonly Row<string>[],
  defaults: object,
): Table => ({ commands, rows, defaults: defaults as Readonly<Record<string, number>> })

const TABLES: readonly Table[] = [
  table(['follow', 'check', 'verify'], SOURCE_ROWS, SOURCE_BOUNDS),
  table(['follow'], MIRROR_ROWS, MIRROR_BOUNDS),
  table(['take-over'], TAKE_OVER_ROWS, TAKE_OVER_DEFAULT),
  table(['status', 'verify', 'take-over', 'finish', 'abandon'], STORE_ROWS, MIRROR_BOUNDS),
  table(['verify'], QUIET_ROWS, STORED_TREE_DEFAULT),
]

/** What commander makes of the flags. */
export type BoundFlags = Readonly<Record<string, unknown>>

/** A row of the page of all settings. */
export interface ShownBound {
  readonly flag: string
  readonly value: string
  readonly text: string
  readonly default: number
  readonly commands: readonly string[]
}

export function shownBounds(): readonly ShownBound[] {
  return TABLES.flatMap(({ commands, rows, defaults }) =>
    rows.map((row) => ({ ...row, commands, default: defaults[row.bound] as number })),
  )
}

/** Those of the command of that name. */
export function withBoundFlags(command: Command): Command {
  for (const { rows, defaults } of tablesOf(command.name())) {
    for (const row of rows) command.addOption(optionOf(row, defaults[row.bound] as number))
  }
  return command
}

const tablesOf = (command: string): readonly Table[] =>
  TABLES.filter(({ commands }) => commands.includes(command))

function optionOf({ flag, value, text, min = 1, max }: Row<string>, byDefault: number): Option {
  return new Option(`--${flag} ${value}`, text).default(byDefault).argParser(whole(min, max))
}

export function sourceBoundsOf(flags: BoundFlags): SourceBounds {
  return valuesOf(SOURCE_ROWS, flags) as unknown as SourceBounds
}

export function mirrorBoundsOf(flags: BoundFlags): MirrorBounds {
  return valuesOf(MIRROR_ROWS, flags) as unknown as MirrorBounds
}

export function takeOverBoundsOf(flags: BoundFlags): Omit<typeof TAKE_OVER_DEFAULT, 'timeoutMs'> {
  return valuesOf(TAKE_OVER_ROWS, flags) as Omit<typeof TAKE_OVER_DEFAULT, 'timeoutMs'>
}

export function storeBoundOf(flags: BoundFlags): { readonly storeMs: number } {
  return valuesOf(STORE_ROWS, flags) as { readonly storeMs: number }
}

export function quietBoundOf(flags: BoundFlags): { readonly quietMs: number } {
  return valuesOf(QUIET_ROWS, flags) as { readonly quietMs: number }
}

function valuesOf(rows: readonly Row<string>[], flags: BoundFlags): object {
  return Object.fromEntries(rows.map(({ flag, bound }) => [bound, flags[camel(flag)]]))
}

const camel = (flag: string): string => flag.replace(/-(\w)/g, (_, letter) => letter.toUpperCase())
