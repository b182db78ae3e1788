/** node-zookeeper-client, a client in plain JavaScript, against two proxies on one etcd. */
import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { TcpFaultProxy } from '../support/tcp-fault-proxy.ts'
import {
  NodeClient,
  type NodeClientOptions,
  type NodeEvent,
  nodeZookeeper as zk,
} from './node-client.ts'
import { PATIENCE_MS, useTwoProxies, within } from './two-proxies.ts'

const NO_NODE = -101
const NO_AUTH = -102
const BAD_VERSION = -103
const NO_CHILDREN_FOR_EPHEMERALS = -108
const NODE_EXISTS = -110
const NOT_EMPTY = -111
const RUNTIME_INCONSISTENCY = -2

describe('node-zookeeper-client', () => {
  const servers = useTwoProxies()

  /** Closed at the test's end. */
  async function connect(
    connectString: string,
    options: NodeClientOptions = {},
  ): Promise<NodeClient> {
    const client = await NodeClient.connect(connectString, options)
    servers.atEnd(() => client.close())
    return client
  }

  /** One client on each proxy, and a fresh znode. */
  async function pair(): Promise<{ a: NodeClient; b: NodeClient; room: string }> {
    const a = await connect(servers.a.connectString)
    const b = await connect(servers.b.connectString)
    const room = servers.room()
    await a.create(room)
    await syncThrough(b, room)
    return { a, b, room }
  }

  it('has a session with the timeout it asked for, within the bounds', async () => {
    const usual = await connect(servers.a.connectString, { sessionTimeoutMs: 7_000 })
    const short = await connect(servers.a.connectString, { sessionTimeoutMs: 10 })
    const long = await connect(servers.a.connectString, { sessionTimeoutMs: 600_000 })
    const timeouts = [usual, short, long].map(({ raw }) => raw.getSessionTimeout())
    expect(timeouts).to.deep.equal([7_000, 1_000, 20_000])
    expect(new Set([usual, short, long].map(({ sessionId }) => sessionId))).to.have.property(
      'size',
      3,
    )
  })

  it('creates in all its modes', async () => {
    const { a, b, room } = await pair()
    const { PERSISTENT, EPHEMERAL, PERSISTENT_SEQUENTIAL, EPHEMERAL_SEQUENTIAL } = zk.CreateMode
    const paths = [
      await a.create(`${room}/plain`, { data: 'x', mode: PERSISTENT }),
      await a.create(`${room}/ephemeral`, { data: 'x', mode: EPHEMERAL }),
      await a.create(`${room}/n-`, { data: 'x', mode: PERSISTENT_SEQUENTIAL }),
      await a.create(`${room}/e-`, { data: 'x', mode: EPHEMERAL_SEQUENTIAL }),
    ]
    // The number counts every create below the parent, not only sequential ones.
    expect(paths).to.deep.equal([
      `${room}/plain`,
      `${room}/ephemeral`,
      `${room}/n-0000000002`,
      `${room}/e-0000000003`,
    ])
    await syncThrough(b, paths[3]!)
    const owners = await Promise.all(
      paths.map(async (path) => (await b.exists(path))!.ephemeralOwner.toString('hex')),
    )
    const none = '0'.repeat(16)
    expect(owners).to.deep.equal([none, a.sessionId, none, a.sessionId])
    expect(await codeOf(a.create(`${room}/plain`))).to.equal(NODE_EXISTS)
    expect(await codeOf(a.create(`${room}/ephemeral/below`))).to.equal(NO_CHILDREN_FOR_EPHEMERALS)
    expect(await codeOf(a.create(`${room}/none/below`))).to.equal(NO_NODE)
  })

  it('ends its ephemerals with its session', async () => {
    const { b, room } = await pair()
    const client = await NodeClient.connect(servers.a.connectString)
    await client.create(`${room}/e`, { mode: zk.CreateMode.EPHEMERAL })
    await syncThrough(b, `${room}/e`)
    const gone = nextEvent((watcher) => b.exists(`${room}/e`, watcher))
    await gone.armed
    client.close()
    expect(await gone.event()).to.deep.equal(['NODE_DELETED', `${room}/e`])
    expect(await b.exists(`${room}/e`)).to.equal(null)
  })

  it('reads and writes data by version, and tells null from empty', async () => {
    const { a, b, room } = await pair()
    expect((await a.getData(room)).data).to.equal(undefined)
    expect((await a.setData(room, '')).version).to.equal(1)
    expect((await a.getData(room)).data).to.equal('')
    const stat = await a.setData(room, 'two', 1)
    expect([stat.version, stat.dataLength]).to.deep.equal([2, 3])
    expect(await codeOf(a.setData(room, 'three', 1))).to.equal(BAD_VERSION)
    expect(await codeOf(a.remove(room, 1))).to.equal(BAD_VERSION)
    await a.create(`${room}/child`)
    expect(await codeOf(a.remove(room))).to.equal(NOT_EMPTY)
    await a.remove(`${room}/child`)
    await untilData(b, room, 'two')
    await a.remove(room, 2)
    expect(await a.exists(room)).to.equal(null)
    expect(await codeOf(a.getData(room))).to.equal(NO_NODE)
  })

  it('is told of changes made through the other proxy, once per watch', async () => {
    const { a, b, room } = await pair()
    const events: string[] = []
    const note = (name: string) => (event: NodeEvent) =>
      events.push(`${name} ${event.name} ${event.path.slice(room.length)}`)
    const watches = [
      nextEvent((watcher) => b.getData(room, watcher), note('data')),
      nextEvent((watcher) => b.getChildren(room, watcher), note('children')),
      nextEvent((watcher) => b.exists(`${room}/new`, watcher), note('exists')),
    ]
    await Promise.all(watches.map(({ armed }) => armed))
    await a.create(`${room}/new`)
    await a.create(`${room}/newer`)
    await a.setData(room, '1')
    await a.setData(room, '2')
    await Promise.all(watches.map(({ event }) => event()))
    await untilData(b, room, '2')
    expect(events).to.deep.equal([
      'exists NODE_CREATED /new',
      'children NODE_CHILDREN_CHANGED ',
      'data NODE_DATA_CHANGED ',
    ])
    const deleted = nextEvent((watcher) => b.getData(`${room}/new`, watcher))
    await deleted.armed
    await a.remove(`${room}/new`)
    expect(await deleted.event()).to.deep.equal(['NODE_DELETED', `${room}/new`])
    expect(await b.getChildren(room)).to.deep.equal(['newer'])
  })

  it('keeps others out by digest ACLs', async () => {
    const { a, b, room } = await pair()
    a.raw.addAuthInfo('digest', Buffer.from('alice:secret'))
    const path = await a.create(`${room}/mine`, { data: 'x', acls: zk.ACL.CREATOR_ALL_ACL })
    const digest = createHash('sha1').update('alice:secret').digest('base64')
    const acls = (await a.getAcl(path)).map(({ permission, id }) => [permission, id.scheme, id.id])
    expect(acls).to.deep.equal([[31, 'digest', `alice:${digest}`]])
    await syncThrough(b, room)
    expect(await codeOf(b.getData(path))).to.equal(NO_AUTH)
    expect(await codeOf(b.setData(path, 'y'))).to.equal(NO_AUTH)
    expect(await codeOf(b.setAcl(path, zk.ACL.OPEN_ACL_UNSAFE))).to.equal(NO_AUTH)
    expect(await codeOf(b.exists(path))).to.equal(NO_AUTH)
    // Credentials added to the same session open it.
    b.raw.addAuthInfo('digest', Buffer.from('alice:secret'))
    expect((await b.getData(path)).data).to.equal('x')
    const both = [
      new zk.ACL(zk.Permission.READ, new zk.Id('world', 'anyone')),
      new zk.ACL(zk.Permission.ALL, new zk.Id('digest', `alice:${digest}`)),
    ]
    expect(await b.setAcl(path, both, 0)).to.include({ aversion: 1 })
    expect(await codeOf(b.setAcl(path, both, 0))).to.equal(BAD_VERSION)
    const c = await connect(servers.b.connectString)
    expect((await c.getData(path)).data).to.equal('x')
    expect(await codeOf(c.setData(path, 'z'))).to.equal(NO_AUTH)
  })

  it('sends its credentials again on the other proxy', async () => {
    const room = servers.room()
    const client = await connect(servers.connectString)
    client.raw.addAuthInfo('digest', Buffer.from('alice:secret'))
    await client.create(room, { data: 'x', acls: zk.ACL.CREATOR_ALL_ACL })
    const back = client.nextState('connected')
    await proxyOf(client).kill()
    await back
    expect((await client.getData(room)).data).to.equal('x')
  })

  it('commits a transaction whole', async () => {
    const { a, room } = await pair()
    await a.create(`${room}/old`)
    const { error, results } = await a.transaction((transaction) =>
      transaction
        .check(room)
        .create(`${room}/x`, Buffer.from('1'))
        .setData(`${room}/x`, Buffer.from('22'))
        .remove(`${room}/old`),
    )
    expect(error).to.equal(undefined)
    expect(results.map(({ type }) => type)).to.deep.equal([13, 1, 5, 2])
    expect(results[1]!.path).to.equal(`${room}/x`)
    expect(results[2]!.stat).to.include({ version: 1, dataLength: 2 })
    expect(await a.getChildren(room)).to.deep.equal(['x'])
    const { stat } = await a.getData(`${room}/x`)
    expect(stat.czxid.equals(stat.mzxid), 'one zxid for all').to.equal(true)
  })

  it('leaves nothing of a transaction that fails, and says which op it was', async () => {
    const { a, room } = await pair()
    const { error, results } = await a.transaction((transaction) =>
      transaction
        .create(`${room}/x`, Buffer.from('1'))
        .check(room, 7)
        .setData(room, Buffer.from('2')),
    )
    expect(error).to.include({ code: BAD_VERSION })
    expect(results).to.deep.equal([
      { type: -1, err: 0 },
      { type: -1, err: BAD_VERSION },
      { type: -1, err: RUNTIME_INCONSISTENCY },
    ])
    expect(await a.getChildren(room)).to.deep.equal([])
    expect((await a.getData(room)).stat.version).to.equal(0)
  })

  it('numbers sequential znodes without gap or double, made through both proxies', async () => {
    const { a, b, room } = await pair()
    const count = 40
    const mode = zk.CreateMode.PERSISTENT_SEQUENTIAL
    const paths = await Promise.all(
      Array.from({ length: count }, (_, i) => [a, b][i % 2]!.create(`${room}/n-`, { mode })),
    )
    const expected = Array.from(
      { length: count },
      (_, i) => `${room}/n-${`${i}`.padStart(10, '0')}`,
    )
    expect([...paths].sort()).to.deep.equal(expected)
    // Each client's own are in the order of its calls.
    for (const own of [0, 1].map((side) => paths.filter((_, i) => i % 2 === side))) {
      expect(own).to.deep.equal([...own].sort())
    }
    // A deleted one's number does not come back.
    await a.remove(expected.at(-1)!)
    expect(await a.create(`${room}/n-`, { mode })).to.equal(`${room}/n-${'40'.padStart(10, '0')}`)
  })

  it('goes to the other proxy when its own is killed: same session, ephemerals, watches', async () => {
    const { b, room } = await pair()
    // Refused until the change is made, so that it is made while the client is away.
    const relay = await TcpFaultProxy.start(servers.b.connectString)
    servers.atEnd(() => relay.stop())
    relay.refuse(true)
    const client = await connect(`${servers.a.connectString},${relay.host}`)
    const { sessionId } = client
    await client.create(`${room}/e`, { mode: zk.CreateMode.EPHEMERAL })
    const missed = [
      nextEvent((watcher) => client.getData(room, watcher)),
      nextEvent((watcher) => client.getChildren(room, watcher)),
      nextEvent((watcher) => client.exists(`${room}/made`, watcher)),
    ]
    const later = nextEvent((watcher) => client.exists(`${room}/later`, watcher))
    await Promise.all([...missed, later].map(({ armed }) => armed))
    await syncThrough(b, `${room}/e`)

    const away = client.nextState('disconnected')
    await servers.a.kill()
    await away
    await b.create(`${room}/made`)
    await b.setData(room, 'changed')
    const back = client.nextState('connected')
    relay.refuse(false)
    await back
    expect(client.sessionId).to.equal(sessionId)

    const events = await Promise.all(missed.map(({ event }) => event()))
    expect(events).to.deep.equal([
      ['NODE_DATA_CHANGED', room],
      ['NODE_CHILDREN_CHANGED', room],
      ['NODE_CREATED', `${room}/made`],
    ])
    await b.create(`${room}/later`)
    expect(await later.event()).to.deep.equal(['NODE_CREATED', `${room}/later`])
    const owner = (await client.exists(`${room}/e`))!.ephemeralOwner.toString('hex')
    expect(owner).to.equal(sessionId)
    expect(client.states).to.deep.equal(['SYNC_CONNECTED', 'DISCONNECTED', 'SYNC_CONNECTED'])
  })

  it('loses its session when it is silent, as another client sees and as it is told', async () => {
    const { b, room } = await pair()
    const relay = await TcpFaultProxy.start(servers.a.connectString)
    servers.atEnd(() => relay.stop())
    const sessionTimeoutMs = 1_500
    const client = await connect(relay.host, { sessionTimeoutMs })
    await client.create(`${room}/e`, { mode: zk.CreateMode.EPHEMERAL })
    await syncThrough(b, `${room}/e`)
    const gone = nextEvent((watcher) => b.exists(`${room}/e`, watcher))
    await gone.armed
    const silentSince = performance.now()
    relay.pause('up')
    expect(await gone.event()).to.deep.equal(['NODE_DELETED', `${room}/e`])
    const tookMs = performance.now() - silentSince
    // The last ping may have been sent up to a third of the timeout before.
    expect(tookMs).to.be.at.least((sessionTimeoutMs * 2) / 3 - 100)
    const expired = client.nextState('expired')
    relay.resume('up')
    relay.cut()
    await expired
    expect(client.states).to.include('EXPIRED')
  })

  function proxyOf(client: NodeClient): typeof servers.a {
    const { remotePort } = (
      client.raw as unknown as { connectionManager: { socket: { remotePort: number } } }
    ).connectionManager.socket
    return [servers.a, servers.b].find(({ port }) => port === remotePort)!
  }
})

/** Sets a watch by `arm`, whose answer is `armed`; `event` waits for what it brings. */
function nextEvent<T>(
  arm: (watcher: (event: NodeEvent) => void) => Promise<T>,
  also?: (event: NodeEvent) => void,
): { armed: Promise<T>; event: () => Promise<[name: string, path: string]> } {
  let fire: (event: [string, string]) => void
  const event = new Promise<[string, string]>((resolve) => {
    fire = resolve
  })
  const armed = arm((seen) => {
    also?.(seen)
    fire([seen.name, seen.path])
  })
  return { armed, event: () => within(PATIENCE_MS, 'watch event', event) }
}

/**
 * Until the client sees the znode. This client has no sync(); a write of its own has the same
 * effect: whatever was committed before it is visible after it.
 */
async function syncThrough(client: NodeClient, path: string): Promise<void> {
  const error = await codeOf(client.remove('/no such znode'))
  expect(error).to.equal(NO_NODE)
  expect(await client.exists(path), `${path} seen after an own write`).not.to.equal(null)
}

/** Until the client reads this data, woken by its watches. */
async function untilData(client: NodeClient, path: string, expected: string): Promise<void> {
  for (;;) {
    const changed = nextEvent((watcher) => client.getData(path, watcher))
    if ((await changed.armed).data === expected) return
    await changed.event()
  }
}

/** The error code, or undefined when there was no error. */
async function codeOf(attempt: Promise<unknown>): Promise<number | undefined> {
  return attempt.then(
    () => undefined,
    (error: { code: number }) => error.code,
  )
}
