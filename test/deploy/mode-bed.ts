/** A server in each mode and on each kind of store, all in this process, with a real etcd, Redis, ZooKeeper and Prometheus. */
import { join } from 'node:path'
import { openStore } from '../../adapters/index.ts'
import { Keeper, type MetadataStore } from '../../lib/index.ts'
import { takeOver } from '../../lib/internal.ts'
import { AdminServer, ProxyServer } from '../../proxy/index.ts'
import { quiet, ServeBed } from '../migrate/serving/serve-bed.ts'
import { Prometheus } from '../observe/prometheus-server.ts'
import { type EtcdServer, startEtcd } from '../support/etcd-server.ts'
import { eventually } from '../support/eventually.ts'
import { freePorts } from '../support/free-port.ts'
import { http } from '../support/http.ts'
import { RawClient } from '../support/raw-client.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { startZookeeperLeader, ZookeeperEnsemble } from '../support/zookeeper-server.ts'

const LATE_MS = 60_000
/** More reads than one in so many is measured. */
const READS = 130
/** Looks at the space of the store come early, and a flush after each load. */
const LIMITS = { spaceCheckMs: 200, freshnessCheckMs: 200 }

/** Each is a job of Prometheus with one target. */
export const MODES = [
  ...['loading', 'file', 'memory', 'redis', 'etcd-leader', 'etcd-follower'],
  ...['standby', 'observer'],
] as const
export type ModeName = (typeof MODES)[number]

interface Served {
  readonly keeper: Keeper
  readonly server: ProxyServer
}

export class ModeBed {
  prometheus!: Prometheus
  readonly #folder = temporaryFolder('modes')
  readonly #ports = new Map<string, number>()
  readonly #served = new Map<string, Served>()
  readonly #ends: (() => unknown)[] = []
  #etcd!: EtcdServer
  #redis!: RedisServer
  #ensemble!: ZookeeperEnsemble
  #moved!: ServeBed

  /** Resolves when each server was scraped, had requests where it serves clients, and was scraped twice again. */
  async start(): Promise<void> {
    const ports = await freePorts(MODES.length)
    for (const [index, name] of MODES.entries()) this.#ports.set(name, ports[index]!)
    const targets = Object.fromEntries([...this.#ports].map(([name, port]) => [name, [port]]))
    ;[this.prometheus, this.#etcd, this.#redis, this.#ensemble] = await Promise.all([
      Prometheus.start(targets, {}),
      startEtcd(),
      startRedis(),
      startZookeeperLeader({}).then(({ server }) => new ZookeeperEnsemble([server])),
    ])
    this.#moved = await ServeBed.open(this.#ensemble)
    await this.#moved.follow()
    await this.#admin('loading')
    await this.#serve('file', await this.#open(`file:${join(this.#folder, 'data')}`))
    await this.#serve('memory', await this.#open('memory:'))
    await this.#serve('redis', await this.#open(this.#redis.url))
    for (const name of ['etcd-leader', 'etcd-follower']) {
      await this.#serve(name, await this.#open(`etcd://${this.#etcd.host}`))
    }
    await this.#serve('standby', await this.#moved.store())
    const observer = await this.#moved.serve(LIMITS, { address: 'observer' })
    this.#served.set('observer', observer)
    await (await this.#admin('observer')).attach(observer.server)
    await this.scraped(MODES)
    for (const name of MODES) if (!['loading', 'standby'].includes(name)) await this.#load(name)
    await this.scraped(MODES)
  }

  /** The ensemble ends, and the tree that followed it is taken over: standby and observer serve clients. */
  async takeOver(): Promise<void> {
    for (const member of this.#ensemble.members) await member.stop()
    await this.#moved.stopFollowing()
    await takeOver({ store: await this.#moved.store(), logger: quiet })
    for (const name of ['standby', 'observer'] as const) {
      const { keeper } = this.#served.get(name)!
      await eventually(`${name} serves`, () => keeper.isServing, LATE_MS)
      await this.#load(name)
    }
    await this.scraped(['standby', 'observer'])
  }

  /** etcd stops answering: resolves when its servers say so. */
  async storeAway(): Promise<void> {
    this.#etcd.signal('SIGSTOP')
    const { keeper } = this.#served.get('etcd-leader')!
    await eventually('nobody is served', () => !keeper.isServing, LATE_MS)
    await this.scraped(['etcd-leader', 'etcd-follower'])
  }

  /** Two looks of Prometheus more at each of them, both begun after the call. */
  async scraped(names: readonly string[]): Promise<void> {
    const looks = async () => {
      const found = await this.prometheus.query('sum_over_time(up[10m])')
      const counts = new Map(found.map(({ metric, value }) => [metric.job, Number(value[1])]))
      return names.map((name) => counts.get(name) ?? 0)
    }
    const before = await looks()
    await eventually(
      'two looks',
      async () => (await looks()).every((count, index) => count >= before[index]! + 3),
      LATE_MS,
    )
  }

  metrics(name: ModeName): Promise<{ readonly body: string }> {
    return http(this.#ports.get(name)!, '/metrics')
  }

  async stop(): Promise<void> {
    // What is frozen answers no goodbye.
    this.#etcd?.signal('SIGCONT')
    for (const end of this.#ends.splice(0).reverse()) await end()
    await this.#moved?.close()
    await this.prometheus?.stop()
    await this.#etcd?.stop()
    await this.#redis?.stop()
    removeFolder(this.#folder)
  }

  async #open(url: string): Promise<MetadataStore> {
    const store = await openStore(url, { logger: quiet })
    this.#ends.push(() => store.close())
    return store
  }

  async #admin(name: string): Promise<AdminServer> {
    const admin = await AdminServer.listen({ port: this.#ports.get(name)! })
    this.#ends.push(() => admin.close())
    return admin
  }

  async #serve(name: string, store: MetadataStore): Promise<void> {
    const keeper = await Keeper.open({ store, logger: quiet, limits: LIMITS, address: name })
    const server = await ProxyServer.listen(keeper, { port: 0 })
    this.#served.set(name, { keeper, server })
    this.#ends.push(async () => {
      await server.close()
      await keeper.close(0)
    })
    await (await this.#admin(name)).attach(server)
  }

  /** Reads, writes, an event, and a request that is refused. */
  async #load(name: string): Promise<void> {
    const { server } = this.#served.get(name)!
    const client = await RawClient.connect({ port: server.port, timeoutMs: 20_000 })
    const path = `/of-${name}`
    await client.create(path)
    for (let i = 0; i < READS; i++) await client.getData(path, i === 0)
    for (let i = 0; i < 10; i++) await client.setData(path, Buffer.alloc(100, i))
    await client.getData('/nothing', false)
    await client.close()
  }
}
