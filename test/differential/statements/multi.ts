/** multi and multiRead (M). */
import type { RawMultiOp } from '../../support/raw-codec.ts'
import {
  acl,
  auth,
  close,
  create,
  ephemeral,
  exists,
  getChildren,
  getData,
  multi,
  multiRead,
  on,
  remove,
  type Script,
  setData,
} from '../script.ts'

const good: RawMultiOp[] = [
  { op: 1, path: '~/m1' },
  { op: 15, path: '~/m2', flags: 1 },
  { op: 5, path: '~/m1', data: 'x', version: 0 },
  { op: 13, path: '~/m1', version: 1 },
  { op: 2, path: '~/a', version: -1 },
]
const failing: Record<string, RawMultiOp> = {
  NONODE: { op: 5, path: '~/absent', data: '' },
  BADVERSION: { op: 13, path: '~', version: 7 },
  NODEEXISTS: { op: 1, path: '~/b' },
  NOTEMPTY: { op: 2, path: '~/b' },
  BADARGUMENTS: { op: 1, path: 'bad' },
  INVALIDACL: { op: 15, path: '~/x', acl: [] },
  NOCHILDRENFOREPHEMERALS: { op: 1, path: '~/e/x' },
  NOAUTH: { op: 5, path: '~/closed', data: '' },
  'an unknown flag': { op: 1, path: '~/x', flags: 9 },
}

/** The operations with one that fails at each position, in turn. */
const everyPosition = (op: RawMultiOp): Script =>
  [...good.keys(), good.length].map((at) =>
    on('a', multi(...good.slice(0, at), op, ...good.slice(at)), exists('~'), getChildren('~')),
  )

const before: Script = [
  on('a', create('~/a'), create('~/b'), create('~/b/c'), ephemeral('~/e')),
  on('a', create('~/closed', { acl: [acl(1)] })),
]

export const multiScripts: Record<string, Script> = {
  'M1 which operations a multi takes': [
    on('a', multi(), multiRead()),
    on('a', multi({ op: 4, path: '~' }), multi({ op: 1, path: '~/x' }, { op: 8, path: '~' })),
    on('a', multi({ op: 7, path: '~', acl: [acl(31)] }), multi({ op: 3, path: '~' })),
    on(
      'a',
      multi({ op: 12, path: '~' }),
      multiRead({ op: 12, path: '~' }),
      multiRead({ op: 3, path: '~' }),
    ),
    on('a', multiRead({ op: 4, path: '~' }, { op: 1, path: '~/x' }), getChildren('~')),
  ],
  'M2 results of every kind': [
    on('a', multi(...['~/1', '~/2'].map((path): RawMultiOp => ({ op: 1, path, data: 'x' })))),
    on(
      'a',
      multi(
        { op: 15, path: '~/c2', data: null },
        { op: 15, path: '~/c2s', flags: 2 },
        { op: 19, path: '~/cc', flags: 4 },
        { op: 1, path: '~/cc2', flags: 4 },
        { op: 21, path: '~/ttl', flags: 5, ttlMs: 1_000 },
        { op: 21, path: '~/ttl0', flags: 0, ttlMs: 1_000 },
        { op: 5, path: '~/1', data: 'longer', version: 0 },
        { op: 13, path: '~/1', version: 1 },
        { op: 2, path: '~/2', version: 0 },
      ),
      getChildren('~'),
      exists('~'),
    ),
    on('a', ...[5, 6].map((flags) => multi({ op: 1, path: '~/no', flags }))),
    on('a', multi({ op: 2, path: '~/absent' }, { op: 1, path: '~/no', flags: 5 })),
    on('a', multi({ op: 21, path: '~/no', flags: 5, ttlMs: 0 }), exists('~/no')),
  ],
  ...Object.fromEntries(
    Object.entries(failing).map(([error, op]) => [
      `M3 failing op at each position, ${error}`,
      [...before, ...everyPosition(op)],
    ]),
  ),
  'M3 a multi that failed leaves nothing': [
    on(
      'a',
      create('~/p', { data: 'old' }),
      multi(
        { op: 5, path: '~/p', data: 'new' },
        { op: 1, path: '~/p/s', flags: 2 },
        { op: 1, path: '~/p/x', flags: 1 },
        { op: 2, path: '~/absent' },
      ),
    ),
    on('a', getData('~/p'), create('~/p/s', { flags: 2 }), { op: 103, prefixPath: '' }),
  ],
  'M5 later operations see earlier ones': [
    on(
      'a',
      multi(
        { op: 1, path: '~/x' },
        { op: 1, path: '~/x/y' },
        { op: 5, path: '~/x/y', data: '1', version: 0 },
        { op: 5, path: '~/x/y', data: '2', version: 1 },
        { op: 13, path: '~/x/y', version: 2 },
        { op: 2, path: '~/x/y', version: 2 },
        { op: 2, path: '~/x', version: 0 },
        { op: 1, path: '~/x', flags: 1, data: 'again' },
      ),
      getData('~/x'),
      exists('~'),
    ),
    on(
      'b',
      multi({ op: 2, path: '~/x' }, { op: 1, path: '~/x', data: 'b', flags: 1 }),
      exists('~/x'),
    ),
    close('a'),
    on('b', exists('~/x')),
  ],
  'M5 events of a multi, in its order and before its reply': [
    on('a', create('~/p'), create('~/p/c'), getData('~/p', true), exists('~/n', true)),
    on('a', getChildren('~/p', true), getChildren('~', true), getData('~/p/c', true)),
    on('b', exists('~/n', true), { op: 106, path: '~', mode: 1 }),
    on(
      'a',
      multi(
        { op: 1, path: '~/n' },
        { op: 5, path: '~/p', data: 'x' },
        { op: 2, path: '~/p/c' },
        { op: 2, path: '~/n' },
        { op: 1, path: '~/n' },
      ),
      exists('~/n'),
    ),
  ],
  'M6 multiRead, each for itself': [
    on('a', create('~/a', { data: 'a' }), create('~/a/b'), create('~/closed', { acl: [acl(4)] })),
    on(
      'a',
      multiRead(
        { op: 4, path: '~/a' },
        { op: 8, path: '~/a' },
        { op: 4, path: '~/absent' },
        { op: 8, path: '~/absent' },
        { op: 4, path: '~/closed' },
        { op: 8, path: '~/closed' },
        { op: 4, path: '' },
        { op: 4, path: '~/a', watch: true },
        { op: 8, path: '~/a', watch: true },
      ),
      setData('~/a', 'no event'),
      create('~/a/c'),
    ),
  ],
  'M5 ACLs inside a multi': [
    on('b', auth('digest', 'alice:pw'), create('~/mine', { acl: [acl(31, 'auth', '')] })),
    on('a', multi({ op: 1, path: '~/y' }, { op: 1, path: '~/mine/x' }), exists('~/y')),
    on('b', multi({ op: 1, path: '~/y' }, { op: 1, path: '~/mine/x' }), exists('~/y')),
    on('a', remove('~/mine/x'), multi({ op: 13, path: '~/mine', version: 0 })),
  ],
}
