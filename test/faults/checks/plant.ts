/**
 * Plants a fault in a recorded register history, so that the checker of histories can be checked. Only the
 * operations of one register are left, up to the planted one and a little behind it.
 * Neighbour: linearizability.ts.
 */
import { type HistoryLine, linesOf } from './register-history.ts'

const keptBehind = 50

/** A read that shows the version before one that was complete when it was called. */
export function plantStaleRead(lines: readonly HistoryLine[]): HistoryLine[] {
  const history = lines.map((line) => ({ ...line }))
  const written = writesByVersion(history)
  for (const [index, read] of history.entries()) {
    if (read.op !== 'read' || read.version === null) continue
    const shown = written.get(read.version)
    const older = written.get(read.version - 1)
    if (shown?.return_ns == null || shown.return_ns >= read.call_ns || older === undefined) continue
    read.version = older.version
    read.value = older.value
    return history.slice(0, index + keptBehind)
  }
  throw new Error('no read in the history can be made stale')
}

/** Two acknowledged writes from one version: the second one takes the place of the first. */
export function plantLostUpdate(lines: readonly HistoryLine[]): HistoryLine[] {
  const history = lines.map((line) => ({ ...line }))
  const written = writesByVersion(history)
  for (const [index, write] of history.entries()) {
    if (!isMade(write)) continue
    const before = written.get(write.version - 1)
    if (before?.return_ns == null || before.return_ns >= write.call_ns) continue
    write.version = before.version
    return history.slice(0, index + keptBehind)
  }
  throw new Error('no write in the history can be made to lose another one')
}

/** The operations of the register that has most of them, as they were called. */
export function busiestRegister(text: string): HistoryLine[] {
  const byKey = new Map<string, HistoryLine[]>()
  for (const line of linesOf(text)) {
    const lines = byKey.get(line.key) ?? []
    lines.push(line)
    byKey.set(line.key, lines)
  }
  const [busiest] = [...byKey.values()].sort((a, b) => b.length - a.length)
  return (busiest ?? []).sort((a, b) => a.call_ns - b.call_ns)
}

function isMade(line: HistoryLine): line is Made {
  return line.op !== 'read' && line.outcome === 'ok' && line.version !== null
}

type Made = HistoryLine & { version: number }

/** Copies: what is planted afterwards does not change them. */
function writesByVersion(history: readonly HistoryLine[]): Map<number, Made> {
  return new Map(history.filter(isMade).map((line) => [line.version, { ...line }]))
}
