/**
 * History that went back is noticed by whoever had served it, and a client that has seen what is lost does
 * not continue as if nothing had happened. Neighbour: trust.
 */
import { sessionName } from '../../../lib/internal.ts'
import { epochOf } from '../../../lib/model/zxid.ts'
import type { History } from '../client/history.ts'
import type { SimProxy } from '../proxy/sim-proxy.ts'
import type { LogEntry, StoreLog } from '../store/store-log.ts'
import type { Findings } from './findings.ts'
import { type Lost, lostEntries } from './trust.ts'

export function checkLostHistory(
  history: History,
  proxies: readonly SimProxy[],
  log: StoreLog,
  findings: Findings,
): void {
  for (const lost of lostEntries(log)) {
    const { entries, atMs } = lost
    if (entries.length === 0) continue
    for (const { node, witnesses } of proxies) {
      const missed = witnesses.some(({ had, isBlind }) => entries.includes(had) && isBlind())
      if (!missed) continue
      findings.add(
        'history that went back is noticed',
        `not by ${node.name}: ${atMs.toFixed(0)} ms`,
      )
    }
    checkEpoch(proxies, log, lost, findings)
    checkSessions(history, proxies, log, lost, findings)
  }
}

/** Who had served what is lost, and lives, has begun an epoch above it, or has found one. */
function checkEpoch(
  proxies: readonly SimProxy[],
  log: StoreLog,
  { entries, atMs }: Lost,
  findings: Findings,
): void {
  const epoch = epochOf(log.entries.at(-1)?.batch.zxid ?? 0)
  for (const { node, keeper, witnesses } of proxies) {
    for (const { had, by, zxid } of witnesses) {
      if (!entries.includes(had) || keeper?.proxy !== by || epoch > epochOf(zxid)) continue
      const what = `${node.name} served zxid ${zxid} before ${atMs.toFixed(0)} ms, and the epoch is ${epoch}`
      findings.add('an epoch begins above what was served', what)
    }
  }
}

/**
 * Only who had served what is lost can begin an epoch above all of it: of what nobody was left to know, a
 * client may not be told.
 */
function checkSessions(
  history: History,
  proxies: readonly SimProxy[],
  log: StoreLog,
  lost: Lost,
  findings: Findings,
): void {
  const began = log.entries.find(
    ({ batch, atMs }) => atMs >= lost.atMs && batch.txns[0]?.ops[0]?.type === 'newEpoch',
  )
  if (began === undefined) return
  const known = proxies
    .flatMap(({ witnesses }) => witnesses)
    .filter(({ had, by }) => by === began.batch.proxy && lost.entries.includes(had))
  const seqMax = Math.max(0, ...known.map(({ had }) => had.batch.seq))
  const entryOf = new Map<number, LogEntry>()
  for (const entry of lost.entries) {
    if (entry.batch.seq > seqMax) continue
    for (const { zxid, takesZxid } of entry.batch.txns) if (takesZxid) entryOf.set(zxid, entry)
  }
  for (const { id, client, connections } of history.sessions) {
    const saw = connections
      .flatMap(({ asked }) => asked)
      .find(({ reply }) => reply !== undefined && reply.atMs < lost.atMs && entryOf.has(reply.zxid))
    const entry = entryOf.get(saw?.reply?.zxid ?? -1)
    if (saw === undefined || entry === undefined) continue
    // A restore from a newer snapshot may have brought back what it saw.
    const again = connections.find(
      ({ openedMs }) => openedMs > began.atMs && !log.hadAt(entry, openedMs),
    )
    if (again === undefined) continue
    const who = `${client}, session ${sessionName(id)}`
    const what = `${who}, which saw zxid ${saw.reply?.zxid}, resumed at ${again.openedMs.toFixed(0)} ms`
    findings.add('who saw lost history begins again', what)
  }
}
