/** A client over the wire, of a server that answers in part, wrongly, or not: it neither waits for ever nor hammers. */
import { expect } from 'chai'
import { connect, type ZnodeError, type ZooKeeper } from '../../index.ts'
import { OP, ZK_ERRORS } from '../../lib/internal.ts'
import { eventually } from '../support/eventually.ts'
import { HostileServer, type Script } from '../support/hostile-server.ts'

const WAIT_MS = 5_000
const NO_NODE = ZK_ERRORS.NO_NODE.errno

const settled = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'done',
    ({ code, name }: ZnodeError) => (typeof code === 'string' ? code : name),
  )

describe('keeper/client-hostile-server', function () {
  this.timeout(20_000)
  const servers: HostileServer[] = []
  const clients: ZooKeeper[] = []

  async function serve(script: Script): Promise<HostileServer> {
    const server = await HostileServer.start(script)
    servers.push(server)
    return server
  }
  async function open(...args: Parameters<typeof connect>): Promise<ZooKeeper> {
    const client = await connect(...args)
    clients.push(client)
    return client
  }
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close()
    for (const server of servers.splice(0)) await server.stop()
  })

  it('what is called behind close() is rejected, and so is a proof without an answer', async () => {
    const server = await serve({})
    const zk = await open(server.url)
    const proof = settled(zk.addAuth('digest', 'a:b'))
    const closing = zk.close()
    const read = settled(zk.getData('/'))
    const write = settled(zk.create('/a'))
    await closing
    expect([await proof, await read, await write]).to.deep.equal([
      'ZK_CONNECTION_LOSS',
      'ZK_SESSION_EXPIRED',
      'ZK_SESSION_EXPIRED',
    ])
  })

  it('a proof without an answer: connect() keeps to connectMs and the signal', async () => {
    const server = await serve({ greeted: (connection) => connection.welcome(60_000) })
    const options = { digest: 'a:b', connectMs: 200 }
    expect(await settled(connect(server.url, options))).to.equal('ZK_CONNECTION_LOSS')
    const abort = new AbortController()
    const opening = settled(connect(server.url, { digest: 'a:b', signal: abort.signal }))
    await eventually('the greeting', () => server.connections[1]?.greeting !== undefined, WAIT_MS)
    abort.abort()
    expect(await opening).to.equal('AbortError')
  })

  it('what is no reply of a server ends the attempt, not the client', async () => {
    for (const bytes of [
      'HTTP/1.1 400 Bad Request',
      '\x7f\xff\xff\xff',
      '\0\0\0\0',
      '\0\0\0\x28\x01',
    ]) {
      let tries = 0
      const server = await serve({
        greeted(connection) {
          if (tries++ === 0) connection.socket.end(Buffer.from(bytes, 'latin1'))
          else connection.welcome()
        },
      })
      const zk = await open(server.url)
      expect([tries, zk.state]).to.deep.equal([2, 'connected'])
    }
  })

  it('a reply that nobody waits for ends the connection; an event that nobody waits for does nothing', async () => {
    const server = await serve({})
    const zk = await open(server.url)
    const [first] = server.connections
    for (const path of ['', 'no-path', '/never']) first?.event(3, path)
    first?.event(99, '/never')
    first?.reply(77)
    await eventually('another connection', () => server.connections.length === 2, WAIT_MS)
    await eventually('the session', () => zk.state === 'connected', WAIT_MS)
  })

  it('a server that welcomes and hangs up again and again is not hammered', async () => {
    const server = await serve({
      greeted(connection) {
        connection.welcome()
        if (server.connections.length > 1) connection.socket.end()
      },
    })
    await open(server.url)
    server.connections[0]?.socket.destroy()
    const fromMs = performance.now()
    await eventually('the fifth try', () => server.connections.length >= 6, WAIT_MS)
    expect(performance.now() - fromMs).to.be.above(600)
  })

  it('with a long chroot watches are restored in requests that a server takes, all of them', async () => {
    const sizes: number[] = []
    const server = await serve({
      requested(connection, xid, op, bytes) {
        if (op === OP.exists) connection.reply(xid, NO_NODE)
        if (op !== OP.setWatches) return
        sizes.push(bytes)
        connection.reply(xid)
      },
    })
    const prefix = `/${'x'.repeat(400)}`
    const zk = await open(server.url, { chroot: prefix })
    const paths = Array.from({ length: 3_000 }, (_, i) => `/${i}`)
    await Promise.all(paths.map((path) => zk.exists(path, () => {})))
    server.connections[0]?.socket.destroy()
    const least = paths.reduce((sum, path) => sum + prefix.length + path.length + 4, 0)
    const sum = (): number => sizes.reduce((all, one) => all + one, 0)
    await eventually('all watches', () => sum() >= least, WAIT_MS)
    expect(Math.max(...sizes)).to.be.below(128 * 1024 + 1_000)
  })

  it('watches are restored within requestBytesMax', async () => {
    const sizes: number[] = []
    const server = await serve({
      requested(connection, xid, op, bytes) {
        if (op === OP.exists) connection.reply(xid, NO_NODE)
        if (op === OP.setWatches) sizes.push(bytes)
      },
    })
    const zk = await open(server.url, { requestBytesMax: 200 })
    await Promise.all(Array.from({ length: 50 }, (_, i) => zk.exists(`/path-${i}`, () => {})))
    server.connections[0]?.socket.destroy()
    const least = 50 * 11
    await eventually('all', () => sizes.reduce((all, one) => all + one, 0) >= least, WAIT_MS)
    expect(Math.max(...sizes)).to.be.at.most(200)
  })

  it('a watch that is set while another one is removed stays at the server', async () => {
    const ops: number[] = []
    const server = await serve({
      requested(connection, xid, op) {
        ops.push(op)
        if (op === OP.addWatch) connection.reply(xid, 0, 0)
        if (op === OP.removeWatches) connection.reply(xid)
      },
    })
    const zk = await open(server.url)
    const [one, two] = [() => {}, () => {}]
    await zk.addWatch('/a', one)
    const adding = zk.addWatch('/a', two)
    await zk.removeWatch('/a', one)
    await adding
    expect(ops).to.deep.equal([OP.addWatch, OP.addWatch])
    await zk.removeWatch('/a', two)
    expect(ops.at(-1)).to.equal(OP.removeWatches)
  })

  it('watch() ends with its signal, also before its watch is set', async () => {
    const server = await serve({})
    const zk = await open(server.url)
    const abort = new AbortController()
    const step = settled(zk.watch('/a', { signal: abort.signal }).next())
    abort.abort()
    expect(await step).to.equal('AbortError')
  })

  it('after another session began, no newer zxid of the one before is claimed', async () => {
    let sessions = 0n
    const server = await serve({
      syncs: true,
      greeted(connection) {
        const isNew = connection.greeting?.sessionId === 0n
        connection.welcome(isNew ? 4_000 : 0, isNew ? ++sessions : 0n)
      },
      requested(connection, xid, op) {
        if (op === OP.exists) connection.reply(xid, NO_NODE, undefined, 9)
        // A path of no characters.
        if (op === OP.sync) connection.reply(xid, 0, 0, 3)
      },
    })
    const zk = await open(server.url, { renew: true })
    await zk.exists('/a')
    expect(zk.lastZxid).to.equal(9)
    server.connections[0]?.socket.destroy()
    await eventually('the next session', () => zk.sessionId === 2n, WAIT_MS)
    expect(zk.lastZxid).to.equal(3)
  })

  it('states are reported in order to all, also when a listener causes the next one', async () => {
    const server = await serve({})
    const zk = await open(server.url)
    const seen: string[] = []
    const closed = new Promise<void>((resolve) => {
      zk.onStateChange((state) => {
        if (state === 'suspended') void zk.close()
        else resolve()
      })
    })
    const gone = zk.onStateChange(() => seen.push('cancelled'))
    zk.onStateChange((state) => seen.push(state))
    gone()
    server.connections[0]?.socket.destroy()
    await closed
    expect(seen).to.deep.equal(['suspended', 'closed'])
  })

  it('the longest times are long', async () => {
    const longest = Number.MAX_SAFE_INTEGER
    const server = await serve({
      requested(connection, xid, op) {
        if (op === OP.exists) connection.reply(xid, NO_NODE)
      },
    })
    const zk = await open(server.url, { connectMs: longest, retryMs: longest })
    const isAway = new Promise<void>((resolve) => {
      zk.onStateChange((state) => state === 'suspended' && resolve())
    })
    server.connections[0]?.socket.destroy()
    await isAway
    expect(await zk.exists('/a')).to.equal(undefined)
  })
})
