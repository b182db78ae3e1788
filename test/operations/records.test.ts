/** Records of a real etcd that are changed with etcdctl under a keeper: named by path, and mended. */
import { expect } from 'chai'
import { openEtcdStore } from '../../adapters/etcd/etcd-store.ts'
import {
  connect,
  Keeper,
  type Logger,
  type MetadataStore,
  type ZooKeeper,
} from '../../lib/index.ts'
import { type EtcdServer, startEtcd } from '../support/etcd-server.ts'
import { eventually } from '../support/eventually.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { EtcdShell } from './etcd-shell.ts'

describe('records that are changed with etcdctl', () => {
  let etcd: EtcdServer
  let shell: EtcdShell
  let store: MetadataStore
  let keeper: Keeper
  let client: ZooKeeper
  const named: string[] = []

  before(async function () {
    requireOrSkip(this, 'etcd', 'etcdctl')
    etcd = await startEtcd()
    shell = new EtcdShell(etcd.host)
    store = await openEtcdStore({ hosts: [etcd.host] })
    const logger: Logger = {
      debug() {},
      info() {},
      warn() {},
      error: (fields, message) =>
        named.push(`${(fields as { records?: string }).records} ${message}`),
    }
    keeper = await Keeper.open({ store, logger, limits: { recordCheckMs: 50 } })
    client = await connect(keeper)
    await client.create('/app', Buffer.from('data'))
    for (const name of ['one', 'two', 'three']) await client.create(`/app/${name}`, null)
    const acl = [{ perms: 1, id: { scheme: 'world', id: 'anyone' } }]
    await client.create('/app/acl', Buffer.from('open to readers'), { acl })
    await keeper.committer.drain(10_000)
  })
  after(async () => {
    await keeper?.close()
    await store?.close()
    await etcd?.stop()
  })

  /** The record is as it was, and a line named it. */
  async function mended(key: string, before: string | undefined, name: string): Promise<void> {
    await eventually(name, () => named.some((line) => line.includes(name)))
    await eventually(`${key} mended`, async () => (await shell.get(key)) === before)
    expect(keeper.isServing).to.equal(true)
  }

  it('deleted', async () => {
    const before = await shell.get('n/a2/app/two')
    expect(before).to.include('"czxid"')
    shell.delete('n/a2/app/two')
    await mended('n/a2/app/two', before, 'missing: /app/two')
  })

  it('altered', async () => {
    const before = (await shell.get('n/a1/app'))!
    shell.put('n/a1/app', before.replace('data', 'tada'))
    await mended('n/a1/app', before, 'altered: /app')
  })

  it('with another ACL', async () => {
    const before = (await shell.get('n/a2/app/acl'))!
    expect(before).to.include('[[1,"world","anyone"]]')
    shell.put('n/a2/app/acl', before.replace('[[1,', '[[31,'))
    await mended('n/a2/app/acl', before, 'altered: /app/acl')
  })

  it('invented', async () => {
    shell.put('n/a2/app/ghost', (await shell.get('n/a2/app/one'))!)
    await mended('n/a2/app/ghost', undefined, 'invented: /app/ghost')
  })

  it('the whole of n/, child records and sessions', async () => {
    const keys = ['n/a1/app', 'n/a2/app/acl', 'c/a1/app']
    const before = await Promise.all(keys.map((key) => shell.get(key)))
    for (const range of ['n/', 'c/', 's/']) shell.delete(range, '--prefix')
    for (const [index, key] of keys.entries()) {
      await eventually(key, async () => (await shell.get(key)) === before[index])
    }
    const session = `s/${client.sessionId.toString(16).padStart(16, '0')}`
    await eventually(session, async () => (await shell.get(session)) !== undefined)
  })
})
