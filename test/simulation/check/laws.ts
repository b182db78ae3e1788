/** All laws, by name, on one finished run. Each is in a file of its own; the README lists them. */
import type { Layout } from '../../../lib/index.ts'
import type { History } from '../client/history.ts'
import type { SimProxy } from '../proxy/sim-proxy.ts'
import type { Cluster } from '../store/cluster.ts'
import { checkEndState } from './end-state.ts'
import { Findings, type Violation } from './findings.ts'
import { checkRealTime, checkSessionOrder, checkStaleness } from './order.ts'
import { replay } from './replay.ts'
import { checkSessions } from './sessions.ts'
import { checkWatches } from './watches.ts'

/** Today's bound: the feed may be silent for so long before clients are disconnected. Unit ms. */
const STALE_MS_MAX = 12_000

export interface FinishedRun {
  readonly cluster: Cluster
  readonly proxies: readonly SimProxy[]
  readonly history: History
  readonly layout: Layout
  /** When the last fault ended, and when the run did. Simulated ms. */
  readonly healedMs: number
  readonly endMs: number
}

export async function checkLaws(run: FinishedRun): Promise<readonly Violation[]> {
  const { cluster, proxies, history, layout, healedMs, endMs } = run
  const findings = new Findings()
  checkLiveness(run, findings)
  const { entries } = cluster.log
  const { model, txns, zxidOf } = replay(entries, history, findings)
  checkRealTime(history, zxidOf, findings)
  checkSessionOrder(history, zxidOf, findings)
  const tree = txns.filter(({ effects }) => effects[0]?.type !== 'move')
  checkStaleness(history, tree, STALE_MS_MAX, findings)
  checkSessions(history, txns, { healedMs, endMs }, findings)
  checkWatches(
    history,
    tree,
    new Map(proxies.map(({ node, resyncs }) => [node.name, resyncs])),
    findings,
  )
  await checkEndState(cluster, proxies, layout, model, findings)
  return findings.violations
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
