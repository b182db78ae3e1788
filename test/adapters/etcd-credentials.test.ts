/** The etcd adapter while it runs: tokens expire, the user's password is changed, in a file or not, and certificates are replaced. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Http2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import { expect } from 'chai'
import type { Context } from 'mocha'
import { openEtcdStore } from '../../adapters/etcd/etcd-store.ts'
import { parseEtcdUrl } from '../../adapters/etcd/etcd-url.ts'
import type { MetadataStore } from '../../lib/store/metadata-store.ts'
import type { LeaseId } from '../../lib/store/types.ts'
import { rejection, Space, type TestWatch } from '../conformance/support.ts'
import { makeCertificates } from '../support/certificates.ts'
import { type EtcdServer, type EtcdServerOptions, startEtcd } from '../support/etcd-server.ts'
import { EtcdUsers } from '../support/etcd-users.ts'
import { eventually, untilFulfilled, untilRejected } from '../support/eventually.ts'
import { etcdProgram, otherEtcdProgram, requireOrSkip } from '../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { collectingLogger, type LogEntry } from '../support/wire-bench.ts'

const programs = {
  '3.5': otherEtcdProgram('3.5'),
  '3.6': etcdProgram(),
  '3.7': otherEtcdProgram('3.7'),
}
const user = { username: 'proxy', password: 'first p@ss/word' }
const changed = { ...user, password: 'second p@ss/word' }
const PATIENCE_MS = 20_000

describe('etcd credentials while a store is open', function () {
  this.timeout(60_000)
  let folder: string
  let passwordFile: string
  let keys: string | undefined
  let jwtFlags: string[]
  const ends: (() => Promise<unknown>)[] = []

  before(function (this: Context) {
    requireOrSkip(this, 'etcd', 'etcd-3.5', 'etcd-3.7')
    keys = temporaryFolder('etcd-jwt')
    const [key, pub] = [join(keys, 'jwt.key'), join(keys, 'jwt.pub')]
    execFileSync('openssl', ['genrsa', '-out', key, '2048'], { stdio: 'pipe' })
    execFileSync('openssl', ['rsa', '-in', key, '-pubout', '-out', pub], { stdio: 'pipe' })
    jwtFlags = [`--auth-token=jwt,pub-key=${pub},priv-key=${key},sign-method=RS256,ttl=2s`]
  })
  beforeEach(() => {
    folder = temporaryFolder('etcd-credentials')
    passwordFile = join(folder, 'password')
    writeFileSync(passwordFile, `${user.password}\n`)
  })
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end()
    removeFolder(folder)
  })

  after(() => {
    if (keys !== undefined) removeFolder(keys)
  })

  async function start(options: EtcdServerOptions): Promise<EtcdServer> {
    const server = await startEtcd(options)
    ends.push(() => server.stop())
    return server
  }

  async function open(url: string): Promise<{ store: MetadataStore; entries: LogEntry[] }> {
    const { logger, entries } = collectingLogger()
    const store = await openEtcdStore({ ...parseEtcdUrl(url), logger })
    ends.push(() => store.close())
    return { store, entries }
  }

  for (const [line, binary] of Object.entries(programs)) {
    it(`etcd ${line}: JWT tokens that expire all the time, and a password that is changed in the file first: nothing fails, is lost or comes twice`, async () => {
      const server = await start({ binary, flags: jwtFlags })
      const users = new EtcdUsers(server.host)
      await users.enable(user, 'conformance/')
      const url = `etcd://proxy@${server.host}?passwordFile=${passwordFile}`
      const { store, entries } = await open(url)
      const play = await begin(store)
      // Some log-ins, as etcd's own clock has them.
      const endMs = performance.now() + 4_500
      while (performance.now() < endMs) await play.round()
      expect(entries).to.deep.equal([])
      writeFileSync(passwordFile, changed.password)
      await users.changePassword(changed)
      for (let rounds = 0; rounds < 20; rounds++) await play.round()
      await play.end()
      const said = entries.map(({ message }) => message)
      expect(said.at(-1)).to.equal('the store accepts the new credentials')
      // A token may have expired between the two changes.
      const others = said
        .slice(0, -1)
        .filter((message) => !message.startsWith('the store accepts only'))
      expect(others).to.deep.equal([])
    })
  }

  it('simple tokens that nobody used for a while are replaced: a renewal and a write succeed immediately', async () => {
    const server = await start({ flags: ['--auth-token-ttl=1'] })
    await new EtcdUsers(server.host).enable(user, 'conformance/')
    const { store } = await open(`etcd://proxy@${server.host}?passwordFile=${passwordFile}`)
    const play = await begin(store)
    // etcd looks for expired ones once a second.
    await sleep(2_500)
    await store.keepLeaseAlive(play.lease)
    await play.round()
    await play.end()
  })

  it('the password is changed in etcd first: it continues as soon as the file has it', async () => {
    const server = await start({})
    const users = new EtcdUsers(server.host)
    await users.enable(user, 'conformance/')
    const { store, entries } = await open(
      `etcd://proxy@${server.host}?passwordFile=${passwordFile}`,
    )
    const play = await begin(store)
    await users.changePassword(changed)
    const refused = await rejection(play.write(), 'STORE_UNAUTHENTICATED')
    expect(refused.outcome).to.equal('unapplied')
    expect(refused.message).to.include(passwordFile).and.not.include(user.password)
    // A watch that loses its stream meanwhile waits for the right password, too.
    const seen = play.watch.events(1)
    await server.kill()
    await server.restart()
    await untilRejected(() => play.write(), /refuses user or password/, 'unapplied')
    writeFileSync(passwordFile, `${changed.password}\n`)
    await untilFulfilled(() => play.write())
    expect(await seen).to.deep.equal(['put count=1'])
    await play.round()
    await play.end()
    expect(entries.map(({ level, message }) => `${level}: ${message}`)).to.deep.equal([
      'error: the store refuses the credentials',
      'info: the store accepts the credentials again',
    ])
  })

  it('a fixed password that is changed is said once, and it continues once it is right', async () => {
    const server = await start({})
    const users = new EtcdUsers(server.host)
    await users.enable(user, 'conformance/')
    const fixed = `${user.username}:${encodeURIComponent(user.password)}`
    const { store, entries } = await open(`etcd://${fixed}@${server.host}`)
    const play = await begin(store)
    await users.changePassword(changed)
    const refused = await rejection(play.write(), 'STORE_UNAUTHENTICATED')
    expect(refused.message).to.match(
      /etcd refuses user or password; the store’s URL has a fixed password/,
    )
    await rejection(play.write(), 'STORE_UNAUTHENTICATED')
    expect(entries.map(({ level, message }) => `${level}: ${message}`)).to.deep.equal([
      'error: the store refuses the credentials',
    ])
    expect(inspect(entries, { depth: 9 })).to.not.include(user.password)
    await users.changePassword(user)
    await untilFulfilled(() => play.write())
    await play.round()
    await play.end()
    expect(entries).to.have.length(2)
  })

  it('certificates of another authority take over: open streams stay, a half-written pair is of no use, new connections use the new ones', async () => {
    const [one, two, used] = ['one', 'two', 'used'].map((name) => join(folder, name))
    for (const path of [one!, two!, used!]) mkdirSync(path)
    const before = makeCertificates(one!)
    const after = makeCertificates(two!)
    const [ca, cert, key] = ['ca', 'cert', 'key'].map((name) => join(used!, name))
    const both = readFileSync(before.ca, 'utf8') + readFileSync(after.ca, 'utf8')
    writeFileSync(ca!, both)
    copyFileSync(before.client.cert, cert!)
    copyFileSync(before.client.key, key!)
    // What etcd reads, so that a restart takes another authority.
    const served = {
      ca: join(used!, 'served-ca'),
      server: before.server,
      client: before.client,
      stranger: before.stranger,
    }
    copyFileSync(before.ca, served.ca)
    const server = await start({ tls: served })
    const files = new URLSearchParams({ ca: ca!, cert: cert!, key: key!, reloadMs: '50' })
    const { store, entries } = await open(`etcds://${server.host}?${files}`)
    const play = await begin(store)
    copyFileSync(after.client.cert, cert!)
    const useless = 'the new certificates are of no use: the ones before are kept'
    await eventually(
      'it is said',
      () => entries.some(({ message }) => message === useless),
      PATIENCE_MS,
    )
    await play.round()
    copyFileSync(after.client.key, key!)
    const taken = 'new connections use the new certificates'
    await eventually(
      'it is said',
      () => entries.some(({ message }) => message === taken),
      PATIENCE_MS,
    )
    // The server does not know the new authority: only connections of before can serve these.
    await play.round()
    await server.kill()
    writeFileSync(served.ca, both)
    copyFileSync(after.server.cert, before.server.cert)
    copyFileSync(after.server.key, before.server.key)
    await server.restart()
    await untilFulfilled(() => play.write())
    await untilFulfilled(() => store.keepLeaseAlive(play.lease))
    await server.kill()
    copyFileSync(after.ca, served.ca)
    copyFileSync(after.client.cert, served.client.cert)
    copyFileSync(after.client.key, served.client.key)
    await server.restart()
    await untilFulfilled(() => play.write())
    await untilFulfilled(() => store.keepLeaseAlive(play.lease))
    await play.round()
    await play.end()
    expect(entries.map(({ message }) => message)).to.deep.equal([useless, taken])
    expect(inspect(entries, { depth: 9 })).to.not.include('PRIVATE KEY')
  })

  it('what a server repeats of password and token is not shown', async () => {
    const hostile: Http2Server = createServer()
    let hasToken = false
    hostile.on('stream', (stream, headers) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const sent = Buffer.concat(chunks).toString('latin1')
        const isLogIn = String(headers[':path']).endsWith('/Authenticate') && !hasToken
        if (!isLogIn) {
          const message = encodeURIComponent(`permission denied for ${headers.token} ${sent}`)
          stream.respond(
            {
              ':status': 200,
              'content-type': 'application/grpc',
              'grpc-status': '7',
              'grpc-message': message,
            },
            { endStream: true },
          )
          return
        }
        hasToken = true
        stream.respond(
          { ':status': 200, 'content-type': 'application/grpc' },
          { waitForTrailers: true },
        )
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
        const token = Buffer.from('secret-token')
        stream.end(
          Buffer.concat([Buffer.from([0, 0, 0, 0, token.length + 2, 0x12, token.length]), token]),
        )
      })
    })
    await new Promise<void>((resolve) => hostile.listen(0, '127.0.0.1', resolve))
    ends.push(async () => hostile.close())
    const host = `127.0.0.1:${(hostile.address() as AddressInfo).port}`
    const options = { hosts: [host], credentials: user, txnOpsMax: 128, readTimeoutMs: 1_000 }
    const store = await openEtcdStore(options)
    ends.push(() => store.close())
    const error = await rejection(
      store.range({ start: Buffer.from(user.password) }),
      'STORE_UNAUTHENTICATED',
    )
    const shown = inspect(error, { depth: 9 })
    expect(shown).to.include('permission denied')
    expect(shown).to.not.include('secret-token').and.not.include(user.password)
  })
})

/** A watch, a lease and a counter that only guarded writes raise: what is lost, or comes twice, is seen in it. */
async function begin(store: MetadataStore) {
  const space = new Space(store)
  const { id: lease } = await store.grantLease({ ttlMs: 60_000 })
  let count = 0
  const watch: TestWatch = space.watch((await space.write(space.put('count', '0', lease))) + 1)
  await watch.next()
  const write = async (): Promise<void> => {
    const equals = Buffer.from(String(count))
    const compare = { target: 'value', key: space.key('count'), equals } as const
    const next = space.put('count', String(count + 1), lease)
    const { committed } = await space.guarded([compare], next)
    expect(committed, 'written once').to.equal(true)
    count++
  }
  return {
    lease: lease as LeaseId,
    watch,
    write,
    async round(): Promise<void> {
      await Promise.all([write(), store.keepLeaseAlive(lease), space.all()])
    },
    async end(): Promise<void> {
      const wanted = Array.from({ length: count }, (_, index) => `put count=${index + 1}`)
      expect(await watch.events(count)).to.deep.equal(wanted)
      await watch.end()
    },
  }
}
