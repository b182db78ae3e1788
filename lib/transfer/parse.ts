/**
 * One line of an exported tree, from text to values. A line that is not exactly of the format is
 * refused: an unknown field would be lost. Neighbours: format.ts, tree-reader.ts.
 */

import { TTL_MS_MAX } from '../base/limits.ts'
import { internAcl, OPEN_ACL } from '../model/acl.ts'
import { type ByteString, toByteString } from '../model/byte-string.ts'
import { CopyError } from '../model/errors.ts'
import { isValidPath } from '../model/path.ts'
import type { Acl } from '../model/request.ts'
import { KIND, type Kind, Znode } from '../model/znode.ts'
import {
  TREE_FORMAT,
  TREE_VERSION,
  type TreeHeader,
  type TreeSession,
  type TreeTrailer,
} from './format.ts'

export interface TreeZnode {
  readonly path: string
  /** With `creates` and `pzxid`, which a store keeps in a record of their own. */
  readonly node: Znode
}

export type TreeLine =
  | { readonly kind: 'header'; readonly header: TreeHeader }
  | { readonly kind: 'session'; readonly session: TreeSession }
  | ({ readonly kind: 'znode' } & TreeZnode)
  | { readonly kind: 'trailer'; readonly trailer: TreeTrailer }

/** A line that is not of this format; the reader adds its number. */
export class LineProblem extends Error {}

type Fields = Readonly<Record<string, unknown>>

const HEX_DIGEST = /^[0-9a-f]{64}$/
const INT32_MAX = 0x7fffffff
/** Not valid in text: as UTF-8 it would become another character. */
const LONE_SURROGATE = /\p{Surrogate}/u
const FIELDS = {
  header: new Set(['format', 'version', 'path', 'zxid', 'sessions', 'znodes', 'largest']),
  session: new Set(['session', 'timeout', 'password']),
  znode: new Set([
    ...['path', 'czxid', 'mzxid', 'pzxid', 'ctime', 'mtime', 'version', 'aversion', 'creates'],
    ...['owner', 'container', 'ttl', 'acl', 'data', 'base64'],
  ]),
  trailer: new Set(['end', 'sessions', 'znodes', 'sha256']),
}

/**
 * @throws {LineProblem} the line is not of the format
 * @throws {CopyError} COPY_UNSUPPORTED: a header of an unknown version
 */
export function parseLine(text: string): TreeLine {
  const fields = parseObject(text)
  if ('format' in fields) return { kind: 'header', header: header(fields) }
  if ('session' in fields) return { kind: 'session', session: session(fields) }
  if ('end' in fields) return { kind: 'trailer', trailer: trailer(fields) }
  return { kind: 'znode', ...znode(fields) }
}

function parseObject(text: string): Fields {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new LineProblem('it is not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new LineProblem('it is not a JSON object')
  }
  return value as Fields
}

function header(fields: Fields): TreeHeader {
  if (fields.format !== TREE_FORMAT) throw new LineProblem(`its format is not ${TREE_FORMAT}`)
  const version = count(fields, 'version')
  if (version !== TREE_VERSION) {
    throw new CopyError(
      'COPY_UNSUPPORTED',
      `the tree was exported in version ${version} of the format, and this anykeeper reads ` +
        `version ${TREE_VERSION}: import it with a newer one`,
    )
  }
  onlyKnown(fields, 'header')
  const { largest } = fields
  if (typeof largest !== 'object' || largest === null) throw wrong('largest')
  return {
    path: pathOf(fields),
    zxid: count(fields, 'zxid'),
    sessions: count(fields, 'sessions'),
    znodes: count(fields, 'znodes'),
    largest: { path: pathOf(largest as Fields), bytes: count(largest as Fields, 'bytes') },
  }
}

function session(fields: Fields): TreeSession {
  onlyKnown(fields, 'session')
  return {
    id: sessionId(fields, 'session'),
    timeoutMs: count(fields, 'timeout', { min: 1, max: INT32_MAX }),
    passwordDigest: matching(fields, 'password', HEX_DIGEST),
  }
}

function trailer(fields: Fields): TreeTrailer {
  onlyKnown(fields, 'trailer')
  if (fields.end !== true) throw wrong('end')
  return {
    sessions: count(fields, 'sessions'),
    znodes: count(fields, 'znodes'),
    sha256: matching(fields, 'sha256', HEX_DIGEST),
  }
}

function znode(fields: Fields): TreeZnode {
  const path = pathOf(fields)
  onlyKnown(fields, 'znode')
  const ephemeralOwner = fields.owner === undefined ? 0n : sessionId(fields, 'owner')
  const kind = kindOf(fields, ephemeralOwner)
  const node = new Znode({
    data: dataOf(fields),
    acl: aclOf(fields),
    zxid: count(fields, 'czxid'),
    time: count(fields, 'ctime'),
    ephemeralOwner,
    kind,
    ttlMs: kind === KIND.ttl ? count(fields, 'ttl', { min: 1, max: TTL_MS_MAX }) : 0,
  })
  node.mzxid = count(fields, 'mzxid')
  node.mtime = count(fields, 'mtime')
  if (fields.pzxid !== undefined) node.pzxid = count(fields, 'pzxid')
  if (fields.creates !== undefined) node.creates = count(fields, 'creates', { max: INT32_MAX })
  node.version = int32(fields, 'version')
  node.aversion = int32(fields, 'aversion')
  return { path, node }
}

function kindOf(fields: Fields, ephemeralOwner: bigint): Kind {
  const { container, ttl } = fields
  if (container !== undefined && container !== true) throw wrong('container')
  const kinds = [ephemeralOwner !== 0n, container === true, ttl !== undefined]
  if (kinds.filter(Boolean).length > 1) {
    throw new LineProblem('a znode is ephemeral, or a container, or has a TTL: one of them')
  }
  if (container === true) return KIND.container
  return ttl === undefined ? KIND.plain : KIND.ttl
}

function dataOf(fields: Fields): ByteString | null {
  const { data, base64 } = fields
  if ((data === undefined) === (base64 === undefined)) {
    throw new LineProblem('a znode has either "data" or "base64"')
  }
  if (data === null) return null
  if (typeof data === 'string') {
    if (LONE_SURROGATE.test(data)) throw wrong('data')
    return toByteString(Buffer.from(data))
  }
  if (typeof base64 !== 'string') throw wrong(base64 === undefined ? 'data' : 'base64')
  const bytes = Buffer.from(base64, 'base64')
  // Node skips characters that are no base64, so compare the way back.
  if (bytes.toString('base64') !== base64) throw wrong('base64')
  return toByteString(bytes)
}

function aclOf({ acl }: Fields): readonly Acl[] {
  if (acl === undefined) return OPEN_ACL
  if (!Array.isArray(acl)) throw wrong('acl')
  return internAcl(
    acl.map((entry: unknown): Acl => {
      if (!Array.isArray(entry) || entry.length !== 3) throw wrong('acl')
      const [perms, scheme, id] = entry
      const isRight = isInt32(perms) && typeof scheme === 'string' && typeof id === 'string'
      if (!isRight) throw wrong('acl')
      return { perms, id: { scheme, id } }
    }),
  )
}

function onlyKnown(fields: Fields, kind: keyof typeof FIELDS): void {
  for (const name of Object.keys(fields)) {
    if (!FIELDS[kind].has(name)) throw new LineProblem(`a ${kind} has no field "${name}"`)
  }
}

function wrong(field: string): LineProblem {
  return new LineProblem(`the field "${field}" is missing or not right`)
}

function count(
  fields: Fields,
  name: string,
  { min = 0, max = Number.MAX_SAFE_INTEGER }: { min?: number; max?: number } = {},
): number {
  const value = fields[name]
  if (!Number.isSafeInteger(value)) throw wrong(name)
  const number = value as number
  if (number < min || number > max) throw wrong(name)
  return number
}

/** Left out when 0. It may be negative: versions wrap. */
function int32(fields: Fields, name: string): number {
  const value = fields[name] ?? 0
  if (!isInt32(value)) throw wrong(name)
  return value
}

function isInt32(value: unknown): value is number {
  return typeof value === 'number' && (value | 0) === value
}

function matching(fields: Fields, name: string, pattern: RegExp): string {
  const value = fields[name]
  if (typeof value !== 'string' || !pattern.test(value)) throw wrong(name)
  return value
}

function pathOf(fields: Fields): string {
  const { path } = fields
  if (typeof path !== 'string' || !isValidPath(path)) throw wrong('path')
  return path
}

/** Like ZooKeeper's, session ids are signed. */
function sessionId(fields: Fields, name: string): bigint {
  const id = BigInt.asIntN(64, BigInt(matching(fields, name, /^0x[0-9a-f]{16}$/)))
  if (id === 0n) throw wrong(name)
  return id
}
