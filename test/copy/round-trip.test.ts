/** What moves from one store to another is the same there. The large run: npm run test:copy. */
import { type EtcdServer, startEtcd } from '../support/etcd-server.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { etcdProgram, requireOrSkip } from '../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { RoundTrip } from './round-trip.ts'

describe('copy: a tree of all kinds, planted through the wire', function () {
  this.timeout(60_000)
  let etcd: EtcdServer | undefined
  let redis: RedisServer | undefined
  let folder: string | undefined
  let trip: RoundTrip

  before(async function () {
    requireOrSkip(this, 'etcd')
    etcd = await startEtcd({ binary: etcdProgram() })
    folder = temporaryFolder('copy')
    trip = new RoundTrip({ etcd: etcd.host, folder, znodes: 5_000 })
    await trip.plant()
  })
  after(async () => {
    await redis?.stop()
    await etcd?.stop()
    if (folder !== undefined) removeFolder(folder)
  })

  it('etcd → file → etcd: exported each time, also while served, the same bytes', () => trip.copy())

  it('file → redis → file: the same bytes', async function () {
    requireOrSkip(this, 'redis')
    redis = await startRedis()
    await trip.copyThroughRedis(redis.url)
  })

  it('served from the file: stats, counters, sessions and expiry as before', () => trip.serveCopy())
})
