/** The record of a migration: what members and commands use without a further look is as they expect it, or the record is damaged. */
import { expect } from 'chai'
import { decodeSource, encodeSource, type SourceRecord } from '../../../../lib/format/source.ts'

const record: SourceRecord = {
  ...{ phase: 'following', servers: ['zk1:2181', '[::1]:2181'], quorum: ['zk1:2888'] },
  members: { clients: ['zk2:2181'], quorum: ['[fe80::1%eth0]:2888'] },
  ...{ zxid: 4_294_967_297, received: 4_294_967_298, digest: 'equal', unfollowed: false },
  ...{ leader: '', holder: '', lagMs: 0, resyncs: 0, seq: 0, trouble: '' },
  ...{ atMs: 1_700_000_000_000, currentMs: 1_700_000_000_000 },
}

describe('the record of a migration', () => {
  it('is read as it was written', () => {
    expect(decodeSource(encodeSource(record))).to.deep.equal(record)
  })

  for (const [name, value] of [
    ['servers', ['zk1']],
    ['servers', ['zk1:70000']],
    ['servers', [':2181']],
    ['servers', [7]],
    ['quorum', ['zk1:-1']],
    ['members', { clients: ['zk2'], quorum: [] }],
    ['members', { clients: [], quorum: ['zk2:port'] }],
    ['currentMs', 8.64e15 + 1],
    ['atMs', -8.64e15 - 1],
    ['atMs', '1700000000000'],
  ] as const) {
    it(`is damaged with ${name} ${JSON.stringify(value)}`, () => {
      const text = Buffer.from(JSON.stringify({ f: 1, ...record, [name]: value }))
      expect(() => decodeSource(text)).to.throw('damaged source record')
    })
  }
})
