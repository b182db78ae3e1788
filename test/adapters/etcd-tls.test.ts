/** The etcd adapter over TLS with client certificates: its own connection and the driver's alike. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Context } from 'mocha'
import { Credentials } from '../../adapters/credentials/credentials.ts'
import { parseEtcdUrl } from '../../adapters/etcd/etcd-url.ts'
import { tokensOf } from '../../adapters/etcd/member.ts'
import { MemberHealth } from '../../adapters/etcd/member-health.ts'
import { Members } from '../../adapters/etcd/members.ts'
import { encodeRange } from '../../adapters/etcd/range-codec.ts'
import { openStore } from '../../adapters/index.ts'
import { systemClock } from '../../lib/base/clock.ts'
import type { StoreError } from '../../lib/model/errors.ts'
import type { MetadataStore } from '../../lib/store/metadata-store.ts'
import { Space } from '../conformance/support.ts'
import { type Certificates, makeCertificates } from '../support/certificates.ts'
import { type EtcdServer, requireEtcd, startEtcd } from '../support/etcd-server.ts'
import { untilFulfilled } from '../support/eventually.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'

/** Of a call and of opening. Unit: ms. */
const PATIENCE_MS = 3_000

describe('etcd over TLS with client certificates', function () {
  this.timeout(60_000)
  let folder: string | undefined
  let certificates: Certificates
  /** Of another authority. */
  let others: Certificates
  let server: EtcdServer
  let plain: EtcdServer
  const opened: MetadataStore[] = []

  before(async function (this: Context) {
    requireEtcd(this)
    folder = temporaryFolder('etcd-tls')
    const [own, other] = ['own', 'other'].map((name) => join(folder!, name))
    for (const path of [own!, other!]) mkdirSync(path)
    certificates = makeCertificates(own!)
    others = makeCertificates(other!)
    server = await startEtcd({ tls: certificates })
    plain = await startEtcd()
  })
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close()
  })
  after(async () => {
    await server?.stop()
    await plain?.stop()
    if (folder !== undefined) removeFolder(folder)
  })

  const urlOf = (host: string, files: Record<string, string>): string =>
    `etcds://${host}?${new URLSearchParams(files)}`
  const rightFiles = (): Record<string, string> => ({
    ca: certificates.ca,
    ...certificates.client,
  })

  it('commits, reads, watches and renews leases, also after a restart of the server', async () => {
    const store = await openStore(urlOf(server.host, rightFiles()))
    opened.push(store)
    const space = new Space(store)
    const lease = await store.grantLease({ ttlMs: 60_000 })
    const watch = space.watch(await space.write(space.put('a', '1', lease.id)))
    expect(await watch.events(1)).to.deep.equal(['put a=1'])
    // Larger than a TLS record, and than what HTTP/2 sends ahead by default.
    const large = 'x'.repeat(1_000_000)
    await space.write(space.put('b', large))
    expect(await watch.events(2)).to.deep.equal(['put a=1', `put b=${large}`])
    expect(space.names(await space.all())).to.deep.equal(['a', 'b'])
    await store.keepLeaseAlive(lease.id)
    await server.kill()
    await server.restart()
    const again = await openStore(urlOf(`localhost:${server.port}`, rightFiles()))
    opened.push(again)
    await untilFulfilled(() => space.write(space.put('c', '1')))
    expect((await watch.events(3))[2]).to.equal('put c=1')
    expect((await again.range({ start: space.key('a') })).kvs[0]?.lease).to.equal(lease.id)
    await watch.end()
  })

  const refusals: Record<string, () => { url: string; says: RegExp }> = {
    'no client certificate': () => ({
      url: urlOf(server.host, { ca: certificates.ca }),
      says: /connection/,
    }),
    "a client certificate that the server's authority has not issued": () => ({
      url: urlOf(server.host, { ca: certificates.ca, ...others.client }),
      says: /connection/,
    }),
    "an authority that has not issued the server's certificate": () => ({
      url: urlOf(server.host, { ca: others.ca, ...certificates.client }),
      says: /certificate/,
    }),
    "the system's authorities": () => ({ url: `etcds://${server.host}`, says: /certificate/ }),
    'etcd:// where TLS is spoken': () => ({ url: `etcd://${server.host}`, says: /connect/ }),
    'etcds:// where it is not': () => ({ url: urlOf(plain.host, rightFiles()), says: /TLS/ }),
  }
  for (const [name, make] of Object.entries(refusals)) {
    it(`${name}: a StoreError in time, nothing hangs`, async () => {
      const { url, says } = make()
      const patience = `readTimeoutMs=${PATIENCE_MS}&writeTimeoutMs=${PATIENCE_MS}`
      const opening = openStore(`${url}${url.includes('?') ? '&' : '?'}${patience}`)
      const refused = await refusal(opening)
      expect(refused.message).to.match(says)
      expect(refused.outcome).to.equal('unapplied')
      const { hosts, credentials: sources = {} } = parseEtcdUrl(url)
      const clock = systemClock
      const health = new MemberHealth({ count: 1, clock, probe: async () => false })
      const credentials = new Credentials({ store: 'etcd', sources, clock })
      await credentials.load()
      const options = {
        hosts,
        credentials,
        tokens: tokensOf(hosts, credentials, { clock, waitMs: PATIENCE_MS }),
        preferred: 0,
        health,
        clock,
      }
      const members = new Members(options)
      try {
        const request = encodeRange({ start: Buffer.from('a') })
        const deadline = Date.now() + PATIENCE_MS
        const own = await refusal(members.call((m) => m.callRange(request, { deadline })))
        expect(own.message).to.match(says)
      } finally {
        members.close()
        credentials.close()
      }
    })
  }
})

/** What it rejects with. By its fields: the opener's modules may be another copy than the test's. */
async function refusal(promise: Promise<unknown>): Promise<StoreError> {
  const startMs = performance.now()
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(performance.now() - startMs).to.be.below(2 * PATIENCE_MS)
  expect(error).to.include({ name: 'StoreError', code: 'STORE_UNAVAILABLE' })
  return error as StoreError
}
