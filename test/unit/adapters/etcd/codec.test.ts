/** Our bytes against those that the driver makes of etcd's own proto files. */
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import { decodeRangeAnswer, encodeRange } from '../../../../adapters/etcd/range-codec.ts'
import { decodeTxnAnswer, encodeTxn } from '../../../../adapters/etcd/txn-codec.ts'
import {
  decodeWatchAnswer,
  encodeWatchCreate,
  PROGRESS_REQUEST,
} from '../../../../adapters/etcd/watch-codec.ts'
import { StoreError } from '../../../../lib/model/errors.ts'
import type { Compare, KeyValue, RangeQuery, Txn, WriteOp } from '../../../../lib/store/types.ts'

interface Method {
  requestDeserialize(bytes: Buffer): unknown
  requestSerialize(request: unknown): Buffer
  responseSerialize(response: unknown): Buffer
}

const require = createRequire(import.meta.url)
const driver = require.resolve('etcd3')
const { loadSync } = createRequire(driver)('@grpc/proto-loader') as {
  loadSync(file: string, options: object): Record<string, Record<string, Method>>
}
const KV = 'etcdserverpb.KV'
const proto = loadSync(`${dirname(driver)}/../proto/rpc.proto`, {
  keepCase: true,
  longs: String,
  enums: String,
  defaults: true,
  oneofs: true,
})
const method = proto[KV]!.Txn!
const rangeMethod = proto[KV]!.Range!
const watchMethod = proto['etcdserverpb.Watch']!.Watch!

const bytes = fc.uint8Array({ minLength: 1, maxLength: 200 })
const long = fc.oneof(bytes, fc.uint8Array({ minLength: 0, maxLength: 20_000, size: 'max' }))
const number = fc.oneof(fc.nat(300), fc.maxSafeNat())
const lease = fc.oneof(
  fc.constant(undefined),
  fc.constant(0n),
  fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }),
)
const compare: fc.Arbitrary<Compare> = fc.oneof(
  fc.record({
    target: fc.constantFrom('version' as const, 'modRevision' as const, 'createRevision' as const),
    key: bytes,
    equals: number,
  }),
  fc.record({ target: fc.constant('value' as const), key: bytes, equals: long }),
)
const op: fc.Arbitrary<WriteOp> = fc.oneof(
  fc.record({ type: fc.constant('put' as const), key: bytes, value: long }),
  fc
    .record({ type: fc.constant('put' as const), key: bytes, value: long, lease })
    .map(({ lease: id, ...put }): WriteOp => (id === undefined ? put : { ...put, lease: id })),
  fc.record({ type: fc.constant('delete' as const), key: bytes }),
  fc.record({
    type: fc.constant('deleteRange' as const),
    start: fc.uint8Array({ maxLength: 50 }),
    end: bytes,
  }),
)
const txn: fc.Arbitrary<Txn> = fc.record({
  compares: fc.array(compare, { maxLength: 3 }),
  ops: fc.array(op, { maxLength: 10 }),
})

const buffer = (value: Uint8Array): Buffer => Buffer.from(value)

function toCompare(c: Compare): object {
  const key = buffer(c.key)
  switch (c.target) {
    case 'version':
      return { result: 'Equal', target: 'Version', key, version: String(c.equals) }
    case 'modRevision':
      return { result: 'Equal', target: 'Mod', key, mod_revision: String(c.equals) }
    case 'createRevision':
      return { result: 'Equal', target: 'Create', key, create_revision: String(c.equals) }
    case 'value':
      return { result: 'Equal', target: 'Value', key, value: buffer(c.equals) }
  }
}

function toOp(o: WriteOp): object {
  switch (o.type) {
    case 'put':
      return {
        request_put: {
          key: buffer(o.key),
          value: buffer(o.value),
          lease: String(o.lease ?? 0n),
        },
      }
    case 'delete':
      return { request_delete_range: { key: buffer(o.key) } }
    case 'deleteRange':
      return {
        request_delete_range: {
          key: o.start.length === 0 ? Buffer.of(0) : buffer(o.start),
          range_end: buffer(o.end),
        },
      }
  }
}

describe('etcd’s messages', () => {
  it('a txn reads back, by etcd’s proto files, as what the driver would have sent', () => {
    fc.assert(
      fc.property(txn, (t) => {
        const request = { compare: t.compares.map(toCompare), success: t.ops.map(toOp) }
        const theirs = method.requestDeserialize(method.requestSerialize(request))
        expect(method.requestDeserialize(encodeTxn(t))).to.deep.equal(theirs)
      }),
      { numRuns: 500 },
    )
  })

  it('of an answer revision, outcome and cluster are read, whatever else is in it', () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.maxSafeNat(),
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        fc.nat(5),
        (succeeded, revision, clusterId, puts) => {
          const header = {
            cluster_id: String(clusterId),
            member_id: '18446744073709551615',
            revision: String(revision),
            raft_term: '7',
          }
          const responses = Array.from({ length: puts }, () => ({ response_put: { header } }))
          const answer = method.responseSerialize({ header, succeeded, responses })
          expect(decodeTxnAnswer(answer)).to.deep.equal({
            succeeded,
            revision,
            clusterId: String(clusterId),
          })
        },
      ),
      { numRuns: 500 },
    )
  })

  it('what is no answer is a StoreError, or an answer', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (garbage) => {
        try {
          decodeTxnAnswer(Buffer.from(garbage))
        } catch (error) {
          expect(error).to.be.instanceOf(StoreError)
        }
      }),
      { numRuns: 2_000 },
    )
    expect(() => decodeTxnAnswer(Buffer.from('0a05', 'hex'))).to.throw(StoreError, 'too early')
  })

  it('a range reads back as what the driver would have sent', () => {
    const query: fc.Arbitrary<RangeQuery> = fc.record(
      {
        start: fc.uint8Array({ maxLength: 100 }),
        end: bytes,
        revision: fc.maxSafeNat(),
        countMax: fc.integer({ min: 1, max: 2 ** 40 }),
        keysOnly: fc.boolean(),
        descending: fc.boolean(),
      },
      { requiredKeys: ['start'] },
    )
    fc.assert(
      fc.property(query, (q) => {
        const theirs = rangeMethod.requestSerialize({
          key: q.start.length === 0 ? Buffer.of(0) : buffer(q.start),
          range_end: buffer(q.end ?? new Uint8Array(0)),
          limit: String(q.countMax ?? 0),
          revision: String(q.revision ?? 0),
          sort_order: q.descending ? 'Descend' : 'None',
          keys_only: q.keysOnly ?? false,
        })
        expect(rangeMethod.requestDeserialize(encodeRange(q))).to.deep.equal(
          rangeMethod.requestDeserialize(theirs),
        )
      }),
    )
  })

  const keyValue: fc.Arbitrary<KeyValue> = fc.record({
    key: bytes,
    value: long,
    createRevision: fc.maxSafeNat(),
    modRevision: fc.maxSafeNat(),
    version: fc.maxSafeNat(),
    lease: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
  })
  const toProto = (kv: KeyValue): object => ({
    key: buffer(kv.key),
    value: buffer(kv.value),
    create_revision: String(kv.createRevision),
    mod_revision: String(kv.modRevision),
    version: String(kv.version),
    lease: String(kv.lease),
  })
  const plain = (kv: KeyValue): object => ({ ...kv, key: [...kv.key], value: [...kv.value] })
  const header = (revision: number): object => ({
    cluster_id: '18446744073709551615',
    member_id: '9223372036854775808',
    revision: String(revision),
  })

  it('the keys of a range come back', () => {
    fc.assert(
      fc.property(
        fc.array(keyValue, { maxLength: 5 }),
        fc.boolean(),
        fc.maxSafeNat(),
        (kvs, more, revision) => {
          const answer = decodeRangeAnswer(
            rangeMethod.responseSerialize({
              header: header(revision),
              kvs: kvs.map(toProto),
              more,
              count: '7',
            }),
          )
          expect(answer.kvs.map(plain)).to.deep.equal(kvs.map(plain))
          const { clusterId } = answer
          expect({ ...answer, kvs: [] }).to.deep.equal({ clusterId, revision, more, kvs: [] })
          expect(clusterId).to.equal('18446744073709551615')
        },
      ),
    )
  })

  it('a watch is asked for as by the driver', () => {
    fc.assert(
      fc.property(bytes, bytes, fc.maxSafeNat(), (start, end, startRevision) => {
        const theirs = {
          create_request: {
            key: buffer(start),
            range_end: buffer(end),
            start_revision: String(startRevision),
            progress_notify: true,
          },
        }
        expect(
          watchMethod.requestDeserialize(encodeWatchCreate({ start, end, startRevision })),
        ).to.deep.equal(watchMethod.requestDeserialize(watchMethod.requestSerialize(theirs)))
      }),
    )
    expect(PROGRESS_REQUEST.toString('hex')).to.equal(
      watchMethod.requestSerialize({ progress_request: {} }).toString('hex'),
    )
  })

  it('what a watch brings comes back', () => {
    const event = fc.record({ type: fc.constantFrom('Put', 'Delete'), kv: keyValue })
    fc.assert(
      fc.property(
        fc.record({
          events: fc.array(event, { maxLength: 4 }),
          watch_id: fc.constantFrom('0', '-1', '3'),
          created: fc.boolean(),
          canceled: fc.boolean(),
          compact: fc.maxSafeNat(),
          reason: fc.string(),
          revision: fc.maxSafeNat(),
        }),
        (r) => {
          const answer = decodeWatchAnswer(
            watchMethod.responseSerialize({
              header: header(r.revision),
              watch_id: r.watch_id,
              created: r.created,
              canceled: r.canceled,
              compact_revision: String(r.compact),
              cancel_reason: r.reason,
              events: r.events.map(({ type, kv }) => ({ type, kv: toProto(kv) })),
            }),
          )
          expect({ ...answer, events: [] }).to.deep.equal({
            clusterId: '18446744073709551615',
            revision: r.revision,
            isManualProgress: r.watch_id === '-1',
            created: r.created,
            canceled: r.canceled,
            compactRevision: r.compact,
            cancelReason: r.reason,
            events: [],
          })
          const seen = answer.events.map((e) =>
            e.type === 'put' ? plain(e.kv) : { key: [...e.key], modRevision: e.modRevision },
          )
          const due = r.events.map(({ type, kv }) =>
            type === 'Put' ? plain(kv) : { key: [...kv.key], modRevision: kv.modRevision },
          )
          expect(seen).to.deep.equal(due)
        },
      ),
    )
  })

  it('fields of a newer etcd are passed over, whatever their type', () => {
    const answer = Buffer.from(rangeMethod.responseSerialize({ header: header(7), more: true }))
    const unknown = ['980601', '99060102030405060708', '9a0602abcd', '9d0601020304']
    const newer = Buffer.concat([Buffer.from(unknown.join(''), 'hex'), answer])
    expect(decodeRangeAnswer(newer)).to.deep.equal(decodeRangeAnswer(answer))
    for (const cut of ['990601', '9d0601', '9b06']) {
      expect(() => decodeRangeAnswer(Buffer.from(cut, 'hex'))).to.throw(StoreError)
    }
  })

  it('an integer that is not safe is refused', () => {
    const answer = rangeMethod.responseSerialize({ header: { revision: '9007199254740992' } })
    expect(() => decodeRangeAnswer(answer)).to.throw(StoreError, 'no safe integer')
  })
})
