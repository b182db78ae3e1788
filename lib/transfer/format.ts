/**
 * The lines of an exported tree: JSON, one session or znode a line, between a header and a trailer.
 * Nothing in them depends on the store they came from or on the time of the export, and each fact
 * has one way to be written: the same tree always gives the same bytes. Documented in docs/copy.md.
 * Neighbours: export.ts (writes them), parse.ts (reads them).
 */
import { isUtf8 } from 'node:buffer'
import { sessionName } from '../format/layout.ts'
import type { SessionRecord } from '../format/record.ts'
import { OPEN_ACL } from '../model/acl.ts'
import { type ByteString, fromByteString } from '../model/byte-string.ts'
import type { Acl } from '../model/request.ts'
import { KIND, type Znode } from '../model/znode.ts'

export const TREE_FORMAT = 'anykeeper-tree'
export const TREE_VERSION = 1

/** First line: what is to come. */
export interface TreeHeader {
  /** What was exported: "/", or a subtree, with the znodes above it. */
  readonly path: string
  /** Newest zxid of the source; none in the file is higher. */
  readonly zxid: number
  /** How many lines of sessions follow. */
  readonly sessions: number
  /** How many lines of znodes follow. */
  readonly znodes: number
  /** The znode with the most data, the first of several; bytes of its data. */
  readonly largest: { readonly path: string; readonly bytes: number }
}

/** A session in a file; its owner is left out, as it means nothing in another store. */
export type TreeSession = Pick<SessionRecord, 'id' | 'timeoutMs' | 'passwordDigest'>

/** Last line. */
export interface TreeTrailer {
  readonly sessions: number
  readonly znodes: number
  /** SHA-256 of all lines before this one, line ends included, hex. */
  readonly sha256: string
}

/** What was copied. */
export interface TreeSummary {
  /** As in the header. */
  readonly path: string
  /** As in the header. */
  readonly zxid: number
  /** How many. */
  readonly sessions: number
  /** How many. */
  readonly znodes: number
  /** As in the trailer: two files with the same one hold the same tree. */
  readonly sha256: string
}

/** Control characters would be hard to read, or to edit, as text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROLS = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/

export function headerLine({ path, zxid, sessions, znodes, largest }: TreeHeader): string {
  return `${JSON.stringify({
    format: TREE_FORMAT,
    version: TREE_VERSION,
    path,
    zxid,
    sessions,
    znodes,
    largest: { path: largest.path, bytes: largest.bytes },
  })}\n`
}

export function sessionLine({ id, timeoutMs, passwordDigest }: TreeSession): string {
  const session = sessionText(id)
  return `${JSON.stringify({ session, timeout: timeoutMs, password: passwordDigest })}\n`
}

export function znodeLine(path: string, node: Znode): string {
  let line = `{"path":${JSON.stringify(path)},"czxid":${node.czxid},"mzxid":${node.mzxid}`
  if (node.pzxid !== node.czxid) line += `,"pzxid":${node.pzxid}`
  line += `,"ctime":${node.ctime},"mtime":${node.mtime}`
  if (node.version !== 0) line += `,"version":${node.version}`
  if (node.aversion !== 0) line += `,"aversion":${node.aversion}`
  if (node.creates !== 0) line += `,"creates":${node.creates}`
  if (node.ephemeralOwner !== 0n) line += `,"owner":"${sessionText(node.ephemeralOwner)}"`
  if (node.kind === KIND.container) line += ',"container":true'
  if (node.kind === KIND.ttl) line += `,"ttl":${node.ttlMs}`
  if (!isOpen(node.acl)) {
    line += `,"acl":${JSON.stringify(node.acl.map((a) => [a.perms, a.id.scheme, a.id.id]))}`
  }
  return `${line},${dataField(node.data)}}\n`
}

export function trailerLine({ sessions, znodes, sha256 }: TreeTrailer): string {
  return `${JSON.stringify({ end: true, sessions, znodes, sha256 })}\n`
}

function dataField(data: ByteString | null): string {
  if (data === null) return '"data":null'
  const bytes = fromByteString(data)
  if (isUtf8(bytes)) {
    const text = bytes.toString()
    if (!CONTROLS.test(text)) return `"data":${JSON.stringify(text)}`
  }
  return `"base64":"${bytes.toString('base64')}"`
}

/** As ZooKeeper's tools write it, but always with 16 digits. */
export function sessionText(id: bigint): string {
  return `0x${sessionName(id)}`
}

/** By its entries: equal lists need not be the same object. */
function isOpen(acl: readonly Acl[]): boolean {
  if (acl === OPEN_ACL) return true
  const [open] = OPEN_ACL as readonly [Acl]
  const [only] = acl
  return (
    acl.length === 1 &&
    only?.perms === open.perms &&
    only.id.scheme === open.id.scheme &&
    only.id.id === open.id.id
  )
}
