/** All laws, by name, on one finished run. Each is in a file of its own; the README lists them. */
import type { Layout } from '../../../lib/index.ts'
import type { Asked, History } from '../client/history.ts'
import { isWrite } from '../client/requests.ts'
import type { SimProxy } from '../proxy/sim-proxy.ts'
import type { Cluster } from '../store/cluster.ts'
import type { LogEntry, StoreLog } from '../store/store-log.ts'
import { checkEndState } from './end-state.ts'
import { Findings, type Violation } from './findings.ts'
import type { Goals } from './goals.ts'
import { checkRealTime, checkSessionOrder, checkStaleness } from './order.ts'
import { checkProposals } from './proposals.ts'
import { type Replayed, replay } from './replay.ts'
import { checkSessions } from './sessions.ts'
import { checkWatches, type Resyncs } from './watches.ts'

/** After the store's history went back, and all faults are over: by then everybody serves the new one. */
const NOTICED_MS = 5_000

export interface FinishedRun {
  readonly cluster: Cluster
  readonly proxies: readonly SimProxy[]
  readonly history: History
  readonly layout: Layout
  readonly goals: Goals
  /** When the last fault ended, and when the run did. Simulated ms. */
  readonly healedMs: number
  readonly endMs: number
}

export async function checkLaws(run: FinishedRun): Promise<readonly Violation[]> {
  const { cluster, proxies, layout } = run
  const { log } = cluster
  const findings = new Findings()
  if (log.headLostMs === undefined) checkLiveness(run, findings)
  const { model } = log.isBroken ? checkAfterRewind(run, findings) : checkWhole(run, findings)
  const isComparable = log.headLostMs === undefined
  await checkEndState(cluster, proxies, layout, isComparable ? model : undefined, findings)
  return findings.violations
}

function checkWhole(run: FinishedRun, findings: Findings): Replayed {
  const { cluster, proxies, history, goals, healedMs, endMs } = run
  const resyncs = new Map(proxies.map(({ node, resyncs: at }) => [node.name, at]))
  const times = { healedMs, endMs }
  checkProposals(history, proxies, goals, findings)
  return checkHistory({ entries: cluster.log.entries, history, resyncs, goals, times }, findings)
}

/** What needs only what clients saw and what the store was told. */
export function checkHistory(
  what: {
    readonly entries: readonly LogEntry[]
    readonly history: History
    readonly resyncs: Resyncs
    readonly goals: Goals
    readonly times: { readonly healedMs: number; readonly endMs: number }
  },
  findings: Findings,
): Replayed {
  const { entries, history, resyncs, goals, times } = what
  const replayed = replay(entries, history, findings)
  const { txns, zxidOf } = replayed
  const tree = txns.filter(({ effects }) => effects[0]?.type !== 'move')
  checkRealTime(history, zxidOf, findings)
  checkSessionOrder(history, zxidOf, findings)
  checkStaleness(history, tree, goals.staleMsMax, findings)
  checkSessions(history, txns, { ...times, ...goals }, findings)
  checkWatches(history, tree, goals.watchesAcrossResync ? new Map() : resyncs, findings)
  return replayed
}

/**
 * Committed writes are lost then, by the operator's hand. What was asked before anybody can have noticed
 * counts as unknown; what is asked afterwards must hold in the history that the store has now.
 */
function checkAfterRewind(run: FinishedRun, findings: Findings): Replayed {
  const { cluster, history, healedMs } = run
  const settledMs = Math.max(healedMs, lastBreakMs(cluster.log)) + NOTICED_MS
  const asked = history.asked.flatMap((one): Asked[] => {
    if (one.callMs >= settledMs) return [one]
    return isWrite(one.request) ? [{ ...one, reply: undefined }] : []
  })
  const replayed = replay(cluster.log.entries, { ...history, asked }, findings)
  checkRealTime({ ...history, asked }, replayed.zxidOf, findings)
  return replayed
}

function lastBreakMs({ rewinds, headLostMs }: StoreLog): number {
  return Math.max(headLostMs ?? 0, ...rewinds.map(({ atMs }) => atMs))
}

/** Every proxy serves again, and a write through each of them has succeeded. */
function checkLiveness({ proxies, history }: FinishedRun, findings: Findings): void {
  for (const [i, { keeper, node }] of proxies.entries()) {
    if (keeper?.isServing !== true) findings.add('liveness', `${node.name} does not serve`)
    const wrote = history.asked.some(
      ({ client, reply, request }) =>
        client === `probe${i}` && request.type === 'create' && reply?.err === 0,
    )
    if (!wrote) findings.add('liveness', `no write through ${node.name}`)
  }
}
