/**
 * What no connection holds is in no budget, and nobody waits for ever: at the end no request is in flight and no reply
 * is unsent, and before, when nothing was out of order, no client left its proxy because nothing came from it.
 */
import type { History } from '../client/history.ts'
import type { SimProxy } from '../proxy/sim-proxy.ts'
import type { Findings } from './findings.ts'

export function checkBudgets(
  run: {
    readonly proxies: readonly SimProxy[]
    readonly history: History
    readonly calmMs: number
  },
  findings: Findings,
): void {
  const { proxies, history, calmMs } = run
  for (const { server, node } of proxies) {
    if (server === undefined) continue
    const { requestBytes, replyBytes } = server
    const connections = [...server.connections]
    const inFlight = connections.some(({ queued }) => queued > 0)
    const unsent = connections.reduce((sum, { socket }) => sum + socket.writableLength, 0)
    if (!inFlight && requestBytes.bytes !== 0)
      findings.add(RETURNED, `${node.name}: ${requestBytes.bytes} bytes of no request`)
    if (replyBytes.bytes !== unsent)
      findings.add(RETURNED, `${node.name}: ${replyBytes.bytes} bytes of replies, ${unsent} unsent`)
  }
  for (const { client, connections } of history.sessions) {
    for (const { proxy, silentMs = 0 } of connections) {
      if (silentMs < calmMs) continue
      findings.add('nobody waits for ever', `${client} left ${proxy} at ${silentMs.toFixed(0)} ms`)
    }
  }
}

const RETURNED = 'what no connection holds is in no budget'
