/**
 * What a proxy answers that serves while a real ensemble leads, by real connections, is what the tables of docs/migration-refusals.md
 * say: each opcode, word, command and route. Without a leader it answers as a standby, for its own reason.
 */
import { expect } from 'chai'
import { OP } from '../../lib/model/request.ts'
import { XID } from '../../lib/protocol/wire/opcodes.ts'
import { WORDS } from '../../proxy/admin/four-letter-words.ts'
import { AdminServer } from '../../proxy/admin/http/admin-server.ts'
import { eventually } from '../support/eventually.ts'
import { fourLetterWord } from '../support/four-letter-word.ts'
import { RawClient, type RawReply } from '../support/raw-client.ts'
import type { RawOp, RawRequests } from '../support/raw-codec.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { startZookeeperLeader, ZookeeperEnsemble } from '../support/zookeeper-server.ts'
import { AdminAnswers, kindOf, knownRoutes, promised, wordAnswers } from './answers.ts'
import { ServeBed, type ServingProxy } from './serving/serve-bed.ts'

const LATE_MS = 60_000
const TOKEN = '0123456789abcdef0123'
const NO_WATCHES = { relativeZxid: 0 }

/** A request of each kind that a client may send, of a znode that is there. */
const REQUESTS: { readonly [K in RawOp]: RawRequests[K] } = {
  1: { path: '/1' },
  2: { path: '/e' },
  3: { path: '/e' },
  4: { path: '/e' },
  5: { path: '/e', data: 'x' },
  6: { path: '/e' },
  7: { path: '/e', acl: [{ perms: 31, scheme: 'world', id: 'anyone' }] },
  8: { path: '/' },
  9: { path: '/' },
  11: {},
  12: { path: '/' },
  13: { path: '/e', version: 0 },
  14: { ops: [{ op: 13, path: '/e', version: 0 }] },
  15: { path: '/15' },
  16: { joining: null, leaving: '9', newMembers: null, curConfigId: -1 },
  17: { path: '/e', watcherType: 3 },
  18: { path: '/e', watcherType: 3 },
  19: { path: '/19', flags: 4 },
  20: { path: '/e' },
  21: { path: '/21', flags: 5, ttlMs: 60_000 },
  22: { ops: [{ op: 4, path: '/e' }] },
  100: { scheme: 'digest', auth: 'a:b' },
  101: NO_WATCHES,
  102: { token: Buffer.alloc(0) },
  103: { prefixPath: '/' },
  104: { path: '/' },
  105: NO_WATCHES,
  106: { path: '/e', mode: 0 },
  107: {},
  [-11]: {},
}

/** Of clients, where it is not a number of their own. */
const XIDS: Readonly<Record<number, number>> = {
  [OP.ping]: XID.ping,
  [OP.auth]: XID.auth,
  [OP.setWatches]: XID.setWatches,
  [OP.setWatches2]: XID.setWatches,
}

describe('migrate: what a proxy answers that serves while ZooKeeper leads', function () {
  this.timeout(120_000)
  let bed: ServeBed
  let proxy: ServingProxy
  let admin: AdminServer
  let client: RawClient
  let newest = 0
  const clients: RawClient[] = []

  before(async function () {
    requireOrSkip(this, 'zookeeper-3.9')
    const { server } = await startZookeeperLeader({ version: '3.9', heapMb: 96, tickTimeMs: 500 })
    bed = await ServeBed.open(new ZookeeperEnsemble([server]))
    await bed.follow()
    proxy = await bed.serve({}, {}, { fourLetterWords: [...WORDS] })
    const logLevel = { levels: ['warn'], get: () => 'warn', set: () => {} }
    admin = await AdminServer.listen({ port: 0, token: () => TOKEN, canEdit: true, logLevel })
    await admin.attach(proxy.server)
    client = await open()
  })
  after(async () => {
    for (const each of clients) each.destroy()
    await admin?.close()
    await bed?.close()
  })

  async function open(): Promise<RawClient> {
    const opened = await RawClient.connect({ port: proxy.port, timeoutMs: 10_000 })
    clients.push(opened)
    return opened
  }

  /** As a test finds it: with its first data, and nothing below it. @returns the newest zxid of it */
  async function madeAgain(): Promise<number> {
    if (client.closed) client = await open()
    await client.delete('/e')
    const { err, zxid } = await client.create('/e', { data: 'x' })
    expect(err).to.equal(0)
    newest = zxid
    return zxid
  }

  const forwarded = (): number => proxy.keeper.upstream?.counters.forwarded ?? 0
  const server = () => ({ host: '127.0.0.1', port: proxy.port })
  const asking = () => ({
    ...{ port: admin.port, token: TOKEN },
    session: `0x${BigInt.asUintN(64, client.sessionId).toString(16)}`,
  })

  it('to each opcode: the leader, or this proxy', async () => {
    const seen: [string, string][] = []
    for (const [name, op] of Object.entries(OP)) {
      await madeAgain()
      const own = await open()
      // To be checked, and removed.
      await own.exists('/e', true)
      const before = forwarded()
      const sent: Promise<RawReply> =
        op in REQUESTS
          ? own.send(op as RawOp, REQUESTS[op as RawOp], XIDS[op])
          : own.sendRecord(op, Buffer.alloc(64))
      const answer = await sent.then(
        ({ err }) => (err === 0 ? 'this proxy' : `${err}`),
        () => 'the connection ends',
      )
      seen.push([name, forwarded() > before ? 'the leader' : answer])
    }
    expect(seen).to.have.deep.members([...promised('serving: clients')])
  })

  it('to each four-letter word', async () => {
    const seen = await wordAnswers(server(), (answer) => kindOf(answer))
    expect(seen).to.have.deep.members([...promised('serving: words')])
    expect(await fourLetterWord(server(), 'srvr')).to.match(/^Mode: observer$/m)
    expect(await fourLetterWord(server(), 'isro')).to.equal('rw')
  })

  it('to each admin command', async () => {
    const answers = new AdminAnswers(asking())
    expect(await answers.commands()).to.have.deep.members([...promised('serving: commands')])
    expect(await answers.command('zabstate')).to.include({ voting: false, zabstate: 'broadcast' })
    expect(await answers.command('voting_view')).to.deep.include({ current_config: {} })
  })

  it('to each route of the page and its API', async () => {
    const table = promised('serving: routes')
    expect(knownRoutes().filter((route) => !table.has(route))).to.deep.equal([])
    const answers = new AdminAnswers(asking())
    expect(await answers.routes(table, madeAgain)).to.deep.equal([...table])
  })

  it('without a leader as a standby, with the reason that ruok says', async () => {
    await bed.ensemble.stop()
    await eventually('nobody is served', () => !proxy.keeper.isServing, LATE_MS)
    const reason = await fourLetterWord(server(), 'ruok')
    expect(reason).to.match(/^no leader of the ZooKeeper ensemble: /m)
    const words = await wordAnswers(server(), (answer) =>
      answer === 'null' ? 'null' : kindOf(answer, 200, 'no leader of the ZooKeeper ensemble: '),
    )
    expect(words).to.have.deep.members([...promised('standby: words')])
    const answers = new AdminAnswers({
      ...asking(),
      reason: 'no leader of the ZooKeeper ensemble: ',
    })
    expect(await answers.commands()).to.have.deep.members([...promised('standby: commands')])
    const table = promised('standby: routes')
    const routes = [...table].filter(([route]) => !route.includes(':id'))
    expect(await answers.routes(new Map(routes), async () => newest)).to.deep.equal(routes)
  })
})
