import { expect } from 'chai'
import fc from 'fast-check'
import { ByteReader, ByteWriter } from '../../../../lib/format/bytes.ts'
import { decodeBatch, encodeEntry, type TxnBase, writeTxn } from '../../../../lib/format/journal.ts'
import type { Batch, Op, TxnEntry } from '../../../../lib/format/ops.ts'
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
const txn = fc.record({
  distance: fc.oneof(fc.constantFrom(0, 1), fc.integer({ min: 2, max: 2 ** 33 })),
  later: fc.integer({ min: -5_000, max: 5_000 }),
  session: fc.oneof(fc.constantFrom(0n, 7n), id),
  cxid: int32,
  ops: fc.array(op, { maxLength: 4 }),
})
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const epoch: fc.Arbitrary<Op> = fc.record({
  type: fc.constant('newEpoch' as const),
  lastZxid: fc.maxSafeNat(),
})
const header = {
  seq: fc.maxSafeNat(),
  proxy: text,
  attempt: fc.nat(),
  flushed: fc.maxSafeNat(),
  time: fc.nat({ max: 2 ** 41 }),
  passes: fc.boolean(),
}

/** As this version writes it. */
const batch: fc.Arbitrary<Batch> = fc
  .record({
    ...header,
    base: fc.integer({ min: 0, max: 2 ** 50 }),
    previous: fc.option(u64, { nil: undefined }),
    check: fc.option(fc.record({ seq: fc.maxSafeNat(), znodes: fc.maxSafeNat(), digest: u64 }), {
      nil: undefined,
    }),
    begins: fc.option(epoch, { nil: undefined }),
    txns: fc.array(txn, { maxLength: 5 }),
  })
  .map(({ base, txns, begins, ...b }): Batch => {
    let zxid = base
    let { time } = b
    const placed = txns.map(({ distance, later, session, cxid, ops }): TxnEntry => {
      zxid += distance
      time = Math.max(0, time + later)
      const takesZxid = distance > 0
      return { zxid, takesZxid, time, session, cxid: session === 0n ? 0 : cxid, ops }
    })
    const first = placed[0]
    if (first !== undefined && begins !== undefined) placed[0] = { ...first, ops: [begins] }
    return { ...b, format: 3, zxid, txns: placed }
  })

/** As versions before 0.2 read and write it: one time, no sessions, no gaps. */
const oldBatch: fc.Arbitrary<Batch> = batch.map((b) => {
  let zxid = b.zxid
  const txns = b.txns.map((t): TxnEntry => {
    if (t.takesZxid) zxid++
    const ops = t.ops.filter(({ type }) => type !== 'newEpoch')
    return { zxid, takesZxid: t.takesZxid, time: b.time, session: 0n, cxid: 0, ops }
  })
  const { passes } = b
  return { ...b, format: passes ? 2 : 1, previous: undefined, check: undefined, zxid, txns }
})
const anyBatch = fc.oneof(batch, oldBatch)

function encode(b: Batch): Buffer {
  const out = new ByteWriter()
  const [first] = b.txns
  // The zxid before the first one's is not stored.
  const zxid = (first?.zxid ?? b.zxid) - (first?.takesZxid === true ? 1 : 0)
  let before: TxnBase = { zxid, time: b.time, session: 0n }
  for (const t of b.txns) {
    writeTxn(out, b.format, t, before)
    before = t
  }
  return Buffer.from(encodeEntry(b, out))
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

const blank: Batch = {
  format: 3,
  seq: 1,
  previous: undefined,
  proxy: 'p',
  attempt: 1,
  zxid: 1,
  flushed: 0,
  time: 0,
  passes: false,
  check: undefined,
  txns: [],
}

describe('format/journal', () => {
  it('batches come back, each transaction with its zxid', () => {
    fc.assert(
      fc.property(anyBatch, (b) => {
        expect(decodeBatch(encode(b))).to.deep.equal(b)
      }),
      { numRuns: 500 },
    )
  })

  it('an epoch that begins is no operation for older versions, only a later zxid', () => {
    const zxid = 3 * 2 ** 32
    const ops: Op[] = [{ type: 'newEpoch', lastZxid: 99 }]
    const entry = { zxid, takesZxid: true, time: 0, session: 0n, cxid: 0, ops }
    const back = decodeBatch(encode({ ...blank, format: 2, zxid, txns: [entry] }))
    expect(back.txns).to.deep.equal([{ ...entry, ops: [] }])
  })

  it('strings come back, however long, also where one character is not ASCII', () => {
    const strings: string[] = []
    for (let length = 0; length <= 300; length++) {
      const ascii = 'abcdefgh'.repeat(40).slice(0, length)
      strings.push(ascii, `${ascii}é`, `é${ascii}`, `${ascii}\u{1f600}`)
    }
    const out = new ByteWriter()
    for (const value of strings) out.string(value)
    const input = new ByteReader(out.bytesSoFar)
    expect(strings.map(() => input.string())).to.deep.equal(strings)
    expect(input.atEnd).to.equal(true)
  })

  it('data in a decoded batch does not keep the entry it was read from', () => {
    const op: Op = { type: 'setData', path: '/a', data: 'abc', version: 1 }
    const bytes = encode({
      ...blank,
      txns: [{ zxid: 1, takesZxid: true, time: 0, session: 0n, cxid: 0, ops: [op] }],
    })
    const back = decodeBatch(bytes).txns[0]!.ops[0] as Op & { type: 'setData' }
    bytes.fill(0)
    expect(back.data).to.equal('abc')
  })

  it('cut short anywhere within a transaction it is a StoreError', () => {
    fc.assert(
      fc.property(anyBatch, (b) => {
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
      fc.property(anyBatch, edits, (b, list) => {
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
    const bytes = encode(blank)
    for (const [format, code] of [
      [4, 'STORE_UNSUPPORTED'],
      [31, 'STORE_UNSUPPORTED'],
      [32, 'STORE_INTERNAL'],
      [0, 'STORE_INTERNAL'],
    ] as const) {
      const other = Buffer.from(bytes)
      other[0] = format
      expect(() => decodeBatch(other))
        .to.throw(StoreError, `format ${format}`)
        .with.property('code', code)
    }
    const unknown = Buffer.concat([bytes, Buffer.from([1, 1, 99])])
    expect(() => decodeBatch(unknown)).to.throw(StoreError, 'unknown operation 99')
    const endless = Buffer.concat([bytes, Buffer.from([1, ...Array(10).fill(0xff)])])
    expect(() => decodeBatch(endless)).to.throw(StoreError, 'no end')
  })
})
