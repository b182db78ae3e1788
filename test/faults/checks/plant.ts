/**
 * Plants a fault in a recorded register history, so that the checker of histories can be checked:
 *
 *   node --import tsx test/faults/checks/plant.ts stale-read registers.jsonl > planted.jsonl
 *   node --import tsx test/faults/checks/plant.ts lost-update registers.jsonl > planted.jsonl
 *
 * Only the operations of one register are written, up to the planted one and a little behind it.
 */
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

/** One line of the history: see register-history.ts. */
export interface HistoryLine {
  process: number
  key: string
  op: 'read' | 'write' | 'cas'
  value: string
  version: number | null
  call_ns: number
  return_ns: number | null
  outcome: 'ok' | 'unknown' | 'fail'
}

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
  for (const row of text.split('\n')) {
    if (row === '') continue
    const line = JSON.parse(row) as HistoryLine
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

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [what, file] = process.argv.slice(2)
  const plant = { 'stale-read': plantStaleRead, 'lost-update': plantLostUpdate }[what ?? '']
  if (plant === undefined || file === undefined) {
    throw new Error('plant.ts stale-read|lost-update registers.jsonl')
  }
  const planted = plant(busiestRegister(readFileSync(file, 'utf8')))
  process.stdout.write(`${planted.map((line) => JSON.stringify(line)).join('\n')}\n`)
}
