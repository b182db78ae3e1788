/**
 * An ensemble whose members are changed by reconfig while it is followed: one joins, one leaves, one serves clients at another port,
 * and at last the leader leaves. Whoever follows continues, and the record of the source has the members of now.
 */
import { createHash } from 'node:crypto'
import { AssertionError, expect } from 'chai'
import { MemoryBackend } from '../../adapters/memory/memory-backend.ts'
import { openMemoryStore } from '../../adapters/memory/memory-store.ts'
import { silentLogger } from '../../lib/base/log.ts'
import { followSource } from '../../lib/migrate/mirror.ts'
import { openSourceFeed } from '../../lib/migrate/open-source-feed.ts'
import { SourceKey } from '../../lib/migrate/source-key.ts'
import { storedTree } from '../../lib/migrate/stored-tree.ts'
import { eventually } from '../support/eventually.ts'
import { freePorts } from '../support/free-port.ts'
import { RawClient } from '../support/raw-client.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { ZookeeperEnsemble, ZookeeperServer } from '../support/zookeeper-server.ts'

const LATE_MS = 60_000
const SUPER = 'super:secret'
const superDigest = `super:${createHash('sha1').update(SUPER).digest('base64')}`
/** Three of each server, and one more for clients. */
const PORTS = 4 * 3 + 1

describe('migrate: reconfig of the ensemble that is followed', function () {
  this.timeout(180_000)
  const leaving = new AbortController()
  const store = openMemoryStore({ backend: new MemoryBackend() })
  const key = new SourceKey({ store })
  let ports: number[]
  let ensemble: ZookeeperEnsemble
  let joiner: ZookeeperServer
  let following: Promise<unknown> | undefined

  before(async function () {
    requireOrSkip(this, 'zookeeper-3.9')
    ports = await freePorts(PORTS)
    ensemble = new ZookeeperEnsemble([1, 2, 3].map((id) => server(id, [1, 2, 3])))
    joiner = server(4, [1, 2, 3, 4])
    for (const member of ensemble.members) member.launch()
    await Promise.all(ensemble.members.map((member) => member.waitUntilServing()))
    const servers = ensemble.members.map(({ host, port }) => ({ host, port }))
    following = followSource({
      ...{ store, name: 'test', logger: silentLogger, signal: leaving.signal },
      servers: servers.map(({ host, port }) => `${host}:${port}`),
      openFeed: (from) => openSourceFeed({ servers, from, logger: silentLogger }),
    })
    following.catch(() => {})
    await eventually('the copy', async () => ((await key.read())?.zxid ?? 0) > 0, LATE_MS)
  })
  after(async () => {
    leaving.abort()
    await following?.catch(() => {})
    await store.close()
    await joiner?.stop()
    await ensemble?.stop()
  })

  function line(id: number, clientPort = ports[id - 1]!): string {
    return `127.0.0.1:${ports[4 + id - 1]}:${ports[8 + id - 1]}:participant;127.0.0.1:${clientPort}`
  }

  function server(myId: number, ids: readonly number[]): ZookeeperServer {
    const peers = Object.fromEntries(ids.map((id) => [`server.${id}`, line(id)]))
    return new ZookeeperServer(
      { port: ports[myId - 1]!, peers, myId },
      {
        ...{ version: '3.9', heapMb: 96, tickTimeMs: 500 },
        config: { reconfigEnabled: 'true', standaloneEnabled: 'false' },
        properties: { 'zookeeper.DigestAuthenticationProvider.superDigest': superDigest },
      },
    )
  }

  async function admin<T>(port: number, use: (client: RawClient) => Promise<T>): Promise<T> {
    const client = await RawClient.connect({ port, timeoutMs: 10_000 })
    try {
      expect((await client.auth('digest', SUPER)).err).to.equal(0)
      return await use(client)
    } finally {
      client.destroy()
    }
  }

  const reconfig = (port: number, joining: string, leavingIds: string) =>
    admin(port, async (client) => {
      const { err } = await client.reconfig({
        ...{ joining, leaving: leavingIds, newMembers: null, curConfigId: -1 },
      })
      expect(err).to.equal(0)
    })

  /** The last write is in our tree, and the record names these members. */
  async function followed(path: string, port: number, ids: readonly number[], clients = ports) {
    await eventually(
      `a write behind ${path}`,
      () => admin(port, async (client) => (await client.create(path)).err === 0),
      LATE_MS,
    )
    await eventually(
      `${path} in our tree`,
      async () => (await storedTree(0, { store, timeoutMs: LATE_MS })).get(path) !== undefined,
      LATE_MS,
    )
    const members = {
      clients: ids.map((id) => `127.0.0.1:${clients[id - 1]}`),
      quorum: ids.map((id) => `127.0.0.1:${ports[4 + id - 1]}`),
    }
    await eventually(`the members ${ids}`, async () => {
      const now = (await key.read())?.members
      const isSo =
        JSON.stringify([now?.clients.toSorted(), now?.quorum.toSorted()]) ===
        JSON.stringify([members.clients.toSorted(), members.quorum.toSorted()])
      if (!isSo) throw new Error(JSON.stringify({ now, members }))
      return true
    })
    const { get } = await storedTree(0, { store, timeoutMs: LATE_MS })
    expect(get('/zookeeper/config')?.data ?? '').to.equal('')
  }

  it('a member joins, another one leaves, a client port changes and the leader leaves: it is followed', async () => {
    const [first] = ensemble.members
    await followed('/before', first!.port, [1, 2, 3])

    joiner.launch()
    await joiner.child.waitForPort(joiner.port, { timeoutMs: LATE_MS })
    await reconfig(first!.port, `server.4=${line(4)}`, '')
    await followed('/joined', first!.port, [1, 2, 3, 4])

    const leader = await ensemble.leader()
    const leaderId = ensemble.members.indexOf(leader) + 1
    const [moved, gone] = [1, 2, 3].filter((id) => id !== leaderId) as [number, number]
    await reconfig(leader.port, '', `${gone}`)
    const left = [1, 2, 3, 4].filter((id) => id !== gone)
    await followed('/left', leader.port, left)

    const clients = ports.with(moved - 1, ports[PORTS - 1]!)
    await reconfig(leader.port, `server.${moved}=${line(moved, ports[PORTS - 1])}`, '')
    await followed('/moved', leader.port, left, clients)

    const { connects = 0 } = (await key.read())?.counters ?? {}
    // It may be gone before it answers.
    await reconfig(leader.port, '', `${leaderId}`).catch((error: unknown) => {
      if (error instanceof AssertionError) throw error
    })
    const rest = left.filter((id) => id !== leaderId)
    await followed('/led', joiner.port, rest, clients)
    expect((await key.read())?.counters?.connects).to.be.greaterThan(connects)
    // Another client port is the same member.
    expect((await key.read())?.counters?.memberChanges).to.equal(3)
  })
})
