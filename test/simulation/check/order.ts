/**
 * Order in real time and within a session. A zxid that anybody has seen is behind everybody: a write or
 * a sync that is sent afterwards gets a higher (or, a sync, no lower) one, which is what makes writes
 * linearizable. Within a session answers come in the order of its requests and never go back.
 */
import { type Asked, type History, isOutOfSpace } from '../client/history.ts'
import { isWrite } from '../client/requests.ts'
import type { Findings } from './findings.ts'
import { name } from './replay.ts'
import { type Trust, trustAll } from './trust.ts'

/** How old an answer may be: freshnessMsMax, and the way of the request. Unit ms. */
const STALE_MS_MAX = 4_500

/** The order of ZooKeeper's own promise, at every moment that matters. */
export function checkRealTime(
  history: History,
  zxidOf: ReadonlyMap<Asked, number>,
  findings: Findings,
  trusts: Trust = trustAll,
): void {
  const byReply = history.asked.filter((asked) => asked.reply !== undefined && trusts(asked))
  byReply.sort((a, b) => (a.reply?.atMs ?? 0) - (b.reply?.atMs ?? 0))
  const byCall = [...history.asked].sort((a, b) => a.callMs - b.callMs)
  let at = 0
  let seen = 0
  let seenBy: Asked | undefined
  for (const asked of byCall) {
    for (; at < byReply.length; at++) {
      const earlier = byReply[at] as Asked
      if ((earlier.reply?.atMs ?? 0) >= asked.callMs) break
      const zxid = earlier.reply?.zxid ?? 0
      if (zxid <= seen) continue
      seen = zxid
      seenBy = earlier
    }
    const zxid = (trusts(asked) ? asked.reply?.zxid : undefined) ?? zxidOf.get(asked)
    if (zxid === undefined || seenBy === undefined) continue
    if (isWrite(asked.request) && !isOutOfSpace(asked) && zxid <= seen) {
      findings.add('writes linearizable', `${name(asked)} behind ${name(seenBy)}`)
    }
    if (asked.request.type === 'sync' && zxid < seen) {
      findings.add('sync reaches what was committed', `${name(asked)} behind ${name(seenBy)}`)
    }
  }
}

/** FIFO, and one image of the system wherever the session is connected. */
export function checkSessionOrder(
  history: History,
  zxidOf: ReadonlyMap<Asked, number>,
  findings: Findings,
  trusts: Trust = trustAll,
): void {
  for (const { connections } of history.sessions) {
    let seen = 0
    let written = 0
    for (const connection of connections) {
      for (const entry of connection.entries) {
        if (entry.kind !== 'reply') continue
        const { asked } = entry
        if (asked.xid <= -1000) findings.add('FIFO', `an answer out of turn: ${name(asked)}`)
        if (!trusts(asked)) continue
        const zxid = asked.reply?.zxid ?? 0
        if (zxid < seen) {
          findings.add('a session never goes back', `${name(asked)} after zxid ${seen}`)
        }
        seen = Math.max(seen, zxid)
      }
      for (const asked of connection.asked) {
        if (!isWrite(asked.request)) continue
        const zxid = zxidOf.get(asked)
        if (zxid === undefined) continue
        if (zxid <= written) findings.add('FIFO', `${name(asked)} after zxid ${written}`)
        written = Math.max(written, zxid)
      }
    }
  }
}

/** No answer comes from a state that was replaced longer ago before the request was sent. */
export function checkStaleness(
  history: History,
  commits: readonly { readonly zxid: number; readonly atMs: number }[],
  findings: Findings,
  trusts: Trust = trustAll,
): void {
  for (const asked of history.asked) {
    const { reply, callMs } = asked
    if (reply === undefined || !trusts(asked)) continue
    const next = firstAfter(commits, reply.zxid)
    if (next === undefined || next.atMs >= callMs) continue
    const ageMs = callMs - next.atMs
    if (ageMs > STALE_MS_MAX) {
      findings.add('nothing stale', `${name(asked)}: ${Math.round(ageMs)} ms behind`)
    }
  }
}

/** The first transaction with a higher zxid. */
function firstAfter<T extends { readonly zxid: number }>(
  txns: readonly T[],
  zxid: number,
): T | undefined {
  let low = 0
  let high = txns.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((txns[middle] as T).zxid <= zxid) low = middle + 1
    else high = middle
  }
  return txns[low]
}
