/** How often, and for how long, a client tries to open its first session. Neighbours: client-session, transport. */
import { backoffMs } from '../base/backoff.ts'
import { pause } from '../base/pause.ts'
import { ZK_ERRORS, ZnodeError } from '../model/errors.ts'
import type { KnownOptions } from './client-options.ts'
import type { Transport } from './transport.ts'

/**
 * Calls `attempt` again and again, until it resolves, or the time or the caller's patience is over. `until`: aborted then.
 * @throws {ZnodeError} ZK_CONNECTION_LOSS: none resolved in time; what `attempt` rejects with, but not ZK_CONNECTION_LOSS; the
 * reason of the signal
 */
export async function untilOpen(
  { clock, pausesMs }: Transport,
  { connectMs, signal }: KnownOptions,
  attempt: (until: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const late = new AbortController()
  let cause: unknown
  const cancel = clock.after(connectMs, () => {
    const why = cause instanceof Error && cause.message !== '' ? `: ${cause.message}` : ''
    const message = `no server answered within ${connectMs} ms${why}`
    const { errno } = ZK_ERRORS.CONNECTION_LOSS
    late.abort(new ZnodeError(errno, undefined, { outcome: 'unapplied', message, cause }))
  })
  const until = signal === undefined ? late.signal : AbortSignal.any([signal, late.signal])
  try {
    for (let failures = 1; ; failures++) {
      until.throwIfAborted()
      try {
        await attempt(until)
        return
      } catch (error) {
        until.throwIfAborted()
        const isLoss = error instanceof ZnodeError && error.code === 'ZK_CONNECTION_LOSS'
        if (!isLoss) throw error
        cause = error.cause ?? cause
        const range = { firstMs: pausesMs.least, maxMs: pausesMs.most }
        await pause(clock, backoffMs(failures, range), until)
      }
    }
  } finally {
    cancel()
  }
}
