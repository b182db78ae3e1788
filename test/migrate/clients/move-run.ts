/**
 * Every client that we know is moved from a ZooKeeper ensemble of three to three proxies, and back, under load, as
 * docs/migration.md says: to proxies on the ports of the servers once those are stopped, or to proxies that serve while the
 * ensemble leads. Used by main.ts.
 */
import { cpSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openStore } from '../../../adapters/index.ts'
import { connect, type MetadataStore, mkdirp, walk, type ZooKeeper } from '../../../lib/index.ts'
import { migrationStatus } from '../../../lib/internal.ts'
import { AnykeeperProcess } from '../../support/anykeeper-process.ts'
import { type Child, spawnChild } from '../../support/child.ts'
import { type EtcdServer, startEtcd } from '../../support/etcd-server.ts'
import { eventually } from '../../support/eventually.ts'
import { freePort } from '../../support/free-port.ts'
import { etcdProgram, type ZookeeperLine } from '../../support/requirements.ts'
import { TcpFaultProxy } from '../../support/tcp-fault-proxy.ts'
import { removeFolder, temporaryFolder } from '../../support/temp-folder.ts'
import { startZookeeperEnsemble, type ZookeeperEnsemble } from '../../support/zookeeper-server.ts'
import { EnsembleLoad, type LoadedServers } from '../ensemble-load.ts'
import { Churn } from './churn.ts'
import { libraryClient } from './library-client.ts'
import { hex, LATE_MS, type MovedClient, roomOf, SESSION_MS, type Seen } from './moved-client.ts'
import { nodeZookeeperClient } from './node-client.ts'
import { cClient, compileMoved, curatorClient, kazooClient } from './programs.ts'

const program = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url))
const NAMES = ['library', 'node-zookeeper-client', 'c', 'curator', 'kazoo']
/** Transactions of the load before a move begins. */
const LOAD_MIN = 300
/** Of the lock that goes to and fro, before a picture. */
const ENTRIES = 10

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

export interface ServedFigures {
  /** The take-over, from its command to its end. Unit: ms. */
  readonly takeOverMs: number
  /** Connections that clients opened from before the take-over until the ensemble was stopped. */
  readonly reconnects: number
  /** Replies that the load had at the ensemble, and at the proxies before the take-over. */
  readonly replies: number
}

export class MoveRun {
  readonly ensemble: ZookeeperEnsemble
  readonly #etcd: EtcdServer
  readonly #store: MetadataStore
  readonly #folder: string
  readonly #seed: number
  /** Where clients connect: each leads to a server, and then to another one. */
  readonly #doors: TcpFaultProxy[] = []
  #clients: readonly MovedClient[] = []
  #churn: Churn | undefined
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
  static async start({
    seed,
    version = '3.9',
  }: {
    seed: number
    version?: ZookeeperLine
  }): Promise<MoveRun> {
    const folder = temporaryFolder('moved-clients')
    const [ensemble, etcd] = await Promise.all([
      startZookeeperEnsemble({ version, heapMb: 96 }),
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
    await this.#churn?.close()
    await Promise.all(this.#clients.map((client) => client.close()))
    await Promise.all(this.#doors.map((door) => door.stop()))
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
    const servers = this.#doors.map(({ host }) => host).join(',')
    const observer = await connect(`zk://${servers}`, { retryMs: LATE_MS })
    try {
      await this.#churn?.more(ENTRIES)
      expectNone(this.#churn?.problems)
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

  /** From the ensemble to the proxies. `withTail`: what it wrote last comes from its logs alone. */
  async there({ withTail = false } = {}): Promise<MoveFigures> {
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
    if (withTail) {
      await this.#follower.kill()
      await eventually(
        'a load that nobody follows',
        () => load.replies > replies + LOAD_MIN,
        LATE_MS,
      )
    }
    const begunMs = performance.now()
    await Promise.all(this.ensemble.members.map((member) => member.end()))
    const store = `etcd://${this.#etcd.host}`
    const options = { store, prefix, maxSessionTimeoutMs: SESSION_MS }
    this.#proxies = this.ensemble.members.map(({ port }) =>
      new AnykeeperProcess(port, options).launch(),
    )
    await ended(
      this.#command('take-over', prefix, ...(withTail ? ['--tail', this.#newestLogs()] : [])),
    )
    for (const { child } of this.#proxies)
      await child.waitForLine(/^anykeeper (?:ready|standby) on /)
    const pauseMs = performance.now() - begunMs
    await this.#unloaded()
    if (!withTail) await ended(this.#follower)
    return { pauseMs, replies }
  }

  /** All of them are stopped: the folder of the server that wrote last. */
  #newestLogs(): string {
    const written = this.ensemble.members.map(({ dataDir }) => {
      const folder = join(dataDir, 'version-2')
      const logs = readdirSync(folder).filter((name) => name.startsWith('log.'))
      return { dataDir, ms: Math.max(...logs.map((name) => statSync(join(folder, name)).mtimeMs)) }
    })
    return written.reduce((one, other) => (other.ms > one.ms ? other : one)).dataDir
  }

  /** From the ensemble to proxies that serve while it leads, once back, and there again; then these take over. */
  async thereServed(onMoved: () => Promise<void>): Promise<ServedFigures> {
    const prefix = `/move-${++this.#moves}`
    const load = this.#loaded(this.ensemble)
    this.#follower = this.#command('follow', prefix, '--source', this.ensemble.connectString)
    const options = {
      ...{ store: `etcd://${this.#etcd.host}`, prefix, maxSessionTimeoutMs: SESSION_MS },
      args: ['--serve-while-following'],
    }
    await this.#follower.waitForLine(/the tree of the ensemble is copied/, { timeoutMs: LATE_MS })
    this.#proxies = await Promise.all(
      this.#doors.map(async () => new AnykeeperProcess(await freePort(), options).launch()),
    )
    for (const proxy of this.#proxies) {
      await proxy.child.waitUntil('a proxy that serves', async () =>
        /^zk_server_state\tobserver$/m.test(await proxy.fourLetterWord('mntr')),
      )
    }
    await eventually('a load on the ensemble', () => load.replies > LOAD_MIN, LATE_MS)
    const { members } = this.ensemble
    // First one of three, so that holders and those that wait are here and there.
    for (const [at, door] of this.#doors.entries()) {
      lead(door, this.#proxies[at]!)
      if (at === 0) await onMoved()
    }
    await onMoved()
    for (const [at, door] of this.#doors.entries()) lead(door, members[at]!)
    await onMoved()
    for (const [at, door] of this.#doors.entries()) lead(door, this.#proxies[at]!)
    await this.#unloaded()
    const served = this.#loaded({ members: this.#proxies })
    await eventually('a load on the proxies', () => served.replies > LOAD_MIN, LATE_MS)
    await onMoved()
    await eventually('an ensemble without clients', () => this.#hasNoClients(), LATE_MS)
    const before = this.#connections
    const begunMs = performance.now()
    await ended(this.#command('take-over', prefix))
    const takeOverMs = performance.now() - begunMs
    await this.#churn?.more(ENTRIES)
    await Promise.all(members.map((member) => member.end()))
    await this.#churn?.more(ENTRIES)
    const reconnects = this.#connections - before
    const replies = load.replies + served.replies
    await this.#unloaded()
    await ended(this.#follower)
    return { takeOverMs, reconnects, replies }
  }

  get #connections(): number {
    return this.#doors.reduce((sum, { connections }) => sum + connections, 0)
  }

  /** `srvr` counts its own connection. */
  async #hasNoClients(): Promise<boolean> {
    const words = await Promise.all(
      this.ensemble.members.map((member) => member.fourLetterWord('srvr')),
    )
    return words.every((text) => /^Connections: 1$/m.test(text))
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
    for (const [at, door] of this.#doors.entries()) door.redirect(members[at]!.connectString)
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
    for (const { connectString } of this.ensemble.members) {
      this.#doors.push(await TcpFaultProxy.start(connectString))
    }
    const addresses = this.#doors.map(({ host }) => host)
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
    this.#churn = await Churn.start(from(2))
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

/** Those that are connected there come again. */
function lead(door: TcpFaultProxy, { connectString }: { readonly connectString: string }): void {
  door.redirect(connectString)
  door.cut()
}

function expectNone(problems: readonly string[] = []): void {
  if (problems.length > 0) throw new Error(`of the lock that goes to and fro: ${problems}`)
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
