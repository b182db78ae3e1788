/** All laws, by name, on one finished run. Each is in a file of its own; the README lists them. */
import type { Layout } from '../../../lib/internal.ts'
import type { History } from '../client/history.ts'
import type { LoneStart, SimProxy } from '../proxy/sim-proxy.ts'
import type { Cluster } from '../store/cluster.ts'
import type { LogEntry } from '../store/store-log.ts'
import { checkBudgets } from './budgets.ts'
import { checkEndState } from './end-state.ts'
import { Findings, type Violation } from './findings.ts'
import { checkLostHistory } from './lost-history.ts'
import { checkRealTime, checkSessionOrder, checkStaleness } from './order.ts'
import { checkProposals } from './proposals.ts'
import { type Replayed, replay } from './replay.ts'
import { checkSessions, type RunTimes } from './sessions.ts'
import { checkSpace } from './space.ts'
import { trustIn } from './trust.ts'
import { checkWatches } from './watches.ts'

export interface FinishedRun {
  readonly cluster: Cluster
  readonly proxies: readonly SimProxy[]
  readonly history: History
  readonly layout: Layout
  /** When the last fault ended, and when the run did. Simulated ms. */
  readonly healedMs: number
  readonly endMs: number
  /** From then on nothing is out of order. Simulated ms. */
  readonly calmMs: number
}

/** Those that say most of what went wrong come first. */
export async function checkLaws(run: FinishedRun): Promise<readonly Violation[]> {
  const { cluster, proxies, history, layout } = run
  const findings = new Findings()
  const { isBroken } = cluster.log
  const loneStarts = proxies.flatMap((proxy) => proxy.loneStarts)
  const check = isBroken ? checkAfterRewind : checkWhole
  const { model } = check(run, loneStarts, findings)
  await checkEndState(cluster, proxies, layout, model, findings)
  if (!isBroken) checkProposals(history, proxies, findings)
  checkLoads(proxies, findings)
  checkSpace(history, cluster, findings)
  checkLiveness(run, findings)
  checkBudgets(run, findings)
  return findings.violations
}

/** A start takes the tree that head names, or none. */
function checkLoads(proxies: FinishedRun['proxies'], findings: Findings): void {
  for (const { node, loads } of proxies) {
    for (const { atMs, is, should } of loads) {
      if (is.znodes === should.znodes && is.digest === should.digest) continue
      const what = `${node.name} at ${atMs.toFixed(0)} ms: ${is.znodes} znodes, not ${should.znodes}, or others`
      findings.add('a damaged tree is not served', what)
    }
  }
}

function checkWhole(
  { cluster, history, healedMs, endMs }: FinishedRun,
  loneStarts: readonly LoneStart[],
  findings: Findings,
): Replayed {
  const times = { healedMs, endMs, revokedMs: cluster.revokedMs }
  return checkHistory({ entries: cluster.log.entries, history, times, loneStarts }, findings)
}

/** What needs only what clients saw and what the store was told. */
export function checkHistory(
  what: {
    readonly entries: readonly LogEntry[]
    readonly history: History
    readonly times: RunTimes
    readonly loneStarts: readonly LoneStart[]
  },
  findings: Findings,
): Replayed {
  const { entries, history, times, loneStarts } = what
  const replayed = replay(entries, history, findings, { loneStarts })
  const { txns, zxidOf } = replayed
  const tree = txns.filter(({ effects }) => effects[0]?.type !== 'move')
  checkRealTime(history, zxidOf, findings)
  checkSessionOrder(history, zxidOf, findings)
  checkStaleness(history, tree, findings)
  checkSessions(history, txns, times, findings)
  checkWatches(history, tree, findings)
  return replayed
}

/**
 * Committed writes are lost then, by the operator's hand. What nobody can hold against the log is not: see
 * trust. Everything else must hold in the history that the store has now.
 */
function checkAfterRewind(
  run: FinishedRun,
  loneStarts: readonly LoneStart[],
  findings: Findings,
): Replayed {
  const { cluster, proxies, history } = run
  const { log } = cluster
  const trusts = trustIn(log)
  const replayed = replay(log.entries, history, findings, { trusts, loneStarts })
  const { zxidOf } = replayed
  checkRealTime(history, zxidOf, findings, trusts)
  checkSessionOrder(history, zxidOf, findings, trusts)
  checkLostHistory(history, proxies, log, findings)
  return replayed
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
