/**
 * Scripts at random, by fast-check: a seed gives the same ones again and a failing one is shrunk.
 * Few paths, so that requests meet; what is known to differ on purpose (docs/semantics.md) is kept
 * out here, and nowhere else.
 */
import fc from 'fast-check'
import type { RawAcl, RawMultiOp } from '../support/raw-codec.ts'
import type { ZookeeperLine } from '../support/requirements.ts'
import { SUPER_AUTH } from './runner.ts'
import { acl, type Script, type ScriptRequest, type Step } from './script.ts'

const NODES = ['~', '~/a', '~/a/b', '~/a/b/c', '~/d', '~/d/e', '~/s', '~/a/s0000000000'] as const
const RARE = [
  ...['~/s0000000001', '~/a/s0000000001', '~/d/0000000000', '~/a/b/c/d', '~/absent/x'],
  ...['/', '/zookeeper', '/zookeeper/config', '/zookeeper/quota', '/absent'],
] as const
const INVALID = [
  ...['', 'a', '~/', '~//a', '~/a/', '~/./a', '~/..', '~/a/../d', '/', '//', '.', '~/.a', '~/a..'],
  ...[
    '~/\u0001',
    '~/a\u0000',
    '\u0000',
    '~/\u007f',
    '~/\ue000',
    '~/\ufff0',
    '~/ä€',
    '~/a b',
    '~/ ',
  ],
] as const
const QUOTA = ['~', '~/a', '~/a/b'].flatMap((path) => [
  `/zookeeper/quota${path}`,
  `/zookeeper/quota${path}/zookeeper_limits`,
  `/zookeeper/quota${path}/zookeeper_stats`,
])

const weighted = <T>(...choices: [weight: number, arbitrary: fc.Arbitrary<T>][]) =>
  fc.oneof(...choices.map(([weight, arbitrary]) => ({ weight, arbitrary })))

const path = weighted<string>(
  [30, fc.constantFrom(...NODES)],
  [2, fc.constantFrom(...RARE)],
  [1, fc.constantFrom(...INVALID)],
  [1, fc.constantFrom(...QUOTA)],
)
/** null is a malformed record for most opcodes. */
const pathOrNull = weighted<string | null>([80, path], [1, fc.constant(null)])
const data = fc.constantFrom('', 'x', 'longer', null, 'count=2,bytes=100')
const version = fc.constantFrom(-1, -1, -1, 0, 0, 1, 1, 2, 3, 9, -2, 2147483647)
const watch = fc.boolean()

const OPEN = [acl(31)]
const lists: (readonly RawAcl[] | null)[] = [
  [acl(1)],
  [acl(15)],
  [acl(16)],
  [acl(4), acl(8, 'digest', 'alice:xyz=')],
  [acl(31, 'auth', '')],
  [acl(31, 'auth', 'whatever'), acl(1)],
  [acl(31, 'digest', 'alice:mfmZPTNDCmXgTvyiMl3ItaXydYo=')],
  [acl(31, 'ip', '127.0.0.1')],
  [acl(31, 'ip', '127.0.0.0/8')],
  [acl(31, 'ip', '10.0.0.0/8')],
  [acl(1), acl(1), acl(2)],
  [acl(0)],
  [acl(-1)],
  null,
  [],
  [acl(31, 'nope', 'x')],
  [acl(31, 'world', 'bob')],
  [acl(31, 'digest', 'nocolon')],
  [acl(31, 'digest', 'a:b:c')],
  [acl(31, 'digest', 'a:')],
  [acl(31, 'ip', 'not-an-address')],
  [acl(31, 'ip', '127.0.0.1/33')],
  [acl(31, '', '')],
]
const aclList = weighted([6, fc.constant(OPEN)], [4, fc.constantFrom(...lists)])

const createRecord = fc.record({ path: pathOrNull, data, acl: aclList })
const flagged = (op: 1 | 15 | 19, flags: fc.Arbitrary<number>): fc.Arbitrary<CreateOp> =>
  fc.tuple(createRecord, flags).map(([record, flag]) => ({ op, ...record, flags: flag }))
type CreateOp = RawMultiOp & { op: 1 | 15 | 19 | 21 }
const plainFlags = fc.constantFrom(0, 0, 0, 0, 1, 1, 2, 3)
/* createContainer with an ephemeral flag: 3.8.0 deletes it with its session only when both are on
   their way at once. */
const anyCreate = weighted<CreateOp>(
  [10, flagged(1, plainFlags)],
  [4, flagged(15, plainFlags)],
  [1, flagged(1, fc.constantFrom(4, 5, 6, 7, -1))],
  [1, flagged(15, fc.constantFrom(4, 5, 6, 7))],
  [1, flagged(19, fc.constantFrom(4, 4, 0, 2, 5))],
  [
    1,
    fc
      .tuple(createRecord, fc.constantFrom(5, 6, 0, 4), fc.constantFrom(1000, 1, 0, -1, 2 ** 41))
      .map(([record, flags, ttlMs]): CreateOp => {
        // No TTL flag and a ttl below zero: the whole 3.8.0 server ends.
        const harmless = flags === 5 || flags === 6 ? ttlMs : Math.max(0, ttlMs)
        return { op: 21, ...record, flags, ttlMs: harmless }
      }),
  ],
).map((op): CreateOp => {
  // A null path beside wrong flags: which of the two errors is told is not worth imitating.
  const plain = (op.op === 1 || op.op === 15) && [0, 1, 2, 3].includes(op.flags ?? 0)
  return plain || op.path !== null ? op : { ...op, path: '' }
})
const remove = fc.record({ op: fc.constant(2 as const), path: pathOrNull, version })
const setData = fc.record({ op: fc.constant(5 as const), path: pathOrNull, data, version })
const check = fc.record({ op: fc.constant(13 as const), path: pathOrNull, version })
const setAcl = fc.record({ op: fc.constant(7 as const), path: pathOrNull, acl: aclList, version })

/**
 * A null path fails the whole multi, with a record after its error: not imitated. A null ACL does so
 * in 3.9.5, without a zxid; in 3.8.0 it is INVALIDACL.
 */
const multiOp = weighted<RawMultiOp>([4, anyCreate], [3, remove], [3, setData], [2, check]).map(
  (op): RawMultiOp => {
    const named = op.path === null ? { ...op, path: '' } : op
    return 'acl' in named && named.acl === null ? { ...named, acl: [] } : named
  },
)
const notInMulti = fc.record({ op: fc.constantFrom(4 as const, 8 as const, 12 as const), path })
/**
 * A TTL flag under another create opcode fails the whole multi on 3.8.0, which then forgets to take
 * back what the operations before it had planned: requests pipelined behind it still see that.
 */
const withoutPhantoms = (op: RawMultiOp, index: number): RawMultiOp => {
  const undone = 'flags' in op && op.op !== 21 && (op.flags === 5 || op.flags === 6)
  return undone && index > 0 ? { ...op, flags: 0 } : op
}
const multi: fc.Arbitrary<ScriptRequest> = weighted<readonly RawMultiOp[]>(
  [20, fc.array(multiOp, { maxLength: 5 })],
  [1, fc.array(weighted<RawMultiOp>([1, multiOp], [1, notInMulti]), { maxLength: 3 })],
).map((ops) => ({ op: 14, ops: ops.map(withoutPhantoms) }))
const multiRead: fc.Arbitrary<ScriptRequest> = fc
  .array(fc.record({ op: fc.constantFrom(4 as const, 8 as const), path, watch }), { maxLength: 4 })
  .map((ops) => ({ op: 22, ops }))

const paths = fc.array(path, { maxLength: 3 })
const relativeZxid = fc.oneof(fc.constant('seen' as const), fc.integer({ min: -5, max: 60 }))
const watches = { relativeZxid, data: paths, exist: paths, child: paths }
const setWatches: fc.Arbitrary<ScriptRequest> = fc.oneof(
  fc.record({ op: fc.constant(101 as const), ...watches }),
  fc.record({
    op: fc.constant(105 as const),
    ...watches,
    persistent: paths,
    persistentRecursive: paths,
  }),
)

const readOps = fc.constantFrom(3, 4, 8, 12) as fc.Arbitrary<3 | 4 | 8 | 12>
const plainOps = fc.constantFrom(6, 9, 104) as fc.Arbitrary<6 | 9 | 104>
const watcherOps = fc.constantFrom(17, 18) as fc.Arbitrary<17 | 18>
const request = weighted<ScriptRequest>(
  [14, anyCreate],
  [8, remove],
  [8, setData],
  [5, setAcl],
  [10, fc.record({ op: readOps, path: pathOrNull, watch })],
  [3, fc.record({ op: plainOps, path })],
  [7, multi],
  [2, multiRead],
  [3, fc.record({ op: fc.constant(106 as const), path, mode: fc.constantFrom(0, 0, 1, 1, 2) })],
  [2, fc.record({ op: watcherOps, path, watcherType: fc.constantFrom(1, 2, 3, 3, 0) })],
  [1, setWatches],
  [
    1,
    fc.record({
      op: fc.constant(103 as const),
      prefixPath: fc.constantFrom('~', '~/a', '', '/', null, ' '),
    }),
  ],
  [1, fc.constant<ScriptRequest>({ op: 107 })],
  [1, fc.constant<ScriptRequest>({ op: 11 })],
)

const authRequest: fc.Arbitrary<ScriptRequest> = fc
  .constantFrom(
    ...[
      ['digest', 'alice:pw'],
      ['digest', 'bob:pw'],
      ['digest', 'alice'],
      ['digest', SUPER_AUTH],
    ],
    ...[
      ['ip', ''],
      ['digest', 'alice:pw'],
      ['digest', ''],
      ['nope', 'x'],
      ['digest', null],
    ],
  )
  .map(([scheme, text]) => ({ op: 100, scheme: scheme ?? null, auth: text ?? null }))

const session = fc.constantFrom('a', 'b', 'c')
const requests = fc.array(request, { minLength: 1, maxLength: 9, size: 'max' })
/**
 * Nothing behind an auth that fails: 3.8.0 stops reading then, but a reply on its way makes it read on,
 * so whether what was pipelined behind it still runs depends on timing.
 */
const untilFailedAuth = (list: readonly ScriptRequest[]): readonly ScriptRequest[] => {
  const at = list.findIndex(
    (r) => r.op === 100 && (r.auth === null || (r.scheme !== 'digest' && r.scheme !== 'ip')),
  )
  return at < 0 ? list : list.slice(0, at + 1)
}
const send = (name: string, list: readonly ScriptRequest[]): Step => ({
  do: 'send',
  session: name,
  requests: untilFailedAuth(list),
})

/** Away, others write, back, watches set again. */
const reconnect = fc
  .record({
    name: session,
    other: session,
    meanwhile: requests,
    elsewhere: fc.boolean(),
    setWatches,
  })
  .map(({ name, other, meanwhile, elsewhere, setWatches: again }): Step[] => [
    { do: 'drop', session: name },
    send(other === name ? `${other}2` : other, meanwhile),
    { do: 'resume', session: name, elsewhere },
    send(name, [again]),
  ])

const steps = weighted<Step[]>(
  [30, fc.tuple(session, requests).map(([name, list]) => [send(name, list)])],
  [
    1,
    fc.tuple(session, authRequest, requests).map(([n, first, list]) => [send(n, [first, ...list])]),
  ],
  [1, fc.tuple(session, requests).map(([name, list]) => [send(name, [...list, { op: -11 }])])],
  [1, reconnect],
  [1, session.map((name): Step[] => [{ do: 'drop', session: name }])],
  [
    1,
    fc
      .tuple(session, fc.boolean(), fc.constantFrom<'seen' | number>('seen', 0, 1_000_000))
      .map(([name, elsewhere, lastZxidSeen]): Step[] => [
        { do: 'resume', session: name, elsewhere, lastZxidSeen },
      ]),
  ],
)

/** Something to meet from the first step on. */
const beginning = fc
  .subarray(['~/a', '~/a/b', '~/a/b/c', '~/d', '~/d/e', '~/s'])
  .map((nodes): Step[] => [
    send(
      'a',
      nodes.map((node): ScriptRequest => ({ op: 1, path: node, data: '' })),
    ),
  ])

/**
 * acl: any ACL; against releases before 3.9 no watches. watches: everybody may READ, see readableByAll; before 3.9
 * one mode per path.
 */
export type Flavour = 'acl' | 'watches'

export const scriptOf = (
  flavour: Flavour,
  line: ZookeeperLine,
  stepsMax = 24,
): fc.Arbitrary<Script> =>
  fc
    .tuple(beginning, fc.array(steps, { minLength: 1, maxLength: stepsMax, size: 'max' }))
    .map(([first, rest]) => withoutKnown([...first, ...rest.flat()], flavour, line))

/** Leaves out what differs on purpose. */
function withoutKnown(script: readonly Step[], flavour: Flavour, line: ZookeeperLine): Script {
  const modes = new WatchModes()
  return script.flatMap(splitAfterSetAcl).map((step): Step => {
    if (step.do !== 'send') return step
    const list = step.requests.map((r) => {
      const own = line === '3.6' && r.op === WHO_AM_I ? PING : sparingReserved(r)
      if (flavour === 'watches') {
        const readable = readableByAll(own)
        return line === '3.9' ? readable : modes.keepOne(step.session, readable)
      }
      return line === '3.9' ? withoutSetWatches(own) : withoutWatches(own)
    })
    return { ...step, requests: list }
  })
}

/** While a setACL is on its way, ZooKeeper judges what comes behind it by the old ACL. */
function splitAfterSetAcl(step: Step): Step[] {
  if (step.do !== 'send') return [step]
  const out: Step[] = []
  let list: ScriptRequest[] = []
  for (const r of step.requests) {
    list.push(r)
    if (r.op !== 7) continue
    out.push({ ...step, requests: list })
    list = []
  }
  return list.length > 0 || out.length === 0 ? [...out, { ...step, requests: list }] : out
}

const PING: ScriptRequest = { op: 11 }
/** Since 3.7. A proxy answers it whoever leads. */
const WHO_AM_I = 107

/** What no clean-up can take back, such as a counter of '/', must not reach the next script. */
function sparingReserved(r: ScriptRequest): ScriptRequest {
  const shared = (path: string | null): boolean => path?.startsWith('/') === true
  const withoutSequence = <T extends object>(op: T): T => {
    if (!('flags' in op && 'path' in op) || !shared(op.path as string | null)) return op
    const plain = { 2: 0, 3: 1, 6: 5 }[op.flags as number]
    return plain === undefined ? op : { ...op, flags: plain }
  }
  if (r.op === 7 && shared(r.path)) return PING
  const withoutVersion = <T extends { op: number }>(op: T): T => {
    const compared = (op.op === 5 || op.op === 13) && 'path' in op && 'version' in op
    if (!compared || !shared(op.path as string | null) || Number(op.version) < 0) return op
    return { ...op, version: 999_999 }
  }
  if (r.op === 14) return { ...r, ops: r.ops.map(withoutSequence).map(withoutVersion) }
  return withoutVersion(withoutSequence(r))
}

/** setWatches of 3.9.5 sends what was missed of a znode that the watcher may not read. We do not. */
const withoutSetWatches = (r: ScriptRequest): ScriptRequest =>
  r.op === 101 || r.op === 105 ? PING : r

function withoutWatches(r: ScriptRequest): ScriptRequest {
  if (r.op === 22) return { ...r, ops: r.ops.map((op) => ({ ...op, watch: false })) }
  if ([17, 18, 101, 105, 106].includes(r.op)) return PING
  return 'watch' in r ? { ...r, watch: false } : r
}

/** 3.8.0 tells of znodes that the watcher may not read (CVE-2024-23944). We do not. */
function readableByAll(r: ScriptRequest): ScriptRequest {
  if (r.op === 14) return { ...r, ops: r.ops.map((op) => withRead(op)) }
  return withRead(r)
}
function withRead<T extends object>(r: T): T {
  if (!('acl' in r) || !Array.isArray(r.acl) || r.acl.length === 0) return r
  return { ...r, acl: [...r.acl, acl(1)] }
}

type Mode = 'standard' | 'persistent' | 'recursive'

/** 3.8.0 has one mode per path and watcher: a second overwrites the first. Ours coexist (V9). */
class WatchModes {
  readonly #first = new Map<string, Mode>()

  keepOne(session: string, r: ScriptRequest): ScriptRequest {
    const may = (path: string | null, mode: Mode): boolean => {
      const key = `${session} ${path}`
      const first = this.#first.get(key) ?? mode
      this.#first.set(key, first)
      return first === mode
    }
    const keep = (list: readonly string[] = [], mode: Mode = 'standard') =>
      list.filter((path) => may(path, mode))
    switch (r.op) {
      case 106:
        return may(r.path, r.mode === 1 ? 'recursive' : 'persistent') ? r : PING
      case 22:
        return {
          ...r,
          ops: r.ops.map((op) =>
            'watch' in op && op.watch ? { ...op, watch: may(op.path, 'standard') } : op,
          ),
        }
      case 101:
        return { ...r, data: keep(r.data), exist: keep(r.exist), child: keep(r.child) }
      case 105:
        return {
          ...r,
          data: keep(r.data),
          exist: keep(r.exist),
          child: keep(r.child),
          persistent: keep(r.persistent, 'persistent'),
          persistentRecursive: keep(r.persistentRecursive, 'recursive'),
        }
      case 17:
      case 18: {
        // Children and Data take standard watches only, as newer servers; in 3.8.0 persistent ones too.
        const first = this.#first.get(`${session} ${r.path}`) ?? 'standard'
        // 3.8.0's checkWatches finds anybody's watch.
        const own = [...this.#first.keys()].filter((key) => key.endsWith(` ${r.path}`))
        if (r.op === 17 && own.some((key) => !key.startsWith(`${session} `))) return PING
        // Its checkWatches stumbles over a path without a slash.
        if (r.op === 17 && r.path?.includes('/') !== true) return PING
        return first === 'standard' || r.watcherType > 2 ? r : { ...r, watcherType: 3 }
      }
      default:
        return 'watch' in r && r.watch ? { ...r, watch: may(r.path, 'standard') } : r
    }
  }
}
