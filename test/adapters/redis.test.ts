/** The redis adapter keeps to the contract on a real server. Faults: redis-faults.test.ts. */
import { openRedisStore } from '../../adapters/redis/redis-store.ts'
import { keeperConformance, type StoreFixture, storeConformance } from '../conformance/index.ts'
import { startRedis } from '../support/redis-server.ts'
import { requireOrSkip } from '../support/requirements.ts'

describe('redis adapter', () => {
  before(function () {
    requireOrSkip(this, 'redis')
  })

  const name = 'redis'
  const factory = async (): Promise<StoreFixture> => {
    const server = await startRedis()
    const { port } = server
    return {
      open: () => openRedisStore({ host: '127.0.0.1', port, progressMs: 200 }),
      stop: () => server.stop(),
      restart: async () => {
        await server.kill()
        await server.start()
      },
    }
  }
  storeConformance({
    name,
    features: { persistent: true, shared: true, mayLoseTail: true },
    factory,
  })
  keeperConformance({ name, factory })
})
