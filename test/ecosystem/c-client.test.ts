/** The official C client, as the npm package `zookeeper` builds it, against two proxies on one etcd. */
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import type ZooKeeper from 'zookeeper'
import { spawnChild } from '../support/child.ts'
import { PATIENCE_MS, useTwoProxies, within } from './two-proxies.ts'

const holder = fileURLToPath(new URL('./c-client-holder.mjs', import.meta.url))

interface CStat {
  version: number
  numChildren: number
  ephemeralOwner: string
  dataLength: number
}

describe('the official C client (npm zookeeper)', () => {
  const servers = useTwoProxies({ needs: ['zookeeper-npm'] })
  let Client: typeof ZooKeeper

  before(async () => {
    // Not at the top: where the addon was not built, the file must still load.
    Client = (await import('zookeeper')).default
  })

  /** Closed at the test's end. */
  async function connect(connectString: string, timeoutMs = 10_000): Promise<ZooKeeper> {
    const client = new Client({
      connect: connectString,
      timeout: timeoutMs,
      host_order_deterministic: true,
    })
    client.setLogger(false)
    const connected = emitted(client, 'connect')
    client.init({})
    servers.atEnd(() => client.close())
    await connected
    return client
  }

  async function pair(): Promise<{ a: ZooKeeper; b: ZooKeeper; room: string }> {
    const a = await connect(servers.a.connectString)
    const b = await connect(servers.b.connectString)
    const room = servers.room()
    await a.create(room, '', Client.constants.ZOO_PERSISTENT)
    await b.sync(room)
    return { a, b, room }
  }

  it('creates in all its modes, containers and TTLs included', async () => {
    const { a, b, room } = await pair()
    const c = Client.constants
    const modes: [name: string, flags: number, ttlMs?: number][] = [
      ['plain', c.ZOO_PERSISTENT],
      ['ephemeral', c.ZOO_EPHEMERAL],
      ['n-', c.ZOO_PERSISTENT_SEQUENTIAL],
      ['e-', c.ZOO_EPHEMERAL_SEQUENTIAL],
      ['container', c.ZOO_CONTAINER],
      ['ttl', c.ZOO_PERSISTENT_WITH_TTL, 60_000],
      ['t-', c.ZOO_PERSISTENT_SEQUENTIAL_WITH_TTL, 60_000],
    ]
    const made: string[] = []
    for (const [name, flags, ttl] of modes) {
      made.push(await a.create(`${room}/${name}`, 'x', flags, ttl))
    }
    expect(made.map((path) => path.slice(room.length + 1))).to.deep.equal([
      'plain',
      'ephemeral',
      'n-0000000002',
      'e-0000000003',
      'container',
      'ttl',
      't-0000000006',
    ])
    await b.sync(room)
    const owners = await Promise.all(
      made.map(async (path) => (await statOf(b, path)).ephemeralOwner),
    )
    const session = String(a.client_id)
    // As in ZooKeeper, a stat shows neither that it is a container nor its TTL.
    expect(owners).to.deep.equal(['0', session, '0', session, '0', '0', '0'])
    expect(await codeOf(a.create(room, '', 0))).to.equal(c.ZNODEEXISTS)
    expect(await codeOf(a.create(`${room}/none/below`, '', 0))).to.equal(c.ZNONODE)
    expect(await codeOf(a.create(made[1]!.concat('/x'), '', 0))).to.equal(
      c.ZNOCHILDRENFOREPHEMERALS,
    )
  })

  it('reads and writes by version, and is told of changes through the other proxy', async () => {
    const { a, b, room } = await pair()
    const c = Client.constants
    const seen: [what: string, type: number, path: string][] = []
    const watch = (what: string) => {
      const { promise, fire } = signal()
      const callback = (type: number, _state: number, path: string) => {
        seen.push([what, type, path])
        fire()
      }
      return { callback, fired: within(PATIENCE_MS, `watch event (${what})`, promise) }
    }
    const [data, children, made] = ['data', 'children', 'exists'].map(watch)
    await b.w_get(room, data!.callback)
    await b.w_get_children(room, children!.callback)
    expect(await codeOf(b.w_exists(`${room}/made`, made!.callback))).to.equal(c.ZNONODE)
    await a.create(`${room}/made`, '', 0)
    await made!.fired
    await children!.fired
    expect((await a.set(room, 'one', 0)) as unknown as CStat).to.include({ version: 1 })
    await data!.fired
    expect(seen).to.have.deep.members([
      ['exists', c.ZOO_CREATED_EVENT, `${room}/made`],
      ['children', c.ZOO_CHILD_EVENT, room],
      ['data', c.ZOO_CHANGED_EVENT, room],
    ])
    expect(await codeOf(a.set(room, 'two', 0))).to.equal(c.ZBADVERSION)
    expect(await codeOf(a.delete_(room, -1))).to.equal(c.ZNOTEMPTY)
    const [stat, bytes] = (await b.get(room, false)) as unknown as [CStat, Buffer]
    expect([bytes.toString(), stat.version, stat.numChildren]).to.deep.equal(['one', 1, 1])
    await b.delete_(`${room}/made`, 0)
    await b.delete_(room, 1)
    expect(await codeOf(b.get(room, false))).to.equal(c.ZNONODE)
  })

  it('keeps others out by digest ACLs', async () => {
    const { a, b, room } = await pair()
    const c = Client.constants
    await addAuth(a, 'bob:secret')
    const all = { perms: c.ZOO_PERM_ALL, scheme: 'auth', auth: '' }
    await a.set_acl(room, 0, [all] as never)
    await b.sync(room)
    expect(await codeOf(b.get(room, false))).to.equal(c.ZNOAUTH)
    await addAuth(b, 'bob:secret')
    const [acl] = (await b.get_acl(room)) as unknown as [{ perms: number; scheme: string }[]]
    expect(acl).to.have.length(1)
    expect(acl[0]).to.include({ perms: 31, scheme: 'digest' })
  })

  it('reads an empty dynamic configuration', async () => {
    const { a } = await pair()
    const [, bytes] = (await a.getconfig(false)) as unknown as [CStat, Buffer | undefined]
    expect(bytes?.toString() ?? '').to.equal('')
  })

  it('goes down its list of hosts: same session, ephemerals, watches', async () => {
    const { b, room } = await pair()
    const c = Client.constants
    const client = await connect(servers.connectString)
    const session = String(client.client_id)
    await client.create(`${room}/e`, '', c.ZOO_EPHEMERAL)
    const { promise, fire } = signal()
    await client.w_get(room, (type: number) => type === c.ZOO_CHANGED_EVENT && fire())
    const left = emitted(client, 'connecting')
    const back = emitted(client, 'connect')
    await servers.a.kill()
    await left
    await back
    expect(String(client.client_id)).to.equal(session)
    await b.set(room, 'changed', -1)
    await within(PATIENCE_MS, 'event of the watch set on the killed proxy', promise)
    expect((await statOf(client, `${room}/e`)).ephemeralOwner).to.equal(session)
  })

  it('connects when the first host of its list is down', async () => {
    await servers.a.kill()
    const client = await connect(servers.connectString)
    const room = servers.room()
    expect(await client.create(room, '', 0)).to.equal(room)
  })

  it('loses its session when its process is killed', async () => {
    const { b, room } = await pair()
    const c = Client.constants
    const timeoutMs = 1_500
    const child = spawnChild({
      name: 'C client',
      command: process.execPath,
      args: [holder, servers.a.connectString, `${timeoutMs}`, `${room}/e`],
    })
    servers.atEnd(() => child.kill())
    await child.waitForLine(/^holding/)
    await b.sync(room)
    const { promise, fire } = signal()
    await b.w_exists(`${room}/e`, (type: number) => type === c.ZOO_DELETED_EVENT && fire())
    const killedAt = performance.now()
    await child.kill()
    await within(PATIENCE_MS, 'end of the ephemeral', promise)
    // Its last ping may have been sent up to a third of the timeout before.
    expect(performance.now() - killedAt).to.be.at.least((timeoutMs * 2) / 3 - 100)
    expect(await codeOf(b.exists(`${room}/e`, false))).to.equal(c.ZNONODE)
  })
})

async function statOf(client: ZooKeeper, path: string): Promise<CStat> {
  return (await client.exists(path, false)) as unknown as CStat
}

async function addAuth(client: ZooKeeper, auth: string): Promise<void> {
  const added = new Promise<void>((resolve, reject) => {
    client.add_auth('digest', auth, (code: number) =>
      code === 0 ? resolve() : reject(new Error(`add_auth: ${code}`)),
    )
  })
  // An idle client of this package sends the credentials only with its next request or ping.
  await client.exists('/', false)
  await added
}

function emitted(client: ZooKeeper, event: string): Promise<void> {
  const { promise, fire } = signal()
  client.once(event, fire)
  return within(PATIENCE_MS, event, promise)
}

function signal(): { promise: Promise<void>; fire: () => void } {
  let fire = () => {}
  const promise = new Promise<void>((resolve) => {
    fire = resolve
  })
  return { promise, fire: () => fire() }
}

/** The package rejects with `${code} ${text}`. undefined: no error. */
function codeOf(attempt: Promise<unknown>): Promise<number | undefined> {
  return attempt.then(
    () => undefined,
    (error: Error) => Number.parseInt(error.message, 10),
  )
}
