/**
 * When a proxy proposes the end of a session: never while something of its client lies unread on the
 * machine, also where it ends the connection before it reads it, and never before the client had its whole timeout since any proxy served.
 */
import { sessionName } from '../../../lib/internal.ts'
import type { History } from '../client/history.ts'
import type { SimProxy } from '../proxy/sim-proxy.ts'
import type { Findings } from './findings.ts'

/** Between the last look at a clock and the event itself. Unit ms. */
const SLACK_MS = 50

export function checkProposals(
  history: History,
  proxies: readonly SimProxy[],
  findings: Findings,
): void {
  const sessions = new Map(history.sessions.map((session) => [session.id, session]))
  const outages = outageEnds(proxies)
  for (const { node, proposals } of proxies) {
    for (const { session: id, atMs } of proposals) {
      const session = sessions.get(id)
      if (session === undefined) continue
      const { timeoutMs, client, connections } = session
      const who = `${client}, session ${sessionName(id)} by ${node.name} at ${atMs.toFixed(0)} ms`
      for (const { proxy, arrivedMs } of connections) {
        if (proxy !== node.name) continue
        // The first is the ConnectRequest, which the session begins after.
        const arrived = arrivedMs.slice(1).findLast((ms) => ms <= atMs - SLACK_MS)
        if (arrived !== undefined && atMs + SLACK_MS < arrived + timeoutMs) {
          const what = `${who}, where its bytes had arrived at ${arrived.toFixed(0)} ms`
          findings.add('what has arrived counts', what)
        }
      }
      const endMs = outages.findLast((ms) => ms <= atMs)
      if (endMs !== undefined && atMs + SLACK_MS < endMs + timeoutMs) {
        findings.add('an outage ends no session', `${who}, back since ${endMs.toFixed(0)} ms`)
      }
    }
  }
}

/** When one proxy began to serve after none did. */
function outageEnds(proxies: readonly SimProxy[]): number[] {
  const changes = proxies.flatMap(({ servings }, proxy) =>
    servings.map((change) => ({ ...change, proxy })),
  )
  changes.sort((a, b) => a.atMs - b.atMs)
  const serving = new Set<number>()
  const ends: number[] = []
  for (const { atMs, isServing, proxy } of changes) {
    if (isServing && serving.size === 0) ends.push(atMs)
    if (isServing) serving.add(proxy)
    else serving.delete(proxy)
  }
  return ends
}
