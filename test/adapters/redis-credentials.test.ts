/** The Redis adapter while it runs: the user's password is changed, and certificates are replaced. Each connection reads them. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Context } from 'mocha'
import { openRedisStore } from '../../adapters/redis/redis-store.ts'
import { parseRedisUrl } from '../../adapters/redis/redis-url.ts'
import type { MetadataStore } from '../../lib/store/metadata-store.ts'
import { rejection, Space } from '../conformance/support.ts'
import { makeCertificates } from '../support/certificates.ts'
import { eventually, untilFulfilled } from '../support/eventually.ts'
import { RedisBench } from '../support/redis-bench.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { collectingLogger, type LogEntry } from '../support/wire-bench.ts'

describe('redis credentials while a store is open', function () {
  this.timeout(30_000)
  const bench = new RedisBench()
  let folder: string
  let store: MetadataStore | undefined

  before(function (this: Context) {
    requireOrSkip(this, 'redis')
  })
  beforeEach(() => {
    folder = temporaryFolder('redis-credentials')
  })
  afterEach(async () => {
    await store?.close()
    store = undefined
    await bench.end()
    removeFolder(folder)
  })

  async function open(url: string): Promise<{ space: Space; entries: LogEntry[] }> {
    const { logger, entries } = collectingLogger()
    store = await openRedisStore({ ...parseRedisUrl(url), logger })
    return { space: new Space(store), entries }
  }

  it('a password that is changed: connections stay, new ones read the file, and watches continue', async () => {
    const server = await bench.server()
    const admin = bench.client(server)
    const file = join(folder, 'password')
    writeFileSync(file, 'first one\n')
    await admin.acl('SETUSER', 'keeper', 'on', '>first one', 'allkeys', '+@all')
    const { space, entries } = await open(`redis://keeper@${server.host}?passwordFile=${file}`)
    const watch = space.watch((await space.write(space.put('a', '0'))) + 1)
    await watch.next()
    await admin.acl('SETUSER', 'keeper', 'resetpass', '>second one')
    await space.write(space.put('a', '1'))
    await admin.client('KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    const refused = eventually('it is said', () =>
      entries.some(({ message }) => message === 'the store refuses the credentials'),
    )
    await refused
    const error = await rejection(space.write(space.put('a', '2')), 'STORE_UNAUTHENTICATED')
    expect(error.message).to.include(file).and.not.include('first one')
    expect(error).to.include({ retriable: true, outcome: 'unapplied' })
    writeFileSync(file, 'second one\n')
    await untilFulfilled(() => space.write(space.put('a', '2')))
    expect(await watch.events(2)).to.deep.equal(['put a=1', 'put a=2'])
    await watch.end()
    expect(entries.map(({ level, message }) => `${level}: ${message}`)).to.deep.equal([
      'error: the store refuses the credentials',
      'info: the store accepts the credentials again',
    ])
  })

  it('certificates of another authority: new connections use them', async () => {
    const [one, two] = ['one', 'two'].map((name) => join(folder, name))
    for (const path of [one!, two!]) mkdirSync(path)
    const [before, after] = [makeCertificates(one!), makeCertificates(two!)]
    const [ca, cert, key, served] = ['ca', 'cert', 'key', 'served'].map((name) =>
      join(folder, name),
    )
    const both = readFileSync(before.ca, 'utf8') + readFileSync(after.ca, 'utf8')
    writeFileSync(ca!, both)
    writeFileSync(served!, both)
    copyFileSync(before.client.cert, cert!)
    copyFileSync(before.client.key, key!)
    const settings = {
      'tls-ca-cert-file': served!,
      'tls-cert-file': before.server.cert,
      'tls-key-file': before.server.key,
      'tls-auth-clients': 'yes',
    }
    const server = await bench.server({ isTls: true, settings })
    const files = new URLSearchParams({ ca: ca!, cert: cert!, key: key!, reloadMs: '50' })
    const { space, entries } = await open(`rediss://localhost:${server.port}?${files}`)
    await space.write(space.put('a', '0'))
    copyFileSync(after.client.cert, cert!)
    copyFileSync(after.client.key, key!)
    const taken = 'new connections use the new certificates'
    await eventually('it is said', () => entries.some(({ message }) => message === taken))
    await server.kill()
    writeFileSync(served!, readFileSync(after.ca))
    copyFileSync(after.server.cert, before.server.cert)
    copyFileSync(after.server.key, before.server.key)
    await server.start()
    await untilFulfilled(() => space.write(space.put('a', '1')))
  })
})
