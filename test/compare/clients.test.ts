/** Unmodified clients through compare: anykeeper answers as ZooKeeper does, and it is noticed. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { type AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { RawClient } from '../support/raw-client.ts'
import { requireOrSkip, zookeeperRequirement } from '../support/requirements.ts'
import { startZookeeper, type ZookeeperServer } from '../support/zookeeper-server.ts'
import { CompareProcess } from './compare-process.ts'

const kazooTraffic = fileURLToPath(new URL('./kazoo-traffic.py', import.meta.url))
const nodeZookeeper = createRequire(import.meta.url)('node-zookeeper-client')

for (const version of ['3.8', '3.9'] as const) {
  describe(`compare: anykeeper and ZooKeeper ${version}`, function () {
    this.timeout(90_000)
    let oracle: ZookeeperServer
    let candidate: AnykeeperProcess
    let compare: CompareProcess

    before(async function () {
      requireOrSkip(this, zookeeperRequirement[version], 'kazoo')
      const tickTimeMs = 500
      ;[oracle, candidate] = await Promise.all([
        startZookeeper({ version, tickTimeMs }),
        startAnykeeper({ tickTimeMs }),
      ])
    })
    beforeEach(async () => {
      compare = await CompareProcess.start({
        candidate: candidate.connectString,
        oracle: oracle.connectString,
      })
    })
    after(async () => {
      await Promise.all([oracle?.stop(), candidate?.stop()])
    })

    async function expectNoDifference(atLeast: {
      requests: number
      events: number
    }): Promise<void> {
      const { exitCode, found, counts, summary } = await compare.verdict()
      expect(found).to.deep.equal([])
      expect(exitCode).to.equal(0)
      expect(counts).to.deep.include({ differences: 0, suspect: 0, unchecked: 0 })
      expect(counts.requests).to.be.at.least(atLeast.requests)
      expect(counts.events).to.be.at.least(atLeast.events)
      expect(summary).to.match(/^anykeeper compare: \d+ requests compared, \d+ events compared, 0 /)
    }

    it('kazoo: sessions, sequences, watches, transactions, ACLs, recipes, a reconnect', async () => {
      const script = spawn('/usr/bin/python3', [
        '-B',
        kazooTraffic,
        compare.connectString,
        '/kazoo',
      ])
      let errors = ''
      script.stderr.on('data', (text) => {
        errors += text
      })
      const [code] = await once(script, 'close')
      expect(code, errors).to.equal(0)
      await expectNoDifference({ requests: 70, events: 8 })
    })

    it('node-zookeeper-client: sessions, watches, transactions, ACLs', async () => {
      const connect = async () => {
        const client = nodeZookeeper.createClient(compare.connectString, { sessionTimeout: 8_000 })
        const connected = once(client, 'connected')
        client.connect()
        await connected
        const call = (name: string, ...args: unknown[]) =>
          promisify(client[name].bind(client))(...args)
        return { client, call }
      }
      const [a, b] = [await connect(), await connect()]
      const { EPHEMERAL_SEQUENTIAL, PERSISTENT } = nodeZookeeper.CreateMode
      const { CREATOR_ALL_ACL, OPEN_ACL_UNSAFE } = nodeZookeeper.ACL
      await a.call('mkdirp', '/node/deep')
      for (const data of ['1', '2']) {
        await a.call('create', '/node/e-', Buffer.from(data), OPEN_ACL_UNSAFE, EPHEMERAL_SEQUENTIAL)
      }
      const changed = new Promise((resolve) => void b.call('getData', '/node', resolve))
      const gone = new Promise((resolve) => void b.call('exists', '/node/e-0000000002', resolve))
      await b.call('getChildren', '/node')
      await a.call('setData', '/node', Buffer.from('new'), 0)
      await changed
      const results = await new Promise((resolve) =>
        a.client
          .transaction()
          .create('/node/t', Buffer.from('t'))
          .setData('/node/t', Buffer.from('tt'), 5)
          .commit((_error: unknown, all: unknown) => resolve(all)),
      )
      expect(results).to.have.length(2)
      a.client.addAuthInfo('digest', Buffer.from('bob:secret'))
      await a.call('create', '/node/mine', null, CREATOR_ALL_ACL, PERSISTENT)
      await a.call('getACL', '/node/mine')
      const denied = await b
        .call('getData', '/node/mine')
        .catch((error: { code: number }) => error.code)
      expect(denied).to.equal(-102)
      const ended = once(a.client, 'disconnected')
      a.client.close()
      await ended
      await gone
      const endedToo = once(b.client, 'disconnected')
      b.client.close()
      await endedToo
      await expectNoDifference({ requests: 17, events: 2 })
    })

    it('every opcode there is, also from newer clients', async () => {
      const { port } = compare
      const [a, b] = [await RawClient.connect({ port }), await RawClient.connect({ port })]
      await a.create2('/all', { data: null })
      await a.createContainer('/all/box')
      await a.createTtl('/all/brief', 60_000)
      await a.createTtl('/all/never', -1)
      await b.addWatch('/all', 1)
      await b.addWatch('/all/box', 0)
      await b.exists('/all/later', true)
      await a.create('/all/later')
      await a.setAcl('/all/later', [{ perms: 31, scheme: 'auth', id: '' }])
      await a.setAcl('/all/later', [{ perms: 1, scheme: 'world', id: 'anyone' }], 0)
      await a.getAcl('/all/later')
      await a.create('/all/own', { flags: 1 })
      await a.create('/all/box/in')
      await a.getEphemerals('/')
      await a.getAllChildrenNumber('/')
      await a.whoAmI()
      await a.sync('/nowhere')
      await a.multiRead([
        { op: 4, path: '/all' },
        { op: 8, path: '/all' },
        { op: 4, path: '/none' },
      ])
      await a.getChildren2('/')
      await a.getData('/zookeeper/config')
      await b.checkWatches('/all/none', 1)
      await b.removeWatches('/all/box', 3)
      await a.reconfig({ joining: null, leaving: null, newMembers: null, curConfigId: -1 })
      await a.ping()
      await a.delete('/')
      await a.create('no slash')
      // Two requests that no server can read: the second ends the connection. The first takes a zxid,
      // as up to 3.8.
      if (version === '3.8') await a.sendRecord(1, Buffer.from([0, 0, 0, 99]))
      const c = await RawClient.connect({ port })
      await c.sendRecord(4242, Buffer.alloc(0))
      await c.waitFor(() => c.closed)
      await a.close()
      await b.waitFor(() => b.events.some(({ path }) => path === '/all/own'))
      await b.close()
      await expectNoDifference({ requests: version === '3.8' ? 30 : 29, events: 5 })
    })

    it('a session that comes back finds what it missed, on both sides', async () => {
      const { port } = compare
      const a = await RawClient.connect({ port })
      const b = await RawClient.connect({ port })
      await a.create('/back', { data: 'x' })
      await a.create('/back/own', { flags: 1 })
      const { zxid } = await a.getData('/back', true)
      await a.getChildren('/back', true)
      a.destroy()
      await b.setData('/back', 'y')
      await b.create('/back/more')
      const { sessionId, password } = a
      // With another timeout, too.
      const returning = { sessionId, password, lastZxidSeen: zxid, timeoutMs: 8_000 }
      const again = await RawClient.connect({ port, ...returning })
      expect(again.sessionId).to.equal(sessionId)
      await again.setWatches({ relativeZxid: zxid, data: ['/back'], child: ['/back'], exist: [] })
      expect(again.events.map(({ type }) => type)).to.deep.equal([3, 4])
      await again.getData('/back/own')
      // The same session on a second connection: the first is ended.
      const moved = await RawClient.connect({ port, sessionId, password })
      await again.waitFor(() => again.closed)
      await moved.getData('/back/own')
      // A wrong password is refused.
      const wrong = Buffer.alloc(16, 7)
      const refused = await RawClient.connect({ port, sessionId, password: wrong })
      expect(refused.sessionId).to.equal(0n)
      await b.close()
      await expectNoDifference({ requests: 15, events: 2 })
    })

    it('a session whose client is silent ends on both sides at one place in the order', async () => {
      const { port } = compare
      const a = await RawClient.connect({ port, timeoutMs: 1_000 })
      const b = await RawClient.connect({ port, timeoutMs: 10_000 })
      const lost = await RawClient.connect({ port, timeoutMs: 1_000 })
      await a.create('/silent')
      await a.create('/silent/a', { flags: 1 })
      await lost.create('/silent/lost', { flags: 1 })
      lost.destroy()
      await b.addWatch('/silent', 1)
      await a.waitFor(() => a.closed)
      await b.waitFor(() => b.events.length === 2)
      await b.getChildren2('/silent')
      const { sessionId, password } = a
      const gone = await RawClient.connect({ port, sessionId, password })
      expect(gone.sessionId).to.equal(0n)
      await b.close()
      await expectNoDifference({ requests: 12, events: 2 })
    })
  })
}
