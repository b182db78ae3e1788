/**
 * Well-formed requests with arguments no server accepts: which error each gets, and which check wins
 * when several would fail. The numbers are ZooKeeper 3.8.0's.
 */
import { expect } from 'chai'
import { Pack } from '../support/pack.ts'
import type { RawClient, RawReply } from '../support/raw-client.ts'
import { OPEN_ACL, packRequest, type RawAcl, type RawMultiOp } from '../support/raw-codec.ts'
import { type Served, WireBench } from '../support/wire-bench.ts'

const OK = 0
const MARSHALLING = -5
const BAD_ARGUMENTS = -8
const NO_NODE = -101
const NO_AUTH = -102
const BAD_VERSION = -103
const NO_CHILDREN = -108
const EXISTS = -110
const NOT_EMPTY = -111
const INVALID_ACL = -114
const AUTH_FAILED = -115
const NO_WATCHER = -121
const RECONFIG_DISABLED = -123

const one = (perms: number, scheme: string, id: string): RawAcl[] => [{ perms, scheme, id }]

describe('bad arguments', () => {
  let bench: WireBench
  let served: Served
  let client: RawClient

  before(async () => {
    bench = new WireBench()
    served = await bench.serve()
    client = await bench.connect(served)
    await client.create('/a', { data: 'x' })
    await client.create('/a/child')
    await client.create('/e', { flags: 1 })
    await client.create('/mine', { acl: one(1, 'world', 'anyone') })
  })
  after(() => bench.close())

  /** Paths wrong in themselves, though their parent /a or / exists. */
  const invalidPaths = [
    '/a/',
    '/a/.',
    '/a/..',
    '/.',
    '/..',
    '//a',
    '/a/\u0001',
    '/a/\u001f',
    '/a/\u007f',
    '/a/\u009f',
    '/a/\ud7ff\ue000',
    '/a/\uf8ff',
    '/a/\ufff0',
    '/a/\uffff',
    '/a/\u{1f600}',
  ]
  const shown = (text: string): string => JSON.stringify(text)

  type Case = [what: string, ask: (c: RawClient) => Promise<RawReply>, errno: number]
  const cases: Case[] = [
    ['create without a slash', (c) => c.create('a'), BAD_ARGUMENTS],
    ['create of the empty path', (c) => c.create(''), BAD_ARGUMENTS],
    ['create with a NUL', (c) => c.create('/no/\0'), BAD_ARGUMENTS],
    ['create of the root', (c) => c.create('/'), EXISTS],
    ['create below nothing, wrong path', (c) => c.create('/no/./x'), NO_NODE],
    ['create below nothing, wrong ACL', (c) => c.create('/no/x', { acl: [] }), INVALID_ACL],
    ['create with a null ACL', (c) => c.create('/x', { acl: null }), INVALID_ACL],
    ['create below an ephemeral', (c) => c.create('/e/x'), NO_CHILDREN],
    ['create where CREATE is missing', (c) => c.create('/mine/x'), NO_AUTH],
    ['create where CREATE is missing, wrong path', (c) => c.create('/mine/.'), NO_AUTH],
    ['create of what exists', (c) => c.create('/a'), EXISTS],
    ['create2 of what exists', (c) => c.create2('/a'), EXISTS],
    ...[-1, 7, 8, 100, 2 ** 31 - 1].map(
      (flags): Case => [`create, flags ${flags}`, (c) => c.create('no', { flags }), BAD_ARGUMENTS],
    ),
    ...[5, 6].map(
      (flags): Case => [`create, flags ${flags}`, (c) => c.create('/x', { flags }), BAD_ARGUMENTS],
    ),
    ...[0, -1, 2 ** 40, Number.MAX_SAFE_INTEGER].map(
      (ttl): Case => [`createTTL, ttl ${ttl}`, (c) => c.createTtl('/x', ttl), BAD_ARGUMENTS],
    ),
    ['createTTL without its flag', (c) => c.createTtl('/x', 1, { flags: 0 }), BAD_ARGUMENTS],
    ...invalidPaths.map((p): Case => [`create ${shown(p)}`, (c) => c.create(p), BAD_ARGUMENTS]),
    ...invalidPaths.map(
      (p): Case => [`setData ${shown(p)}`, (c) => c.setData(p, 'x'), BAD_ARGUMENTS],
    ),
    ...invalidPaths.map(
      (p): Case => [`setACL ${shown(p)}`, (c) => c.setAcl(p, OPEN_ACL), BAD_ARGUMENTS],
    ),
    ...['', 'a', '/a\0', '/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config'].map(
      (p): Case => [`delete ${shown(p)}`, (c) => c.delete(p), BAD_ARGUMENTS],
    ),
    ...['//b', '/a/.', '/a/', '/no/../a'].map(
      (p): Case => [`delete ${shown(p)}`, (c) => c.delete(p), NO_NODE],
    ),
    ...[...invalidPaths, 'a', '/a\0'].map(
      (p): Case => [`getData ${shown(p)}`, (c) => c.getData(p, true), NO_NODE],
    ),
    ['getChildren of a path without a slash', (c) => c.getChildren('a'), NO_NODE],
    ['getACL of a path without a slash', (c) => c.getAcl('a'), NO_NODE],
    ['getAllChildrenNumber of no path', (c) => c.getAllChildrenNumber('a/'), NO_NODE],
    ['exists with a NUL', (c) => c.exists('/a\0'), BAD_ARGUMENTS],
    ['exists without a slash', (c) => c.exists('a'), NO_NODE],
    ['getData of the empty path: the root', (c) => c.getData(''), OK],
    ['sync of what is no path', (c) => c.sync('nonsense\0'), OK],
    ['delete of a parent', (c) => c.delete('/a'), NOT_EMPTY],
    ['delete of a parent, wrong version', (c) => c.delete('/a', 7), BAD_VERSION],
    ['delete, version −2', (c) => c.delete('/a/child', -2), BAD_VERSION],
    ['setData, version −2', (c) => c.setData('/a', 'x', -2), BAD_VERSION],
    ['setData, least version', (c) => c.setData('/a', 'x', -(2 ** 31)), BAD_VERSION],
    ['setData, version of another', (c) => c.setData('/a', 'x', 1), BAD_VERSION],
    ['setData where WRITE is missing, wrong version', (c) => c.setData('/mine', 'x', 9), NO_AUTH],
    ['setACL, wrong version', (c) => c.setAcl('/a', OPEN_ACL, 3), BAD_VERSION],
    ['setACL of nothing, wrong ACL', (c) => c.setAcl('/no', []), INVALID_ACL],
    ['setACL of nothing', (c) => c.setAcl('/no', OPEN_ACL), NO_NODE],
    ['setACL where ADMIN is missing', (c) => c.setAcl('/mine', OPEN_ACL), NO_AUTH],
    ...(
      [
        ['world', 'somebody'],
        ['world', ''],
        ['World', 'anyone'],
        ['', ''],
        ['digest', ''],
        ['digest', 'user'],
        ['digest', 'user:'],
        ['digest', 'a:b:c'],
        ['ip', ''],
        ['ip', 'localhost'],
        ['ip', '10.0.0.256'],
        ['ip', '10.0.0.1/33'],
        ['ip', '10.0.0.1/-1'],
        ['ip', '10.0.0.1/8/8'],
        ['ip', '::1/129'],
        ['auth', ''],
        ['sasl', 'user'],
        ['x509', 'CN=user'],
        ['kerberos', 'user'],
      ] as const
    ).map(
      ([scheme, id]): Case => [
        `ACL ${scheme}:${id}`,
        (c) => c.create('/x', { acl: [...OPEN_ACL, ...one(31, scheme, id)] }),
        INVALID_ACL,
      ],
    ),
    ['addWatch, mode 2', (c) => c.addWatch('/a', 2), MARSHALLING],
    ['addWatch, mode −1', (c) => c.addWatch('/a', -1), MARSHALLING],
    ['removeWatches, type 0', (c) => c.removeWatches('/a', 0), MARSHALLING],
    ['removeWatches, type 6', (c) => c.removeWatches('/a', 6), MARSHALLING],
    ['removeWatches of none', (c) => c.removeWatches('/a', 3), NO_WATCHER],
    ['checkWatches of none', (c) => c.checkWatches('/a', 1), NO_WATCHER],
    [
      'reconfig',
      (c) => c.reconfig({ joining: 'x', leaving: null, newMembers: null, curConfigId: -1 }),
      RECONFIG_DISABLED,
    ],
    ['multi with a read', (c) => c.multi([{ op: 4, path: '/a' }]), MARSHALLING],
    ['multi with setACL', (c) => c.multi([{ op: 7, path: '/a', acl: OPEN_ACL }]), MARSHALLING],
    ['multiRead with a write', (c) => c.multiRead([{ op: 2, path: '/a' }]), MARSHALLING],
  ]

  for (const [what, ask, errno] of cases) {
    it(`${what}: ${errno}`, async () => {
      const reply = await ask(client)
      expect(reply.err).to.equal(errno)
      if (errno !== OK) expect(reply.record).to.deep.equal({})
      expect(client.closed).to.equal(false)
    })
  }

  const failing: [what: string, op: RawMultiOp, errno: number][] = [
    ['a wrong path', { op: 1, path: '/a/.' }, BAD_ARGUMENTS],
    ['a wrong ACL', { op: 15, path: '/x', acl: [] }, INVALID_ACL],
    ['a wrong TTL', { op: 21, path: '/x', ttlMs: -1 }, BAD_ARGUMENTS],
    ['a check of a wrong path', { op: 13, path: 'a' }, BAD_ARGUMENTS],
    ['a check of a wrong version', { op: 13, path: '/a', version: 5 }, BAD_VERSION],
    ['a delete of a reserved path', { op: 2, path: '/zookeeper' }, BAD_ARGUMENTS],
    ['a setData of nothing', { op: 5, path: '/no', data: '' }, NO_NODE],
  ]
  it('multi with an unknown flag: nothing is done, the whole request is -5', async () => {
    const reply = await client.multi([
      { op: 1, path: '/first' },
      { op: 1, path: '/x', flags: 9 },
    ])
    expect(reply.err).to.equal(MARSHALLING)
    expect((await client.exists('/first')).err).to.equal(NO_NODE)
  })

  for (const [what, op, errno] of failing) {
    it(`multi with ${what}: nothing is done, its result says ${errno}`, async () => {
      const reply = await client.multi([
        { op: 1, path: '/first' },
        op,
        { op: 2, path: '/a/child', version: -1 },
      ])
      expect(reply.err).to.equal(OK)
      const results = reply.record.results!.map(({ type, err, record }) => [
        type,
        err,
        record.errno,
      ])
      expect(results).to.deep.equal([
        [-1, 0, 0],
        [-1, errno, errno],
        [-1, -2, -2],
      ])
      expect((await client.exists('/first')).err).to.equal(NO_NODE)
      expect((await client.exists('/a/child')).err).to.equal(OK)
    })
  }

  describe('records cut short', () => {
    const whole: Record<number, Buffer> = {
      1: packRequest(1, 1, { path: '/x' }),
      2: packRequest(1, 2, { path: '/a/child' }),
      3: packRequest(1, 3, { path: '/a' }),
      4: packRequest(1, 4, { path: '/a' }),
      5: packRequest(1, 5, { path: '/a', data: 'y' }),
      6: packRequest(1, 6, { path: '/a' }),
      7: packRequest(1, 7, { path: '/a' }),
      8: packRequest(1, 8, { path: '/a' }),
      9: packRequest(1, 9, { path: '/a' }),
      12: packRequest(1, 12, { path: '/a' }),
      14: packRequest(1, 14, { ops: [{ op: 1, path: '/x' }] }),
      15: packRequest(1, 15, { path: '/x' }),
      16: packRequest(1, 16, { joining: '', leaving: '', newMembers: '', curConfigId: 0 }),
      17: packRequest(1, 17, { path: '/a', watcherType: 1 }),
      18: packRequest(1, 18, { path: '/a', watcherType: 1 }),
      19: packRequest(1, 19, { path: '/x' }),
      21: packRequest(1, 21, { path: '/x', ttlMs: 1_000 }),
      22: packRequest(1, 22, { ops: [{ op: 4, path: '/a' }] }),
      101: packRequest(1, 101, { relativeZxid: 0 }),
      103: packRequest(1, 103, { prefixPath: '/' }),
      104: packRequest(1, 104, { path: '/a' }),
      105: packRequest(1, 105, { relativeZxid: 0 }),
      106: packRequest(1, 106, { path: '/a', mode: 0 }),
    }
    const writes = [1, 2, 5, 7, 14, 15, 19, 21]

    for (const [text, body] of Object.entries(whole)) {
      const op = Number(text)
      const isWrite = writes.includes(op)
      it(`opcode ${op}: −5 in its turn, ${isWrite ? 'with' : 'without'} a zxid`, async () => {
        const before = served.keeper.replica.zxid
        // A write ahead of it: −5 waits for its turn.
        const ahead = client.setData('/a', 'again')
        const cut = client.sendRecord(op, body.subarray(8, body.length - 1))
        const [first, second] = await Promise.all([ahead, cut])
        expect([first.err, second.err]).to.deep.equal([OK, MARSHALLING])
        expect(second.zxid).to.equal(before + (isWrite ? 2 : 1))
        expect(client.transcript.at(-2)).to.equal(first)
        expect((await client.exists('/x')).err).to.equal(NO_NODE)
      })
    }

    for (const [what, record] of [
      ['a negative length', new Pack().int(-2).done()],
      ['a length beyond the frame', new Pack().int(1_000_000).done()],
      ['a null path', new Pack().int(-1).raw(Buffer.alloc(40)).done()],
      [
        'a vector of billions',
        new Pack()
          .buffer('/x')
          .buffer('')
          .int(2 ** 31 - 1)
          .done(),
      ],
      ['a vector of negative length', new Pack().buffer('/x').buffer('').int(-2).done()],
    ] as const) {
      it(`${what}: −5`, async () => {
        expect((await client.sendRecord(1, record)).err).to.equal(MARSHALLING)
      })
    }
  })

  describe('authentication', () => {
    const refused: [what: string, scheme: string | null, auth: string | null][] = [
      ['an unknown scheme', 'kerberos', 'x'],
      ['no scheme', null, 'x'],
      ['no data', 'digest', null],
    ]
    for (const [what, scheme, auth] of refused) {
      it(`with ${what}: −115 with zxid 0, then closed; the session lives on`, async () => {
        const other = await bench.connect(served)
        const reply = await other.auth(scheme, auth)
        expect(reply).to.include({ xid: -4, err: AUTH_FAILED, zxid: 0 })
        await other.waitFor(() => other.closed)
        const again = await bench.resume(served, other)
        expect(again.sessionId).to.equal(other.sessionId)
      })
    }

    it('cut short, and a sasl token of null: closed without a reply', async () => {
      const other = await bench.connect(served)
      other.sendRecord(100, Buffer.alloc(6))
      await other.waitFor(() => other.closed)
      const another = await bench.connect(served)
      another.sasl(null)
      await another.waitFor(() => another.closed)
      expect([...other.transcript, ...another.transcript]).to.deep.equal([
        { kind: 'closed' },
        { kind: 'closed' },
      ])
    })
  })
})
