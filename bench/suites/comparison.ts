/**
 * The heart of most suites: some loads on some peers, round by round in turn (A B A B), all peers up
 * all the time. Neighbours: measure (one run), loads, values, sustained, proxies, stores.
 */
import type { Measured } from '../load/recorder.ts'
import { ceiling, measure } from '../measure.ts'
import type { Peer } from '../peers/peer.ts'
import { withPeers } from '../peers/peers.ts'
import { memory } from '../process-figures.ts'
import { short, whole } from '../report/format.ts'
import { circumstances } from '../report/machine.ts'
import type { Compared, Series } from '../report/series.ts'
import { syncCount } from '../syncs.ts'
import { type Context, peerOptions } from './suite.ts'

export interface Plan {
  /** Names of {@link PEERS}; ratios are to the first. */
  readonly peers: readonly string[]
  readonly loads: readonly string[]
  readonly rounds: number
  readonly seconds: number
  readonly warmUp: number
  /** ZooKeeper's at least, MiB. */
  readonly heapMib?: number
  /** The load's own limit, against the null server. */
  readonly ceilings: boolean
}

/** What the command line says instead. */
export function planned({ options }: Context, plan: Plan): Plan {
  const { quick } = options
  return {
    ...plan,
    peers: options.peers ?? plan.peers,
    loads: options.loads ?? plan.loads,
    rounds: options.rounds ?? (quick ? 1 : plan.rounds),
    seconds: options.seconds ?? (quick ? 0.3 : plan.seconds),
    warmUp: quick ? 0.1 : plan.warmUp,
    ceilings: plan.ceilings && !quick,
  }
}

export async function compare(context: Context, plan: Plan): Promise<Compared> {
  const { options, args, say } = context
  return withPeers(plan.peers, peerOptions(options, plan.heapMib), async (peers) => {
    const series: Series[] = []
    const syncsBefore = await Promise.all(peers.map(syncCount))
    for (const load of plan.loads) series.push(await measureLoad(context, plan, peers, load))
    const { rounds, seconds, warmUp } = plan
    const head = circumstances({
      args,
      versions: peers.map(({ name, version }) => `${name} ${version}`),
      notes: [
        `${rounds} ${rounds === 1 ? 'round' : 'rounds'} in turn, ${seconds} s each after ${warmUp} s of warm-up`,
        `Peak memory: ${peers.map(memoryOf).join('; ')}`,
        ...(await syncNotes(peers, syncsBefore)),
      ],
    })
    say('')
    return { names: peers.map(({ name }) => name), series, head }
  })
}

async function measureLoad(
  { say }: Context,
  { rounds, seconds, warmUp, ceilings }: Plan,
  peers: readonly Peer[],
  load: string,
): Promise<Series> {
  const timing = { seconds, warmUp }
  const runs: Measured[][] = peers.map(() => [])
  const limit = ceilings
    ? await ceiling({ load, timing: { warmUp, seconds: Math.min(seconds, 2) } })
    : undefined
  if (limit !== undefined) say(`${load.padEnd(22)} ceiling ${line(limit)}`)
  for (let round = 1; round <= rounds; round++) {
    for (const [i, peer] of peers.entries()) {
      const measured = await measure({ load, timing, compacts: true }, peer)
      runs[i]!.push(measured)
      say(`${load.padEnd(22)} round ${round} ${peer.name.padEnd(14)} ${line(measured)}`)
    }
  }
  return { load, runs, ceiling: limit }
}

function line({ perSecond, p50, p99, drainSeconds, errors, loadCpu }: Measured): string {
  const drain = drainSeconds === undefined ? '' : `, drained in ${short(drainSeconds)} s`
  const wrong = errors === 0 ? '' : `, ${whole(errors)} ERRORS`
  const load = `load ${whole(loadCpu * 100)} %`
  return `${whole(perSecond).padStart(9)}/s, p50 ${short(p50)}, p99 ${short(p99)} ms, ${load}${drain}${wrong}`
}

/** Of the logs, by the servers' own count. */
async function syncNotes(
  peers: readonly Peer[],
  before: readonly (number | undefined)[],
): Promise<string[]> {
  const after = await Promise.all(peers.map(syncCount))
  const parts = peers.flatMap(({ name }, i) => {
    const [from, to] = [before[i], after[i]]
    return from === undefined || to === undefined ? [] : [`${name} ${whole(to - from)}`]
  })
  return parts.length === 0 ? [] : [`fsyncs of the log meanwhile: ${parts.join(', ')}`]
}

function memoryOf({ name, processes }: Peer): string {
  const parts = Object.entries(processes).map(
    ([process, pid]) => `${process} ${whole(memory(pid).peak)} MiB`,
  )
  return `${name}: ${parts.join(' + ')}`
}
