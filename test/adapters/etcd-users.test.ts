/** The etcd adapter with users: tokens that expire, and rights to one prefix only. */
import { expect } from 'chai'
import { Etcd3, Range } from 'etcd3'
import type { Context } from 'mocha'
import { openEtcdStore } from '../../adapters/etcd/etcd-store.ts'
import { openStore } from '../../adapters/index.ts'
import type { MetadataStore } from '../../lib/store/metadata-store.ts'
import { rejection, Space } from '../conformance/support.ts'
import { type EtcdServer, requireEtcd, startEtcd } from '../support/etcd-server.ts'
import { untilFulfilled } from '../support/eventually.ts'

describe('etcd users', function () {
  this.timeout(60_000)
  const opened: MetadataStore[] = []
  const owned: EtcdServer[] = []

  /** A server of one test's own. */
  async function startOwn(): Promise<EtcdServer> {
    const own = await startEtcd()
    owned.push(own)
    return own
  }

  before(function (this: Context) {
    requireEtcd(this)
  })
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close()
    for (const own of owned.splice(0)) await own.stop()
  })

  const auth = { username: 'root', password: 'p@ss/word:1' }

  it('logs in again when its token is gone: calls, watches and renewals go on', async () => {
    const own = await startOwn()
    await enableAuth(own.host, auth)
    const user = `${auth.username}:${encodeURIComponent(auth.password)}`
    const store = await openStore(`etcd://${user}@${own.host}?writeTimeoutMs=3000`)
    opened.push(store)
    const space = new Space(store)
    const lease = await store.grantLease({ ttlMs: 60_000 })
    const watch = space.watch((await space.write(space.put('a', '0'))) + 1)
    await watch.next()
    await store.keepLeaseAlive(lease.id)
    // A restarted etcd knows none of the tokens it gave out.
    await own.kill()
    await own.restart()
    await untilFulfilled(() => space.all())
    await space.write(space.put('a', '1'))
    await untilFulfilled(() => store.keepLeaseAlive(lease.id))
    expect(await watch.events(1)).to.deep.equal(['put a=1'])
    await watch.end()
    await rejection(
      openEtcdStore({ hosts: [own.host], credentials: { ...auth, password: 'wrong' } }),
      'STORE_UNAUTHENTICATED',
    )
    await rejection(openEtcdStore({ hosts: [own.host] }), 'STORE_UNAUTHENTICATED')
  })

  it('a user with rights to one prefix can open the store, and is refused elsewhere', async () => {
    const own = await startOwn()
    const limited = { username: 'limited', password: 'secret' }
    const client = new Etcd3({ hosts: own.host })
    await client.role('corner').create()
    await client.role('corner').grant({
      permission: 'Readwrite',
      range: Range.prefix('conformance/'),
    })
    await client.user(limited.username).create(limited.password)
    await client.user(limited.username).addRole('corner')
    client.close()
    await enableAuth(own.host, auth)
    const store = await openEtcdStore({ hosts: [own.host], credentials: limited })
    opened.push(store)
    expect(store.features.txnOpsMax).to.equal(128)
    const space = new Space(store)
    const watch = space.watch(await space.write(space.put('a', '1')))
    expect(await watch.events(1)).to.deep.equal(['put a=1'])
    await watch.end()
    const elsewhere = {
      type: 'put',
      key: Buffer.from('elsewhere'),
      value: Buffer.from(''),
    } as const
    const refused = await rejection(
      store.txn({ compares: [], ops: [elsewhere] }),
      'STORE_UNAUTHENTICATED',
    )
    expect(refused.outcome).to.equal('unapplied')
    const { signal } = new AbortController()
    const forbidden = store.watch({
      start: Buffer.from('d'),
      end: Buffer.from('f'),
      fromRevision: 1,
      signal,
    })
    await rejection(forbidden[Symbol.asyncIterator]().next(), 'STORE_UNAUTHENTICATED')
  })
})

async function enableAuth(
  host: string,
  { username, password }: { username: string; password: string },
): Promise<void> {
  const client = new Etcd3({ hosts: host })
  await client.user(username).create(password)
  await client.user(username).addRole('root')
  await client.auth.authEnable()
  client.close()
}
