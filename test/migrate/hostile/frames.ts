/**
 * Requests made by hand that one client can send, by name: what no client library sends, and what a leader of ZooKeeper may take
 * for the error of a server. Each runs on a session of its own; nothing is expected of its answer.
 */
import { Pack } from '../../support/pack.ts'
import type { RawClient, RawReply } from '../../support/raw-client.ts'
import type { RawAcl, RawMultiOp } from '../../support/raw-codec.ts'

/** Sends, and returns what to wait for. */
type Frame = (client: RawClient) => readonly Promise<RawReply>[]

const MAX = 0x7fffffff
const MIN = -0x80000000

/** Where the client writes what is valid. */
const HOME = '/hostile'

const PATHS: Readonly<Record<string, string | null>> = {
  null: null,
  empty: '',
  relative: 'a',
  'with a zero': `${HOME}/a\0b`,
  'with a control': `${HOME}/\u0001`,
  'with half a surrogate': `${HOME}/\ud800`,
  'with a private character': `${HOME}/\uf8ff`,
  'with two slashes': '//',
  'with a slash at its end': `${HOME}/`,
  'with a dot': `${HOME}/./x`,
  'with two dots': `${HOME}/../..`,
  root: '/',
  reserved: '/zookeeper',
  'of the configuration': '/zookeeper/config',
  'of a quota': '/zookeeper/quota/hostile/zookeeper_limits',
  deep: '/a'.repeat(10_000),
}

const entry = (scheme: string | null, id: string | null, perms = 31): RawAcl =>
  ({ perms, scheme, id }) as RawAcl

const ACLS: Readonly<Record<string, readonly RawAcl[] | null>> = {
  null: null,
  empty: [],
  'null scheme': [entry(null, 'x')],
  'null id': [entry('world', null)],
  'null digest': [entry('digest', null)],
  'null ip': [entry('ip', null)],
  'null auth': [entry('auth', null)],
  nulls: [entry(null, null)],
  bogus: [entry('bogus', 'x')],
  'empty scheme': [entry('', '')],
  'with a zero': [entry('wor\0ld', 'any\0one')],
  'world nobody': [entry('world', 'nobody')],
  'digest without a colon': [entry('digest', 'x')],
  'digest empty': [entry('digest', '')],
  'ip empty': [entry('ip', '')],
  'ip with a bad mask': [entry('ip', '1.2.3.4/99')],
  'ip with no mask': [entry('ip', '1.2.3.4/')],
  'ip with a word': [entry('ip', '1.2.3.4/x')],
  'ip with a slash alone': [entry('ip', '/')],
  'ip of 6': [entry('ip', '::1/300')],
  'ip with large numbers': [entry('ip', '99999999999.1.1.1')],
  'auth without any': [entry('auth', '')],
  sasl: [entry('sasl', '')],
  x509: [entry('x509', 'x')],
  super: [entry('super', '')],
  'no permission': [entry('world', 'anyone', 0)],
  'all bits': [entry('world', 'anyone', -1)],
  many: Array.from({ length: 500 }, (_, index) => entry('digest', `u${index}:x`)),
}

/** A multi with any headers and records. */
function multi(
  ...ops: readonly (readonly [type: number, record: Pack, done?: number, err?: number])[]
) {
  const pack = new Pack()
  for (const [type, record, done = 0, err = -1] of ops) {
    pack.int(type).byte(done).int(err).raw(record.done())
  }
  return pack
}
const multiEnd = (pack: Pack): Pack => pack.int(-1).byte(1).int(-1)

const recordOf = (path: string | null): Pack => new Pack().buffer(path).int(-1)

function sequences(): Record<string, Frame> {
  const garbage = Buffer.from(Array.from({ length: 200 }, (_, index) => (index * 89) % 256))
  const frames: Record<string, Frame> = {}
  for (let op = -12; op <= 110; op++) {
    // Those two end the session or wait for a login's next step.
    if (op === -11) continue
    for (const [name, bytes] of Object.entries({
      nothing: Buffer.alloc(0),
      zeros: Buffer.alloc(64),
      ones: Buffer.alloc(64, 0xff),
      garbage,
      'a path and garbage': new Pack().buffer(`${HOME}/g`).raw(garbage).done(),
      'a null path': new Pack().int(-1).int(0).int(0).int(0).int(0).int(0).done(),
      'a length of 2 GiB': new Pack().int(MAX).done(),
    })) {
      frames[`op ${op} with ${name}`] = (client) => [client.sendRecord(op, bytes)]
    }
  }
  return frames
}

function named(): Record<string, Frame> {
  const frames: Record<string, Frame> = {}
  for (const [name, path] of Object.entries(PATHS)) {
    frames[`path ${name}`] = (client) => [
      client.create(path),
      client.create(path, { flags: 2 }),
      client.create2(path),
      client.createContainer(path),
      client.createTtl(path, 1_000),
      client.setData(path, 'x'),
      client.setAcl(path, undefined as never),
      client.check(path),
      client.sync(path),
      client.multi([
        { op: 1, path },
        { op: 5, path },
        { op: 13, path },
        { op: 2, path },
      ]),
      client.delete(path),
      client.deleteContainer(path),
    ]
  }
  for (const [name, acl] of Object.entries(ACLS)) {
    frames[`ACL ${name}`] = (client) => [
      client.create(`${HOME}/acl-${name.replaceAll(' ', '-')}`, { acl, flags: 1 }),
      client.setAcl(HOME, acl, 7),
      client.multi([{ op: 1, path: `${HOME}/m`, acl }, { op: 7, path: HOME, acl } as RawMultiOp]),
    ]
  }
  for (const flags of [-1, 3, 4, 5, 6, 7, 8, 100, MAX, MIN]) {
    frames[`flags ${flags}`] = (client) => [
      client.create(`${HOME}/f`, { flags }),
      client.create2(`${HOME}/f2`, { flags }),
      client.createContainer(`${HOME}/f3`, { flags }),
      client.createTtl(`${HOME}/f4`, 1_000, { flags }),
      client.multi([{ op: 1, path: `${HOME}/f5`, flags }]),
      client.multi([{ op: 21, path: `${HOME}/f6`, flags, ttlMs: 5 }]),
    ]
  }
  for (const ttlMs of [-1, 0, 2 ** 40, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER]) {
    for (const flags of [5, 6]) {
      frames[`TTL ${ttlMs} with flags ${flags}`] = (client) => [
        client.createTtl(`${HOME}/t`, ttlMs, { flags }),
        client.multi([{ op: 21, path: `${HOME}/t`, ttlMs, flags }]),
      ]
    }
  }
  for (const version of [MIN, -2, MAX]) {
    frames[`version ${version}`] = (client) => [
      client.setData(HOME, 'x', version),
      client.delete(HOME, version),
      client.setAcl(HOME, undefined as never, version),
      client.check(HOME, version),
      client.multi([{ op: 13, path: HOME, version }]),
    ]
  }
  return { ...frames, ...multis(), ...others() }
}

function multis(): Record<string, Frame> {
  const send =
    (record: Pack): Frame =>
    (client) => [client.sendRecord(14, record.done())]
  const frames: Record<string, Frame> = {
    'multi of nothing': send(multiEnd(new Pack())),
    'multi without an end': send(multi([1, recordOf(`${HOME}/m`)])),
    'multi that is done first': send(multi([1, recordOf(HOME), 1])),
    'multi with errors': send(multiEnd(multi([-1, new Pack().int(-4)], [13, recordOf(HOME)]))),
    'multi in a multi': send(multiEnd(multi([14, multiEnd(multi([13, recordOf(HOME)]))]))),
    'multi of 5,000 checks': (client) => [
      client.multi(Array.from({ length: 5_000 }, () => ({ op: 13 as const, path: '/' }))),
    ],
    'multi of reads': (client) => [
      client.multi([
        { op: 4, path: '/' },
        { op: 8, path: '/' },
      ]),
      client.multiRead([{ op: 1, path: HOME }]),
    ],
  }
  for (const op of [-11, -10, -1, 0, 3, 9, 11, 16, 20, 22, 100, 101, 102, 106, MAX, MIN]) {
    frames[`multi with op ${op}`] = send(multiEnd(multi([13, recordOf('/')], [op, recordOf(HOME)])))
  }
  return frames
}

function others(): Record<string, Frame> {
  return {
    reconfig: (client) => [
      client.reconfig({ joining: 'server.9=x', leaving: '1', newMembers: '', curConfigId: -1 }),
      client.reconfig({ joining: null, leaving: null, newMembers: null, curConfigId: MIN }),
    ],
    'watches of nothing': (client) => [
      client.setWatches({ relativeZxid: -1, data: [''], exist: ['a\0'], child: ['//'] }),
      client.setWatches2({ relativeZxid: 2 ** 52, persistent: ['x'] }, 7),
      client.addWatch(null, 99),
      client.removeWatches('', 99),
    ],
    'xids out of order, and those of others': (client) =>
      [0, -2, -4, -8, MAX, MIN, 5, 5, 5, 4].map((xid) =>
        client.send(5, { path: '/', data: 'x', version: 99 }, xid),
      ),
    'a login that does not exist': (client) => [client.auth('bogus', 'x')],
    'a login of null': (client) => [client.auth(null, null)],
    'a login without a colon': (client) => [client.auth('digest', 'x')],
    'a login of bytes': (client) => [client.auth('digest', Buffer.alloc(3_000, 0xff))],
    'a login of ip': (client) => [client.auth('ip', 'x')],
    'a token': (client) => [client.sasl(Buffer.from('garbage'))],
    'a token of null': (client) => [client.sasl(null)],
    '300 identities, and a znode of all of them': (client) => [
      ...Array.from({ length: 300 }, (_, index) => client.auth('digest', `u${index}:p`)),
      client.create(`${HOME}/all`, { flags: 1, acl: [entry('auth', '')] }),
    ],
    'an identity with a zero': (client) => [
      client.auth('digest', 'u\0\ud800:p'),
      client.create(`${HOME}/zero`, { flags: 1, acl: [entry('auth', '')] }),
    ],
    'the end of the session, twice, and a write behind it': (client) => [
      client.send(-11, {}),
      client.send(-11, {}),
      client.setData('/', 'x', 99),
    ],
    'the end of the session with a record': (client) => [
      client.sendRecord(-11, Buffer.alloc(9, 255)),
    ],
    '10,000 requests, and then no client': (client) => {
      for (let index = 0; index < 10_000; index++) void client.setData('/', 'x', 99)
      client.socket.end()
      return []
    },
    'a write longer than the ensemble takes': (client) => [
      client.setData(HOME, Buffer.alloc(100_000)),
    ],
    'a path longer than the ensemble takes': (client) => [client.create(`/${'a'.repeat(70_000)}`)],
    'a znode longer than the ensemble takes, behind a write': (client) => [
      client.setData(HOME, 'x', 99),
      client.multi([{ op: 1, path: `${HOME}/long`, data: Buffer.alloc(70_000) }]),
      client.setData(HOME, 'x', 99),
    ],
    'a write of the longest that the ensemble takes': (client) =>
      // Its header, the lengths of path and data, and the version.
      [0, 1].map((more) =>
        client.setData(HOME, Buffer.alloc(65_536 - 8 - 4 - 8 - 4 - 4 + more), 99),
      ),
    '3,000 starts of nothing': (client) => Array.from({ length: 3_000 }, () => client.sync('/')),
  }
}

export const FRAMES: Readonly<Record<string, Frame>> = { ...named(), ...sequences() }

/** What is sent before a session, each on a connection of its own: the body of a frame, or bytes without one. */
export const GREETINGS: Readonly<Record<string, (client: RawClient) => void>> = {
  ...Object.fromEntries(
    [0n, 1n, -1n, 1n << 62n, -(1n << 63n), 0x8100000000000001n - (1n << 64n)].flatMap((session) =>
      [-1, 0, 1, MAX, MIN].map((timeout) => [
        `session ${session} with timeout ${timeout}`,
        (client: RawClient) => client.sendFrame(greeting({ session, timeout })),
      ]),
    ),
  ),
  'a protocol of its own': (client) => client.sendFrame(greeting({ protocol: MAX })),
  'a zxid behind all': (client) => client.sendFrame(greeting({ zxid: 1n << 62n })),
  'a zxid below all': (client) => client.sendFrame(greeting({ zxid: -(1n << 63n) })),
  'a password of null': (client) => client.sendFrame(greeting({ session: 5n, password: null })),
  'a long password': (client) =>
    client.sendFrame(greeting({ session: 5n, password: Buffer.alloc(5_000) })),
  'half a greeting': (client) => client.sendFrame(greeting({}).subarray(0, 20)),
  'a frame of no bytes': (client) => client.sendBytes(Buffer.alloc(4)),
  'a length below 0': (client) => client.sendBytes(Buffer.alloc(4, 0xff)),
  'a length of 2 GiB': (client) => client.sendBytes(Buffer.from('7fffffff', 'hex')),
}

interface Greeting {
  readonly protocol?: number
  readonly zxid?: bigint
  readonly timeout?: number
  readonly session?: bigint
  readonly password?: Buffer | null
}

function greeting({
  protocol = 0,
  zxid = 0n,
  timeout = 10_000,
  session = 0n,
  password = Buffer.alloc(16),
}: Greeting) {
  return new Pack().int(protocol).long(zxid).int(timeout).long(session).buffer(password).done()
}
