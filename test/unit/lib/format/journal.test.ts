import { expect } from 'chai'
import fc from 'fast-check'
import { ByteReader, ByteWriter } from '../../../../lib/format/bytes.ts'
import { decodeBatch, encodeHeader, writeTxn } from '../../../../lib/format/journal.ts'
import type { Batch, Op } from '../../../../lib/format/ops.ts'
import { OPEN_ACL } from '../../../../lib/model/acl.ts'
import { toByteString } from '../../../../lib/model/byte-string.ts'
import { StoreError } from '../../../../lib/model/errors.ts'
import { KIND } from '../../../../lib/model/znode.ts'

const text = fc.string({ unit: 'grapheme', maxLength: 8 })
const int32 = fc.integer()
const data = fc.option(fc.uint8Array({ maxLength: 20 }).map(toByteString), { nil: null })
const acl = fc.oneof(
  fc.constant(OPEN_ACL),
  fc.array(fc.record({ perms: int32, id: fc.record({ scheme: text, id: text }) })),
)
const id = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const op: fc.Arbitrary<Op> = fc.oneof(
  fc.record({
    type: fc.constant('create' as const),
    path: text,
    data,
    acl,
    ephemeralOwner: id,
    kind: fc.constantFrom(KIND.plain, KIND.container, KIND.ttl),
    ttlMs: fc.integer({ min: 0, max: 2 ** 40 - 1 }),
    parentCreates: int32,
  }),
  fc.record({ type: fc.constant('delete' as const), path: text }),
  fc.record({ type: fc.constant('setData' as const), path: text, data, version: int32 }),
  fc.record({ type: fc.constant('setACL' as const), path: text, acl, aversion: int32 }),
  fc.record({
    type: fc.constant('createSession' as const),
    id,
    timeoutMs: fc.nat(),
    passwordDigest: text,
    owner: text,
  }),
  fc.record({ type: fc.constant('moveSession' as const), id, owner: text, fence: fc.nat() }),
  fc.record({ type: fc.constant('closeSession' as const), id, paths: fc.array(text) }),
)
const txn = fc.record({ takesZxid: fc.boolean(), ops: fc.array(op, { maxLength: 4 }) })
const batch = fc
  .record({
    seq: fc.maxSafeNat(),
    proxy: text,
    attempt: fc.nat(),
    zxid: fc.integer({ min: 100, max: Number.MAX_SAFE_INTEGER }),
    flushed: fc.maxSafeNat(),
    time: fc.nat({ max: 2 ** 31 }),
    passes: fc.boolean(),
    txns: fc.array(txn, { maxLength: 5 }),
  })
  .map((b) => {
    let at = b.zxid - b.txns.filter((t) => t.takesZxid).length
    const txns = b.txns.map(({ takesZxid, ops }) => {
      if (takesZxid) at++
      return { takesZxid, zxid: at, ops }
    })
    return { ...b, txns }
  })

function encode(b: Omit<Batch, 'txns'> & { txns: { takesZxid: boolean; ops: readonly Op[] }[] }) {
  const out = new ByteWriter()
  for (const { takesZxid, ops } of b.txns) writeTxn(out, takesZxid, ops)
  return Buffer.concat([encodeHeader(b), out.toBytes()])
}

function decodeOrStoreError(bytes: Uint8Array): boolean {
  try {
    decodeBatch(bytes)
    return true
  } catch (error) {
    expect(error).to.be.instanceOf(StoreError)
    return false
  }
}

describe('commit/journal', () => {
  it('batches come back, each transaction with its zxid', () => {
    fc.assert(
      fc.property(batch, (b) => {
        const txns = b.txns.map(({ zxid, ops }) => ({ zxid, ops }))
        expect(decodeBatch(encode(b))).to.deep.equal({ ...b, txns })
      }),
      { numRuns: 500 },
    )
  })

  it('strings come back, however long, also where one character is not ASCII', () => {
    const strings: string[] = []
    for (let length = 0; length <= 300; length++) {
      const ascii = 'abcdefgh'.repeat(40).slice(0, length)
      strings.push(ascii, `${ascii}é`, `é${ascii}`, `${ascii}\u{1f600}`)
    }
    const out = new ByteWriter()
    for (const value of strings) out.string(value)
    const input = new ByteReader(out.toBytes())
    expect(strings.map(() => input.string())).to.deep.equal(strings)
    expect(input.atEnd).to.equal(true)
  })

  it('data in a decoded batch does not keep the entry it was read from', () => {
    const op: Op = { type: 'setData', path: '/a', data: 'abc', version: 1 }
    const bytes = encode({
      seq: 1,
      proxy: 'p',
      attempt: 1,
      zxid: 1,
      flushed: 0,
      passes: false,
      time: 0,
      txns: [{ takesZxid: true, ops: [op] }],
    })
    const back = decodeBatch(bytes).txns[0]!.ops[0] as Op & { type: 'setData' }
    bytes.fill(0)
    expect(back.data).to.equal('abc')
  })

  it('cut short anywhere within a transaction it is a StoreError', () => {
    fc.assert(
      fc.property(batch, (b) => {
        const bytes = encode(b)
        const ends = new Set<number>()
        for (let n = 0; n <= b.txns.length; n++) {
          ends.add(encode({ ...b, txns: b.txns.slice(0, n) }).length)
        }
        for (let end = 0; end < bytes.length; end++) {
          expect(decodeOrStoreError(bytes.subarray(0, end)), `${end} bytes`).to.equal(ends.has(end))
        }
      }),
      { numRuns: 40 },
    )
  })

  it('with bytes changed it is a StoreError or another batch', () => {
    const edits = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1 })
    fc.assert(
      fc.property(batch, edits, (b, list) => {
        const bytes = encode(b)
        for (const [at, byte] of list) bytes[at % bytes.length] = byte
        decodeOrStoreError(bytes)
      }),
      { numRuns: 2_000 },
    )
  })

  it('garbage is a StoreError or a batch', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void decodeOrStoreError(bytes)))
  })

  it('another format, an unknown operation, a number without end: each says so', () => {
    const b = {
      seq: 1,
      proxy: 'p',
      attempt: 1,
      zxid: 1,
      flushed: 0,
      time: 0,
      passes: false,
      txns: [],
    }
    const bytes = encode(b)
    const other = Buffer.from(bytes)
    other[0] = 9
    expect(() => decodeBatch(other)).to.throw(StoreError, 'format 9')
    const unknown = Buffer.concat([bytes, Buffer.from([1, 1, 99])])
    expect(() => decodeBatch(unknown)).to.throw(StoreError, 'unknown operation 99')
    const endless = Buffer.concat([bytes, Buffer.from([1, ...Array(10).fill(0xff)])])
    expect(() => decodeBatch(endless)).to.throw(StoreError, 'no end')
  })
})
