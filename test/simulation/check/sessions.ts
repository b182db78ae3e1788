/**
 * A session lives exactly as long as it should: never shorter than its timeout after the last request
 * that was answered, never long after it, and when the log has ended it nobody gets it back.
 */
import { sessionName } from '../../../lib/internal.ts'
import type { History } from '../client/history.ts'
import type { Findings } from './findings.ts'
import type { PlacedTxn } from './replay.ts'

/** What a session may live longer than its timeout after all faults are over. Unit ms. */
const LATE_MS = 14_000

/**
 * An outsider revoked the lease of a proxy that lives: until it has registered again, the others take it for
 * one whose lease ran out, which was silent for that long. Unit ms.
 */
const REVOKED_MS = 4_000
/** A proxy has registered again by then. Unit ms. */
const REGISTERED_MS = 20_000

export interface RunTimes {
  /** When the last fault ended. */
  readonly healedMs: number
  readonly endMs: number
  /** When outsiders revoked leases. */
  readonly revokedMs: readonly number[]
}

export function checkSessions(
  history: History,
  txns: readonly PlacedTxn[],
  times: RunTimes,
  findings: Findings,
): void {
  const ends = new Map<bigint, number>()
  const alive = new Set<bigint>()
  for (const { effects, atMs } of txns) {
    for (const effect of effects) {
      if (effect.type === 'open') alive.add(effect.id)
      if (effect.type !== 'close') continue
      // What a session has left that ended in part goes later.
      if (!ends.has(effect.id)) ends.set(effect.id, atMs)
      alive.delete(effect.id)
    }
  }
  for (const session of history.sessions) {
    const { id, timeoutMs, closeCalledMs, answeredSentMs, sentMs, client, expiredMs } = session
    const who = `${client}, session ${sessionName(id)}`
    const endMs = ends.get(id)
    if (endMs === undefined) {
      if (expiredMs !== undefined) {
        findings.add('expired only when the log says so', `${who} at ${expiredMs.toFixed(0)} ms`)
      }
      const fromMs = Math.max(sentMs, times.healedMs)
      if (alive.has(id) && fromMs + timeoutMs + LATE_MS < times.endMs) {
        const silentMs = Math.round(times.endMs - sentMs)
        findings.add('sessions end', `${who}, silent for ${silentMs} ms`)
      }
      continue
    }
    const wasAsked = closeCalledMs !== undefined && closeCalledMs <= endMs
    // Only requests that were sent before the end count: later ones are told of by another law.
    const answered = Math.min(answeredSentMs, answeredBefore(session, endMs))
    const isRevoked = times.revokedMs.some((ms) => ms < endMs && ms + REGISTERED_MS > endMs)
    const earlyMsMax = isRevoked ? REVOKED_MS : 0
    if (!wasAsked && endMs + earlyMsMax < answered + timeoutMs) {
      const earlyMs = Math.round(answered + timeoutMs - endMs)
      const what = `${who} ended at ${endMs.toFixed(0)} ms, ${earlyMs} ms early`
      findings.add('no session ends early', what)
    }
    for (const { openedMs, proxy } of session.connections) {
      if (openedMs <= endMs) continue
      const what = `${who}, ended at ${endMs.toFixed(0)} ms, resumed on ${proxy} by a request of ${openedMs.toFixed(0)} ms`
      findings.add('a dead session stays dead', what)
    }
  }
}

/** When the last answered request before `endMs` was sent, the opening of a connection included. */
function answeredBefore(session: History['sessions'][number], endMs: number): number {
  let last = 0
  for (const { openedMs, asked } of session.connections) {
    if (openedMs < endMs) last = Math.max(last, openedMs)
    for (const { callMs, reply } of asked) {
      if (reply !== undefined && callMs < endMs) last = Math.max(last, callMs)
    }
  }
  return last
}
