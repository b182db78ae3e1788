/** Small parts of following an ensemble: its members as text, four-letter words, versions, the buffer, silence. */
import { expect } from 'chai'
import { EventBuffer } from '../../../../lib/migrate/event-buffer.ts'
import { PingRate } from '../../../../lib/migrate/ping-rate.ts'
import {
  addressesOf,
  membersText,
  parseQuorumConfig,
} from '../../../../lib/migrate/quorum-config.ts'
import { parseServerWords } from '../../../../lib/migrate/server-words.ts'
import { SOURCE_BOUNDS } from '../../../../lib/migrate/source-bounds.ts'
import type { SourceEvent } from '../../../../lib/migrate/source-feed.ts'
import { versionProblem } from '../../../../lib/migrate/supported-version.ts'
import { tlsRefusal } from '../../../../lib/migrate/tls-refusal.ts'
import { ZookeeperTree } from '../../../../lib/transfer/zookeeper/tree.ts'
import { decodeTxn, type Txn } from '../../../../lib/transfer/zookeeper/txn.ts'
import { EPOCH, setData } from './leader-bytes.ts'

const HERE = { host: 'a', port: 2181 }

describe('migrate: the members of an ensemble as text', () => {
  it('addresses, roles, several addresses, IPv6; what is no member is left out', () => {
    const text = `server.1=zk1:2888:3888:participant;0.0.0.0:2181
server.2=[::1]:2889:3889:observer;2181
server.10=h1:2890:3890|h2:2891:3891:participant
server.x=nonsense
server.4=zk4:99999:1
group.1=1:2
version=100000000`
    expect(parseQuorumConfig(text)).to.deep.equal([
      {
        ...{ id: 1, quorum: [{ host: 'zk1', port: 2888 }], isObserver: false },
        client: { host: 'zk1', port: 2181 },
      },
      {
        ...{ id: 2, quorum: [{ host: '::1', port: 2889 }], isObserver: true },
        client: { host: '::1', port: 2181 },
      },
      {
        id: 10,
        quorum: [
          { host: 'h1', port: 2890 },
          { host: 'h2', port: 2891 },
        ],
        isObserver: false,
        client: undefined,
      },
    ])
  })

  it('where clients find a member: its own address, or that of its quorum port', () => {
    const clients = (text: string) =>
      addressesOf(parseQuorumConfig(`server.1=zk1:2888:3888;${text}`))
    for (const [text, client] of [
      ['2181', 'zk1:2181'],
      ['0.0.0.0:2182', 'zk1:2182'],
      ['[::]:2183', 'zk1:2183'],
      ['127.0.0.1:2184', 'zk1:2184'],
      ['10.0.0.7:2181', '10.0.0.7:2181'],
      ['[fd00::7]:2181', '[fd00::7]:2181'],
      ['clients.zk1:2181', 'clients.zk1:2181'],
    ] as const) {
      expect(clients(text), text).to.deep.equal({ clients: [client], quorum: ['zk1:2888'] })
    }
    for (const text of ['', 'x:y', '0', '99999']) {
      expect(clients(text), text).to.deep.equal({ clients: [], quorum: ['zk1:2888'] })
    }
  })

  it('the same members in another order are no change', () => {
    const lines = ['server.1=a:1:2:participant', 'server.2=b:1:2:participant']
    const forth = membersText(parseQuorumConfig(lines.join('\n')))
    const back = membersText(parseQuorumConfig([...lines].reverse().join('\n')))
    expect(back).to.equal(forth)
    const other = membersText(parseQuorumConfig('server.1=a:1:2\nserver.3=c:1:2'))
    expect(other).not.to.equal(forth)
  })
})

describe('migrate: what a server says', () => {
  it('srvr and conf', () => {
    const srvr = `Zookeeper version: 3.4.14-4c25d48, built on 03/06/2019
Latency min/avg/max: 0/0/0
Zxid: 0x200000007
Mode: leader
Node count: 4
`
    const { mode, version, zxid, conf } = parseServerWords(
      HERE,
      srvr,
      'tickTime=500\nquorumPort=2888\r\n',
    )
    expect({ mode, version, zxid }).to.deep.equal({
      ...{ mode: 'leader', version: '3.4.14', zxid: 0x2_0000_0007n },
    })
    expect([...conf!]).to.deep.equal([
      ['tickTime', '500'],
      ['quorumPort', '2888'],
    ])
  })

  it('nothing that is known: an answer of something else', () => {
    const words = parseServerWords(HERE, 'HTTP/1.1 400\r\n', undefined)
    const { mode, version, zxid, conf } = words
    expect([mode, version, zxid, conf]).to.deep.equal([undefined, undefined, undefined, undefined])
  })

  it('versions before 3.4.13 and 3.5.4 are refused, with the reason', () => {
    for (const version of ['3.3.6', '3.4.12', '3.5.3', '2.9.9']) {
      expect(versionProblem(version)).to.match(/ZOOKEEPER-2959/)
    }
    for (const version of ['3.4.13', '3.4.14', '3.5.4', '3.6.0', '3.10.0', '4.0.0', undefined]) {
      expect(versionProblem(version)).to.equal(undefined)
    }
  })

  it('codes of TLS are sentences; others are none', () => {
    const sentence = (code: string) => tlsRefusal(Object.assign(new Error('text'), { code }))
    expect(sentence('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED')).to.match(/refuses our cert.*text/)
    expect(sentence('ERR_SSL_WRONG_VERSION_NUMBER')).to.match(/speaks no TLS/)
    expect(sentence('ERR_TLS_CERT_ALTNAME_INVALID')).to.match(/names another host/)
    expect(sentence('SELF_SIGNED_CERT_IN_CHAIN')).to.match(/not of an authority/)
    expect(sentence('ECONNREFUSED')).to.equal(undefined)
  })
})

describe('migrate: the buffer of events', () => {
  const txn = (counter: number): Txn => decodeTxn(setData(EPOCH + BigInt(counter)))

  it('transactions that wait are given out together, in order; a heartbeat comes behind them', async () => {
    const buffer = new EventBuffer()
    for (let i = 1; i <= 1_500; i++) buffer.addTransaction(txn(i), 100, i)
    buffer.add({ kind: 'current', zxid: 1, atMs: 5 })
    buffer.add({ kind: 'current', zxid: 2, atMs: 6 })
    buffer.addTransaction(txn(1_501), 100, 7)
    expect(buffer.bytes).to.be.above(150_000)
    const taken: SourceEvent[] = []
    for (let i = 0; i < 4; i++) taken.push((await buffer.take())!)
    expect(taken.map(({ kind }) => kind)).to.deep.equal([
      ...['transactions', 'transactions', 'current', 'transactions'],
    ])
    const counts = taken.flatMap((event) =>
      event.kind === 'transactions' ? [event.txns.length, event.atMs] : [],
    )
    expect(counts).to.deep.equal([1_000, 1_000, 500, 1_500, 1, 7])
    expect(taken[2]).to.deep.equal({ kind: 'current', zxid: 2, atMs: 6 })
    expect(buffer.bytes).to.equal(0)
  })

  it('a snapshot takes the place of the one that waits, and of what came between', async () => {
    const buffer = new EventBuffer()
    buffer.add({ kind: 'connected', leader: 'a:1', epoch: 1 })
    buffer.add({ kind: 'snapshot', tree: new ZookeeperTree(1) })
    buffer.addTransaction(txn(2), 1_000, 2)
    buffer.add({ kind: 'disconnected', why: 'it was stopped' })
    buffer.add({ kind: 'connected', leader: 'b:1', epoch: 2 })
    const tree = new ZookeeperTree(3)
    buffer.add({ kind: 'snapshot', tree })
    buffer.addTransaction(txn(4), 1_000, 4)
    const kinds = ['connected', 'disconnected', 'connected', 'snapshot', 'transactions']
    for (const kind of kinds) {
      const event = await buffer.take()
      expect(event).to.have.property('kind', kind)
      if (event?.kind === 'snapshot') expect(event.tree).to.equal(tree)
    }
    expect(buffer.bytes).to.equal(0)
  })

  it('what was given out does not grow any more', async () => {
    const buffer = new EventBuffer()
    buffer.addTransaction(txn(1), 100, 1)
    const first = await buffer.take()
    buffer.addTransaction(txn(2), 100, 2)
    expect(first).to.have.property('txns').that.has.lengthOf(1)
  })

  it('a reader waits, and whoever fills it waits until it is drained', async () => {
    const buffer = new EventBuffer()
    const reading = buffer.take()
    buffer.addTransaction(txn(1), 1_000, 1)
    expect(await reading).to.have.property('kind', 'transactions')
    buffer.addTransaction(txn(2), 1_000, 1)
    let isDrained = false
    const draining = buffer.drainedTo(500).then(() => {
      isDrained = true
    })
    await Promise.resolve()
    expect(isDrained).to.equal(false)
    await buffer.take()
    await draining
  })

  it('closed, it ends both; after a failure what waits comes first', async () => {
    const closed = new EventBuffer()
    closed.addTransaction(txn(1), 1_000, 1)
    const draining = closed.drainedTo(0)
    closed.close()
    expect(await closed.take()).to.equal(undefined)
    await draining
    const failed = new EventBuffer()
    failed.add({ kind: 'truncate', zxid: 1 })
    failed.fail(new Error('over'))
    expect(await failed.take()).to.deep.equal({ kind: 'truncate', zxid: 1 })
    const error = await failed.take().catch((cause: Error) => cause)
    expect(error).to.be.instanceOf(Error)
  })
})

describe('migrate: how long a leader may be silent', () => {
  it('twenty pings, by the middle one of the last gaps, once there are enough of them', () => {
    const rate = new PingRate(SOURCE_BOUNDS)
    for (let i = 1; i <= 8; i++) expect(rate.limitMs(i * 400)).to.equal(20_000)
    expect(rate.limitMs(3_600)).to.equal(8_000)
    // A pause of one side.
    expect(rate.limitMs(12_600)).to.equal(8_000)
  })

  it('not less than five seconds, not more than what was given', () => {
    const fast = new PingRate(SOURCE_BOUNDS)
    const slow = new PingRate({ ...SOURCE_BOUNDS, silenceMs: 3_000 })
    let [least, most] = [0, 0]
    for (let i = 1; i < 12; i++) {
      least = fast.limitMs(i * 50)
      most = slow.limitMs(i * 2_000)
    }
    expect([least, most]).to.deep.equal([5_000, 3_000])
  })
})
