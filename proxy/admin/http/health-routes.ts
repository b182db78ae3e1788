/** /livez and /readyz, as Kubernetes asks: a status, and a line for each check with ?verbose. Neighbour: readiness. */
import type { Call } from './call.ts'
import type { Readiness } from './readiness.ts'
import type { Route } from './router.ts'

export function healthRoutes(readiness: Readiness): readonly Route[] {
  return [
    // It is answered, so the event loop turns.
    { method: 'GET', path: '/livez', handle: (call) => call.text(200, 'ok\n') },
    { method: 'GET', path: '/readyz', handle: (call) => answerReady(readiness, call) },
  ]
}

function answerReady(readiness: Readiness, call: Call): void {
  const { isReady, checks } = readiness
  const status = isReady ? 200 : 503
  if (call.query.has('verbose')) {
    const lines = checks.map(({ name, reason }) =>
      reason === undefined ? `[+]${name} ok` : `[-]${name} failed: ${reason}`,
    )
    const verdict = isReady ? 'readyz check passed' : 'readyz check failed'
    return call.text(status, `${[...lines, verdict].join('\n')}\n`)
  }
  if (isReady) return call.text(200, 'ok\n')
  const reasons = checks.flatMap(({ reason }) => reason ?? [])
  call.text(503, `${reasons.length === 0 ? 'it was not ready a moment ago' : reasons.join('\n')}\n`)
}
