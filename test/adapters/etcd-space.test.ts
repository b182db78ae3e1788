/**
 * What real etcds say of their space, and whether one may be defragmented: members that are down, stopped or cut off
 * from the others, and a store that nobody has logged in to.
 */
import { expect } from 'chai'
import { Etcd3 } from 'etcd3'
import type { Context } from 'mocha'
import { openEtcdStore } from '../../adapters/etcd/etcd-store.ts'
import type { MetadataStore } from '../../lib/store/metadata-store.ts'
import type { ReclaimStep } from '../../lib/store/types.ts'
import { rejection } from '../conformance/support.ts'
import { EtcdMember } from '../faults/bed/etcd-member.ts'
import { PeerLinks } from '../faults/bed/peer-links.ts'
import { requireEtcd, startEtcd } from '../support/etcd-server.ts'
import { eventually } from '../support/eventually.ts'
import { freePorts } from '../support/free-port.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'

const SIZE = 3

describe('etcd space', function () {
  this.timeout(120_000)
  const ends: (() => Promise<unknown> | unknown)[] = []

  before(function (this: Context) {
    requireEtcd(this)
  })
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end()
  })

  async function start(
    flags: readonly string[] = [],
  ): Promise<{ members: EtcdMember[]; links: PeerLinks; store: MetadataStore }> {
    const folder = temporaryFolder('etcd-space')
    ends.push(() => removeFolder(folder))
    const members: EtcdMember[] = []
    const links = await PeerLinks.start(SIZE, () => members.map(({ pid }) => pid))
    ends.push(() => links.stop())
    const ports = await freePorts(2 * SIZE)
    const indexes = [...Array(SIZE).keys()]
    const initialCluster = indexes.map((index) => `m${index}=${links.url(index)}`).join(',')
    for (const index of indexes) {
      const member = new EtcdMember({
        ...{ name: `m${index}`, initialCluster, folder, flags },
        clientPort: ports[index]!,
        peerPort: ports[SIZE + index]!,
        advertisedPeerUrl: links.url(index),
      })
      links.lead(index, member.peerHost)
      members.push(member)
      ends.push(() => member.kill())
      member.launch()
    }
    for (const { api } of members) {
      await eventually('a member answers', () => api.confirm().catch(() => undefined), 60_000)
    }
    const hosts = members.map(({ host }) => host)
    const store = await openEtcdStore({ hosts, readTimeoutMs: 2_000 })
    ends.push(() => store.close())
    return { members, links, store }
  }

  it('is that of the members that answer, while one is stopped and another one gone', async () => {
    const { members, store } = await start()
    const [gone, stopped, left] = members as [EtcdMember, EtcdMember, EtcdMember]
    await left.api.put('filler', Buffer.alloc(500_000))
    for (const { api } of members) {
      await eventually('written', async () => (await api.status()).dbSize > 500_000, 30_000)
    }
    const all = await store.space!()
    expect(all.usedBytes).to.be.above(500_000)
    expect(all).to.include({ isFull: false, hasHistory: true, maxBytes: 2 * 2 ** 30 })
    await gone.kill()
    stopped.signal('SIGSTOP')
    const rest = await store.space!()
    expect(rest.usedBytes).to.be.above(500_000)
    for (const { host } of members) expect(rest.remedy).to.include(host)
    // Out of reach it is not known, and asked again: others report that.
    await left.kill()
    const error = await rejection(store.space!(), 'STORE_UNAVAILABLE', 'STORE_TIMEOUT')
    expect(error.retriable).to.equal(true)
  })

  it('no member is defragmented while one that reports a leader answers no linearizable read', async () => {
    // Cut off, a follower believes in its leader until the election timeout is over.
    const { members, links, store } = await start(['--election-timeout=20000'])
    const steps: ReclaimStep[] = []
    const reclaim = () =>
      store.reclaim!({
        ...{ ratio: 0, share: 0, freeShare: 0.9, timeoutMs: 30_000 },
        mayGoOn: () => true,
        onStep: (step) => steps.push(step),
      })
    const statuses = await Promise.all(members.map(({ api }) => api.status()))
    const index = statuses.findIndex(({ memberId, leader }) => memberId !== leader)
    links.cutOff(index)
    const refused = await rejection(reclaim(), 'STORE_UNAVAILABLE')
    expect(refused.message).to.include(`${members[index]!.host} does not answer`)
    expect(steps).to.deep.equal([])
    expect((await members[index]!.api.status()).leader).not.to.equal('0')
    links.heal()
    await eventually(
      'all answer',
      () => members[index]!.api.confirm().catch(() => undefined),
      60_000,
    )
    await reclaim()
    expect(steps.map(({ what }) => what)).to.deep.equal(Array(SIZE).fill('defragmented'))
  })

  it('is refused to who has not logged in, for good; a user with rights to nothing may know it', async () => {
    const etcd = await startEtcd()
    ends.push(() => etcd.stop())
    const nobody = await openEtcdStore({ hosts: [etcd.host] })
    ends.push(() => nobody.close())
    expect((await nobody.space!()).usedBytes).to.be.above(0)
    const auth = { username: 'keeper', password: 'secret' }
    const root = new Etcd3({ hosts: etcd.host })
    for (const { username, password } of [{ ...auth, username: 'root' }, auth]) {
      await root.user(username).create(password)
    }
    await root.user('root').addRole('root')
    await root.auth.authEnable()
    root.close()
    const error = await rejection(nobody.space!(), 'STORE_UNAUTHENTICATED')
    expect(error.retriable).to.equal(false)
    const keeper = await openEtcdStore({ hosts: [etcd.host], credentials: auth, txnOpsMax: 128 })
    ends.push(() => keeper.close())
    expect((await keeper.space!()).usedBytes).to.be.above(0)
  })
})
