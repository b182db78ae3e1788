/** The change feed's records on the wire: what is written is read as the same, and nothing else is read. */
import { expect } from 'chai'
import type { ChangeOp, ChangeRecord, SnapshotZnode } from '../../../../lib/index.ts'
import { WireError } from '../../../../lib/index.ts'
import { frameOf } from '../../../../lib/protocol/frame.ts'
import { JuteReader } from '../../../../lib/protocol/jute/reader.ts'
import {
  CHANGES_OP,
  type ChangesPage,
  readChangesPage,
  readChangesRequest,
  writeChangesPage,
  writeChangesRequest,
} from '../../../../lib/protocol/record/changes.ts'
import { decodeRequest } from '../../../../lib/protocol/wire/decode-request.ts'

const acl = [{ perms: 31, id: { scheme: 'digest', id: 'u:x' } }]
const stat = {
  ...{ czxid: 2 ** 32 + 1, mzxid: 2, pzxid: 3, ctime: 4, mtime: 5, version: 6, cversion: -7 },
  ...{ aversion: 8, ephemeralOwner: 0xffffffffffffffn, dataLength: 3, numChildren: 1 },
}
const znode: SnapshotZnode = {
  ...{ path: '/ü', data: Uint8Array.of(1, 2, 255), acl, stat, kind: 'ttl', ttlMs: 9, creates: 4 },
}
const ops: ChangeOp[] = [
  {
    ...{ op: 'create', path: '/a', data: null, dataLength: 0, acl, ephemeralOwner: -5n },
    ...{ kind: 'container', ttlMs: 0, parentCreates: 3 },
  },
  { op: 'delete', path: '/a' },
  { op: 'setData', path: '/a', data: new Uint8Array(0), dataLength: 0, version: -2 },
  { op: 'setACL', path: '/a', acl: [], aversion: 1 },
  { op: 'createSession', id: 5n, timeoutMs: 6_000, owner: 'o' },
  { op: 'moveSession', id: 5n, owner: 'p' },
  { op: 'closeSession', id: 5n },
]
const records: ChangeRecord[] = [
  { kind: 'snapshot', zxid: 7, znodes: [znode, { ...znode, data: null, unreadable: true }] },
  { kind: 'live', zxid: 7, position: '7.1.end.-' },
  { kind: 'change', zxid: 8, time: 1_700_000_000_000, session: 5n, cxid: -1, ops, position: 'p' },
  { kind: 'bookmark', zxid: 8, position: 'q' },
]
const bytesOf = (page: ChangesPage, withoutData = false) =>
  frameOf((writer) => writeChangesPage(writer, page, withoutData))
const read = (bytes: Buffer) => readChangesPage(JuteReader.of(bytes))

describe('the change feed on the wire', () => {
  it('a page is read as it was written', () => {
    for (const end of [
      undefined,
      { code: 'CHANGES_GONE', message: 'm', position: undefined, oldestZxid: undefined } as const,
      { code: 'CHANGES_SLOW', message: 'm', position: 'p', oldestZxid: 0 } as const,
    ]) {
      expect(read(bytesOf({ records, end }))).to.deep.equal({ records, end })
    }
  })

  it('without data, that is absent', () => {
    const bare = <T extends object>(one: T): T => {
      const { data: _, ...rest } = one as T & { data?: unknown }
      return rest as T
    }
    const expected = records.map((record) => {
      if (record.kind === 'snapshot') return { ...record, znodes: record.znodes.map(bare) }
      return record.kind === 'change' ? { ...record, ops: record.ops.map(bare) } : record
    })
    const page = { records, end: undefined }
    expect(read(bytesOf(page, true)).records).to.deep.equal(expected)
  })

  it('a request is read as it was written', () => {
    const known = { from: '7.1.end.-', prefix: '/ü', bytesMax: 5, waitMs: 6 }
    for (const begins of [true, false]) {
      for (const withoutData of [true, false]) {
        const request = { begins, ...known, withoutData, withSessions: !withoutData }
        const bytes = frameOf((writer) => writeChangesRequest(writer, request))
        expect(readChangesRequest(JuteReader.of(bytes))).to.deep.equal(request)
      }
    }
  })

  it('a page that ends anywhere, or has a number that means nothing, is malformed', () => {
    const bytes = bytesOf({ records, end: undefined })
    for (let length = 0; length < bytes.length; length++) {
      expect(() => read(bytes.subarray(0, length)), `${length}`).to.throw(WireError)
    }
    for (const at of [5, bytes.length - 4]) {
      const wrong = Buffer.from(bytes)
      wrong.writeInt32BE(9, at)
      expect(() => read(wrong), `${at}`).to.throw(WireError)
    }
  })

  it('its opcode is none of ZooKeeper’s', () => {
    expect(decodeRequest(CHANGES_OP, JuteReader.of(Buffer.alloc(100)))).to.equal(undefined)
  })
})
