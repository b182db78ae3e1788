// Frames of a real server: what we decode, encoded anew by the independent codec, must be the
// client's bytes; what the independent codec decodes, encoded by us, must be the server's.

import { expect } from 'chai'
import {
  type Acl,
  EVENT,
  type MultiOp,
  type MultiResult,
  OP,
  type Request,
  type Result,
  WireError,
} from '../../../../../lib/index.ts'
import { JuteReader } from '../../../../../lib/protocol/jute/reader.ts'
import { JuteWriter } from '../../../../../lib/protocol/jute/writer.ts'
import {
  decodeConnectRequest,
  encodeConnectResponse,
  encodeSessionGone,
} from '../../../../../lib/protocol/wire/connect.ts'
import { decodeRequest } from '../../../../../lib/protocol/wire/decode-request.ts'
import {
  encodeErrorReply,
  encodeEvent,
  encodeReply,
} from '../../../../../lib/protocol/wire/encode-reply.ts'
import { malformedFate } from '../../../../../lib/protocol/wire/opcodes.ts'
import { loadCaptures } from '../../../../support/fixtures.ts'
import { connectBody } from '../../../../support/raw-client.ts'
import {
  packRequest,
  type RawAcl,
  type RawMultiOp,
  type RawMultiResult,
  type RawOp,
  type RawRecord,
  type RawRequests,
  Unpack,
  unpackReply,
} from '../../../../support/raw-codec.ts'

const reader = new JuteReader()

function decode(body: Buffer): { xid: number; op: number; request: Request | undefined } {
  reader.reset(body, 0, body.length)
  const xid = reader.int()
  const op = reader.int()
  return { xid, op, request: decodeRequest(op, reader) }
}

function encoded(write: (writer: JuteWriter) => void): string {
  const writer = new JuteWriter()
  write(writer)
  const bytes = writer.take()!
  expect(bytes.readInt32BE(0)).to.equal(bytes.length - 4)
  return bytes.toString('hex', 4)
}

const rawAcl = (acl: readonly Acl[] | null): RawAcl[] | null =>
  acl?.map((a) => ({ perms: a.perms, scheme: a.id.scheme, id: a.id.id })) ?? null

/** The raw client's record of a request; the fields' names are the same but for ACLs. */
const rawData = (data: string | null): Buffer | null =>
  data === null ? null : Buffer.from(data, 'latin1')

function rawRecord(request: Request): object {
  if (request.type === 'create') {
    return { ...request, data: rawData(request.data), acl: rawAcl(request.acl) }
  }
  if (request.type === 'setData') return { ...request, data: rawData(request.data) }
  if (request.type === 'setACL') return { ...request, acl: rawAcl(request.acl) }
  if (request.type === 'multi') return { ops: request.ops.map(rawMultiOp) }
  if (request.type === 'multiRead') {
    return { ops: request.ops.map((op) => ({ ...op, op: OP[op.type] })) }
  }
  return request
}

function rawMultiOp(op: MultiOp): RawMultiOp {
  return (
    op.type === 'create' ? rawRecord(op) : { ...rawRecord(op), op: OP[op.type] }
  ) as RawMultiOp
}

function result(op: number, r: RawRecord): Result {
  const stat = r.stat!
  const path = r.path ?? ''
  if (r.results !== undefined) return { type: 'multi', results: r.results.map(multiResult) }
  if (r.acl !== undefined) {
    const acl = r.acl.map((a) => ({ perms: a.perms, id: { scheme: a.scheme, id: a.id } }))
    return { type: 'acl', acl, stat }
  }
  if (r.children !== undefined) {
    const children = r.children.map((c) => c ?? '')
    return stat === undefined
      ? { type: 'children', children }
      : { type: 'childrenStat', children, stat }
  }
  if (r.paths !== undefined) return { type: 'paths', paths: r.paths.map((p) => p ?? '') }
  if (r.ids !== undefined) {
    return { type: 'whoAmI', ids: r.ids.map((i) => ({ scheme: i.scheme!, id: i.user! })) }
  }
  if (r.count !== undefined) return { type: 'count', count: r.count }
  if (r.errno !== undefined) return { type: 'errorRecord', errno: r.errno }
  if (r.data !== undefined) return { type: 'data', data: r.data?.toString('latin1') ?? null, stat }
  if (op === OP.sasl) return { type: 'sasl', token: r.token ?? null }
  if (r.path !== undefined)
    return r.stat ? { type: 'pathStat', path, stat } : { type: 'path', path }
  return stat === undefined ? { type: 'none' } : { type: 'stat', stat }
}

function multiResult(r: RawMultiResult): MultiResult {
  const { path, stat, data, children, errno } = r.record
  switch (r.type) {
    case 1:
      return { type: 'create', path: path! }
    case 2:
      return { type: 'delete' }
    case 4:
      return { type: 'getData', data: data?.toString('latin1') ?? null, stat: stat! }
    case 5:
      return { type: 'setData', stat: stat! }
    case 8:
      return { type: 'getChildren', children: children!.map((c) => c!) }
    case 13:
      return { type: 'check' }
    case 15:
      return { type: 'create2', path: path!, stat: stat! }
    default:
      expect(r.err).to.equal(errno)
      return { type: 'error', errno: errno! }
  }
}

describe('lib/protocol/wire against captured frames', () => {
  const opsSeen = new Set<number>()

  for (const { name, origin, connect, frames } of loadCaptures()) {
    it(`${name}: handshake`, () => {
      expect(origin).to.match(/^# ZooKeeper \d/)
      reader.reset(connect.request, 0, connect.request.length)
      const { readOnly, hasReadOnly, password, protocolVersion, ...rest } =
        decodeConnectRequest(reader)
      expect(protocolVersion).to.equal(0)
      const again = connectBody({
        ...rest,
        password: password!,
        ...(hasReadOnly ? { readOnly } : {}),
      })
      expect(again.toString('hex')).to.equal(connect.request.toString('hex'))
      const u = new Unpack(connect.response)
      expect(u.int()).to.equal(0)
      const response = {
        timeoutMs: u.int(),
        sessionId: u.bigLong(),
        password: u.buffer()!,
        hasReadOnly,
        readOnly: hasReadOnly && u.byte() === 1,
      }
      const ours = encoded((w) => encodeConnectResponse(w, response))
      expect(ours).to.equal(connect.response.toString('hex'))
      if (response.timeoutMs === 0) {
        expect(encoded((w) => encodeSessionGone(w, hasReadOnly))).to.equal(ours)
      }
    })

    it(`${name}: requests and replies`, () => {
      const ops = new Map<number, number>()
      const malformed = new Set<number>()
      for (const { direction, body } of frames) {
        const hex = body.toString('hex')
        if (direction === '>') {
          ops.set(body.readInt32BE(0), body.readInt32BE(4))
          opsSeen.add(body.readInt32BE(4))
          try {
            const { xid, op, request } = decode(body)
            if (request === undefined) throw new Error(`opcode ${op} is unknown`)
            if (request.type === 'reconfig') continue
            const record = rawRecord(request) as RawRequests[RawOp]
            expect(packRequest(xid, op as RawOp, record).toString('hex')).to.equal(hex)
          } catch (error) {
            if (!(error instanceof WireError)) throw error
            malformed.add(body.readInt32BE(0))
          }
          continue
        }
        const u = new Unpack(body)
        const [xid, zxid, err] = [u.int(), u.long(), u.int()]
        if (xid === -1) {
          // The captured server is of 3.8, which gives events no zxid.
          expect(zxid).to.equal(-1)
          const [type, state, path] = [u.int(), u.int(), u.text()!]
          expect(state).to.equal(3)
          expect(Object.values(EVENT)).to.include(type)
          expect(encoded((w) => encodeEvent(w, type, path, zxid))).to.equal(hex)
        } else if (err !== 0) {
          expect(encoded((w) => encodeErrorReply(w, xid, zxid, err))).to.equal(hex)
          if (err === -5) {
            expect(malformed.delete(xid)).to.equal(true)
            expect(malformedFate(ops.get(xid)!)).to.not.equal('close')
          }
        } else {
          const op = ops.get(xid)!
          const record = unpackReply(op, err, u)
          expect(record.rest).to.equal(undefined)
          expect(encoded((w) => encodeReply(w, xid, zxid, result(op, record)))).to.equal(hex)
        }
      }
      expect(malformed.size, 'what we refuse the server answered with −5').to.equal(0)
    })
  }

  it('covers every opcode that a client may send', () => {
    const unanswered: number[] = [OP.check, OP.deleteContainer, OP.createSession, OP.error]
    const expected = Object.values(OP).filter((op) => !unanswered.includes(op))
    expect(expected.filter((op) => !opsSeen.has(op))).to.deep.equal([])
  })
})
