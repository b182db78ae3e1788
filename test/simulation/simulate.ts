/**
 * One run: a world from a seed, proxies and clients in it, faults, the end of all faults, and the laws.
 * Neighbours: scenario (what the seed stands for), check/laws.
 */
import { Layout } from '../../lib/internal.ts'
import type { Violation } from './check/findings.ts'
import { checkLaws } from './check/laws.ts'
import type { History } from './client/history.ts'
import type { SimRequest } from './client/requests.ts'
import { SimClient, type Workload } from './client/sim-client.ts'
import { RandomWorkload, ReadingWorkload, SETUP_PATHS } from './client/workload.ts'
import type { Bed } from './faults/bed.ts'
import { Nemesis } from './faults/nemesis.ts'
import { SimProxy } from './proxy/sim-proxy.ts'
import { type FaultSet, type Scenario, scenarioOf } from './scenario.ts'
import { Cluster } from './store/cluster.ts'
import type { LogEntry } from './store/store-log.ts'
import { Network } from './world/network.ts'
import { SeededRandom } from './world/seeded-random.ts'
import { SimNode } from './world/sim-node.ts'
import type { TraceSink } from './world/trace.ts'
import { World } from './world/world.ts'

const PREFIX = '/anykeeper'
/** After the last fault each proxy serves and a write succeeds within this. Simulated ms. */
export const LIVE_MS = 25_000
/** Clients continue for so long after the last fault; longer where history was lost. Simulated ms. */
const AFTERMATH_MS = 2_500
const AFTERMATH_LOST_MS = 12_000
/** Then all of them ask much together, when nothing is out of order any more. Simulated ms. */
const CROWD_MS = 15_000
const CROWD_ROUNDS = 4
/** An entry reaches every proxy within this: a look at head, and its patience. Simulated ms. */
const REACHED_MS = 2_500

export interface SimulateOptions {
  readonly seed: number
  readonly faults: FaultSet
  readonly sink?: TraceSink
}

export interface Report {
  readonly scenario: Scenario
  readonly hash: string
  readonly events: number
  readonly requests: number
  readonly acknowledged: number
  readonly faults: readonly string[]
  readonly violations: readonly Violation[]
  readonly history: History
  readonly entries: readonly LogEntry[]
  readonly proxies: readonly SimProxy[]
  readonly healedMs: number
  readonly endMs: number
}

export async function simulate({ seed, faults, sink }: SimulateOptions): Promise<Report> {
  const scenario = scenarioOf(seed, faults)
  const world = new World(seed, sink)
  const network = new Network(world)
  const layout = new Layout(PREFIX)
  const cluster = new Cluster(world, network, layout)
  const history: History = { sessions: [], asked: [] }
  const proxies = Array.from(
    { length: scenario.proxies },
    (_, i) =>
      new SimProxy({
        world,
        cluster,
        name: `proxy${i}`,
        stream: 10 + i,
        prefix: PREFIX,
        limits: scenario.limits,
        txnOpsMax: scenario.txnOpsMax,
        budgets: scenario.budgets,
      }),
  )
  const clientOf = (name: string, stream: number, workload: Workload, among = proxies) => {
    const { timeoutMs, thinkMs, depthMax } = scenario
    return new SimClient({
      world,
      network,
      proxies: among,
      history,
      name,
      stream,
      workload,
      timeoutMs,
      thinkMs,
      depthMax,
    })
  }
  const random = new RandomWorkload(history, { withTtl: true })
  const reading = new ReadingWorkload()
  const clients = Array.from({ length: scenario.clients }, (_, i) => {
    const other = i < scenario.clients - scenario.readers ? random : reading
    return clientOf(`client${i}`, 100 + i, i === 0 ? new SetUpFirst(random) : other)
  })
  const bed: Bed = {
    world,
    network,
    cluster,
    proxies,
    clients,
    node: new SimNode(world, 'nemesis'),
    random: new SeededRandom(seed, 2),
    prefix: PREFIX,
    backups: [],
    isDamaged: false,
    isRestoring: false,
    clientsKilled: 0,
  }
  cluster.log.onRewind = ({ lost }) => {
    for (const proxy of proxies) proxy.historyLost(lost)
  }
  for (const [i, proxy] of proxies.entries()) {
    proxy.isOldVersion = i < scenario.older
    proxy.start()
  }
  for (const [i, client] of clients.entries()) client.start(i === 0 ? 100 : 1_000)
  const nemesis = new Nemesis(bed)
  nemesis.plan(scenario.kinds, scenario.faultsFromMs, scenario.faultsUntilMs)
  await world.run(scenario.faultsUntilMs)

  const healedMs = world.nowMs
  nemesis.healAll()
  for (const proxy of proxies) {
    if (proxy.isOldVersion) proxy.replaceBy('today')
    else if (!proxy.isWanted) proxy.start()
  }
  const probes = proxies.map((proxy, i) =>
    clientOf(`probe${i}`, 200 + i, new OneWrite(history), [proxy]),
  )
  for (const probe of probes) probe.start(0)
  await world.run(healedMs + (cluster.log.isBroken ? AFTERMATH_LOST_MS : AFTERMATH_MS))
  for (const client of clients) client.isQuiet = true
  await world.run(healedMs + CROWD_MS)
  for (const client of clients) client.crowd(CROWD_ROUNDS)
  await world.run(healedMs + LIVE_MS)
  // The newest entry has reached everybody, also behind a member that lags.
  while ((cluster.log.entries.at(-1)?.atMs ?? 0) > world.nowMs - REACHED_MS) {
    await world.run(world.nowMs + REACHED_MS)
  }

  const { crashes, trace } = world
  const violations =
    crashes.length > 0
      ? crashes.map(({ node, error }) => ({ law: 'no crash', what: `${node}: ${text(error)}` }))
      : await checkLaws({
          ...{ cluster, proxies, history, layout, healedMs },
          calmMs: healedMs + CROWD_MS,
          endMs: world.nowMs,
        })
  return {
    scenario,
    hash: trace.hash,
    events: trace.events,
    requests: history.asked.length,
    acknowledged: history.asked.filter(({ reply }) => reply !== undefined).length,
    faults: nemesis.names,
    violations,
    history,
    entries: cluster.log.entries,
    proxies,
    healedMs,
    endMs: world.nowMs,
  }
}

/** Makes the rooms that the others work in. */
class SetUpFirst implements Workload {
  readonly #then: Workload
  #isDone = false

  constructor(then: Workload) {
    this.#then = then
  }

  next(client: SimClient): readonly SimRequest[] {
    if (this.#isDone) return this.#then.next(client)
    this.#isDone = true
    return SETUP_PATHS.map((path) => {
      const data = client.freshData()
      return { type: 'create', path, flags: 0, data, ttlMs: 0 }
    })
  }
}

/** Writes until it was answered once, as the proof that this proxy serves. */
class OneWrite implements Workload {
  readonly #history: History

  constructor(history: History) {
    this.#history = history
  }

  next(client: SimClient): readonly SimRequest[] {
    const isDone = this.#history.asked.some(
      (one) => one.client === client.name && one.request.type === 'create' && one.reply?.err === 0,
    )
    if (isDone) return []
    return [{ type: 'create', path: '/probe-', flags: 2, data: client.freshData(), ttlMs: 0 }]
  }
}

function text(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
