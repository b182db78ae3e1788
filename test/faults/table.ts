/** What was measured, beside the goals. */
import type { Fault } from './fault.ts'
import type { Row } from './measure.ts'

export function line(row: Row): string {
  const parts = [
    `${row.peer === 'zookeeper' ? 'ZooKeeper' : 'anykeeper'}: ${row.name}:`,
    `no write for ${row.gapS.toFixed(2)} s,`,
    `${row.disconnected} of ${row.clients} disconnected, ${row.lost} sessions lost,`,
    row.healthyS === undefined ? 'NOT healthy again' : `healthy after ${row.healthyS.toFixed(1)} s`,
  ]
  if (row.afterBackS !== undefined) parts.push(`(${row.afterBackS.toFixed(2)} s after it is back)`)
  parts.push(`· stale ${row.staleS.toFixed(2)} s · ${row.writes} writes`)
  if (row.violations > 0) parts.push(`· ${row.violations} VIOLATIONS`)
  if (row.notes.length > 0) parts.push(`· ${row.notes.join(', ')}`)
  return parts.join(' ')
}

/** Markdown: one line a fault, both peers, all its runs as min–max. */
export function table(rows: readonly Row[], faults: readonly Fault[]): string {
  const names = [...new Set(rows.map(({ name }) => name))]
  const order = faults.map(({ name }) => name)
  names.sort((a, b) => order.indexOf(a) - order.indexOf(b))
  const lines = names.map((name) => {
    const of = (peer: Fault['peer']) => rows.filter((row) => row.name === name && row.peer === peer)
    const fault = faults.find((one) => one.name === name && one.peer === 'anykeeper')
    const own = of('anykeeper')
    const verdict = own.length === 0 || fault === undefined ? '' : verdictOf(own, fault)
    const cells = [name, cell(own), cell(of('zookeeper')), fault?.goal.text ?? '', verdict]
    return `| ${cells.join(' | ')} |`
  })
  return [
    '| fault | anykeeper | ZooKeeper, ensemble of 3 | goal | |',
    '| --- | --- | --- | --- | --- |',
    ...lines,
  ].join('\n')
}

/** `gap s; disconnected; lost; healthy; …` over all runs. */
function cell(rows: readonly Row[]): string {
  if (rows.length === 0) return '–'
  const [{ clients }] = rows as [Row]
  const parts = [
    `${span(rows.map(({ gapS }) => gapS))} s`,
    `${span(
      rows.map(({ disconnected }) => disconnected),
      0,
    )} of ${clients}`,
    `${span(
      rows.map(({ lost }) => lost),
      0,
    )} lost`,
    `healthy ${span(
      rows.map(({ healthyS }) => healthyS ?? Number.POSITIVE_INFINITY),
      1,
    )} s`,
  ]
  const backs = rows.flatMap(({ afterBackS }) => afterBackS ?? [])
  if (backs.length > 0) parts.push(`${span(backs)} s after it is back`)
  const stale = Math.max(...rows.map(({ staleS }) => staleS))
  if (stale >= 0.5) parts.push(`stale ${stale.toFixed(1)} s`)
  const violations = rows.reduce((sum, row) => sum + row.violations, 0)
  if (violations > 0) parts.push(`**${violations} violations**`)
  return `${parts.join('; ')} (${rows.length}×)`
}

/** `met`, or which goals were missed in how many of the runs. */
export function verdictOf(rows: readonly Row[], { goal }: Fault): string {
  const misses: string[] = []
  const { gapS, afterBackS, staleS, noneDisconnected, noneLost } = goal
  const count = (isMissed: (row: Row) => boolean): number => rows.filter(isMissed).length
  const note = (missed: number, what: string): void => {
    if (missed > 0) misses.push(`${what} in ${missed} of ${rows.length}`)
  }
  if (gapS !== undefined)
    note(
      count((row) => row.gapS > gapS),
      `gap > ${gapS}`,
    )
  if (afterBackS !== undefined) {
    note(
      count((row) => (row.afterBackS ?? 99) > afterBackS),
      `> ${afterBackS} after it is back`,
    )
  }
  if (staleS !== undefined) {
    const missed = count((row) => row.staleS > staleS)
    note(missed, `stale > ${staleS}`)
  }
  if (noneDisconnected) {
    const missed = count((row) => row.disconnected > 0)
    note(missed, 'disconnected')
  }
  if (noneLost)
    note(
      count((row) => row.lost > 0),
      'sessions lost',
    )
  note(
    count((row) => row.violations > 0),
    'violations',
  )
  return misses.length === 0 ? 'met' : `missed: ${misses.join(', ')}`
}

function span(values: readonly number[], digits = 2): string {
  const [low, high] = [Math.min(...values), Math.max(...values)].map((value) =>
    value.toFixed(digits),
  )
  return low === high ? `${low}` : `${low}–${high}`
}
