/**
 * One proxy process: a keeper on the simulated store and a server whose sockets are simulated. It is
 * started, stopped politely, killed and started again, as by a supervisor.
 */

import { digestOfEntry } from '../../../lib/format/digest.ts'
import type { TreeCheck } from '../../../lib/format/ops.ts'
import {
  type Clock,
  Keeper,
  type KeeperLimits,
  Layout,
  type Logger,
  type MetadataStore,
  type Revision,
} from '../../../lib/internal.ts'
import type { Replica } from '../../../lib/member/tree/replica.ts'
import { ProxyServer } from '../../../proxy/index.ts'
import type { Budgets } from '../scenario.ts'
import type { Cluster } from '../store/cluster.ts'
import { asOldVersion } from '../store/old-version.ts'
import { openSimStore } from '../store/sim-store.ts'
import type { LogEntry } from '../store/store-log.ts'
import { SeededRandom } from '../world/seeded-random.ts'
import { SimNode } from '../world/sim-node.ts'
import type { SimSocket } from '../world/sim-socket.ts'
import type { World } from '../world/world.ts'

const RESTART_MS = 500

export interface SimProxyOptions {
  readonly world: World
  readonly cluster: Cluster
  readonly name: string
  readonly stream: number
  readonly prefix: string
  readonly limits: Partial<KeeperLimits>
  readonly txnOpsMax: number
  readonly budgets: Budgets
}

export interface Proposal {
  readonly session: bigint
  readonly atMs: number
}

/** The tree that a keeper began with, where head said what it is. */
export interface LoadedTree {
  readonly atMs: number
  readonly is: TreeCheck
  readonly should: TreeCheck
}

/** A keeper that began while no other proxy was registered: of ages it knew mtime and its own wall clock alone. */
export interface LoneStart {
  /** The keeper's id. */
  readonly by: string
  /** When it had loaded its tree. Simulated ms. */
  readonly atMs: number
  /** By its own clock then, ms since 1970. */
  readonly wallMs: number
}

/** A keeper that had applied what the store lost. */
export interface Witness {
  /** The newest of it. */
  readonly had: LogEntry
  /** The keeper's id. */
  readonly by: string
  /** Up to where it had served. */
  readonly zxid: number
  /** It lives, and has not noticed. */
  isBlind(): boolean
}

export class SimProxy {
  readonly node: SimNode
  keeper: Keeper | undefined
  server: ProxyServer | undefined
  /** All that it had. */
  readonly servers: ProxyServer[] = []
  /** Whether the supervisor lets it run. */
  isWanted = true
  /** From its next start on it is one that writes and reads no newer format than 2. */
  isOldVersion = false
  /** Sessions it proposed to end. */
  readonly proposals: Proposal[] = []
  /** Changes between serving and not. */
  readonly servings: { readonly atMs: number; readonly isServing: boolean }[] = []
  readonly witnesses: Witness[] = []
  readonly loads: LoadedTree[] = []
  readonly loneStarts: LoneStart[] = []
  /** Losses of history that it had noticed when it served last. */
  #lossesServed = 0
  readonly #o: SimProxyOptions
  readonly #random: SeededRandom
  readonly #sockets = new Set<SimSocket>()
  #store: MetadataStore | undefined
  #isRunning = false

  constructor(options: SimProxyOptions) {
    this.#o = options
    this.node = new SimNode(options.world, options.name)
    this.#random = new SeededRandom(options.world.seed, options.stream)
  }

  /** Clients can connect. */
  get isListening(): boolean {
    return this.server !== undefined
  }

  /** Nothing happens where it runs; where it is about to end, it is ended first. */
  start(): void {
    const { world } = this.#o
    if (this.#isRunning && this.isWanted) return
    if (this.#isRunning) this.kill()
    this.isWanted = true
    this.#isRunning = true
    world.after(this.node, 0, 'start', () => void this.#open())
  }

  async #open(): Promise<void> {
    const { world, cluster, prefix, limits, txnOpsMax } = this.#o
    const { node } = this
    const { incarnation } = node
    const clock = node.clock()
    const today = openSimStore({
      cluster,
      node,
      clock,
      features: {
        persistent: true,
        shared: true,
        txnOpsMax,
        txnBytesMax: 1_571_840,
        valueBytesMax: 1_500_000,
        progressAdvances: true,
      },
    })
    const load = watchLoad(today, new Layout(prefix), clock)
    const store = this.isOldVersion ? asOldVersion(today, new Layout(prefix)) : today
    this.#store = store
    try {
      const keeper = await Keeper.open({
        store,
        prefix,
        clock,
        random: this.#random,
        limits,
        logger: this.#logger(),
        address: node.name,
      })
      if (node.incarnation !== incarnation) return
      this.keeper = keeper
      this.#lossesServed = 0
      this.#note(keeper)
      this.#noteLoad(keeper.replica, load.revision)
      const { proxies, atMs, wallMs } = load
      if (proxies === 0) this.loneStarts.push({ by: keeper.proxy, atMs, wallMs })
      this.server = ProxyServer.unbound(keeper, this.#o.budgets.options)
      this.servers.push(this.server)
    } catch (error) {
      world.trace.note(world.nowMs, node.name, () => `did not start: ${String(error)}`)
      await store.close()
      world.after(node, RESTART_MS, 'start again', () => void this.#open())
    }
  }

  /** What the laws must know and no client can see. */
  #note(keeper: Keeper): void {
    const { world } = this.#o
    const { committer } = keeper
    const submit = committer.submit.bind(committer)
    committer.submit = (task) => {
      if (task.request.type === 'expireSession') {
        this.proposals.push({ session: task.request.id, atMs: world.nowMs })
      }
      submit(task)
    }
    this.#serves(keeper.isServing)
    keeper.onServingChange = (isServing) => {
      world.trace.note(world.nowMs, this.node.name, () => `serving ${isServing}`)
      this.#serves(isServing)
    }
  }

  /** What head says of the tree holds from the newest batch on that changed anything. */
  #noteLoad(replica: Replica, revision: Revision): void {
    const { world, cluster } = this.#o
    const { entries } = cluster.log
    const end = entries.findLast((entry) => entry.revision <= revision)
    const should = end?.batch.check
    if (end === undefined || should === undefined) return
    const { seq } = end.batch
    const changes = entries.some(
      ({ batch }) =>
        batch.seq > should.seq && batch.seq <= seq && batch.txns.some(({ ops }) => ops.length > 0),
    )
    const is = replica.checkAt(seq)
    const isOther = replica.history.digestAt(seq) !== digestOfEntry(end.bytes)
    if (changes || is === undefined || isOther) return
    this.loads.push({ atMs: world.nowMs, is, should })
  }

  #serves(isServing: boolean): void {
    if (isServing) this.#lossesServed = this.keeper?.historyLossCount ?? 0
    this.servings.push({ atMs: this.#o.world.nowMs, isServing })
  }

  /** The store has lost these. */
  historyLost(lost: readonly LogEntry[]): void {
    const { keeper } = this
    if (keeper === undefined) return
    const { history, zxid } = keeper.replica
    const had = lost.findLast(({ batch, bytes }) => {
      return history.digestAt(batch.seq) === digestOfEntry(bytes)
    })
    if (had === undefined) return
    const before = keeper.historyLossCount
    // It knows already that it must not serve what it has.
    if (before > this.#lossesServed) return
    const isBlind = (): boolean => this.keeper === keeper && keeper.historyLossCount === before
    this.witnesses.push({ had, by: keeper.proxy, zxid, isBlind })
  }

  connect(socket: SimSocket): void {
    this.#sockets.add(socket)
    socket.sendBuffer = this.#o.budgets.sendBuffer
    socket.on('close', () => this.#sockets.delete(socket))
    this.server?.accept(socket.asSocket())
  }

  /** SIGKILL. */
  kill(): void {
    this.#serves(false)
    this.keeper = undefined
    this.server = undefined
    this.isWanted = false
    this.#isRunning = false
    this.node.kill()
    for (const socket of [...this.#sockets]) socket.lost()
    this.#sockets.clear()
    if (this.#store !== undefined) this.#o.cluster.forget(this.node)
  }

  /** Killed, if it runs, and started as this version. */
  replaceBy(version: 'older' | 'today'): void {
    if (this.isWanted) this.kill()
    this.isOldVersion = version === 'older'
    this.start()
  }

  /** SIGTERM: drains, signs off, and ends. */
  stop(done: () => void): void {
    const { keeper, server } = this
    const store = this.#store
    this.isWanted = false
    if (keeper === undefined || server === undefined || store === undefined) return done()
    this.#o.world.after(this.node, 0, 'stop', () => {
      this.server = undefined
      this.#serves(false)
      const closing = async (): Promise<void> => {
        await server.close(500)
        await keeper.close(500)
        await store.close()
        this.keeper = undefined
        this.#isRunning = false
        done()
      }
      void closing()
    })
  }

  #logger(): Logger {
    const { world } = this.#o
    const line = (level: string) => (fields: object, message: string) =>
      world.trace.note(world.nowMs, this.node.name, () => `${level}: ${message} ${show(fields)}`)
    const error = line('error')
    return {
      ...{ debug: line('debug'), info: line('info'), warn: line('warn') },
      error: (fields, message) => {
        // It ends no process, and must not happen all the same.
        if (FAULT.test(message)) {
          world.crashes.push({ node: this.node.name, error: (fields as { err?: unknown }).err })
        }
        error(fields, message)
      },
    }
  }
}

/** Lines of a mistake of anykeeper itself. */
const FAULT = /^fault in |^a re(?:ad|quest) cannot be /

function show(fields: object): string {
  return JSON.stringify(fields, (_, value) =>
    typeof value === 'bigint' ? `${value}` : value instanceof Error ? value.message : value,
  )
}

/** Of the load that a keeper began with: its revision, the proxies it found, and its end. */
interface WatchedLoad {
  revision: Revision
  proxies: number
  /** Simulated ms. */
  atMs: number
  /** By the keeper's own clock, ms since 1970. */
  wallMs: number
}

/** Reloads come after its lease. */
function watchLoad(
  store: MetadataStore,
  { importMarker, proxies }: Layout,
  clock: Clock,
): Readonly<WatchedLoad> {
  const range = store.range.bind(store)
  const grantLease = store.grantLease.bind(store)
  const load: WatchedLoad = { revision: 0, proxies: 0, atMs: 0, wallMs: 0 }
  let isLoaded = false
  store.range = async (query) => {
    if (isLoaded) return range(query)
    if (Buffer.compare(query.start, importMarker) === 0) {
      load.revision = query.revision ?? load.revision
      load.proxies = 0
    }
    const isOfProxies =
      Buffer.compare(query.start, proxies.start) >= 0 &&
      Buffer.compare(query.start, proxies.end) < 0
    const result = await range(query)
    if (isOfProxies) load.proxies += result.kvs.length
    return result
  }
  store.grantLease = (options) => {
    if (!isLoaded) {
      load.atMs = clock.monotonic()
      load.wallMs = clock.now()
    }
    isLoaded = true
    return grantLease(options)
  }
  return load
}
