/** Lists and tables: for people as wide as the terminal, for pipes stable. Neighbours: printable, output. */
import { padded, widthOf } from './printable.ts'

const GAP = 2

/** Names down the columns, as ls of a shell does; one a line where they do not fit. */
export function columnsOf(names: readonly string[], width: number): string[] {
  const widest = names.reduce((most, name) => Math.max(most, widthOf(name)), 0)
  const count = Math.max(1, Math.floor((width + GAP) / (widest + GAP)))
  if (count === 1) return [...names]
  const rows = Math.ceil(names.length / count)
  const lines: string[] = []
  for (let row = 0; row < rows; row++) {
    let line = ''
    for (let at = row; at < names.length; at += rows) {
      const name = names[at] as string
      line += at + rows < names.length ? padded(name, widest + GAP) : name
    }
    lines.push(line)
  }
  return lines
}

/** A column of a table. */
export interface Column {
  readonly title: string
  /** Numbers stand on the right. @default 'left' */
  readonly side?: 'left' | 'right'
}

/** Lines of a table with its head; the last column is not filled up. */
export function tableOf(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string[] {
  const all = [columns.map(({ title }) => title), ...rows]
  const widths = columns.map((_, at) =>
    all.reduce((most, row) => Math.max(most, widthOf(row[at] ?? '')), 0),
  )
  return all.map((row) =>
    columns
      .map(({ side = 'left' }, at) => {
        const isLast = at === columns.length - 1
        const cell = row[at] ?? ''
        return isLast && side === 'left' ? cell : padded(cell, widths[at] as number, side)
      })
      .join(' '.repeat(GAP))
      .trimEnd(),
  )
}

const UNITS = ['', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** A number of bytes for people. */
export function shownBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit++
  }
  if (unit === 0) return counted(value, 'byte')
  return `${value.toFixed(1)} ${UNITS[unit]}`
}

/** "1 child", "2,000 children". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${shownCount(count)} ${count === 1 ? one : many}`
}

/** 1234567 as 1,234,567. */
export function shownCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',')
}
