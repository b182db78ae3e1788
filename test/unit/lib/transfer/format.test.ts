import { expect } from 'chai'
import fc from 'fast-check'
import { OPEN_ACL } from '../../../../lib/model/acl.ts'
import { toByteString } from '../../../../lib/model/byte-string.ts'
import { CopyError } from '../../../../lib/model/errors.ts'
import type { Acl } from '../../../../lib/model/request.ts'
import { KIND, Znode } from '../../../../lib/model/znode.ts'
import {
  headerLine,
  sessionLine,
  type TreeHeader,
  trailerLine,
  znodeLine,
} from '../../../../lib/transfer/format.ts'
import { LineProblem, parseLine } from '../../../../lib/transfer/parse.ts'

const int32 = fc.integer()
const whole = fc.maxSafeNat()
const acl: fc.Arbitrary<readonly Acl[]> = fc.oneof(
  fc.constant(OPEN_ACL),
  fc.array(
    fc.record({
      perms: int32,
      id: fc.record({ scheme: fc.string(), id: fc.string({ unit: 'grapheme' }) }),
    }),
  ),
)
const data = fc.option(
  fc.oneof(
    fc.uint8Array({ maxLength: 50 }),
    fc.string({ unit: 'grapheme' }).map((text) => Buffer.from(text)),
  ),
  { nil: null },
)
/** Ephemeral, container, with a TTL, or none of them. */
const kind = fc.oneof(
  fc.constant({}),
  fc.record({ ephemeralOwner: fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }) }),
  fc.constant({ kind: KIND.container }),
  fc.record({ kind: fc.constant(KIND.ttl), ttlMs: fc.integer({ min: 1, max: 2 ** 40 - 1 }) }),
)
const znode = fc
  .record({
    ...{ data, acl, kind, czxid: whole, mzxid: whole, pzxid: whole, ctime: whole, mtime: whole },
    ...{ version: int32, aversion: int32, creates: fc.nat({ max: 2 ** 31 - 1 }) },
  })
  .map(({ kind: fields, czxid, ctime, data: bytes, acl: list, ...counted }) => {
    const text = bytes && toByteString(bytes)
    const node = new Znode({ data: text, acl: list, zxid: czxid, time: ctime, ...fields })
    return Object.assign(node, counted)
  })

const plain = (node: Znode): unknown => ({ ...node })

function parsedZnode(line: string): { path: string; node: Znode } {
  const parsed = parseLine(line)
  if (parsed.kind !== 'znode') throw new Error(`a ${parsed.kind}`)
  return parsed
}

const header: TreeHeader = {
  path: '/',
  zxid: 7,
  sessions: 1,
  znodes: 4,
  largest: { path: '/a', bytes: 3 },
}

describe('copy/format', () => {
  it('a znode comes back, and is written the same way again', () => {
    fc.assert(
      fc.property(znode, (node) => {
        const line = znodeLine('/x', node)
        expect(line.indexOf('\n'), 'one line').to.equal(line.length - 1)
        const back = parsedZnode(line)
        expect(back.path).to.equal('/x')
        expect(plain(back.node)).to.deep.equal(plain(node))
        expect(znodeLine('/x', back.node)).to.equal(line)
      }),
    )
  })

  const shown: [what: string, data: Uint8Array | null, field: string][] = [
    ['no data', null, '"data":null'],
    ['0 bytes', Buffer.from(''), '"data":""'],
    ['text', Buffer.from('grüße\n\t"日本"'), '"data":"grüße\\n\\t\\"日本\\""'],
    ['a byte order mark', Buffer.from('\ufeffx'), '"data":"\ufeffx"'],
    ['a zero byte', Buffer.from('a\0'), '"base64":"YQA="'],
    ['an escape', Buffer.from('\x1b[1m'), '"base64":"G1sxbQ=="'],
    ['half a character', Buffer.from([0xe6, 0x97]), '"base64":"5pc="'],
  ]
  for (const [what, bytes, field] of shown) {
    it(`${what}: ${field}`, () => {
      const text = bytes && toByteString(bytes)
      const node = new Znode({ data: text, acl: OPEN_ACL, zxid: 1, time: 2 })
      const line = `{"path":"/x","czxid":1,"mzxid":1,"ctime":2,"mtime":2,${field}}\n`
      expect(znodeLine('/x', node)).to.equal(line)
      expect(plain(parsedZnode(line).node)).to.deep.equal(plain(node))
    })
  }

  it('an ACL that only looks like another object is left out all the same', () => {
    const same: Acl[] = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]
    const node = new Znode({ data: null, acl: same, zxid: 1, time: 2 })
    expect(znodeLine('/x', node)).to.not.contain('acl')
  })

  it('header, session and trailer come back', () => {
    expect(parseLine(headerLine(header))).to.deep.equal({ kind: 'header', header })
    const session = { id: 0x10n, timeoutMs: 4_000, passwordDigest: 'ab'.repeat(32) }
    expect(sessionLine(session)).to.contain('"session":"0x0000000000000010"')
    expect(parseLine(sessionLine(session))).to.deep.equal({ kind: 'session', session })
    const trailer = { sessions: 1, znodes: 4, sha256: '0'.repeat(64) }
    expect(parseLine(trailerLine(trailer))).to.deep.equal({ kind: 'trailer', trailer })
  })

  const start = '"path":"/x","czxid":1,"mzxid":1,"ctime":2,"mtime":2'
  const refused: [what: string, line: string, says: RegExp][] = [
    ['no JSON', '{"path":"/x"', /not JSON/],
    ['no object', '["/x"]', /not a JSON object/],
    ['null', 'null', /not a JSON object/],
    ['another format', '{"format":"tree"}', /format is not anykeeper-tree/],
    ['a header without counts', '{"format":"anykeeper-tree","version":1,"path":"/"}', /"largest"/],
    ['a field of tomorrow', `{${start},"data":null,"colour":"red"}`, /no field "colour"/],
    ['no path', '{"czxid":1}', /"path"/],
    ['a path that is none', `{${start.replace('/x', '/x/')},"data":null}`, /"path"/],
    ['no czxid', '{"path":"/x","data":null}', /"czxid"/],
    ['a zxid of text', `{${start.replace('"mzxid":1', '"mzxid":"1"')},"data":null}`, /"mzxid"/],
    ['a negative pzxid', `{${start},"pzxid":-1,"data":null}`, /"pzxid"/],
    ['a negative time', `{${start.replace('"mtime":2', '"mtime":-2')},"data":null}`, /"mtime"/],
    ['a version too wide', `{${start},"version":2147483648,"data":null}`, /"version"/],
    ['a negative counter', `{${start},"creates":-1,"data":null}`, /"creates"/],
    ['no data at all', `{${start}}`, /either "data" or "base64"/],
    ['data twice', `{${start},"data":"","base64":""}`, /either "data" or "base64"/],
    ['data that is a number', `{${start},"data":1}`, /"data"/],
    ['half a character as text', `{${start},"data":"\\ud83d"}`, /"data"/],
    ['base64 that is none', `{${start},"base64":"YQ"}`, /"base64"/],
    ['an owner of 0', `{${start},"owner":"0x0000000000000000","data":null}`, /"owner"/],
    ['an owner of 15 digits', `{${start},"owner":"0x000000000000001","data":null}`, /"owner"/],
    ['a TTL of 0', `{${start},"ttl":0,"data":null}`, /"ttl"/],
    ['a container with a TTL', `{${start},"container":true,"ttl":5,"data":null}`, /one of them/],
    ['no container', `{${start},"container":false,"data":null}`, /"container"/],
    ['an ACL of objects', `{${start},"acl":[{"perms":1}],"data":null}`, /"acl"/],
    ['an ACL entry too short', `{${start},"acl":[[1,"world"]],"data":null}`, /"acl"/],
    [
      'a password itself',
      '{"session":"0x0000000000000001","timeout":1,"password":"x"}',
      /"password"/,
    ],
    ['an end that is none', '{"end":false}', /"end"/],
  ]
  for (const [what, line, says] of refused) {
    it(`refuses ${what}`, () => {
      expect(() => parseLine(line)).to.throw(LineProblem, says)
    })
  }

  it('refuses a newer version by its number, whatever else is new in it', () => {
    const newer = '{"format":"anykeeper-tree","version":2,"compression":"zstd"}'
    expect(() => parseLine(newer))
      .to.throw(CopyError, /exported in version 2 .* reads version 1/)
      .with.property('code', 'COPY_UNSUPPORTED')
  })
})
