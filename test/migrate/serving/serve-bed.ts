/** An ensemble, a store that follows it, and proxies that serve clients while it leads; all but the ensemble in this process. */
import { openStore } from '../../../adapters/index.ts'
import { MemoryBackend } from '../../../adapters/memory/memory-backend.ts'
import { openMemoryStore } from '../../../adapters/memory/memory-store.ts'
import {
  Keeper,
  type KeeperLimits,
  type KeeperOptions,
  type MetadataStore,
} from '../../../lib/index.ts'
import { followSource } from '../../../lib/migrate/mirror.ts'
import { openSourceFeed } from '../../../lib/migrate/open-source-feed.ts'
import type { EnsembleAccess } from '../../../lib/migrate/serve/leader-link.ts'
import { serveWhileFollowing } from '../../../lib/migrate/serve/zookeeper-upstream.ts'
import { SourceKey } from '../../../lib/migrate/source-key.ts'
import { type ProxyOptions, ProxyServer } from '../../../proxy/index.ts'
import { eventually } from '../../support/eventually.ts'
import type { ZookeeperEnsemble } from '../../support/zookeeper-server.ts'

export const quiet = { debug() {}, info() {}, warn() {}, error() {} }

export interface ServingProxy {
  readonly keeper: Keeper
  readonly server: ProxyServer
  readonly port: number
  close(): Promise<void>
}

export class ServeBed {
  readonly ensemble: ZookeeperEnsemble
  readonly #open: () => Promise<MetadataStore>
  readonly #stores: MetadataStore[] = []
  readonly #proxies: ServingProxy[] = []
  #following = new AbortController()
  #followed: Promise<unknown> = Promise.resolve()
  logger: typeof quiet = quiet
  /** How the servers are reached. */
  access: EnsembleAccess = {}

  private constructor(ensemble: ZookeeperEnsemble, open: () => Promise<MetadataStore>) {
    this.ensemble = ensemble
    this.#open = open
  }

  /** `url`: of etcd; undefined: in memory. */
  static async open(ensemble: ZookeeperEnsemble, url?: string): Promise<ServeBed> {
    const backend = new MemoryBackend()
    return new ServeBed(ensemble, async () =>
      url === undefined ? openMemoryStore({ backend }) : openStore(url, { logger: quiet }),
    )
  }

  async store(): Promise<MetadataStore> {
    const store = await this.#open()
    this.#stores.push(store)
    return store
  }

  /** Resolves when the tree is there. */
  async follow(): Promise<void> {
    const store = await this.store()
    const servers = this.ensemble.members.map(({ host, port }) => ({ host, port }))
    const { signal } = this.#following
    this.#followed = followSource({
      ...{ store, signal, logger: this.logger, name: 'bed' },
      servers: servers.map(({ host, port }) => `${host}:${port}`),
      openFeed: (from) => openSourceFeed({ servers, from, logger: this.logger, ...this.access }),
    })
    this.#followed.catch(() => {})
    const key = new SourceKey({ store })
    await eventually(
      'the tree of the ensemble',
      async () => ((await key.read())?.zxid ?? 0) > 0,
      60_000,
    )
  }

  /** As the end of the process would. */
  async stopFollowing(): Promise<void> {
    this.#following.abort()
    await this.#followed
    this.#following = new AbortController()
  }

  async serve(
    limits: Partial<KeeperLimits> = {},
    more: Partial<KeeperOptions> = {},
    options: Partial<ProxyOptions> = {},
  ): Promise<ServingProxy> {
    const store = await this.store()
    const keeper = await Keeper.open({
      ...{ store, logger: this.logger, upstream: serveWhileFollowing(this.access), ...more },
      limits: { historyRetentionMs: 0, ...limits },
    })
    const server = await ProxyServer.listen(keeper, { ...options, port: 0 })
    const proxy: ServingProxy = {
      ...{ keeper, server, port: server.port },
      close: async () => {
        await server.close()
        await keeper.close(0)
      },
    }
    this.#proxies.push(proxy)
    await eventually('a proxy that serves', () => keeper.isServing, 60_000)
    return proxy
  }

  async close(): Promise<void> {
    for (const proxy of this.#proxies) await proxy.close()
    this.#following.abort()
    await this.#followed.catch(() => {})
    for (const store of this.#stores) await store.close()
    await this.ensemble.stop()
  }
}
