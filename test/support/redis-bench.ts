/** Stores and servers of the tests of redis faults, ended with each test. */
import { Redis } from 'ioredis'
import { openRedisStore } from '../../adapters/redis/redis-store.ts'
import type { RedisStoreOptions } from '../../adapters/redis/store-options.ts'
import type { ServerStore } from '../../lib/store/server-store.ts'
import { type RedisServer, type RedisServerOptions, startRedis } from './redis-server.ts'

export class RedisBench {
  readonly #stores: ServerStore[] = []
  readonly #servers: RedisServer[] = []
  readonly #clients: Redis[] = []

  async server(options: RedisServerOptions = {}): Promise<RedisServer> {
    const server = await startRedis(options)
    this.#servers.push(server)
    return server
  }

  /** A replica of `primary`, which may be a proxy's host:port, when it has all of it. */
  async replica(primary: string, options: RedisServerOptions = {}): Promise<RedisServer> {
    const [host, port] = primary.split(':')
    const settings = { ...options.settings, replicaof: `${host} ${port}` }
    const server = await this.server({ ...options, settings })
    await server.child.waitForLine(/MASTER <-> REPLICA sync: Finished with success/)
    return server
  }

  /** With short patience. `host` is host:port. */
  async open(host: string, options: Partial<RedisStoreOptions> = {}): Promise<ServerStore> {
    const [name, port] = host.split(':')
    const store = await openRedisStore({
      host: name!,
      port: Number(port),
      progressMs: 100,
      sweepMs: 100,
      writeTimeoutMs: 1_000,
      readTimeoutMs: 1_000,
      renewTimeoutMs: 500,
      ...options,
    })
    this.#stores.push(store)
    return store
  }

  /** To talk to a server beside the store. */
  client({ port }: RedisServer): Redis {
    const client = new Redis(port)
    // A server that a test has ended.
    client.on('error', () => {})
    this.#clients.push(client)
    return client
  }

  async end(): Promise<void> {
    for (const client of this.#clients.splice(0)) client.disconnect()
    for (const store of this.#stores.splice(0)) await store.close()
    for (const server of this.#servers.splice(0)) await server.stop()
  }
}
