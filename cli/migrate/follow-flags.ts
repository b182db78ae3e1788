/** Flags of the bounds of `anykeeper migrate follow`, one row each. Neighbours: follow, scripts/lib/configuration-page. */
import { type Command, Option } from 'commander'
import {
  MIRROR_BOUNDS,
  type MirrorBounds,
  SOURCE_BOUNDS,
  type SourceBounds,
} from '../../lib/internal.ts'
import { whole } from '../settings/parse.ts'

interface Row<Name extends string> {
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

/** What commander makes of the flags. */
export type BoundFlags = Readonly<Record<string, unknown>>

/** A row of the page of all settings. */
export interface ShownBound {
  readonly flag: string
  readonly value: string
  readonly text: string
  readonly default: number
}

export function shownBounds(): readonly ShownBound[] {
  return [
    ...SOURCE_ROWS.map((row) => ({ ...row, default: SOURCE_BOUNDS[row.bound] })),
    ...MIRROR_ROWS.map((row) => ({ ...row, default: MIRROR_BOUNDS[row.bound] })),
  ]
}

export function withBoundFlags(command: Command): Command {
  for (const row of SOURCE_ROWS) command.addOption(optionOf(row, SOURCE_BOUNDS[row.bound]))
  for (const row of MIRROR_ROWS) command.addOption(optionOf(row, MIRROR_BOUNDS[row.bound]))
  return command
}

function optionOf({ flag, value, text, min = 1, max }: Row<string>, byDefault: number): Option {
  return new Option(`--${flag} ${value}`, text).default(byDefault).argParser(whole(min, max))
}

export function sourceBoundsOf(flags: BoundFlags): SourceBounds {
  return valuesOf(SOURCE_ROWS, flags) as unknown as SourceBounds
}

export function mirrorBoundsOf(flags: BoundFlags): MirrorBounds {
  return valuesOf(MIRROR_ROWS, flags) as unknown as MirrorBounds
}

function valuesOf(rows: readonly Row<string>[], flags: BoundFlags): object {
  return Object.fromEntries(rows.map(({ flag, bound }) => [bound, flags[camel(flag)]]))
}

const camel = (flag: string): string => flag.replace(/-(\w)/g, (_, letter) => letter.toUpperCase())
