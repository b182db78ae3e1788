import { expect } from 'chai'
import fc from 'fast-check'
import { OP, WireError } from '../../../../../lib/internal.ts'
import { JuteReader } from '../../../../../lib/protocol/jute/reader.ts'
import { decodeConnectRequest } from '../../../../../lib/protocol/record/connect-request.ts'
import { decodeRequest } from '../../../../../lib/protocol/wire/decode-request.ts'
import { malformedFate } from '../../../../../lib/protocol/wire/opcodes.ts'
import { loadCaptures } from '../../../../support/fixtures.ts'
import { Pack } from '../../../../support/pack.ts'
import { packRequest, type RawMultiOp } from '../../../../support/raw-codec.ts'

const reader = new JuteReader()

/** Decodes `body[0, end)` of a larger buffer, so that reading past the end would be seen. */
function decode(body: Buffer, end = body.length): unknown {
  reader.reset(body, 0, end)
  reader.int()
  return decodeRequest(reader.int(), reader)
}

function decodeOrWireError(body: Buffer, end?: number): void {
  try {
    decode(body, end)
  } catch (error) {
    if (!(error instanceof WireError)) throw error
  }
}

const record = (op: number, bytes: Uint8Array): Buffer =>
  new Pack().int(1).int(op).raw(bytes).done()
const multi = (...ops: RawMultiOp[]): unknown => decode(packRequest(1, OP.multi, { ops }))

const BODIES = loadCaptures().flatMap((c) =>
  c.frames.filter((f) => f.direction === '>').map((f) => f.body),
)

describe('lib/protocol/wire: malformed requests', () => {
  it('cut anywhere they are a WireError or still a request', () => {
    expect(BODIES.length).to.be.above(100)
    for (const body of BODIES) {
      for (let end = 0; end < body.length; end++) decodeOrWireError(body, end)
    }
  })

  it('cut before the last byte a record is always a WireError', () => {
    const empty: number[] = [OP.ping, OP.whoAmI, OP.closeSession]
    for (const body of BODIES) {
      if (empty.includes(body.readInt32BE(4))) continue
      expect(() => decode(body, body.length - 1), body.toString('hex')).to.throw(WireError)
    }
  })

  it('with any bytes changed they are a WireError or a request', () => {
    const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }))
    fc.assert(
      fc.property(fc.constantFrom(...BODIES), fc.array(change, { minLength: 1 }), (body, edits) => {
        const changed = Buffer.from(body)
        for (const [at, byte] of edits) changed[at % changed.length] = byte
        decodeOrWireError(changed)
      }),
      { numRuns: 3000 },
    )
  })

  it('a handshake cut anywhere but before readOnly is a WireError', () => {
    const body = loadCaptures().find((c) => c.name === 'getData.hex')!.connect.request
    expect(body.length).to.equal(45)
    for (let end = 0; end < 44; end++) {
      expect(() => decodeConnectRequest(reader.reset(body, 0, end))).to.throw(WireError)
    }
    expect(decodeConnectRequest(reader.reset(body, 0, 44)).hasReadOnly).to.equal(false)
    expect(decodeConnectRequest(reader.reset(body, 0, 45)).hasReadOnly).to.equal(true)
  })

  it('unknown opcodes are told apart from malformed ones', () => {
    for (const op of [0, 10, 13, 20, 23, 99, 108, 500, -1, -2, -10, -12, 2 ** 31 - 1, -(2 ** 31)]) {
      expect(decode(record(op, Buffer.alloc(0))), `opcode ${op}`).to.equal(undefined)
      expect(malformedFate(op)).to.equal('close')
    }
  })

  it('bytes behind a record are ignored', () => {
    for (const body of BODIES) {
      const longer = Buffer.concat([body, Buffer.from('trailing')])
      let expected: unknown
      try {
        expected = decode(body)
      } catch {
        continue
      }
      expect(decode(longer)).to.deep.equal(expected)
    }
  })
})

/* Each of these is what ZooKeeper 3.8.0 answered when it was asked. */
describe('lib/protocol/wire: as ZooKeeper 3.8.0 reads it', () => {
  it('null paths are −5 for most requests', () => {
    for (const op of [1, 2, 3, 4, 6, 8, 12, 15, 17, 18, 19, 21, 104]) {
      const bytes = new Pack().int(-1).raw(Buffer.alloc(40)).done()
      expect(() => decode(record(op, bytes)), `opcode ${op}`).to.throw(WireError, 'path is null')
    }
  })

  it('null paths are empty ones for setData, setACL, sync, getEphemerals and addWatch', () => {
    for (const op of [5, 7, 9, 106]) {
      const bytes = new Pack().int(-1).raw(Buffer.alloc(40)).done()
      expect(decode(record(op, bytes)), `opcode ${op}`).to.have.property('path', '')
    }
    const all = decode(record(103, new Pack().int(-1).done()))
    expect(all).to.deep.equal({ type: 'getEphemerals', prefixPath: '' })
  })

  it('null vectors: an ACL may be one, setWatches may not', () => {
    const create = new Pack().buffer('/a').buffer(null).int(-1).int(0).done()
    expect(decode(record(OP.create, create))).to.have.property('acl', null)
    const watches = new Pack().long(0).int(-1).int(-1).int(-1).done()
    expect(() => decode(record(OP.setWatches, watches))).to.throw(WireError)
    const nullPath = new Pack().long(0).int(1).int(-1).int(0).int(0).done()
    expect(() => decode(record(OP.setWatches, nullPath))).to.throw(WireError)
  })

  it('multi may be empty, and any header with done ends it', () => {
    const empty = { type: 'multi', ops: [] }
    expect(multi()).to.deep.equal(empty)
    const odd = new Pack().int(5).byte(2).int(7).raw(Buffer.from('rest')).done()
    expect(decode(record(OP.multi, odd))).to.deep.equal(empty)
    expect(decode(record(OP.multiRead, odd))).to.deep.equal({ type: 'multiRead', ops: [] })
  })

  it('multi takes no setACL, no reads, no deleteContainer, no multi', () => {
    const path = '/a'
    const create: RawMultiOp = { op: 1, path }
    for (const op of [3, 4, 6, 8, 12, 20] as const) {
      expect(() => multi({ op, path }), `opcode ${op}`).to.throw(WireError)
      expect(() => multi(create, { op, path }), `create, opcode ${op}`).to.throw(WireError)
    }
    expect(() => multi({ op: 7, path })).to.throw(WireError)
    const nested = new Pack().int(14).byte(0).int(-1).int(-1).byte(1).int(-1).done()
    expect(() => decode(record(OP.multi, nested))).to.throw(WireError)
  })

  it('multiRead takes getData and getChildren only', () => {
    const path = '/a'
    const mixed: RawMultiOp[] = [
      { op: 4, path },
      { op: 1, path },
    ]
    for (const ops of [[{ op: 12, path }], [{ op: 3, path }], mixed] as RawMultiOp[][]) {
      expect(() => decode(packRequest(1, OP.multiRead, { ops }))).to.throw(WireError)
    }
  })

  it('a create in a multi is what its flags say', () => {
    const kind = (op: 1 | 15 | 19 | 21, flags: number): unknown => {
      const request = multi({ op, path: '/a', flags, ttlMs: 9 } as RawMultiOp) as {
        ops: { op: number }[]
      }
      return request.ops[0]!.op
    }
    for (const op of [1, 15, 19, 21] as const) {
      const plain = op === 15 || op === 19 ? 15 : 1
      for (const flags of [0, 1, 2, 3, 7, 9, -1]) expect(kind(op, flags)).to.equal(plain)
      expect(kind(op, 4)).to.equal(19)
      for (const flags of [5, 6]) expect(kind(op, flags)).to.equal(op === 21 ? 21 : plain)
    }
  })

  it('auth without bytes differs from auth with none', () => {
    const auth = (bytes: string | null): unknown =>
      decode(packRequest(-4, OP.auth, { scheme: 'digest', auth: bytes }))
    expect(auth(null)).to.deep.equal({ type: 'auth', scheme: 'digest', auth: null })
    expect(auth('')).to.deep.equal({ type: 'auth', scheme: 'digest', auth: new Uint8Array(0) })
    expect(() => decode(packRequest(1, OP.sasl, { token: null }))).to.throw(WireError)
  })
})
