import { expect } from 'chai'
import { OP, type Result, type Stat, WireError } from '../../../../../lib/internal.ts'
import { bodyOf } from '../../../../../lib/protocol/frame.ts'
import { JuteReader } from '../../../../../lib/protocol/jute/reader.ts'
import { decodeReply } from '../../../../../lib/protocol/wire/decode-reply.ts'
import {
  encodeErrorReply,
  encodeReply,
  encodeSaslFailure,
} from '../../../../../lib/protocol/wire/encode-reply.ts'
import { loadCaptures } from '../../../../support/fixtures.ts'
import { Pack } from '../../../../support/pack.ts'

const STAT: Stat = {
  czxid: 1,
  mzxid: 2,
  ctime: 3,
  mtime: 4,
  version: 5,
  cversion: 6,
  aversion: 7,
  ephemeralOwner: -8n,
  dataLength: 9,
  numChildren: 10,
  pzxid: 11,
}

const RESULTS: readonly [op: number, result: Result][] = [
  [OP.create, { type: 'path', path: '/a' }],
  [OP.delete, { type: 'none' }],
  [OP.exists, { type: 'stat', stat: STAT }],
  [OP.getData, { type: 'data', data: null, stat: STAT }],
  [OP.getACL, { type: 'acl', acl: [{ perms: 1, id: { scheme: 'ip', id: '::1' } }], stat: STAT }],
  [OP.getChildren, { type: 'children', children: ['a', 'ü'] }],
  [OP.getChildren2, { type: 'childrenStat', children: [], stat: STAT }],
  [
    OP.multi,
    {
      type: 'multi',
      results: [
        { type: 'create', path: '/a' },
        { type: 'create2', path: '/b', stat: STAT },
        { type: 'setData', stat: STAT },
        { type: 'delete' },
        { type: 'check' },
        { type: 'error', errno: -101 },
      ],
    },
  ],
  [OP.create2, { type: 'pathStat', path: '/a', stat: STAT }],
  [
    OP.multiRead,
    {
      type: 'multi',
      results: [
        { type: 'getData', data: 'abc', stat: STAT },
        { type: 'getChildren', children: ['a'] },
      ],
    },
  ],
  [OP.sasl, { type: 'sasl', token: new Uint8Array([1, 2]) }],
  [OP.getEphemerals, { type: 'paths', paths: ['/a'] }],
  [OP.getAllChildrenNumber, { type: 'count', count: 7 }],
  [OP.addWatch, { type: 'errorRecord', errno: 0 }],
  [OP.whoAmI, { type: 'whoAmI', ids: [{ scheme: 'ip', id: '::1' }] }],
]

const decode = (op: number, body: Buffer) => decodeReply(op, JuteReader.of(body))
const header = () => new Pack().int(1).long(2).int(0)

describe('lib/protocol/wire: decodeReply', () => {
  it('reads back what encodeReply writes', () => {
    for (const [op, result] of RESULTS) {
      const body = bodyOf((writer) => encodeReply(writer, 3, 77, result))
      expect(decode(op, body), `opcode ${op}`).to.deep.equal({
        xid: 3,
        zxid: 77,
        errno: 0,
        result,
        extraBytes: 0,
      })
    }
  })

  it('an error has no record, except a failed sasl exchange', () => {
    const failed = { xid: 3, zxid: 77, errno: -101, result: undefined, extraBytes: 0 }
    const body = bodyOf((writer) => encodeErrorReply(writer, 3, 77, -101))
    expect(decode(OP.getData, body)).to.deep.equal(failed)
    expect(decode(999, body)).to.deep.equal(failed)
    const sasl = bodyOf((writer) => encodeSaslFailure(writer, 3, -115))
    const { errno, result, extraBytes } = decode(OP.sasl, sasl)
    expect({ errno, result, extraBytes }).to.deep.equal({
      errno: -115,
      result: { type: 'sasl', token: null },
      extraBytes: 0,
    })
  })

  it('counts what is behind the record', () => {
    expect(decode(OP.delete, header().byte(1).int(2).done()).extraBytes).to.equal(5)
  })

  it('refuses a success of an unknown opcode', () => {
    for (const op of [0, 10, 99, 108, -1, -12]) {
      expect(() => decode(op, header().done()), `opcode ${op}`).to.throw(WireError)
    }
  })

  it('refuses results of a multi that contradict their header, and unknown ones', () => {
    const multi = (type: number, errno: number) => header().int(type).byte(0).int(errno)
    expect(() => decode(OP.multi, multi(2, -4).int(-1).byte(1).int(-1).done())).to.throw(WireError)
    expect(() => decode(OP.multi, multi(-1, 0).int(-101).done())).to.throw(WireError)
    expect(() => decode(OP.multi, multi(99, 0).done())).to.throw(WireError)
  })

  it('cut anywhere a captured reply is a WireError or still a reply', () => {
    for (const { frames } of loadCaptures()) {
      const ops = new Map<number, number>()
      for (const { direction, body } of frames) {
        if (direction === '>') {
          ops.set(body.readInt32BE(0), body.readInt32BE(4))
          continue
        }
        const op = ops.get(body.readInt32BE(0))
        if (op === undefined) continue
        for (let end = 0; end < body.length; end++) {
          try {
            decodeReply(op, new JuteReader().reset(body, 0, end))
          } catch (error) {
            if (!(error instanceof WireError)) throw error
          }
        }
      }
    }
  })
})
