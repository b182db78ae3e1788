/** The etcd adapter on three real members, of which one hangs: who is used, and for how long not. */
import { expect } from 'chai'
import { openEtcdStore } from '../../adapters/etcd/etcd-store.ts'
import { systemRandom } from '../../lib/base/clock.ts'
import type { ServerStore } from '../../lib/store/server-store.ts'
import { Space } from '../conformance/support.ts'
import { EtcdMember } from '../faults/bed/etcd-member.ts'
import { requireEtcd } from '../support/etcd-server.ts'
import { eventually } from '../support/eventually.ts'
import { freePorts } from '../support/free-port.ts'
import { TcpFaultProxy } from '../support/tcp-fault-proxy.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'

const size = 3

describe('etcd of three members', function () {
  this.timeout(60_000)
  let folder: string | undefined
  let members: EtcdMember[] = []
  /** One before each member. */
  let links: TcpFaultProxy[] = []
  const stores: ServerStore[] = []

  before(async function () {
    requireEtcd(this)
    folder = temporaryFolder('etcd-members')
    const ports = await freePorts(2 * size)
    const url = (index: number): string => `http://127.0.0.1:${ports[size + index]}`
    const indexes = [...Array(size).keys()]
    members = indexes.map(
      (index) =>
        new EtcdMember({
          name: `m${index}`,
          clientPort: ports[index]!,
          peerPort: ports[size + index]!,
          initialCluster: indexes.map((each) => `m${each}=${url(each)}`).join(','),
          advertisedPeerUrl: url(index),
          folder: folder!,
        }),
    )
    for (const member of members) member.launch()
    for (const { api } of members) {
      await eventually('a member answers', () => api.confirm().catch(() => undefined), 30_000)
    }
  })

  after(async () => {
    await Promise.all(members.map((member) => member.kill()))
    if (folder !== undefined) removeFolder(folder)
  })

  beforeEach(async () => {
    links = await Promise.all(members.map(({ host }) => TcpFaultProxy.start(host)))
  })

  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close()
    for (const link of links) await link.stop()
  })

  /** It prefers member `first`. */
  async function open(first: number): Promise<ServerStore> {
    const fraction = (): number => first / size
    const store = await openEtcdStore({
      hosts: links.map(({ host }) => host),
      random: { ...systemRandom, fraction },
    })
    stores.push(store)
    return store
  }

  for (const first of [0, 1, 2]) {
    it(`a store that begins at member ${first} has each channel at another one`, async () => {
      const store = await open(first)
      const space = new Space(store)
      const opened = links.map(({ connections }) => connections)
      const revision = await space.write(space.put('a'))
      const [kv, watch, lease] = [0, 1, 2].map((offset) => (first + offset) % size)
      expect(opened[watch!], 'nothing but the first member was used to open it').to.equal(0)
      expect(opened[lease!]).to.equal(0)
      const watching = space.watch(revision + 1)
      await space.write(space.put('b'))
      expect((await watching.events(1))[0]).to.equal('put b=v')
      expect(links[watch!]!.connections).to.be.above(0)
      expect(links[lease!]!.connections).to.equal(0)
      await store.grantLease({ ttlMs: 10_000 })
      expect(links[lease!]!.connections).to.be.above(0)
      expect(links[kv!]!.connections).to.be.above(0)
      await watching.end()
    })
  }

  it('one that hangs: an unanswered write goes to another, and later calls do not wait', async () => {
    const store = await open(1)
    const space = new Space(store)
    await space.write(space.put('a', '0'))
    links[1]!.pause('up')
    const created = { target: 'version', key: space.key('b'), equals: 0 } as const
    const txn = { compares: [created], ops: [space.put('b', '1')] }
    const first = store.txn(txn).catch((error: Error) => error)
    // Long enough for the member to count as silent.
    const silent = new Promise((resolve) => setTimeout(resolve, 200))
    expect(await Promise.race([first, silent])).to.equal(undefined)
    expect((await store.txn(txn, { suspect: true })).committed).to.equal(true)
    const before = links.map(({ connections }) => connections)
    // Neither needs the hint, nor the deadline of a call to the first member.
    await space.write(space.put('c', '1'))
    expect(space.names(await space.all())).to.deep.equal(['a', 'b', 'c'])
    expect(links[1]!.connections, 'it was not tried').to.equal(before[1])
    links[1]!.resume('up')
    // The guard does not hold any more: what was held up arrives, and changes nothing.
    expect(await first).to.deep.include({ committed: false })
  })

  it('a watch that was behind is opened again at another member, and others stay where they are', async () => {
    const store = await open(0)
    const space = new Space(store)
    const revision = await space.write(space.put('a'))
    const openWatch = (suspect: boolean) => {
      const stop = new AbortController()
      const { start, end } = space
      const options = { start, end, fromRevision: revision, suspect, signal: stop.signal }
      const first = store.watch(options)[Symbol.asyncIterator]().next()
      return { stop, first }
    }
    const before = openWatch(false)
    await before.first
    const [at0, at1, at2] = links.map(({ connections }) => connections)
    expect(at1).to.be.above(0)
    before.stop.abort()
    const again = openWatch(true)
    await again.first
    expect(links[1]!.connections, 'the member that was behind').to.equal(at1)
    expect(links[2]!.connections, 'the next one').to.be.above(at2!)
    expect(links[0]!.connections, 'that of commits').to.equal(at0)
    again.stop.abort()
  })

  it('a renewal does not wait for one that hangs', async () => {
    const store = await open(0)
    const { id } = await store.grantLease({ ttlMs: 30_000 })
    await store.keepLeaseAlive(id)
    links[2]!.pause('up')
    const { ttlMs } = await store.keepLeaseAlive(id)
    expect(ttlMs).to.equal(30_000)
    expect(links[0]!.connections + links[1]!.connections).to.be.above(0)
  })
})
