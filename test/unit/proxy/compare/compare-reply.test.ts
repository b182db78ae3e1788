import { expect } from 'chai'
import type { Acl, AuthId, MultiResult, Result, Stat } from '../../../../lib/internal.ts'
import type { Reply } from '../../../../lib/protocol/wire/decode-reply.ts'
import { compareReplies } from '../../../../proxy/compare/compare-reply.ts'
import { SessionMap } from '../../../../proxy/compare/sessions.ts'
import { ZxidMap } from '../../../../proxy/compare/zxid-map.ts'

const STAT: Stat = {
  czxid: 5,
  mzxid: 5,
  ctime: 1_000,
  mtime: 1_000,
  version: 1,
  cversion: 2,
  aversion: 3,
  ephemeralOwner: 0n,
  dataLength: 4,
  numChildren: 5,
  pzxid: 5,
}
/** The oracle's zxids are 100 higher, its clock is another, its sessions have other ids. */
const THEIRS: Stat = { ...STAT, czxid: 105, mzxid: 105, pzxid: 105, ctime: 2_000, mtime: 2_000 }

describe('compareReplies', () => {
  /** Names of the fields that differ. */
  function fields(ours: Result, theirs: Result, header: Partial<Reply> = {}): string[] {
    const zxids = new ZxidMap()
    for (let zxid = 1; zxid < 10; zxid++) {
      zxids.learnWrite({ candidate: zxid, oracle: zxid + 100 })
    }
    const sessions = new SessionMap()
    const password = new Uint8Array(16)
    for (const id of [1n, 2n]) {
      const candidate = { id, password, timeoutMs: 1 }
      const oracle = { id: id + 100n, password }
      sessions.granted({ candidate, oracle, holder: undefined, nowMs: 0 })
    }
    const reply = { xid: 1, zxid: 1, errno: 0, extraBytes: 0 }
    return compareReplies(
      { ...reply, result: ours },
      { ...reply, result: theirs, ...header },
      {
        zxid: (pair) => zxids.check(pair),
        owner: (pair) => sessions.checkOwner(pair),
      },
    ).map(({ field }) => field)
  }
  const stat = (more: Partial<Stat>): Result => ({ type: 'stat', stat: { ...THEIRS, ...more } })
  const ours: Result = { type: 'stat', stat: STAT }

  it('takes servers for equal that count and tell the time differently', () => {
    expect(fields(ours, stat({}))).to.deep.equal([])
  })

  for (const name of [
    'version',
    'cversion',
    'aversion',
    'dataLength',
    'numChildren',
    'czxid',
    'mzxid',
    'pzxid',
  ] as const) {
    it(`sees another ${name}`, () => {
      expect(fields(ours, stat({ [name]: THEIRS[name] + 1 }))).to.include(`stat.${name}`)
    })
  }

  it('wants mtime to be ctime as long as nothing was written, and only then', () => {
    expect(fields(ours, stat({ mtime: 2_001 }))).to.deep.equal(['stat.mtime'])
    const written = { ...STAT, mzxid: 6 }
    expect(fields({ type: 'stat', stat: written }, stat({ mzxid: 106, mtime: 2_001 }))).to.be.empty
  })

  it('knows owners by their session', () => {
    const owned: Result = { type: 'stat', stat: { ...STAT, ephemeralOwner: 1n } }
    expect(fields(owned, stat({ ephemeralOwner: 101n }))).to.deep.equal([])
    expect(fields(owned, stat({ ephemeralOwner: 102n }))).to.deep.equal(['stat.ephemeralOwner'])
    expect(fields(owned, stat({}))).to.deep.equal(['stat.ephemeralOwner'])
  })

  it('compares the header', () => {
    expect(fields(ours, stat({}), { xid: 2 })).to.deep.equal(['xid'])
    expect(fields(ours, stat({}), { errno: -101, result: undefined })).to.deep.equal(['err'])
    expect(fields(ours, stat({}), { extraBytes: 3 })).to.deep.equal(['extraBytes'])
  })

  it('takes children and ephemerals as sets', () => {
    const children = (...names: string[]): Result => ({ type: 'children', children: names })
    expect(fields(children('a', 'b'), children('b', 'a'))).to.deep.equal([])
    expect(fields(children('a', 'b'), children('b', 'c'))).to.deep.equal(['children'])
    const paths = (...names: string[]): Result => ({ type: 'paths', paths: names })
    expect(fields(paths('/a', '/b'), paths('/b', '/a'))).to.deep.equal([])
  })

  it('takes the ids of one entry as a set, and the entries in order', () => {
    const entry = (perms: number, id: string): Acl => ({ perms, id: { scheme: 'digest', id } })
    const acl = (...entries: Acl[]): [Result, Result] => [
      { type: 'acl', acl: entries, stat: STAT },
      { type: 'acl', acl: entries, stat: THEIRS },
    ]
    const [first] = acl(entry(31, 'a'), entry(31, 'b'), entry(1, 'c'))
    expect(fields(first, acl(entry(31, 'b'), entry(31, 'a'), entry(1, 'c'))[1])).to.deep.equal([])
    expect(fields(first, acl(entry(1, 'c'), entry(31, 'a'), entry(31, 'b'))[1])).to.deep.equal([
      'acl',
    ])
  })

  it('leaves the address out of a session’s ids', () => {
    const who = (...ids: AuthId[]): Result => ({ type: 'whoAmI', ids })
    const digest = { scheme: 'digest', id: 'a' }
    const ip = (id: string) => ({ scheme: 'ip', id })
    expect(fields(who(ip('::1'), digest), who(digest, ip('10.0.0.1')))).to.deep.equal([])
    expect(fields(who(ip('::1'), digest), who(ip('::1')))).to.deep.equal(['ids'])
  })

  it('goes through a multi result by result', () => {
    const multi = (...results: MultiResult[]): Result => ({ type: 'multi', results })
    const create: MultiResult = { type: 'create', path: '/a-0000000001' }
    const failed: MultiResult = { type: 'error', errno: -2 }
    const set = (one: Stat): MultiResult => ({ type: 'setData', stat: one })
    expect(fields(multi(create, set(STAT)), multi(create, set(THEIRS)))).to.deep.equal([])
    expect(
      fields(
        multi(create, set(STAT), failed),
        multi({ ...create, path: '/a-0000000002' }, set({ ...THEIRS, version: 9 }), {
          ...failed,
          errno: 0,
        }),
      ),
    ).to.deep.equal(['results[0].path', 'results[1].stat.version', 'results[2].errno'])
    expect(fields(multi(create), multi(failed))).to.deep.equal(['results[0].type'])
    expect(fields(multi(create), multi(create, create))).to.deep.equal(['results.length'])
  })
})
