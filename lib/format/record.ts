/**
 * Stored bytes of n/, c/, s/, p/, head and import values: one line of JSON, for n/ followed by "\n"
 * and the znode's data as it is. So `etcdctl get` shows a znode, and any JSON reader decodes it.
 * Format 1. Fields with their usual value are left out. Documented in docs/layout.md.
 */

import { internAcl, OPEN_ACL } from '../model/acl.ts'
import { toByteString } from '../model/byte-string.ts'
import type { Acl } from '../model/request.ts'
import { KIND, Znode } from '../model/znode.ts'
import { JOURNAL_FORMAT, JOURNAL_FORMAT_OLD } from './journal.ts'
import { assertIntegers, assertStrings, damaged, FORMAT, parse } from './json.ts'

interface ZnodeHeader {
  f: number
  czxid: number
  mzxid: number
  ctime: number
  mtime: number
  version?: number
  aversion?: number
  owner?: string
  container?: true
  ttl?: number
  acl?: [number, string, string][]
  null?: true
}

export function encodeZnode(node: Znode): Uint8Array {
  let head = `{"f":${FORMAT},"czxid":${node.czxid},"mzxid":${node.mzxid},"ctime":${node.ctime},"mtime":${node.mtime}`
  if (node.version !== 0) head += `,"version":${node.version}`
  if (node.aversion !== 0) head += `,"aversion":${node.aversion}`
  if (node.ephemeralOwner !== 0n) head += `,"owner":"0x${node.ephemeralOwner.toString(16)}"`
  if (node.kind === KIND.container) head += ',"container":true'
  if (node.kind === KIND.ttl) head += `,"ttl":${node.ttlMs}`
  if (node.acl !== OPEN_ACL) {
    head += `,"acl":${JSON.stringify(node.acl.map((a) => [a.perms, a.id.scheme, a.id.id]))}`
  }
  if (node.data === null) head += ',"null":true'
  head += '}\n'
  const data = node.data
  const headBytes = Buffer.byteLength(head)
  const out = Buffer.allocUnsafe(headBytes + (data === null ? 0 : data.length))
  out.write(head, 0)
  if (data !== null) out.write(data, headBytes, data.length, 'latin1')
  return out
}

/** All numbers and names of a header. */
const HEADER_BYTES_MAX = 512

/** No fewer bytes than the znode's record has. */
export function znodeBytesMax(node: {
  readonly acl: readonly Acl[]
  readonly dataLength: number
}): number {
  const acl = node.acl === OPEN_ACL ? 0 : Buffer.byteLength(JSON.stringify(node.acl))
  return HEADER_BYTES_MAX + acl + node.dataLength
}

/**
 * A znode of the bytes under its n/ key; without its child record. @throws {StoreError}
 * STORE_INTERNAL: damaged; STORE_UNSUPPORTED: another format
 */
export function decodeZnode(value: Uint8Array, path: string): Znode {
  const what = `znode ${path}`
  const newline = value.indexOf(10)
  if (newline < 0) throw damaged(what)
  const h = parse<ZnodeHeader>(value.subarray(0, newline), what)
  assertIntegers(what, h.czxid, h.mzxid, h.ctime, h.mtime)
  assertIntegers(what, h.version ?? 0, h.aversion ?? 0, h.ttl ?? 0)
  const node = new Znode({
    data: h.null === true ? null : toByteString(value.subarray(newline + 1)),
    acl: h.acl === undefined ? OPEN_ACL : decodeAcl(h.acl, what),
    zxid: h.czxid,
    time: h.ctime,
    ephemeralOwner: h.owner === undefined ? 0n : decodeOwner(h.owner, what),
    kind: h.container === true ? KIND.container : h.ttl === undefined ? KIND.plain : KIND.ttl,
    ttlMs: h.ttl ?? 0,
  })
  node.mzxid = h.mzxid
  node.mtime = h.mtime
  node.version = h.version ?? 0
  node.aversion = h.aversion ?? 0
  return node
}

function decodeAcl(list: unknown, what: string): readonly Acl[] {
  if (!Array.isArray(list)) throw damaged(what)
  return internAcl(
    list.map((entry: unknown): Acl => {
      if (!Array.isArray(entry)) throw damaged(what)
      const [perms, scheme, id] = entry
      assertIntegers(what, perms)
      assertStrings(what, scheme, id)
      return { perms, id: { scheme, id } }
    }),
  )
}

/** "0x" and hex digits, with a "-" before them where the id's top bit is set. */
function decodeOwner(text: unknown, what: string): bigint {
  const match = typeof text === 'string' ? /^0x(-?)([0-9a-f]{1,16})$/.exec(text) : null
  if (match === null) throw damaged(what)
  const size = BigInt(`0x${match[2]}`)
  return match[1] === '' ? size : -size
}

export interface ChildRecord {
  /** Creates ever made below: ZooKeeper's stored cversion and the sequence counter. */
  readonly creates: number
  readonly pzxid: number
  /**
   * Of the znode that it belongs to. Stored where `pzxid` is lower, which would be an earlier znode’s of that path
   * otherwise: trees of ZooKeeper may have such znodes.
   */
  readonly czxid?: number
}

export function encodeChildRecord({ creates, pzxid, czxid = 0 }: ChildRecord): Uint8Array {
  const owner = pzxid < czxid ? `,"czxid":${czxid}` : ''
  return Buffer.from(`{"f":${FORMAT},"creates":${creates},"pzxid":${pzxid}${owner}}`)
}
/** The bytes under a c/ key. @throws {StoreError} as {@link decodeZnode} */
export function decodeChildRecord(value: Uint8Array, path: string): ChildRecord {
  const what = `child record ${path}`
  const { creates, pzxid, czxid } = parse<ChildRecord & { f: number }>(value, what)
  assertIntegers(what, creates, pzxid, czxid ?? 0)
  return { creates, pzxid, ...(czxid === undefined ? {} : { czxid }) }
}

/** A session as stored: everything another proxy needs to resume it. */
export interface SessionRecord {
  readonly id: bigint
  readonly timeoutMs: number
  /** SHA-256 of the 16-byte password, hex: a reader of the store cannot resume sessions. */
  readonly passwordDigest: string
  /** The proxy that owns it. */
  readonly owner: string
  /** Grows by one with each move; writes of an older connection are refused. */
  readonly fence: number
}

export function encodeSession(s: SessionRecord): Uint8Array {
  return Buffer.from(
    JSON.stringify({
      f: FORMAT,
      timeout: s.timeoutMs,
      password: s.passwordDigest,
      owner: s.owner,
      fence: s.fence,
    }),
  )
}
export function decodeSession(value: Uint8Array, id: bigint): SessionRecord {
  const what = `session 0x${id.toString(16)}`
  const r = parse<{ f: number; timeout: number; password: string; owner: string; fence: number }>(
    value,
    what,
  )
  assertIntegers(what, r.timeout, r.fence)
  assertStrings(what, r.password, r.owner)
  return {
    id,
    timeoutMs: r.timeout,
    passwordDigest: r.password,
    owner: r.owner,
    fence: r.fence,
  }
}

/** A live proxy's registration; its lease is its heartbeat. */
export interface ProxyRecord {
  readonly address: string
  readonly ttlMs: number
  /** It shuts down: its sessions get their whole timeout from now on. */
  readonly leaving: boolean
  /** It serves for so long without a confirmed heartbeat, ms. */
  readonly silenceMsMax: number
  /** Newest format of journal entries that it reads. */
  readonly journalFormat: number
  /** Znodes that it could not read from the store: others may have them. Absent: none. */
  readonly unreadable?: number
  /** When it began, ms since 1970 by its own clock. Absent: a version before 0.3 wrote it. */
  readonly startedMs?: number
}
export function encodeProxy(p: ProxyRecord): Uint8Array {
  return Buffer.from(JSON.stringify({ f: FORMAT, ...p }))
}
/**
 * Never throws: one record that a later version wrote, or that is damaged, must not blind a proxy to the
 * others. Of what cannot be read, only that its proxy lives is known.
 */
export function decodeProxy(value: Uint8Array): ProxyRecord {
  const r = parsedOrEmpty(value)
  const { address, ttlMs, leaving, journalFormat, silenceMsMax, unreadable, startedMs } = r
  return {
    address: typeof address === 'string' ? address : '',
    ttlMs: Number.isSafeInteger(ttlMs) ? (ttlMs as number) : 0,
    leaving: leaving === true,
    ...(Number.isSafeInteger(unreadable) ? { unreadable: unreadable as number } : {}),
    ...(Number.isSafeInteger(startedMs) ? { startedMs: startedMs as number } : {}),
    // Versions before 0.2 do not say it, and had this default.
    silenceMsMax: Number.isSafeInteger(silenceMsMax) ? (silenceMsMax as number) : 4_000,
    journalFormat: Number.isSafeInteger(journalFormat)
      ? (journalFormat as number)
      : // Versions before 0.2 do not say it; later ones, and what is unreadable, read at least ours.
        r.f === FORMAT
        ? JOURNAL_FORMAT_OLD
        : JOURNAL_FORMAT,
  }
}

function parsedOrEmpty(value: Uint8Array): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(value).toString())
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {}
  } catch {
    return {}
  }
}

/** How far an import is. While it exists the tree is incomplete, and no proxy serves it. */
export interface ImportRecord {
  /** The run that writes: 16 hex digits, drawn by every run of an import. */
  readonly run: string
  /** What lines 1 to `line` of the file say is in n/, c/ and s/. */
  readonly line: number
  /** SHA-256 of those lines, hex: which file it is. */
  readonly sha256: string
  /** The import was abandoned: what it wrote is being removed. */
  readonly abandoned: boolean
}
export function encodeImport({ run, line, sha256, abandoned }: ImportRecord): Uint8Array {
  return Buffer.from(
    JSON.stringify({ f: FORMAT, run, line, sha256, ...(abandoned ? { abandoned } : {}) }),
  )
}
export function decodeImport(value: Uint8Array): ImportRecord {
  const what = 'import record'
  const { run, line, sha256, abandoned } = parse<ImportRecord & { f: number }>(value, what)
  assertIntegers(what, line)
  assertStrings(what, run, sha256)
  return { run, line, sha256, abandoned: abandoned === true }
}
