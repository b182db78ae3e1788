/** A real proxy that forwards is killed on a real etcd: what it said of itself ends with its lease, in the same revision. */
import { expect } from 'chai'
import { openStore } from '../../adapters/index.ts'
import type { MetadataStore } from '../../lib/index.ts'
import { Layout } from '../../lib/internal.ts'
import { AnykeeperProcess } from '../support/anykeeper-process.ts'
import { type EtcdServer, requireEtcd, startEtcd } from '../support/etcd-server.ts'
import { eventually } from '../support/eventually.ts'
import { freePort } from '../support/free-port.ts'
import { followedStore } from './ending/followed-store.ts'

const LATE_MS = 30_000
const layout = new Layout('/anykeeper')

describe('migrate: a proxy that forwards and is killed', function () {
  this.timeout(90_000)
  let etcd: EtcdServer
  let store: MetadataStore | undefined
  let server: AnykeeperProcess | undefined

  before(async function () {
    requireEtcd(this)
    etcd = await startEtcd()
  })
  after(async () => {
    await server?.kill()
    await store?.close()
    await etcd?.stop()
  })

  it('leaves no key behind', async () => {
    const url = `etcd://${etcd.host}`
    await followedStore(url, '/anykeeper')
    store = await openStore(url)
    const opened = store
    const args = [
      '--serve-while-following',
      '--proxy-ttl',
      '2000',
      '--store-silence-timeout',
      '1500',
    ]
    server = await new AnykeeperProcess(await freePort(), { store: url, args }).start()
    const { kvs: proxies } = await opened.range(layout.proxies)
    const [written] = await eventually(
      'its key',
      async () => {
        const { kvs } = await opened.range(layout.forwarders)
        return kvs.length > 0 && kvs
      },
      LATE_MS,
    )
    expect(written?.lease).to.equal(proxies[0]?.lease).and.not.equal(0n)
    const own = [layout.forwarders, layout.proxies]
    const [start, end] = [layout.forwarders.start, layout.proxies.end]
    const changes = opened.watch({
      ...{ start, end, fromRevision: (written?.modRevision ?? 0) + 1 },
      signal: AbortSignal.timeout(LATE_MS),
    })
    await server.kill()
    const deletes: string[] = []
    for await (const { events } of changes) {
      for (const event of events) {
        if (event.type === 'put') continue
        const [, , letter] = Buffer.from(event.key).toString().split('/')
        if (letter === 'f' || letter === 'p') deletes.push(`${letter} ${event.modRevision}`)
      }
      if (deletes.length > 0) break
    }
    const [, revision] = deletes[0]?.split(' ') ?? []
    expect(deletes).to.have.members([`f ${revision}`, `p ${revision}`])
    const left = await Promise.all(own.map((range) => opened.range(range)))
    expect(left.flatMap(({ kvs }) => kvs)).to.deep.equal([])
  })
})
