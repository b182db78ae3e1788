/** What a client may send beyond any Request: written here by hand, since no server sends it back. */

import { expect } from 'chai'
import { OP } from '../../../../../lib/internal.ts'
import { frameOf } from '../../../../../lib/protocol/frame.ts'
import {
  encodeRequest,
  type SentOp,
  type SentRequests,
} from '../../../../../lib/protocol/wire/encode-request.ts'
import { Pack } from '../../../../support/pack.ts'

function hex<K extends SentOp>(op: K, request: SentRequests[K]): string {
  const frame = frameOf((writer) => encodeRequest(writer, 7, op, request))
  expect(frame.readInt32BE(0)).to.equal(frame.length - 4)
  return frame.toString('hex', 4)
}
const expected = (op: number, fill: (pack: Pack) => Pack = (pack) => pack): string =>
  fill(new Pack().int(7).int(op)).done().toString('hex')

describe('lib/protocol/wire: encodeRequest', () => {
  it('null paths and names', () => {
    const read = { path: null, watch: true }
    for (const op of [OP.exists, OP.getData, OP.getChildren, OP.getChildren2] as const) {
      expect(hex(op, read)).to.equal(expected(op, (pack) => pack.int(-1).byte(1)))
    }
    for (const op of [OP.getACL, OP.sync, OP.getAllChildrenNumber] as const) {
      expect(hex(op, { path: null })).to.equal(expected(op, (pack) => pack.int(-1)))
    }
    expect(hex(OP.getEphemerals, { prefixPath: null })).to.equal(
      expected(OP.getEphemerals, (pack) => pack.int(-1)),
    )
    for (const op of [OP.delete, OP.check, OP.deleteContainer] as const) {
      expect(hex(op, { path: null, version: 3 })).to.equal(
        expected(op, (pack) => pack.int(-1).int(3)),
      )
    }
    expect(hex(OP.setData, { path: null, data: null, version: -1 })).to.equal(
      expected(OP.setData, (pack) => pack.int(-1).int(-1).int(-1)),
    )
  })

  it('null, empty and odd ACLs, any flags', () => {
    const create = { path: '/a', data: 'x', flags: 77 }
    const start = (pack: Pack) => pack.buffer('/a').buffer('x')
    expect(hex(OP.create, { ...create, acl: null })).to.equal(
      expected(OP.create, (pack) => start(pack).int(-1).int(77)),
    )
    expect(hex(OP.create2, { ...create, acl: [] })).to.equal(
      expected(OP.create2, (pack) => start(pack).int(0).int(77)),
    )
    const odd = [{ perms: -1, id: { scheme: 'none', id: '' } }]
    expect(hex(OP.createTTL, { ...create, acl: odd, ttlMs: -5 })).to.equal(
      expected(OP.createTTL, (pack) =>
        start(pack).int(1).int(-1).buffer('none').buffer('').int(77).long(-5),
      ),
    )
    expect(hex(OP.setACL, { path: '/a', acl: null, version: 2 })).to.equal(
      expected(OP.setACL, (pack) => pack.buffer('/a').int(-1).int(2)),
    )
  })

  it('an auth of any type, a null scheme, null credentials and tokens', () => {
    expect(hex(OP.auth, { authType: 9, scheme: null, auth: null })).to.equal(
      expected(OP.auth, (pack) => pack.int(9).int(-1).int(-1)),
    )
    expect(hex(OP.auth, { scheme: 'digest', auth: new Uint8Array(0) })).to.equal(
      expected(OP.auth, (pack) => pack.int(0).buffer('digest').int(0)),
    )
    expect(hex(OP.sasl, { token: null })).to.equal(expected(OP.sasl, (pack) => pack.int(-1)))
  })

  it('the fields of a reconfig', () => {
    const request = { joining: 'a', leaving: null, newMembers: '', curConfigId: 2 ** 40 }
    expect(hex(OP.reconfig, request)).to.equal(
      expected(OP.reconfig, (pack) =>
        pack
          .buffer('a')
          .int(-1)
          .int(0)
          .long(2 ** 40),
      ),
    )
  })

  it('watch types and modes that do not exist', () => {
    for (const op of [OP.checkWatches, OP.removeWatches] as const) {
      expect(hex(op, { path: '/a', watcherType: 99 })).to.equal(
        expected(op, (pack) => pack.buffer('/a').int(99)),
      )
    }
    expect(hex(OP.addWatch, { path: null, mode: 7 })).to.equal(
      expected(OP.addWatch, (pack) => pack.int(-1).int(7)),
    )
  })

  it('a multi with the opcodes that its creates are given', () => {
    const create = { type: 'create', path: '/a', data: null, acl: [], flags: 0, ttlMs: 6 } as const
    const ops = [
      { ...create, op: OP.create2 },
      { ...create, op: OP.createTTL },
      { type: 'check', path: null, version: 1 },
    ] as const
    const body = (pack: Pack) => pack.buffer('/a').int(-1).int(0).int(0)
    const op = (pack: Pack, type: number) => pack.int(type).byte(0).int(-1)
    expect(hex(OP.multi, { ops })).to.equal(
      expected(OP.multi, (pack) => {
        body(op(pack, 15))
        body(op(pack, 21)).long(6)
        op(pack, 13).int(-1).int(1)
        return pack.int(-1).byte(1).int(-1)
      }),
    )
  })

  it('requests without a record', () => {
    for (const op of [OP.ping, OP.whoAmI, OP.closeSession] as const) {
      expect(hex(op, undefined)).to.equal(expected(op))
    }
  })
})
