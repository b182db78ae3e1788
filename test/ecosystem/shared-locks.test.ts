/**
 * The library's locks and barriers beside kazoo's: kazoo through a proxy, the library as a member of its own on the same
 * etcd. Script: kazoo/shared_locks.py.
 */
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { openEtcdStore } from '../../adapters/etcd/etcd-store.ts'
import { connect, Keeper, type MetadataStore, Semaphore, type ZooKeeper } from '../../lib/index.ts'
import { PeerProgram } from '../support/peer-program.ts'
import { outcomeOf } from '../support/recipe-bench.ts'
import { testSharedLocks } from '../support/shared-locks.ts'
import { useTwoProxies } from './two-proxies.ts'

describe('locks and barriers beside kazoo’s', function () {
  this.timeout(90_000)
  const servers = useTwoProxies({ needs: ['kazoo'] })
  let store: MetadataStore
  let keeper: Keeper
  let client: ZooKeeper
  let room: string
  let peer: PeerProgram

  beforeEach(async () => {
    store = await openEtcdStore({ hosts: [servers.etcd.host] })
    keeper = await Keeper.open({ store })
    client = await connect(keeper, { timeoutMs: 10_000 })
    room = servers.room()
    await client.create(room, null)
    const script = fileURLToPath(new URL('./kazoo/shared_locks.py', import.meta.url))
    const { a, b } = servers
    peer = new PeerProgram('/usr/bin/python3', [
      '-B',
      script,
      a.connectString,
      b.connectString,
      room,
    ])
  })
  afterEach(async () => {
    await peer.kill()
    await client.close()
    await keeper.close()
    await store.close()
  })

  testSharedLocks('kazoo', () => ({ client, peer, room }))

  it('a semaphore of ours whose number of leases is not kazoo’s', async () => {
    const semaphore = new Semaphore(client, `${room}/leases`, { layout: 'kazoo', maxLeases: 2 })
    await (await semaphore.acquire()).release()
    expect(await peer.say('wrong acquire')).to.equal('valueerror')
  })

  it('a semaphore of kazoo’s whose number of leases is not ours', async () => {
    expect(await peer.say('lease acquire')).to.equal('true')
    await client.sync()
    const path = `${room}/leases`
    const ours = new Semaphore(client, path, { layout: 'kazoo', maxLeases: 3 }).acquire()
    const outcome = outcomeOf(ours)
    await ours.catch(() => {})
    expect(outcome.now).to.equal('RangeError')
  })
})
