/**
 * Every client that we know is moved from a ZooKeeper ensemble of three to three proxies on its ports, and back, under load, as
 * docs/migration.md says. Used by main.ts.
 */
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openStore } from '../../../adapters/index.ts'
import { connect, type MetadataStore, mkdirp, walk, type ZooKeeper } from '../../../lib/index.ts'
import { migrationStatus } from '../../../lib/internal.ts'
import { AnykeeperProcess } from '../../support/anykeeper-process.ts'
import { type Child, spawnChild } from '../../support/child.ts'
import { type EtcdServer, startEtcd } from '../../support/etcd-server.ts'
import { eventually } from '../../support/eventually.ts'
import { etcdProgram } from '../../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../../support/temp-folder.ts'
import { startZookeeperEnsemble, type ZookeeperEnsemble } from '../../support/zookeeper-server.ts'
import { EnsembleLoad, type LoadedServers } from '../ensemble-load.ts'
import { libraryClient } from './library-client.ts'
import { hex, LATE_MS, type MovedClient, roomOf, SESSION_MS, type Seen } from './moved-client.ts'
import { nodeZookeeperClient } from './node-client.ts'
import { cClient, compileMoved, curatorClient, kazooClient } from './programs.ts'

const program = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url))
const NAMES = ['library', 'node-zookeeper-client', 'c', 'curator', 'kazoo']
/** Transactions of the load before a move begins. */
const LOAD_MIN = 300

/** What all see at one moment. */
export interface Picture {
  readonly clients: Readonly<Record<string, Seen>>
  /** Path of each ephemeral of theirs: its czxid and its owner, as the server has them. */
  readonly ephemerals: Readonly<Record<string, string>>
}

export interface MoveFigures {
  /** From the first signal to a server until the last of the next ones serves. Unit: ms. */
  readonly pauseMs: number
  /** Replies that the load had before. */
  readonly replies: number
}

export class MoveRun {
  readonly ensemble: ZookeeperEnsemble
  readonly #etcd: EtcdServer
  readonly #store: MetadataStore
  readonly #folder: string
  readonly #seed: number
  #clients: readonly MovedClient[] = []
  #proxies: readonly AnykeeperProcess[] = []
  #follower: Child | undefined
  #load: EnsembleLoad | undefined
  #moves = 0
  #values = 0

  private constructor(
    ensemble: ZookeeperEnsemble,
    etcd: EtcdServer,
    store: MetadataStore,
    folder: string,
    seed: number,
  ) {
    this.ensemble = ensemble
    this.#etcd = etcd
    this.#store = store
    this.#folder = folder
    this.#seed = seed
  }

  /** The servers, and the clients on them. */
  static async start({ seed }: { seed: number }): Promise<MoveRun> {
    const folder = temporaryFolder('moved-clients')
    const [ensemble, etcd] = await Promise.all([
      startZookeeperEnsemble({ version: '3.9', heapMb: 96 }),
      startEtcd({ binary: etcdProgram() }),
      compileMoved(folder),
    ])
    const run = new MoveRun(ensemble, etcd, await openStore(`etcd://${etcd.host}`), folder, seed)
    try {
      await run.#open()
    } catch (error) {
      await run.stop()
      throw error
    }
    return run
  }

  /** What the servers and the follower wrote last. */
  get output(): string {
    const children = [...this.#proxies.map(({ child }) => child), this.#follower]
    return children.map((child) => child?.output.split('\n').slice(-30).join('\n')).join('\n---\n')
  }

  async stop(): Promise<void> {
    await this.#load?.end()
    await Promise.all(this.#clients.map((client) => client.close()))
    await this.#follower?.kill()
    await Promise.all(this.#proxies.map((proxy) => proxy.stop()))
    await this.ensemble.stop()
    await this.#store.close()
    await this.#etcd.stop()
    removeFolder(this.#folder)
  }

  /** A change that another client makes, and then all that each of them has. */
  async picture(): Promise<Picture> {
    const value = String(this.#values++)
    const observer = await connect(`zk://${this.ensemble.connectString}`, { retryMs: LATE_MS })
    try {
      if (value !== '0') {
        for (const { room } of this.#clients) {
          await observer.setData(`${room}/watched`, Buffer.from(value))
        }
      }
      const seen = await Promise.all(
        this.#clients.map(async (client) => [client.name, await client.turn(value)] as const),
      )
      await observer.sync('/moved')
      return { clients: Object.fromEntries(seen), ephemerals: await ephemeralsOf(observer) }
    } finally {
      await observer.close()
    }
  }

  /** From the ensemble to the proxies. */
  async there(): Promise<MoveFigures> {
    const prefix = `/move-${++this.#moves}`
    const load = this.#loaded(this.ensemble)
    const source = ['--source', this.ensemble.connectString]
    this.#follower = this.#command('follow', prefix, ...source)
    await this.#follower.waitUntil('a tree with an equal digest', async () => {
      const { record } = await migrationStatus({ store: this.#store, prefix })
      const isFollowing = record?.phase === 'following' && record.digest === 'equal'
      return isFollowing && load.replies > LOAD_MIN
    })
    const { replies } = load
    const begunMs = performance.now()
    await Promise.all(this.ensemble.members.map((member) => member.end()))
    const store = `etcd://${this.#etcd.host}`
    const options = { store, prefix, maxSessionTimeoutMs: SESSION_MS }
    this.#proxies = this.ensemble.members.map(({ port }) =>
      new AnykeeperProcess(port, options).launch(),
    )
    await ended(this.#command('take-over', prefix))
    for (const { child } of this.#proxies)
      await child.waitForLine(/^anykeeper (?:ready|standby) on /)
    const pauseMs = performance.now() - begunMs
    await this.#unloaded()
    await ended(this.#follower)
    return { pauseMs, replies }
  }

  /** From the proxies to the ensemble, which gets what they have. */
  async back(): Promise<MoveFigures> {
    const load = this.#loaded({ members: this.#proxies })
    await eventually('a load on the proxies', () => load.replies > LOAD_MIN, LATE_MS)
    const { replies } = load
    const begunMs = performance.now()
    await Promise.all(this.#proxies.map((proxy) => proxy.stop()))
    this.#proxies = []
    const { members } = this.ensemble
    for (const { dataDir } of members) rmSync(join(dataDir, 'version-2'), { recursive: true })
    const [first, ...others] = members.map(({ dataDir }) => dataDir)
    const store = ['--store', `etcd://${this.#etcd.host}`, '--prefix', `/move-${this.#moves}`]
    const format = ['--format', 'zookeeper-snapshot', first!]
    await ended(anykeeper('export', ...store, ...format))
    for (const other of others) {
      cpSync(join(first!, 'version-2'), join(other, 'version-2'), { recursive: true })
    }
    for (const member of members) member.launch()
    await Promise.all(members.map((member) => member.waitUntilServing()))
    const pauseMs = performance.now() - begunMs
    await this.#unloaded()
    return { pauseMs, replies }
  }

  /** What the rivals got once the recipes were given back, by client. */
  async release(): Promise<Readonly<Record<string, Readonly<Record<string, boolean>>>>> {
    const got = this.#clients.map(async ({ name, release }, at) => {
      return [name, await release.call(this.#clients[at])] as const
    })
    return Object.fromEntries(await Promise.all(got))
  }

  async #open(): Promise<void> {
    const addresses = this.ensemble.members.map(({ connectString }) => connectString)
    const opener = await connect(`zk://${addresses.join(',')}`)
    for (const name of NAMES) {
      await mkdirp(opener, `${roomOf(name)}/line`)
      await opener.create(`${roomOf(name)}/watched`, Buffer.from('0'))
    }
    await opener.close()
    // None of them begins with the same server as its neighbour.
    const from = (at: number): string => {
      const first = at % addresses.length
      return [...addresses.slice(first), ...addresses.slice(0, first)].join(',')
    }
    const opened = await Promise.allSettled([
      libraryClient(from(0)),
      nodeZookeeperClient(from(1)),
      cClient(from(2)),
      curatorClient(from(0), this.#folder),
      kazooClient(from(1)),
    ])
    this.#clients = opened.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
    for (const each of opened) if (each.status === 'rejected') throw each.reason
  }

  #command(verb: string, prefix: string, ...args: string[]): Child {
    const store = ['--store', `etcd://${this.#etcd.host}`, '--prefix', prefix]
    return anykeeper('migrate', verb, ...store, ...args)
  }

  #loaded(servers: LoadedServers): EnsembleLoad {
    const seed = this.#seed + 10 * this.#values
    const options = { writers: 2, hasKinds: true, pauseMs: 40, seed }
    this.#load = new EnsembleLoad(servers, options)
    return this.#load
  }

  async #unloaded(): Promise<void> {
    const load = this.#load
    this.#load = undefined
    await load?.end()
  }
}

async function ephemeralsOf(client: ZooKeeper): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for await (const { path, stat } of walk(client, '/moved')) {
    const { ephemeralOwner, czxid } = stat
    if (ephemeralOwner !== 0n) found[path] = `czxid ${czxid} of ${hex(ephemeralOwner)}`
  }
  return found
}

function anykeeper(...args: string[]): Child {
  return spawnChild({
    name: `anykeeper ${args.slice(0, 2).join(' ')}`,
    command: process.execPath,
    args: [program, ...args],
  })
}

async function ended(child: Child): Promise<void> {
  const { code } = await child.exited
  await child.outputEnded
  if (code !== 0) throw new Error(`${child.name} ended with ${code}:\n${child.output}`)
}
