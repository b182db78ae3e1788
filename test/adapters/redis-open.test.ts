/** Opening a redis store: what the server must be, what is said about it, users, databases, TLS. */
import { expect } from 'chai'
import { openStore } from '../../adapters/index.ts'
import { openRedisStore } from '../../adapters/redis/redis-store.ts'
import { parseRedisUrl } from '../../adapters/redis/redis-url.ts'
import type { MetadataStore } from '../../lib/store/metadata-store.ts'
import type { ServerStore } from '../../lib/store/server-store.ts'
import { rejection, Space, text } from '../conformance/support.ts'
import { type Certificates, makeCertificates } from '../support/certificates.ts'
import { RedisBench } from '../support/redis-bench.ts'
import type { RedisServer, RedisServerOptions } from '../support/redis-server.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'

/** What docs/adapters.md says a user needs. */
const USER_RULES = [
  '~{anykeeper}:*',
  ...'auth client|setname select info config|get eval evalsha exists time'.split(' '),
  ...'hset hdel hget hmget hgetall hexists xadd xtrim xread xrange'.split(' '),
  ...'zadd zrem zscore zrange zrangebylex zrevrangebylex'.split(' '),
  ...'zrangebyscore zrevrangebyscore zremrangebyscore'.split(' '),
].map((rule) => (rule.startsWith('~') ? rule : `+${rule}`))

describe('redis, opened', function () {
  this.timeout(30_000)
  const bench = new RedisBench()
  const opened: MetadataStore[] = []

  before(function () {
    requireOrSkip(this, 'redis')
  })
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close()
    await bench.end()
  })

  async function open(url: string): Promise<ServerStore> {
    const store = await openRedisStore(await parseRedisUrl(url))
    opened.push(store)
    return store
  }

  async function roundTrip(store: MetadataStore): Promise<string> {
    const space = new Space(store)
    await space.write(space.put('a', 'there'))
    return text((await space.get('a'))!.value)
  }

  it('by its URL', async () => {
    const { url } = await bench.server()
    const store = await openStore(url)
    opened.push(store)
    expect(await roundTrip(store)).to.equal('there')
  })

  describe('settings', () => {
    const warningsOf = async (options: RedisServerOptions): Promise<string> => {
      const server = await bench.server(options)
      return (await open(server.url)).warnings.join('\n')
    }

    it('that keep every acknowledged write need no warning', async () => {
      const server = await bench.server()
      const store = await open(server.url)
      expect(store.warnings).to.deep.equal([])
      expect(store.features).to.include({ persistent: true, mayLoseTail: true })
      expect(store.serverVersion).to.match(/^\d+\.\d+\.\d+$/)
    })

    it('that may lose some are told, each with what to set', async () => {
      expect(await warningsOf({ appendFsync: 'everysec' }))
        .to.include('appendfsync is everysec')
        .and.include('set appendfsync always')
      expect(await warningsOf({ appendOnly: false })).to.include('appendonly is no')
      const server = await bench.server({ appendOnly: false })
      expect((await open(server.url)).features.persistent).to.equal(false)
      const primary = await bench.server()
      await bench.replica(primary.host)
      expect((await open(primary.url)).warnings.join()).to.include('failover to a replica may lose')
    })

    it('that cannot be asked for are told as such', async () => {
      const settings = { 'rename-command': 'CONFIG ""' }
      expect(await warningsOf({ settings })).to.include(
        'does not report its appendonly and appendfsync',
      )
    })

    it('that throw keys away are refused; policies that spare ours are not', async () => {
      const evicting = { maxmemory: '100mb', 'maxmemory-policy': 'allkeys-lru' }
      const { url } = await bench.server({ settings: evicting })
      const error = await rejection(open(url), 'STORE_UNSUPPORTED')
      expect(error.message).to.include('allkeys-lru').and.include('noeviction')
      expect(error.retriable).to.equal(false)
      const sparing = { maxmemory: '100mb', 'maxmemory-policy': 'volatile-lru' }
      expect(await warningsOf({ settings: sparing })).to.equal('')
    })

    it('of a replica: refused for now', async () => {
      const primary = await bench.server()
      const replica = await bench.replica(primary.host)
      const error = await rejection(open(replica.url), 'STORE_UNAVAILABLE')
      expect(error.message).to.include('name its primary')
    })

    it('of a Cluster node: refused', async () => {
      const { url } = await bench.server({ settings: { 'cluster-enabled': 'yes' } })
      const error = await rejection(open(url), 'STORE_UNSUPPORTED')
      expect(error.message).to.include('Cluster')
    })
  })

  describe('names and databases', () => {
    it('keep stores apart on one server', async () => {
      const server = await bench.server()
      const urls = ['', '?name=other', '/3', '/3?name=other'].map((rest) => server.url + rest)
      const key = Buffer.from('k')
      for (const [i, url] of urls.entries()) {
        const store = await open(url)
        expect((await store.range({ start: key })).kvs, url).to.deep.equal([])
        await store.txn({ compares: [], ops: [{ type: 'put', key, value: Buffer.from(`${i}`) }] })
      }
      const again = await open(urls[3]!)
      expect(text((await again.range({ start: key })).kvs[0]!.value)).to.equal('3')
      const keys = await bench.client(server).keys('*')
      expect(keys.every((name) => /^\{(anykeeper|other)\}:/.test(name))).to.equal(true)
    })

    it('a database that is not there is refused, and not replaced by the first', async () => {
      const server = await bench.server()
      await rejection(open(`${server.url}/99`), 'STORE_INVALID')
      expect(await bench.client(server).dbsize()).to.equal(0)
    })
  })

  describe('users', () => {
    it('the password of the default user', async () => {
      const { host } = await bench.server({ settings: { requirepass: 'p@ss/1' } })
      expect(await roundTrip(await open(`redis://:p%40ss%2F1@${host}`))).to.equal('there')
      for (const user of ['', ':wrong@', 'nobody:p@']) {
        const error = await rejection(open(`redis://${user}${host}`), 'STORE_UNAUTHENTICATED')
        expect(error.retriable).to.equal(false)
      }
    })

    it('a user who may do what the store needs, and no more', async () => {
      const server = await bench.server()
      const client = bench.client(server)
      await client.acl('SETUSER', 'keeper', 'on', '>secret', ...USER_RULES)
      const store = await open(`redis://keeper:secret@${server.host}/1`)
      expect(await roundTrip(store)).to.equal('there')
      expect(store.warnings).to.deep.equal([])
      const lease = await store.grantLease({ ttlMs: 5_000 })
      await store.keepLeaseAlive(lease.id)
      await store.revokeLease(lease.id)
      await store.compact((await store.range({ start: Buffer.from('a') })).revision)
      await rejection(
        open(`redis://keeper:secret@${server.host}?name=other`),
        'STORE_UNAUTHENTICATED',
      )
    })

    it('one who may not do all of it is refused before anything is written', async () => {
      const server = await bench.server()
      const client = bench.client(server)
      for (const command of ['xadd', 'zrem', 'hset', 'xtrim', 'time', 'evalsha', 'info']) {
        await client.acl('SETUSER', command, 'on', '>secret', ...USER_RULES, `-${command}`)
        const url = `redis://${command}:secret@${server.host}`
        await rejection(open(url), 'STORE_UNAUTHENTICATED')
        expect(await client.dbsize(), command).to.equal(0)
      }
    })
  })

  describe('rediss', () => {
    const folder = temporaryFolder('redis-tls')
    let files: Certificates
    before(() => {
      files = makeCertificates(folder)
    })
    after(() => removeFolder(folder))

    const startTls = async (
      options: { authClients?: boolean; as?: 'server' | 'stranger' } = {},
    ): Promise<RedisServer> => {
      const { cert, key } = files[options.as ?? 'server']
      const settings = {
        'tls-ca-cert-file': files.ca,
        'tls-cert-file': cert,
        'tls-key-file': key,
        'tls-auth-clients': options.authClients ? 'yes' : 'no',
      }
      return bench.server({ isTls: true, settings })
    }

    it('with the authority named', async () => {
      const { port } = await startTls()
      for (const host of ['localhost', '127.0.0.1']) {
        const store = await open(`rediss://${host}:${port}?ca=${files.ca}`)
        expect(await roundTrip(store)).to.equal('there')
      }
    })

    it('with a certificate of its own where the server asks for one', async () => {
      const { port } = await startTls({ authClients: true })
      const { cert, key } = files.client
      const ca = `rediss://localhost:${port}?ca=${files.ca}`
      expect(await roundTrip(await open(`${ca}&cert=${cert}&key=${key}`))).to.equal('there')
      await rejection(open(ca), 'STORE_UNAVAILABLE')
    })

    it('a server that nobody vouches for, or that is another one, is not talked to', async () => {
      const { port, url } = await startTls()
      const unknown = await rejection(open(`rediss://localhost:${port}`), 'STORE_UNAVAILABLE')
      expect(unknown.message).to.include('certificate')
      const stranger = await startTls({ as: 'stranger' })
      const elsewhere = open(`rediss://localhost:${stranger.port}?ca=${files.ca}`)
      const other = await rejection(elsewhere, 'STORE_UNAVAILABLE')
      expect(other.message).to.include('does not match')
      await rejection(open(url), 'STORE_UNAVAILABLE')
    })
  })
})
