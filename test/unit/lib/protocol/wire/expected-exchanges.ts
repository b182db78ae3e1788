/**
 * The exchanges of expected.test.ts: what one client and one server said, by hand. zxids are equal on
 * both servers, because each began empty and did the same.
 */

import type { Acl, Request, Result, Stat } from '../../../../../lib/internal.ts'
import type { Own } from './expected-own.ts'

const OPEN: Acl[] = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]
const TWO_ENTRIES: Acl[] = [
  { perms: 1, id: { scheme: 'world', id: 'anyone' } },
  { perms: 31, id: { scheme: 'ip', id: '127.0.0.1' } },
]
const NO_NODE = -101

/** A znode that nobody changed after its create. */
const fresh = (zxid: number, ms: number, more: Partial<Stat> = {}): Stat => ({
  czxid: zxid,
  mzxid: zxid,
  ctime: ms,
  mtime: ms,
  version: 0,
  cversion: 0,
  aversion: 0,
  ephemeralOwner: 0n,
  dataLength: 0,
  numChildren: 0,
  pzxid: zxid,
  ...more,
})

type Create = Extract<Request, { type: 'create' }>

const create = (
  op: Create['op'],
  path: string,
  data: string,
  flags: number,
  more: Partial<Create> = {},
): Create => ({ type: 'create', op, path, data, acl: OPEN, flags, ttlMs: 0, ...more })

interface Exchange {
  readonly fixture: string
  readonly op: number
  /** Which one of that opcode in the fixture, the first being 0. */
  readonly nth?: number
  readonly xid: number
  readonly request: Request
  readonly zxid: number
  /** A number is an error. */
  readonly reply: Result | number
}

export function exchanges(own: Own): Exchange[] {
  const { createMs, readMs, writeMs, childrenMs, multiMs, watchesMs } = own
  const readStat = fresh(16, readMs, { ephemeralOwner: own.session + 1n, dataLength: 9 })
  const [createdMs, setMs, setAgainMs] = writeMs
  const written = fresh(19, createdMs)
  const watches = '/java-watches'
  return [
    {
      fixture: 'java-create',
      op: 1,
      nth: 3,
      xid: 4,
      request: create(1, '/java-create/ephemeral', 'x', 1, { acl: TWO_ENTRIES }),
      zxid: 5,
      reply: { type: 'path', path: '/java-create/ephemeral' },
    },
    {
      fixture: 'java-create',
      op: 1,
      nth: 4,
      xid: 5,
      request: create(1, '/java-create/é漢', '\x00\xff\x80', 0),
      zxid: 6,
      reply: { type: 'path', path: '/java-create/é漢' },
    },
    {
      fixture: 'java-create',
      op: 15,
      nth: 1,
      xid: 7,
      request: create(15, '/java-create/two-', '2', 3),
      zxid: 8,
      reply: {
        type: 'pathStat',
        path: '/java-create/two-0000000005',
        stat: fresh(8, createMs.two, { ephemeralOwner: own.session, dataLength: 1 }),
      },
    },
    {
      fixture: 'java-create',
      op: 19,
      xid: 8,
      request: create(19, '/java-create/container', 'c', 4),
      zxid: 9,
      reply: {
        type: 'pathStat',
        path: '/java-create/container',
        stat: fresh(9, createMs.container, { dataLength: 1 }),
      },
    },
    {
      fixture: 'java-create',
      op: 21,
      xid: 9,
      request: create(21, '/java-create/ttl', 't', 5, { ttlMs: 3_600_000 }),
      zxid: 10,
      reply: {
        type: 'pathStat',
        path: '/java-create/ttl',
        stat: fresh(10, createMs.ttl, { dataLength: 1 }),
      },
    },
    {
      fixture: 'java-write',
      op: 2,
      nth: 1,
      xid: 10,
      request: { type: 'delete', path: '/java-write', version: 2 },
      zxid: 26,
      reply: { type: 'none' },
    },
    {
      fixture: 'java-read',
      op: 3,
      xid: 1,
      request: { type: 'exists', path: '/java-read', watch: true },
      zxid: 15,
      reply: NO_NODE,
    },
    {
      fixture: 'java-watches',
      op: 3,
      xid: 4,
      request: { type: 'exists', path: watches, watch: true },
      zxid: 44,
      reply: {
        type: 'stat',
        stat: fresh(40, watchesMs[0], {
          mzxid: 43,
          mtime: watchesMs[1],
          version: 1,
          cversion: 1,
          dataLength: 1,
          numChildren: 1,
          pzxid: 41,
        }),
      },
    },
    {
      fixture: 'java-read',
      op: 4,
      xid: 4,
      request: { type: 'getData', path: '/java-read', watch: true },
      zxid: 16,
      reply: { type: 'data', data: 'some data', stat: readStat },
    },
    {
      fixture: 'java-write',
      op: 4,
      xid: 4,
      request: { type: 'getData', path: '/java-write', watch: false },
      zxid: 21,
      reply: {
        type: 'data',
        data: null,
        stat: { ...written, mzxid: 21, mtime: setAgainMs, version: 2 },
      },
    },
    {
      fixture: 'java-write',
      op: 5,
      xid: 2,
      request: { type: 'setData', path: '/java-write', data: 'x'.repeat(300), version: 0 },
      zxid: 20,
      reply: {
        type: 'stat',
        stat: { ...written, mzxid: 20, mtime: setMs, version: 1, dataLength: 300 },
      },
    },
    {
      fixture: 'java-write',
      op: 5,
      nth: 1,
      xid: 3,
      request: { type: 'setData', path: '/java-write', data: null, version: -1 },
      zxid: 21,
      reply: { type: 'stat', stat: { ...written, mzxid: 21, mtime: setAgainMs, version: 2 } },
    },
    {
      fixture: 'java-write',
      op: 6,
      xid: 7,
      request: { type: 'getACL', path: '/java-write' },
      zxid: 23,
      reply: {
        type: 'acl',
        acl: TWO_ENTRIES,
        stat: { ...written, mzxid: 21, mtime: setAgainMs, version: 2, aversion: 1 },
      },
    },
    {
      fixture: 'java-write',
      op: 7,
      xid: 6,
      request: { type: 'setACL', path: '/java-write', acl: TWO_ENTRIES, version: 0 },
      zxid: 23,
      reply: {
        type: 'stat',
        stat: { ...written, mzxid: 21, mtime: setAgainMs, version: 2, aversion: 1 },
      },
    },
    {
      fixture: 'java-children',
      op: 8,
      nth: 1,
      xid: 5,
      request: { type: 'getChildren', path: '/java-children', watch: false },
      zxid: 32,
      reply: { type: 'children', children: ['a', '漢'] },
    },
    {
      fixture: 'java-children',
      op: 12,
      xid: 6,
      request: { type: 'getChildren2', path: '/java-children', watch: true },
      zxid: 32,
      reply: {
        type: 'childrenStat',
        children: ['a', '漢'],
        stat: fresh(30, childrenMs, { cversion: 2, numChildren: 2, pzxid: 32 }),
      },
    },
    {
      fixture: 'java-children',
      op: 104,
      xid: 8,
      request: { type: 'getAllChildrenNumber', path: '/java-children' },
      zxid: 32,
      reply: { type: 'count', count: 2 },
    },
    {
      fixture: 'java-read',
      op: 9,
      xid: 9,
      request: { type: 'sync', path: '/java-read' },
      zxid: 16,
      reply: { type: 'path', path: '/java-read' },
    },
    {
      fixture: 'java-ping',
      op: 11,
      xid: -2,
      request: { type: 'ping' },
      zxid: 64,
      reply: { type: 'none' },
    },
    {
      fixture: 'java-multi',
      op: 14,
      xid: 1,
      request: {
        type: 'multi',
        ops: [
          create(1, '/java-multi', 'x', 0),
          { type: 'setData', path: '/java-multi', data: 'y', version: 0 },
          { type: 'check', path: '/java-multi', version: 1 },
          create(19, '/java-multi/container', 'c', 4),
          create(21, '/java-multi/ttl', 't', 5, { ttlMs: 3_600_000 }),
          create(1, '/java-multi/seq-', 's', 3),
          { type: 'delete', path: '/java-multi/ttl', version: -1 },
        ],
      },
      zxid: 35,
      reply: {
        type: 'multi',
        results: [
          { type: 'create', path: '/java-multi' },
          { type: 'setData', stat: fresh(35, multiMs, { version: 1, dataLength: 1 }) },
          { type: 'check' },
          {
            type: 'create2',
            path: '/java-multi/container',
            stat: fresh(35, multiMs, { dataLength: 1 }),
          },
          { type: 'create2', path: '/java-multi/ttl', stat: fresh(35, multiMs, { dataLength: 1 }) },
          { type: 'create', path: '/java-multi/seq-0000000002' },
          { type: 'delete' },
        ],
      },
    },
    {
      fixture: 'java-multi',
      op: 14,
      nth: 1,
      xid: 2,
      request: {
        type: 'multi',
        ops: [
          create(1, '/java-multi/a', '', 0),
          { type: 'check', path: '/java-multi', version: 9 },
          { type: 'delete', path: '/java-multi/b', version: -1 },
        ],
      },
      zxid: 36,
      reply: {
        type: 'multi',
        results: [
          { type: 'error', errno: 0 },
          { type: 'error', errno: -103 },
          { type: 'error', errno: -2 },
        ],
      },
    },
    {
      fixture: 'java-multi',
      op: 22,
      xid: 3,
      request: {
        type: 'multiRead',
        ops: [
          { type: 'getData', path: '/java-multi', watch: false },
          { type: 'getChildren', path: '/java-multi', watch: false },
          { type: 'getChildren', path: '/java-multi/none', watch: false },
          { type: 'getData', path: '/java-multi/container', watch: false },
        ],
      },
      zxid: 36,
      reply: {
        type: 'multi',
        results: [
          {
            type: 'getData',
            data: 'y',
            stat: fresh(35, multiMs, { version: 1, cversion: 4, dataLength: 1, numChildren: 2 }),
          },
          { type: 'getChildren', children: ['container', 'seq-0000000002'] },
          { type: 'error', errno: NO_NODE },
          { type: 'getData', data: 'c', stat: fresh(35, multiMs, { dataLength: 1 }) },
        ],
      },
    },
    {
      fixture: 'java-reconfig',
      op: 16,
      nth: 1,
      xid: 2,
      request: { type: 'reconfig' },
      zxid: 0x100000003,
      reply: {
        type: 'data',
        data: `server.1=${own.members}:participant\nversion=100000003`,
        stat: fresh(0, 0, {
          mzxid: 0x100000003,
          mtime: own.reconfigMs,
          version: -1,
          aversion: -1,
          dataLength: 60,
        }),
      },
    },
    {
      fixture: 'java-watches',
      op: 17,
      xid: 3,
      request: { type: 'checkWatches', path: watches, watcherType: 3 },
      zxid: 44,
      reply: { type: 'none' },
    },
    {
      fixture: 'java-watches',
      op: 18,
      xid: 6,
      request: { type: 'removeWatches', path: watches, watcherType: 2 },
      zxid: 44,
      reply: { type: 'none' },
    },
    {
      fixture: 'java-watches',
      op: 106,
      nth: 1,
      xid: 2,
      request: { type: 'addWatch', path: '/java-watches/r', mode: 1 },
      zxid: 39,
      reply: { type: 'errorRecord', errno: 0 },
    },
    {
      fixture: 'java-set-watches-resumed',
      op: 101,
      xid: 5,
      request: {
        type: 'setWatches',
        relativeZxid: 49,
        data: ['/java-set-watches'],
        exist: ['/java-set-watches/later'],
        child: ['/java-set-watches'],
        persistent: [],
        persistentRecursive: [],
      },
      zxid: 50,
      reply: { type: 'none' },
    },
    {
      fixture: 'java-set-watches2-resumed',
      op: 105,
      xid: 7,
      request: {
        type: 'setWatches',
        relativeZxid: 56,
        data: ['/java-set-watches2'],
        exist: ['/java-set-watches2/later'],
        child: ['/java-set-watches2'],
        persistent: ['/java-set-watches2/p'],
        persistentRecursive: ['/java-set-watches2/é'],
      },
      zxid: 57,
      reply: { type: 'none' },
    },
    {
      fixture: 'java-auth',
      op: 100,
      xid: -4,
      request: { type: 'auth', scheme: 'digest', auth: bytes('user:password') },
      zxid: 0,
      reply: { type: 'none' },
    },
    {
      fixture: 'java-auth-failed',
      op: 100,
      xid: -4,
      request: { type: 'auth', scheme: 'nonsense', auth: bytes('x') },
      zxid: 0,
      reply: -115,
    },
    {
      fixture: 'sasl',
      op: 102,
      xid: 1,
      request: { type: 'sasl', token: bytes('token') },
      zxid: 0,
      reply: { type: 'sasl', token: null },
    },
    {
      fixture: 'java-read',
      op: 103,
      nth: 1,
      xid: 7,
      request: { type: 'getEphemerals', prefixPath: '/java-read' },
      zxid: 16,
      reply: { type: 'paths', paths: ['/java-read'] },
    },
    {
      fixture: 'java-sasl',
      op: 107,
      xid: 3,
      request: { type: 'whoAmI' },
      zxid: 1,
      reply: {
        type: 'whoAmI',
        ids: [
          { scheme: 'sasl', id: 'user' },
          { scheme: 'ip', id: '127.0.0.1' },
        ],
      },
    },
    {
      fixture: 'java-create',
      op: -11,
      xid: 13,
      request: { type: 'closeSession' },
      zxid: 14,
      reply: { type: 'none' },
    },
  ]
}

function bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0))
}
