/**
 * Which answers still hold? Where the store's history went back, writes that a client saw committed are
 * gone, by the operator's hand, and until a proxy has noticed it shows what is lost. All other answers hold.
 */
import { type Asked, isAskedWrite, isOutOfSpace } from '../client/history.ts'
import type { LogEntry, StoreLog } from '../store/store-log.ts'

/** May its answer be held against the log? */
export type Trust = (asked: Asked) => boolean

export const trustAll: Trust = () => true

/** After history went back: by then nobody shows the lost one any more. Unit ms. */
export const NOTICED_MS = 5_000

export interface Lost {
  readonly entries: readonly LogEntry[]
  /** When the store went back. Simulated ms. */
  readonly atMs: number
}

/** By restore: entries that the store does not have now. */
export function lostEntries({ entries, rewinds }: StoreLog): readonly Lost[] {
  // A later restore may have brought them back; or whoever had no answer to the same txn sent it again.
  const present = new Set(entries.map(identityOf))
  return rewinds.map(({ atMs, lost }) => ({
    atMs,
    entries: lost.filter((entry) => !present.has(identityOf(entry))),
  }))
}

const identityOf = ({ bytes }: LogEntry): string => Buffer.from(bytes).toString('latin1')

export function trustIn(log: StoreLog): Trust {
  if (!log.isBroken) return trustAll
  const losses = lostEntries(log)
  const names = new Set<string>()
  /** zxid → until when an answer may show it. */
  const shownUntilMs = new Map<number, number>()
  for (const { entries, atMs } of losses) {
    for (const { batch } of entries) {
      for (const { zxid, takesZxid, session, cxid } of batch.txns) {
        if (cxid !== 0) names.add(`${session}/${cxid}`)
        if (!takesZxid) continue
        shownUntilMs.set(zxid, Math.max(shownUntilMs.get(zxid) ?? 0, atMs + NOTICED_MS))
      }
    }
  }
  return (asked) => {
    const { reply, session, xid, callMs } = asked
    if (reply === undefined) return true
    const isDamaged = log.damages.some(
      ({ fromMs, untilMs }) => reply.atMs >= fromMs && callMs <= untilMs + NOTICED_MS,
    )
    if (isAskedWrite(asked) && names.has(`${session.id}/${xid}`)) return false
    const showsState = !isAskedWrite(asked) || isOutOfSpace(asked)
    if (isDamaged && showsState) return false
    return callMs > (shownUntilMs.get(reply.zxid) ?? Number.NEGATIVE_INFINITY)
  }
}
