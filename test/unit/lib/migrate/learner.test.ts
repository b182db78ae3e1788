/** The protocol of a learner, on captured and on made-up bytes of leaders. */
import { expect } from 'chai'
import { SOURCE_BOUNDS } from '../../../../lib/migrate/source-bounds.ts'
import { SourceError } from '../../../../lib/migrate/source-error.ts'
import { WireError } from '../../../../lib/model/errors.ts'
import { PACKET } from '../../../../lib/transfer/zookeeper/quorum-packet.ts'
import { mulberry32 } from '../../../support/mulberry32.ts'
import { captured } from '../transfer/zookeeper/folders.ts'
import {
  EPOCH,
  inform,
  int,
  leaderInfo,
  learn,
  packet,
  reconfig,
  setAcl,
  setData,
  snap,
  TIME_MS,
  upToDate,
} from './leader-bytes.ts'

const CAPTURES = ['3.6.4', '3.8.0', '3.9.5'] as const
/** Somewhere in the epoch of the made-up leader. */
const FROM = Number(EPOCH + 5n)
const zxid = (counter: number): bigint => EPOCH + BigInt(counter)
const DIFF = packet(PACKET.diff, zxid(9))
const propose = (counter: number): Buffer =>
  packet(PACKET.proposal, zxid(counter), setData(zxid(counter)))
const commit = (counter: number): Buffer => packet(PACKET.commit, zxid(counter))

describe('migrate: a learner on captured bytes', () => {
  for (const version of CAPTURES) {
    it(`${version}: a snapshot, each transaction, and answers as a real observer’s`, async () => {
      const bytes = captured(version).get('learner.bin')!
      const { events, sent, error } = await learn(bytes, { size: 13 })
      const kinds = events.map((event) => event.split(' ', 1)[0])
      expect(kinds[0]).to.equal('connected')
      expect(kinds.filter((kind) => kind === 'snapshot')).to.have.lengthOf(1)
      expect(kinds.filter((kind) => kind === 'txn').length).to.be.at.least(5)
      expect(kinds.indexOf('snapshot')).to.be.below(kinds.indexOf('txn'))
      expect(error.message).to.equal('it closed the connection')
      const types = sent.map(({ type }) => type).filter((type) => type !== PACKET.ping)
      expect(types).to.deep.equal([
        ...[PACKET.observerInfo, PACKET.ackEpoch, PACKET.ack, PACKET.ack],
      ])
      const pings = sent.filter(({ type }) => type === PACKET.ping)
      expect(pings.length).to.equal(kinds.filter((kind) => kind === 'ping').length)
      // Null would end the leader’s thread.
      for (const { data } of pings) expect(data).to.deep.equal(new Uint8Array(0))
      // Counts in no election.
      expect(Buffer.from(sent[1]!.data!)).to.deep.equal(int(-1))
    })
  }

  it('cut off anywhere, it ends with an error and has said nothing wrong', async () => {
    const bytes = captured('3.8.0').get('learner.bin')!
    const { events: all } = await learn(bytes)
    for (let end = 0; end < bytes.length; end += 31) {
      const { events, error } = await learn(bytes.subarray(0, end))
      expect(error, `cut at ${end}`).to.be.instanceOf(Error)
      expect(error instanceof SourceError || error instanceof WireError).to.equal(true)
      expect(events).to.deep.equal(all.slice(0, events.length))
    }
  })

  it('with any byte changed, it ends with an error of its own', async () => {
    const bytes = captured('3.9.5').get('learner.bin')!
    const random = mulberry32(5)
    for (let round = 0; round < 400; round++) {
      const damaged = Buffer.from(bytes)
      const at = Math.floor(random() * damaged.length)
      damaged[at] = damaged[at]! ^ (1 << Math.floor(random() * 8))
      const { error } = await learn(damaged)
      const isKnown = error instanceof SourceError || error instanceof WireError
      expect(isKnown, `byte ${at}: ${error.stack}`).to.equal(true)
    }
  })
})

describe('migrate: a learner and its leader', () => {
  it('what the snapshot has is not applied again; what comes before UPTODATE is in the tree', async () => {
    const bytes = [leaderInfo(), snap(zxid(5)), inform(zxid(4)), inform(zxid(5)), inform(zxid(6))]
    const { events } = await learn(Buffer.concat([...bytes, upToDate(), inform(zxid(7))]))
    expect(events).to.deep.equal([
      ...['connected 3', 'snapshot 0x300000006', 'current 0x300000006', 'txn 0x300000007'],
    ])
  })

  it('PROPOSAL and COMMIT are as one INFORM, on both sides of NEWLEADER', async () => {
    const bytes = [leaderInfo(), DIFF, propose(5), propose(6), commit(5), commit(6), propose(7)]
    const more = [packet(PACKET.newLeader, EPOCH), commit(7), inform(zxid(8))]
    const end = packet(PACKET.upToDate, -1n)
    const { events, sent } = await learn(Buffer.concat([...bytes, ...more, end]), { from: FROM })
    expect(events).to.deep.equal([
      ...['connected 3', 'txn 0x300000006', 'txn 0x300000007', 'txn 0x300000008'],
      'current 0x300000008',
    ])
    expect(sent[1]).to.deep.include({ type: PACKET.ackEpoch, zxid: BigInt(FROM) })
    expect(sent.at(-1)).to.deep.include({ type: PACKET.ack, zxid: EPOCH })
  })

  it('TRUNC says from where on; what follows continues there', async () => {
    const bytes = [leaderInfo(), packet(PACKET.trunc, zxid(3)), propose(4), commit(4), upToDate()]
    const { events } = await learn(Buffer.concat(bytes), { from: FROM })
    expect(events).to.deep.equal([
      ...['connected 3', 'truncate 0x300000003', 'txn 0x300000004', 'current 0x300000004'],
    ])
  })

  const known = { zxid: FROM, time: TIME_MS, before: 0 }
  const first = { zxid: Number(zxid(1)), time: TIME_MS, before: Number(zxid(0)) - 2 ** 32 + 9 }

  it('our newest transaction is requested once more: with its time it is ours, and not applied again', async () => {
    const bytes = [leaderInfo(), DIFF, inform(zxid(5)), inform(zxid(6)), upToDate()]
    const { events, sent } = await learn(Buffer.concat(bytes), { from: FROM, known })
    expect(sent[1]).to.deep.include({ type: PACKET.ackEpoch, zxid: zxid(4) })
    expect(events).to.deep.equal(['connected 3', 'txn 0x300000006', 'current 0x300000006'])
  })

  it('with another time it is of another history, as after a restore: ours is cut off before it', async () => {
    const bytes = [leaderInfo(), DIFF, inform(zxid(5)), inform(zxid(6)), upToDate()]
    const other = { ...known, time: TIME_MS - 1 }
    const { events } = await learn(Buffer.concat(bytes), { from: FROM, known: other })
    expect(events).to.deep.equal([
      ...['connected 3', 'truncate 0x300000004', 'txn 0x300000005', 'txn 0x300000006'],
      'current 0x300000006',
    ])
  })

  it('the first of an epoch is requested by the one before it, where that is known', async () => {
    const bytes = Buffer.concat([leaderInfo(), DIFF, inform(zxid(1)), upToDate()])
    const same = await learn(bytes, { from: first.zxid, known: first })
    expect(same.sent[1]).to.deep.include({ zxid: BigInt(first.before) })
    expect(same.events).to.deep.equal(['connected 3', 'current 0x300000001'])
    const other = { ...first, time: 1 }
    const { events } = await learn(bytes, { from: first.zxid, known: other })
    expect(events.slice(1, 3)).to.deep.equal(['truncate 0x200000009', 'txn 0x300000001'])
    const alone = await learn(bytes, { from: first.zxid, known: { ...other, before: 0 } })
    expect(alone.sent[1]).to.deep.include({ zxid: zxid(1) })
  })

  it('where it does not come again it is lost', async () => {
    const nothing = Buffer.concat([leaderInfo(), DIFF, upToDate()])
    const { events } = await learn(nothing, { from: FROM, known })
    expect(events).to.deep.equal(['connected 3', 'truncate 0x300000004', 'current 0x300000004'])
    const later = Buffer.concat([leaderInfo(), DIFF, inform(zxid(6))])
    const skipped = await learn(later, { from: FROM, known })
    expect(skipped.events).to.deep.equal(['connected 3', 'truncate 0x300000004'])
    expect(skipped.error.message).to.match(/what is between them was not sent/)
  })

  it('a difference that ends before our newest cuts off what is behind it', async () => {
    const diff = packet(PACKET.diff, zxid(3))
    const bytes = [leaderInfo(), diff, upToDate(), inform(zxid(4))]
    const { events } = await learn(Buffer.concat(bytes), { from: FROM })
    expect(events).to.deep.equal([
      ...['connected 3', 'truncate 0x300000003', 'current 0x300000003', 'txn 0x300000004'],
    ])
  })

  it('a snapshot is held until its digest is equal', async () => {
    const wrong = inform(zxid(6), 12_345n)
    const head = [leaderInfo(), snap(zxid(5)), wrong, upToDate()]
    const { events: held } = await learn(Buffer.concat(head))
    expect(held).to.deep.equal(['connected 3'])
  })

  it('a snapshot is held until the ACL that it lacks has come', async () => {
    const late = packet(PACKET.inform, zxid(6), setAcl(zxid(6), '/a'))
    const head = Buffer.concat([leaderInfo(), snap(zxid(5), { acl: 9n }), upToDate()])
    expect((await learn(head)).events).to.deep.equal(['connected 3'])
    const { events } = await learn(Buffer.concat([head, late]))
    expect(events.slice(1)).to.deep.equal(['snapshot 0x300000006', 'current 0x300000006'])
  })

  it('an activated configuration comes with or without the id of a leader before it', async () => {
    const text = 'server.1=a:1:2:participant'
    const before = Buffer.alloc(8, 1)
    const bytes = [
      ...[leaderInfo(), DIFF, propose(6), packet(PACKET.commitAndActivate, zxid(6), before)],
      upToDate(),
      packet(PACKET.informAndActivate, zxid(7), Buffer.concat([before, reconfig(zxid(7), text)])),
    ]
    const { events } = await learn(Buffer.concat(bytes), { from: FROM })
    expect(events.slice(-3)).to.deep.equal([
      ...['current 0x300000006', `config ${text}`, 'txn 0x300000007'],
    ])
  })

  it('an epoch begins with 1, and any may be left out', async () => {
    const next = (7n << 32n) + 1n
    const end = [packet(PACKET.newLeader, 7n << 32n), packet(PACKET.upToDate, -1n)]
    const bytes = [leaderInfo(7n << 32n), DIFF, inform(next), ...end]
    const { events } = await learn(Buffer.concat(bytes), { from: FROM })
    expect(events).to.deep.equal(['connected 7', 'txn 0x700000001', 'current 0x700000001'])
  })

  it('what comes before UPTODATE is held back: no quorum may have it', async () => {
    const bytes = [leaderInfo(), DIFF, propose(6), commit(6), inform(zxid(7))]
    const newLeader = packet(PACKET.newLeader, EPOCH)
    const without = await learn(Buffer.concat([...bytes, newLeader]), { from: FROM })
    expect(without.events).to.deep.equal(['connected 3'])
    const confirmed = await learn(Buffer.concat([...bytes, upToDate()]), { from: FROM })
    expect(confirmed.events.slice(1)).to.deep.equal([
      ...['txn 0x300000006', 'txn 0x300000007', 'current 0x300000007'],
    ])
    const bounds = { ...SOURCE_BOUNDS, proposedBytesMax: inform(zxid(7)).length }
    const beyond = await learn(Buffer.concat(bytes), { from: FROM, bounds })
    expect(beyond.events).to.deep.equal(['connected 3', 'txn 0x300000006'])
  })

  const synced = Buffer.concat([leaderInfo(), DIFF])
  const current = Buffer.concat([synced, upToDate()])
  const wrong: readonly (readonly [string, Buffer, RegExp, string?])[] = [
    ['nothing', Buffer.alloc(0), /without an answer.*SASL.*TLS/, 'SOURCE_UNANSWERED'],
    ['an alert of TLS', Buffer.from([21, 3, 3, 0, 2, 2, 40]), /speaks TLS/, 'SOURCE_REFUSED'],
    ['HTTP', Buffer.from('HTTP/1.1 400 Bad Request\r\n'), /packets of type 1213486160/],
    ['a packet of another type', packet(PACKET.ping, 0n), /answered OBSERVERINFO with/],
    [
      'long counters',
      leaderInfo(EPOCH, 0x11000),
      /24 bits of epoch \(protocol 0x11000\)/,
      'SOURCE_UNSUPPORTED',
    ],
    ['another protocol', leaderInfo(EPOCH, 0x20000), /protocol 0x20000/, 'SOURCE_UNSUPPORTED'],
    [
      'no protocol',
      packet(PACKET.leaderInfo, EPOCH, null),
      /protocol is not said/,
      'SOURCE_UNSUPPORTED',
    ],
    ['an epoch of 2²¹', leaderInfo(1n << 53n), /epoch is 2097152/, 'SOURCE_UNSUPPORTED'],
    ['a negative epoch', leaderInfo(-1n), /epoch is -1/, 'SOURCE_UNSUPPORTED'],
    ['no SNAP, DIFF or TRUNC', Buffer.concat([leaderInfo(), upToDate()]), /instead of SNAP/],
    [
      'TRUNC to what we have',
      Buffer.concat([leaderInfo(), packet(PACKET.trunc, zxid(5))]),
      /cuts off nothing/,
    ],
    [
      'a snapshot without a root',
      Buffer.concat([leaderInfo(), snap(zxid(5), { root: false })]),
      /no root in its snapshot/,
    ],
    [
      'NEWLEADER of another epoch',
      Buffer.concat([synced, packet(PACKET.newLeader, 4n << 32n)]),
      /NEWLEADER of another epoch/,
    ],
    ['NEWLEADER twice', Buffer.concat([current, upToDate()]), /NEWLEADER after UPTODATE/],
    ['UPTODATE twice', Buffer.concat([current, packet(PACKET.upToDate, -1n)]), /UPTODATE twice/],
    ['a COMMIT of nothing', Buffer.concat([synced, commit(6)]), /0x300000006, and nothing is/],
    [
      'a COMMIT of another one',
      Buffer.concat([synced, propose(6), commit(7)]),
      /0x300000007, and 0x300000006 is the next/,
    ],
    [
      'an INFORM without data',
      Buffer.concat([synced, packet(PACKET.inform, zxid(6))]),
      /without a/,
    ],
    [
      'an INFORM of another zxid',
      Buffer.concat([synced, packet(PACKET.inform, zxid(6), setData(zxid(7)))]),
      /a packet of 0x300000006 has the transaction 0x300000007/,
    ],
    ['a gap', Buffer.concat([synced, inform(zxid(7))]), /what is between them was not sent/],
    [
      'a gap at the start of an epoch',
      Buffer.concat([synced, inform((4n << 32n) + 2n)]),
      /between/,
    ],
    ['a repetition', Buffer.concat([current, inform(zxid(5))]), /comes again/],
    ['a SYNC, which nobody wanted', Buffer.concat([current, packet(PACKET.sync, 0n)]), /of type 7/],
    [
      'a type of a later release',
      Buffer.concat([current, packet(99, 0n)]),
      /type 99 are not known/,
    ],
    [
      'a transaction of a later release',
      Buffer.concat([current, packet(PACKET.inform, zxid(6), unknownTxn())]),
      /transactions of type 77 are not known/,
    ],
  ]
  for (const [what, bytes, pattern, code = 'SOURCE_MALFORMED'] of wrong) {
    it(`${what} is an error with a sentence`, async () => {
      const { error } = await learn(bytes, { from: FROM })
      expect(error.message).to.match(pattern)
      if (error instanceof SourceError) expect(error.code).to.equal(code)
      else expect(error).to.be.instanceOf(WireError)
    })
  }

  it('a difference is no answer to a learner that has nothing', async () => {
    const { error } = await learn(synced, { from: 0 })
    expect(error.message).to.match(/the difference to a tree, and we have none/)
    const empty = await learn(Buffer.concat([leaderInfo(), packet(PACKET.diff, 0n)]))
    expect(empty.error.message).to.match(/nothing was ever written to it/)
  })
})

function unknownTxn(): Buffer {
  const bytes = setData(zxid(6))
  bytes.writeInt32BE(77, 28)
  return bytes
}
