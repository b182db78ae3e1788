/**
 * The change feed over the wire: anykeeper's own extension, which ZooKeeper does not have. A client pulls page by page.
 * Neighbours: change-parts (the records of a page), proxy/served-changes, client/wire/wire-feed.
 */
import type { ChangeRecord } from '../../model/change.ts'
import { WireError } from '../../model/errors.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'
import { readRecord, writeRecord } from './change-parts.ts'
import { textOrEmpty } from './text.ts'

/** Far from any number of ZooKeeper's: "ak" and 1. Every server that does not know it answers UNIMPLEMENTED. */
export const CHANGES_OP = 0x61_6b_00_01

/** What a page contains of each change. */
const FLAGS = { withoutData: 1, withSessions: 2 } as const
/** Kind and zxid. */
const RECORD_BYTES_MIN = 12
const NO_ZXID = -1

/** Requests one page. */
export interface ChangesPageRequest {
  /** Opens the feed of this connection, in place of an earlier one; false: continues it, with the rest but bounds ignored. */
  readonly begins: boolean
  /** A position; '': a snapshot. */
  readonly from: string
  readonly prefix: string
  readonly withoutData: boolean
  readonly withSessions: boolean
  /** The page ends with the record that reaches it. Unit bytes. */
  readonly bytesMax: number
  /** An empty page is the answer after so long. Unit ms. */
  readonly waitMs: number
}

/** Why the feed ends with this page. */
export interface ChangesEnd {
  readonly code: 'CHANGES_GONE' | 'CHANGES_SLOW'
  readonly message: string
  readonly position: string | undefined
  readonly oldestZxid: number | undefined
}

/** What comes in one reply. */
export interface ChangesPage {
  readonly records: readonly ChangeRecord[]
  /** undefined: the feed continues. */
  readonly end: ChangesEnd | undefined
}

/* ChangesRequest => begins from prefix flags bytesMax waitMs
     begins => BOOL
     from, prefix => USTRING
     flags, bytesMax, waitMs => INT */
export function writeChangesRequest(writer: JuteWriter, request: ChangesPageRequest): void {
  const { withoutData, withSessions } = request
  writer.bool(request.begins)
  writer.string(request.from)
  writer.string(request.prefix)
  writer.int((withoutData ? FLAGS.withoutData : 0) | (withSessions ? FLAGS.withSessions : 0))
  writer.int(request.bytesMax)
  writer.int(request.waitMs)
}

/** @throws {WireError} malformed */
export function readChangesRequest(reader: JuteReader): ChangesPageRequest {
  const begins = reader.bool()
  const from = textOrEmpty(reader)
  const prefix = textOrEmpty(reader)
  const flags = reader.int()
  const bytesMax = reader.int()
  const waitMs = reader.int()
  return {
    ...{ begins, from, prefix, bytesMax, waitMs },
    withoutData: (flags & FLAGS.withoutData) !== 0,
    withSessions: (flags & FLAGS.withSessions) !== 0,
  }
}

/* ChangesResponse => hasData records end
     hasData => BOOL
     records => VECTOR of a record each
     end     => INT: 0 none, 1 GONE, 2 SLOW; behind 1 and 2: message position oldestZxid
       message    => USTRING
       position   => USTRING, null: the snapshot was not complete
       oldestZxid => LONG, −1: none */
export function writeChangesPage(
  writer: JuteWriter,
  { records, end }: ChangesPage,
  withoutData: boolean,
): void {
  writer.bool(!withoutData)
  writer.int(records.length)
  for (const record of records) writeRecord(writer, record, !withoutData)
  if (end === undefined) return writer.int(0)
  writer.int(end.code === 'CHANGES_GONE' ? 1 : 2)
  writer.string(end.message)
  writer.string(end.position ?? null)
  writer.long(end.oldestZxid ?? NO_ZXID)
}

/** @throws {WireError} malformed */
export function readChangesPage(reader: JuteReader): ChangesPage {
  const hasData = reader.bool()
  const count = reader.count(RECORD_BYTES_MIN)
  const records: ChangeRecord[] = []
  for (let i = 0; i < count; i++) records.push(readRecord(reader, hasData))
  return { records, end: readEnd(reader) }
}

function readEnd(reader: JuteReader): ChangesEnd | undefined {
  const kind = reader.int()
  if (kind === 0) return undefined
  if (kind !== 1 && kind !== 2) throw new WireError(`a change feed that ends for reason ${kind}`)
  const message = textOrEmpty(reader)
  const position = reader.string() ?? undefined
  const zxid = reader.long()
  const oldestZxid = zxid < 0 ? undefined : zxid
  return { code: kind === 1 ? 'CHANGES_GONE' : 'CHANGES_SLOW', message, position, oldestZxid }
}
