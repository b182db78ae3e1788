/** Which of several errors is told (§2.7): every request meets two faults at once, pair by pair. */
import {
  acl,
  create,
  createTtl,
  ephemeral,
  multi,
  on,
  remove,
  type Script,
  setAcl,
  setData,
} from '../script.ts'

const BAD_ACL = [acl(31, 'nope', 'x')]
const before: Script = [
  on(
    'a',
    create('~/closed', { acl: [acl(1)] }),
    create('~/open'),
    create('~/open/c'),
    ephemeral('~/e'),
  ),
  on('a', create('~/all', { acl: [acl(31)] }), create('~/all/closed', { acl: [acl(1)] })),
  on('a', create('~/part', { acl: [acl(4)] }), create('~/part/n'), create('~/part/n/c')),
]

const createFaults: Script = [
  // Flag, TTL and path.
  on('a', create('~/x', { flags: 9, acl: BAD_ACL }), create('bad', { flags: 9 })),
  on('a', createTtl('bad', 0), createTtl('~/x', 0, { acl: BAD_ACL }), createTtl('~/absent/x', 0)),
  on('a', createTtl('~/x', 1, { acl: BAD_ACL }), createTtl('~/absent/x', 1, { acl: BAD_ACL })),
  // Path before ACL before parent.
  on(
    'a',
    create('bad', { acl: BAD_ACL }),
    create('~/\u0000', { acl: BAD_ACL }),
    create('', { acl: [] }),
  ),
  on(
    'a',
    create('~/./x', { acl: BAD_ACL }),
    create('~/x/', { acl: BAD_ACL }),
    create('~//', { acl: [] }),
  ),
  on('a', create('~/absent/x', { acl: BAD_ACL }), create('~/closed/x', { acl: BAD_ACL })),
  on('a', create('~/open', { acl: BAD_ACL }), create('~/e/x', { acl: BAD_ACL })),
  // Parent before rights before the rest of the path.
  on('a', create('~/absent/./x'), create('~/absent/x/'), create('~/absent//x')),
  on('a', create('~/closed/.'), create('~/closed/x\u0001'), create('~/closed/')),
  on('a', create('~/closed//'), create('~//open'), create('~/open/'), create('~/./open')),
  // The path before what is there.
  on('a', create('~/open/.'), create('~/open/c/'), create('~/e/.'), create('~/e/\u0001')),
  on(
    'a',
    create('~/e/x'),
    create('~/e', { flags: 1 }),
    create('/'),
    create('//'),
    create('/zookeeper'),
  ),
]

export const errorScripts: Record<string, Script> = {
  '§2.7 precedence of create': [...before, ...createFaults],
  '§2.7 precedence of create2, container and TTL': [
    ...before,
    ...createFaults.map((step) =>
      step.do === 'send'
        ? {
            ...step,
            requests: step.requests.flatMap((r) =>
              r.op === 1
                ? [
                    { ...r, op: 15 as const },
                    { ...r, op: 19 as const, flags: 4 },
                    { ...r, op: 21 as const, flags: 5, ttlMs: 1_000 },
                  ]
                : [],
            ),
          }
        : step,
    ),
  ],
  '§2.7 precedence of create in a multi': [
    ...before,
    ...createFaults.map((step) =>
      step.do === 'send'
        ? {
            ...step,
            requests: step.requests.flatMap((r) => (r.op === 1 || r.op === 21 ? [multi(r)] : [])),
          }
        : step,
    ),
  ],
  '§2.7 precedence of delete': [
    ...before,
    on('a', remove('bad', 9), remove('~/absent/x', 9), remove('~/closed/x', 9), remove('/', 9)),
    on('a', remove('~/part/n', 9), remove('~/part/absent'), remove('~/open', 9), remove('~/open')),
    on('a', remove('~/absent/./x'), remove('~/open/'), remove('~//open'), remove('~/\u0000', 9)),
    on('a', remove('/zookeeper/config', 9), remove('/zookeeper', 9), remove('~/x\u0001')),
  ],
  '§2.7 precedence of setData': [
    ...before,
    on('a', setData('bad', '', 9), setData('~/absent', '', 9), setData('~/closed', '', 9)),
    on('a', setData('~/part/n', '', 9), setData('~/open/', '', 9), setData('~/absent/.', '')),
  ],
  '§2.7 precedence of setACL': [
    ...before,
    on('a', setAcl('bad', BAD_ACL), setAcl('~/absent', BAD_ACL), setAcl('~/closed', BAD_ACL, 9)),
    on(
      'a',
      setAcl('~/absent', [acl(31)], 9),
      setAcl('~/closed', [acl(31)], 9),
      setAcl('~/open', null, 9),
    ),
    on('a', setAcl('~/open', [acl(31)], 9), setAcl('~/./x', [acl(31)]), setAcl('~/open', [], 0)),
  ],
  '§2.7 precedence of check': [
    ...before,
    ...['bad', '~/absent', '~/closed', '~/open', '~/part', '~/open/'].map((path) =>
      on('a', multi({ op: 13, path, version: 9 }), multi({ op: 13, path, version: 0 })),
    ),
  ],
}
