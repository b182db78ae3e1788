import { expect } from 'chai'
import fc from 'fast-check'
import { decodeCuts, decodeHead, encodeCuts, encodeHead } from '../../../../lib/format/head.ts'
import {
  decodeChildRecord,
  decodeImport,
  decodeProxy,
  decodeSession,
  decodeZnode,
  encodeChildRecord,
  encodeImport,
  encodeProxy,
  encodeSession,
  encodeZnode,
} from '../../../../lib/format/record.ts'
import { OPEN_ACL } from '../../../../lib/model/acl.ts'
import { toByteString } from '../../../../lib/model/byte-string.ts'
import { StoreError } from '../../../../lib/model/errors.ts'
import type { Acl } from '../../../../lib/model/request.ts'
import { KIND, Znode } from '../../../../lib/model/znode.ts'

const int32 = fc.integer()
const zxid = fc.maxSafeNat()
const acl: fc.Arbitrary<readonly Acl[]> = fc.oneof(
  fc.constant(OPEN_ACL),
  fc.array(
    fc.record({
      perms: int32,
      id: fc.record({ scheme: fc.string(), id: fc.string({ unit: 'grapheme' }) }),
    }),
  ),
)
const kind = fc.constantFrom(KIND.plain, KIND.container, KIND.ttl)
const znode = fc
  .record({
    data: fc.option(fc.uint8Array({ maxLength: 50 }).map(toByteString), { nil: null }),
    acl,
    zxid,
    time: zxid,
    ephemeralOwner: fc.oneof(fc.constant(0n), fc.bigInt({ min: 1n, max: 2n ** 63n - 1n })),
    kind,
    ttlMs: fc.integer({ min: 1, max: 2 ** 40 - 1 }),
    mzxid: zxid,
    mtime: zxid,
    version: int32,
    aversion: int32,
  })
  .map(({ mzxid, mtime, version, aversion, ttlMs, ...init }) => {
    const node = new Znode({ ...init, ttlMs: init.kind === KIND.ttl ? ttlMs : 0 })
    return Object.assign(node, { mzxid, mtime, version, aversion })
  })

const session = fc.record({
  id: fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }),
  timeoutMs: fc.nat(),
  passwordDigest: fc.string(),
  owner: fc.string(),
  fence: fc.nat(),
})
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const digest = fc.constantFrom('0', '9', 'f').map((digit) => digit.repeat(64))
const head = fc.record(
  {
    zxid,
    seq: zxid,
    flushed: zxid,
    imported: digest,
    chain: u64,
    check: fc.record({ seq: zxid, znodes: zxid, digest: u64 }),
  },
  { requiredKeys: ['zxid', 'seq', 'flushed'] },
)
const importRecord = fc.record({
  ...{ run: fc.string(), line: zxid, sha256: digest, abandoned: fc.boolean() },
})
const proxy = fc.record({
  address: fc.string(),
  ttlMs: fc.nat(),
  leaving: fc.boolean(),
  silenceMsMax: fc.nat(),
  journalFormat: fc.nat(),
})
const childRecord = fc.record({ creates: int32, pzxid: zxid })

const plain = (node: Znode): unknown => ({ ...node })

describe('znode/record', () => {
  it('znodes come back', () => {
    fc.assert(
      fc.property(znode, (node) => {
        expect(plain(decodeZnode(encodeZnode(node), '/x'))).to.deep.equal(plain(node))
      }),
    )
  })

  it('null data and no data stay apart, line ends in data stay', () => {
    for (const data of [null, '', '\n', '\n{"f":1}\n']) {
      const node = new Znode({ data, acl: OPEN_ACL, zxid: 1, time: 1 })
      expect(decodeZnode(encodeZnode(node), '/x').data).to.equal(data)
    }
  })

  it('a decoded znode does not keep the bytes it was read from', () => {
    const node = new Znode({ data: 'abc', acl: OPEN_ACL, zxid: 1, time: 1 })
    const bytes = encodeZnode(node)
    const back = decodeZnode(bytes, '/x')
    bytes.fill(0)
    expect(back.data).to.equal('abc')
  })

  it('other records come back', () => {
    fc.assert(
      fc.property(session, head, proxy, childRecord, importRecord, (s, h, p, c, i) => {
        expect(decodeSession(encodeSession(s), s.id)).to.deep.equal(s)
        expect(decodeHead(encodeHead(h))).to.deep.equal(h)
        expect(decodeProxy(encodeProxy(p))).to.deep.equal(p)
        expect(decodeChildRecord(encodeChildRecord(c), '/x')).to.deep.equal(c)
        expect(decodeImport(encodeImport(i))).to.deep.equal(i)
      }),
    )
  })

  it("head names the epoch: the zxid's high half", () => {
    const bytes = encodeHead({ zxid: 5 * 2 ** 32 + 7, seq: 1, flushed: 0 })
    expect(JSON.parse(Buffer.from(bytes).toString())).to.include({ epoch: 5 })
  })

  it('where history went back comes back', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(zxid, zxid)), (pairs) => {
        const cuts = new Map(pairs)
        expect(decodeCuts(encodeCuts(cuts))).to.deep.equal(cuts)
      }),
    )
    expect(decodeCuts(undefined).size).to.equal(0)
  })

  it('a proxy record is never in the way, whatever is in it: its proxy lives, and no more is known', () => {
    const unreadable = { address: '', ttlMs: 0, leaving: false, silenceMsMax: 4_000 }
    for (const text of ['', '{', 'null', '[]', '7', '{"f":2,"what":[]}']) {
      const found = decodeProxy(Buffer.from(text))
      expect(found, text).to.deep.equal({ ...unreadable, journalFormat: 3 })
    }
    // As 0.1.0 writes it.
    const old = decodeProxy(Buffer.from('{"f":1,"address":"a:1","ttlMs":6000,"leaving":false}'))
    expect(old).to.deep.include({ address: 'a:1', ttlMs: 6_000, journalFormat: 2 })
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void decodeProxy(bytes)))
  })

  const decoders: [
    what: string,
    decode: (bytes: Uint8Array) => unknown,
    whole: () => Uint8Array,
  ][] = [
    [
      'znode',
      (bytes) => decodeZnode(bytes, '/x'),
      () => {
        const acl = [{ perms: 1, id: { scheme: 'ip', id: '10.0.0.1' } }]
        const init = { data: null, acl, zxid: 1, time: 1, ephemeralOwner: 7n }
        return encodeZnode(Object.assign(new Znode(init), { version: 3, aversion: 4 }))
      },
    ],
    [
      'child record',
      (bytes) => decodeChildRecord(bytes, '/x'),
      () => encodeChildRecord({ creates: 1, pzxid: 2 }),
    ],
    [
      'session',
      (bytes) => decodeSession(bytes, 1n),
      () => encodeSession({ id: 1n, timeoutMs: 1, passwordDigest: 'ab', owner: 'cd', fence: 0 }),
    ],
    ['epochs record', decodeCuts, () => encodeCuts(new Map([[1, 5]]))],
    ['head', decodeHead, () => encodeHead({ zxid: 1, seq: 1, flushed: 0, imported: 'ab' })],
    [
      'import record',
      decodeImport,
      () => encodeImport({ run: 'cd', line: 1, sha256: 'ab', abandoned: true }),
    ],
  ]

  for (const [what, decode, whole] of decoders) {
    const attempt = (bytes: Uint8Array): StoreError | undefined => {
      try {
        decode(bytes)
        return undefined
      } catch (error) {
        expect(error, Buffer.from(bytes).toString()).to.be.instanceOf(StoreError)
        return error as StoreError
      }
    }

    it(`${what}: damaged bytes are a StoreError that says what, or another record`, () => {
      const edit = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }))
      fc.assert(
        fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
          const bytes = Buffer.from(whole())
          for (const [at, byte] of edits) bytes[at % bytes.length] = byte
          const error = attempt(bytes)
          if (error !== undefined) expect(error.message).to.contain(what)
        }),
        { numRuns: 2_000 },
      )
    })

    it(`${what}: cut short or anything else is a StoreError`, () => {
      const bytes = whole()
      const jsonEnd = Buffer.from(bytes).indexOf('}')
      for (let end = 0; end <= jsonEnd; end++) {
        expect(attempt(bytes.subarray(0, end))?.code, `${end} bytes`).to.equal('STORE_INTERNAL')
      }
      for (const other of ['null', '7', '[]', '""', '{}', '{"f":"1"}']) {
        expect(attempt(Buffer.from(`${other}\n`)), other).to.be.instanceOf(StoreError)
      }
      fc.assert(fc.property(fc.uint8Array(), (garbage) => void attempt(garbage)))
    })

    it(`${what}: a field missing or of another type is a StoreError`, () => {
      const text = Buffer.from(whole()).toString().split('\n')[0]!
      const fields = JSON.parse(text) as Record<string, unknown>
      const optional = [
        'version',
        'aversion',
        'acl',
        'owner',
        'null',
        'epoch',
        'leaving',
        'imported',
        'abandoned',
      ]
      for (const name of Object.keys(fields)) {
        const { [name]: _, ...without } = fields
        if (!optional.includes(name)) {
          const error = attempt(Buffer.from(`${JSON.stringify(without)}\n`))
          expect(error, `without ${name}`).to.be.instanceOf(StoreError)
        }
        if (['null', 'epoch', 'leaving', 'abandoned'].includes(name)) continue
        for (const value of [{}, [[]], true, 'zz', 1.5]) {
          if (typeof value === 'string' && typeof fields[name] === 'string' && name !== 'owner') {
            continue
          }
          if (what === 'session' && typeof value === 'string' && name === 'owner') continue
          const error = attempt(Buffer.from(`${JSON.stringify({ ...fields, [name]: value })}\n`))
          expect(error, `${name}: ${JSON.stringify(value)}`).to.be.instanceOf(StoreError)
        }
      }
    })

    it(`${what}: of a newer format says so, and of one that no version has is damaged`, () => {
      const withFormat = (format: string) =>
        Buffer.from(Buffer.from(whole()).toString().replace('"f":1', `"f":${format}`))
      // A head of format 2 says that its tree follows a ZooKeeper ensemble.
      const newest = what === 'head' ? 2 : 1
      const error = attempt(withFormat(`${newest + 1}`))
      expect(error?.code).to.equal('STORE_UNSUPPORTED')
      const text = `format ${newest + 1}, and this anykeeper reads no newer one than ${newest}`
      expect(error?.message).to.include(text)
      for (const format of ['0', '1.5', '"2"', 'null']) {
        expect(attempt(withFormat(format))?.code, format).to.equal('STORE_INTERNAL')
      }
    })
  }
})
