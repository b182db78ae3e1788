/** Our bytes of a txn against those that the driver makes of etcd's own proto files. */
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import { decodeTxnAnswer, encodeTxn } from '../../../../adapters/etcd/txn-codec.ts'
import { StoreError } from '../../../../lib/errors.ts'
import type { Compare, Txn, WriteOp } from '../../../../lib/store/types.ts'

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

describe('etcd/txn-codec', () => {
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
          decodeTxnAnswer(garbage)
        } catch (error) {
          expect(error).to.be.instanceOf(StoreError)
        }
      }),
      { numRuns: 2_000 },
    )
    expect(() => decodeTxnAnswer(Buffer.from('0a05', 'hex'))).to.throw(StoreError, 'too early')
  })
})
