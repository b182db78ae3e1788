/** Another etcd cluster behind an address: refused while ours answers, then taken for what it is. */
import { expect } from 'chai'
// Not by openStore(): what it imports later has errors of other classes than ours under mocha.
import { openEtcdStore } from '../../adapters/etcd/etcd-store.ts'
import { type ClientState, connect, Keeper, type MetadataStore } from '../../lib/index.ts'
import { type EtcdServer, startEtcd } from '../support/etcd-server.ts'
import { eventually as eventuallyWithin } from '../support/eventually.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { TcpFaultProxy } from '../support/tcp-fault-proxy.ts'
import { pictureOf } from '../support/tree-picture.ts'

const eventually = (what: string, check: () => boolean): Promise<unknown> =>
  eventuallyWithin(what, check, 30_000)

describe('another cluster at an address', () => {
  let ours: EtcdServer
  let theirs: EtcdServer
  let links: TcpFaultProxy[]
  const opened: { keeper: Keeper; store: MetadataStore }[] = []

  beforeEach(async function () {
    requireOrSkip(this, 'etcd')
    ours = await startEtcd()
    theirs = await startEtcd()
    links = [await TcpFaultProxy.start(ours.host), await TcpFaultProxy.start(ours.host)]
  })
  afterEach(async () => {
    for (const { keeper, store } of opened.splice(0)) {
      await keeper.close(0)
      await store.close()
    }
    for (const link of links ?? []) await link.stop()
    await ours?.stop()
    await theirs?.stop()
  })

  async function open(...hosts: string[]): Promise<Keeper> {
    const store = await openEtcdStore({ hosts })
    const keeper = await Keeper.open({ store })
    opened.push({ keeper, store })
    return keeper
  }

  /** A tree of its own, longer than ours: its numbers alone would pass for the continuation. */
  async function plantTheirs(): Promise<Keeper> {
    const keeper = await open(theirs.host)
    const client = await connect(keeper)
    for (let i = 0; i < 20; i++) await client.create(`/theirs-${i}`)
    return keeper
  }

  it('one of two addresses: its answers are refused, and nothing of it is served', async () => {
    const other = await plantTheirs()
    const keeper = await open(links[0]!.host, links[1]!.host)
    const client = await connect(keeper)
    await client.create('/ours')
    const before = links[0]!.connections
    links[0]!.redirect(theirs.host)
    links[0]!.cut()
    for (let i = 0; i < 20; i++) {
      await client.create(`/ours-${i}`)
      await client.sync()
    }
    await eventually('the other cluster was asked', () => links[0]!.connections > before)
    expect(keeper.historyLossCount).to.equal(0)
    expect(Object.keys(pictureOf(keeper).nodes as object).join()).not.to.include('theirs')
    expect(Object.keys(pictureOf(other).nodes as object).join()).not.to.include('ours')
  })

  it('one of two addresses: its answers about leases are refused, too', async () => {
    const store = await openEtcdStore({ hosts: [links[0]!.host, links[1]!.host] })
    try {
      const { id } = await store.grantLease({ ttlMs: 60_000 })
      for (let i = 0; i < 4; i++) {
        // Which of the two is used is drawn: each is theirs in turn.
        const link = links[i % 2]!
        link.redirect(theirs.host)
        link.cut()
        for (let k = 0; k < 4; k++) {
          expect((await store.keepLeaseAlive(id)).ttlMs).to.be.above(0)
          const granted = await store.grantLease({ ttlMs: 60_000 })
          expect((await store.keepLeaseAlive(granted.id)).ttlMs).to.be.above(0)
        }
        link.redirect(ours.host)
        link.cut()
      }
    } finally {
      await store.close()
    }
  })

  it('the only address: that it does not have our lease is not for it to say', async () => {
    const store = await openEtcdStore({ hosts: [links[0]!.host] })
    try {
      const { id } = await store.grantLease({ ttlMs: 60_000 })
      links[0]!.redirect(theirs.host)
      links[0]!.cut()
      // The first may fail with the connection. The other one is taken for the store only later.
      for (let i = 0; i < 2; i++) {
        const refused = await store.keepLeaseAlive(id).catch(({ code }) => code)
        expect(refused).to.equal('STORE_UNAVAILABLE')
      }
    } finally {
      await store.close()
    }
  })

  it('all addresses: it is taken after some refusals, as a history that went back', async () => {
    const other = await plantTheirs()
    const keeper = await open(links[0]!.host)
    const seen: ClientState[] = []
    const client = await connect(keeper, { onState: (state) => seen.push(state) })
    await client.create('/ours')
    links[0]!.redirect(theirs.host)
    links[0]!.cut()
    await eventually('the session is lost', () => seen.includes('lost'))
    await eventually('serving', () => keeper.isServing)
    expect(keeper.historyLossCount).to.equal(1)
    await keeper.sync()
    await other.sync()
    expect(pictureOf(keeper).nodes).to.deep.equal(pictureOf(other).nodes)
    expect(keeper.replica.tree.has('/ours')).to.equal(false)
    expect(Math.floor(keeper.replica.zxid / 2 ** 32)).to.be.above(0)
  })
})
