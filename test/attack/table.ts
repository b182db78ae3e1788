/** What was measured: one line a row, and a table of the rows of several servers. Neighbours: main, attack-run. */
import type { Row } from './attack-run.ts'
import type { Memory } from './memory.ts'

/** A row of a run's folder. Where no row came of an attack, there is why. */
export interface Entry {
  readonly peer: string
  readonly attack: string
  readonly off?: string
  /** ISO 8601. */
  readonly date: string
  /** Load average of the last minute when the attack ended. */
  readonly load: number
  readonly cpu: string
  readonly node: string
  readonly row?: Row
  /** Why there is no row. */
  readonly broken?: string
  /** The newest lines of the server that broke. */
  readonly output?: readonly string[]
  /** From a kill after the attack until it serves again, ms. */
  readonly restartMs?: number
  /** Why it does not. */
  readonly restartFailed?: string
  readonly restartError?: string
}

const ms = (value: number): string =>
  value < 1_000
    ? value.toFixed(value > 0.05 && value < 9.95 ? 1 : 0)
    : `${(value / 1_000).toFixed(1)} s`

const span = (values: readonly number[], show: (value: number) => string): string => {
  const [low, high] = [show(Math.min(...values)), show(Math.max(...values))]
  return low === high ? low : `${low}–${high}`
}

const recovery = (value: number | undefined): string =>
  value === undefined ? 'not in 30 s' : ms(value)

const memoryOf = ({ before, peak, after }: Memory): string => `${before}→${peak}→${after} MiB`

export function line({ peer, attack, row, broken, restartMs, restartFailed }: Entry): string {
  const restart = restartFailed ?? (restartMs === undefined ? '' : `restart ${ms(restartMs)}`)
  if (row === undefined) return `${peer}: ${attack}: BROKEN: ${broken} · ${restart}`
  const { bystander: b, calm } = row
  const store = row.storeMemory === undefined ? '' : ` (store ${memoryOf(row.storeMemory)})`
  return [
    `${peer}: ${attack}: ${row.outcome}`,
    `${row.seconds.toFixed(1)} s`,
    `calm p99 ${ms(calm.p99Ms)}`,
    `p50 ${ms(b.p50Ms)}, p99 ${ms(b.p99Ms)}, longest ${ms(b.maxMs)} of ${b.answered}`,
    `${b.failed} failed, ${b.disconnected} disconnected`,
    `calm after ${recovery(row.recoveryMs)}, new client ${ms(row.newClientMs)}`,
    `${memoryOf(row.memory)}${store}`,
    restart,
  ].join(' · ')
}

const whole = (value: number): string => Math.round(value).toLocaleString('en')

/** `p99 before → during / longest; failures; recovery; memory`, over all runs; times in ms. */
export function cell(entries: readonly Entry[]): string {
  if (entries.length === 0) return '–'
  const broken = entries.findLast(({ row }) => row === undefined)
  if (broken !== undefined) {
    const { restartFailed } = broken
    return `**${broken.broken}${restartFailed === undefined ? '' : `, and ${restartFailed}`}**`
  }
  const rows = entries.map(({ row }) => row!)
  const spanOf = (value: (row: Row) => number): string => span(rows.map(value), whole)
  const failed = spanOf(({ bystander }) => bystander.failed)
  const isNever = rows.some(({ recoveryMs }) => recoveryMs === undefined)
  const parts = [
    `${spanOf(({ calm }) => calm.p99Ms)} → ${spanOf(({ bystander }) => bystander.p99Ms)} / ` +
      spanOf(({ bystander }) => bystander.maxMs),
    failed === '0' ? failed : `**${failed}**`,
    isNever ? '**not in 30 s**' : spanOf(({ recoveryMs }) => recoveryMs as number),
    memoryCell(rows.map(({ memory }) => memory)),
  ]
  const stores = rows.flatMap(({ storeMemory }) => storeMemory ?? [])
  if (stores.length > 0) parts.push(`store ${memoryCell(stores)}`)
  const failure = entries.findLast(({ restartFailed }) => restartFailed !== undefined)
  if (failure !== undefined) parts.push(`**${failure.restartFailed}**`)
  return parts.join('; ')
}

/** Of the run that took most. */
function memoryCell(all: readonly Memory[]): string {
  const { before, peak, after } = all.reduce((most, one) => (one.peak > most.peak ? one : most))
  return [before, peak, after].map(whole).join(' → ')
}

/** Markdown: when and where, and one line an attack. Each in the order of its first row. */
export function table(entries: readonly Entry[]): string {
  const unique = <T>(values: readonly T[]): T[] => [...new Set(values)]
  const peers = unique(entries.map(({ peer }) => peer))
  const attacks = unique(entries.map(({ attack }) => attack))
  const notes = unique(entries.flatMap(({ off }) => off ?? []))
  const lines = attacks.map((attack) => {
    const of = entries.filter((entry) => entry.attack === attack)
    const off = of[0]?.off
    const mark = off === undefined ? '' : ` (${notes.indexOf(off) + 1})`
    const cells = peers.map((peer) => cell(of.filter((entry) => entry.peer === peer)))
    return `| ${[`${attack}${mark}`, ...cells].join(' | ')} |`
  })
  const dates = entries.map(({ date }) => date.slice(0, 16).replace('T', ' ')).sort()
  return [
    `- Date: ${dates[0]} to ${dates.at(-1)} UTC`,
    `- Machine: ${unique(entries.map(({ cpu }) => cpu)).join('; ')}; load average ${span(
      entries.map(({ load }) => load),
      (load) => load.toFixed(0),
    )}; Node ${unique(entries.map(({ node }) => node)).join(', ')}`,
    '',
    `| attack | ${peers.join(' | ')} |`,
    `| ${['', ...peers].map(() => '---').join(' | ')} |`,
    ...lines,
    ...notes.flatMap((note, i) => ['', `(${i + 1}) ${note}.`]),
  ].join('\n')
}
