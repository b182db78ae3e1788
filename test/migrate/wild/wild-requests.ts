/** Requests that no client library sends, and some that all do, by chance. What the server makes of them is its own affair. */
import { Pack } from '../../support/pack.ts'
import type { RawAcl } from '../../support/raw-codec.ts'

/** A request’s opcode, and the bytes of its record. */
export interface WildRequest {
  readonly op: number
  readonly record: Buffer
}

type Random = () => number

const INT_MAX = 2 ** 31 - 1
const INT_MIN = -(2 ** 31)
const OP = {
  ...{ create: 1, delete: 2, setData: 5, setAcl: 7, sync: 9, check: 13, multi: 14, create2: 15 },
  ...{ reconfig: 16, createContainer: 19, deleteContainer: 20, createTtl: 21 },
  ...{ createSession: -10, error: -1 },
} as const
const CREATES = [OP.create, OP.create2, OP.createContainer, OP.createTtl] as const
const TTL_OF = [
  ...[1, 40, 1_000, 3_600_000, 2 ** 40 - 1, 2 ** 40 - 2, 2 ** 40, 2 ** 48],
  ...[0, -1, 2 ** 31, 2 ** 32 + 1],
]
/** ZooKeeper checks none of them. */
const SESSION_MS = [-INT_MAX - 1, -1, 0, 1, 5_000, INT_MAX]
/** Above these a TTL would end the server if its create has no flags of a TTL: its own error, which ends its log for good. */
const FLAGS_OF_TTL_MIN = 5

const pick = <T>(random: Random, all: readonly T[]): T =>
  all[Math.floor(random() * all.length)] as T
const below = (random: Random, end: number): number => Math.floor(random() * end)

const OPEN: readonly RawAcl[] = [{ perms: 31, scheme: 'world', id: 'anyone' }]
const ACLS: readonly (readonly RawAcl[] | null)[] = [
  ...[OPEN, OPEN, OPEN, OPEN],
  [{ perms: INT_MAX, scheme: 'world', id: 'anyone' }],
  [{ perms: -1, scheme: 'world', id: 'anyone' }],
  [...OPEN, { perms: 0, scheme: 'digest', id: 'bob:xa8CYSDUPrXsrXPfmDNGJCzQrBU=' }],
  [...OPEN, ...OPEN, ...OPEN],
  [...OPEN, { perms: 5, scheme: 'ip', id: '10.0.0.0/8' }],
  [{ perms: 31, scheme: 'auth', id: '' }],
  [{ perms: 31, scheme: 'nobody', id: 'knows' }],
  Array.from({ length: 400 }, (_, i) => ({
    perms: 31,
    scheme: 'ip',
    id: `10.1.${i >> 8}.${i & 255}`,
  })),
  ...[[], null],
]
/**
 * In a multi of 3.9 a create without a list fails before it has a zxid, and takes that of the request before it. Where that one is
 * still outstanding the leader commits nothing any more: its own error.
 */
const ACLS_IN_MULTI = ACLS.filter((acl) => acl !== null)
const DATA: readonly (Buffer | null)[] = [
  ...[null, Buffer.alloc(0), Buffer.from([0]), Buffer.alloc(300, 'd'), Buffer.alloc(70_000, 0xff)],
  Buffer.from([0xed, 0xa0, 0x80, 0xc3]),
]
const NAMES = [
  ...[
    'a',
    'b',
    'c',
    'd',
    'a b',
    'ä',
    '日本',
    '😀',
    '-',
    '.a',
    '..b',
    'a.',
    '~',
    '%2f',
    '\'"',
    '\\',
  ],
  ...[
    '\u00ad',
    '\u200b',
    'x'.repeat(300),
    '\ufffd',
    '\u0000',
    '\u0001',
    '\u007f',
    '\ue000',
    '\ufff5',
  ],
  ...['.', '..', ''],
]
const FIXED = ['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config', '', 'a', '/w/', '/w//a']

function path(random: Random): string {
  if (random() < 0.06) return pick(random, FIXED)
  if (random() < 0.04) return `/zookeeper/${pick(random, NAMES)}`
  const depth = 1 + below(random, 3)
  return `/w${Array.from({ length: depth }, () => `/${pick(random, NAMES.slice(0, random() < 0.8 ? 4 : NAMES.length))}`).join('')}`
}

const version = (random: Random): number =>
  random() < 0.7 ? -1 : pick(random, [0, 1, 2, INT_MAX, INT_MIN, -2])

function aclBytes(pack: Pack, acl: readonly RawAcl[] | null): Pack {
  if (acl === null) return pack.int(-1)
  pack.int(acl.length)
  for (const { perms, scheme, id } of acl) pack.int(perms).buffer(scheme).buffer(id)
  return pack
}

function create(random: Random, op: number, acls = ACLS): Buffer {
  const at = path(random)
  const ttlMs = pick(random, TTL_OF)
  const flags = below(random, 9) - 1
  const pack = new Pack().buffer(at).buffer(pick(random, DATA))
  aclBytes(pack, pick(random, acls))
  if (op !== OP.createTtl) return pack.int(flags).done()
  const isFatal = ttlMs <= 0 && flags >= 0 && flags < FLAGS_OF_TTL_MIN
  return pack
    .int(isFatal ? FLAGS_OF_TTL_MIN : flags)
    .long(ttlMs)
    .done()
}

function one(random: Random, acls = ACLS): WildRequest {
  const kind = random()
  if (kind < 0.4) {
    const op = pick(random, CREATES)
    return { op, record: create(random, op, acls) }
  }
  if (kind < 0.55) {
    const record = new Pack().buffer(path(random)).int(version(random)).done()
    return { op: random() < 0.8 ? OP.delete : OP.deleteContainer, record }
  }
  if (kind < 0.75) {
    const pack = new Pack().buffer(path(random)).buffer(pick(random, DATA))
    return { op: OP.setData, record: pack.int(version(random)).done() }
  }
  if (kind < 0.9) {
    const pack = aclBytes(new Pack().buffer(path(random)), pick(random, ACLS))
    return { op: OP.setAcl, record: pack.int(version(random)).done() }
  }
  return { op: OP.check, record: new Pack().buffer(path(random)).int(version(random)).done() }
}

function multi(random: Random): WildRequest {
  const pack = new Pack()
  for (let left = below(random, 7); left > 0; left--) {
    const { op, record } = random() < 0.03 ? multi(random) : one(random, ACLS_IN_MULTI)
    pack.int(op).byte(0).int(-1).raw(record)
  }
  return { op: OP.multi, record: pack.int(-1).byte(1).int(-1).done() }
}

/** Of the kinds that a session may send at any time. */
export function wildRequest(random: Random): WildRequest {
  const kind = random()
  if (kind < 0.7) return one(random)
  if (kind < 0.92) return multi(random)
  if (kind < 0.94) {
    const ms = pick(random, SESSION_MS)
    return { op: OP.createSession, record: new Pack().int(ms).done() }
  }
  if (kind < 0.96) {
    const joining = 'server.9=127.0.0.1:1:2:observer;3'
    const pack = new Pack().buffer(pick(random, [null, joining])).buffer(pick(random, [null, '9']))
    return { op: OP.reconfig, record: pack.buffer(null).long(-1).done() }
  }
  if (kind < 0.98) return { op: pick(random, [OP.error, 127, 3, 99, 0]), record: create(random, 1) }
  return { op: OP.sync, record: new Pack().buffer(path(random)).done() }
}

/** At the ends of the counters of edge-tree.ts. */
export function edgeRequest(random: Random): WildRequest {
  const at = pick(random, ['/edge', '/edge/v', '/edge/n'])
  const kind = random()
  if (kind < 0.3) {
    return { op: OP.setData, record: new Pack().buffer(at).buffer('e').int(version(random)).done() }
  }
  if (kind < 0.5) {
    const pack = aclBytes(new Pack().buffer(at), OPEN)
    return { op: OP.setAcl, record: pack.int(version(random)).done() }
  }
  if (kind < 0.6) {
    return { op: OP.delete, record: new Pack().buffer('/edge/s').int(-1).done() }
  }
  const pack = aclBytes(new Pack().buffer(`${at}/s`).buffer(null), OPEN)
  return { op: pick(random, [OP.create, OP.create2]), record: pack.int(below(random, 4)).done() }
}
