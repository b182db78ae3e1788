/** Faults one after the other, bed by bed, until the time is over. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { mulberry32 } from '../support/mulberry32.ts'
import type { AnykeeperBed } from './bed/anykeeper-bed.ts'
import type { Bed } from './bed/bed.ts'
import { startNamedBed } from './bed/named-beds.ts'
import type { ZookeeperBed } from './bed/zookeeper-bed.ts'
import { RegisterHistory } from './checks/register-history.ts'
import { type Violation, Witness } from './checks/witness.ts'
import type { Fault } from './fault.ts'
import { Load } from './load/load.ts'
import { measure, type Row, UnhealthyBed } from './measure.ts'
import { measureLoss } from './measure-loss.ts'
import { verdictOf } from './table.ts'

export interface RunOptions {
  readonly faults: readonly Fault[]
  /** No fault is begun after so long. */
  readonly minutes: number
  /** How often each at most. Default: until the time is over. */
  readonly timesMax?: number
  readonly seed: number
  /** Where histories, violations and outputs of processes go. */
  readonly folder: string
  readonly zookeeperVersion: string
  /** dist/cli.js of another build. */
  readonly program?: string | undefined
  readonly say: (line: string) => void
  readonly onRow?: (row: Row) => void
}

export interface RunReport {
  readonly rows: readonly Row[]
  readonly violations: readonly Violation[]
  readonly violationCount: number
  readonly writes: number
  readonly reads: number
  readonly skipped: readonly string[]
  /** Sessions gone silent: how long each lived after its last answered request. Unit: ms. */
  readonly silentLivesMs: readonly number[]
}

/** What the names of loads begin with, so that a history shows whose it is. */
export const loadLetters = { anykeeper: 'b', zookeeper: 'z' } as const

export class Run {
  readonly #options: RunOptions
  readonly #random: () => number
  readonly #witness = new Witness()
  readonly #history: RegisterHistory
  readonly #rows: Row[] = []
  readonly #skipped: string[] = []
  #loads = 0
  #endMs = 0

  constructor(options: RunOptions) {
    this.#options = options
    this.#random = mulberry32(options.seed)
    mkdirSync(options.folder, { recursive: true })
    this.#history = new RegisterHistory(join(options.folder, 'registers.jsonl'))
  }

  async run(): Promise<RunReport> {
    const possible = this.#options.faults.filter((fault) => this.#isPossible(fault))
    this.#endMs = performance.now() + this.#options.minutes * 60_000
    const { timesMax = Number.POSITIVE_INFINITY } = this.#options
    for (let times = 0; times < timesMax && possible.length > 0; times++) {
      if (performance.now() > this.#endMs) break
      for (const group of this.#groups(possible)) {
        await this.#runGroup(group)
        if (performance.now() > this.#endMs) break
      }
    }
    this.#history.close()
    const { violations, violationCount, ackMs, reads, silentLivesMs } = this.#witness
    const writes = ackMs.length
    const skipped = this.#skipped
    const report = { rows: this.#rows, violations, violationCount, writes, reads, skipped }
    return { ...report, silentLivesMs }
  }

  #isPossible(fault: Fault): boolean {
    const reason = fault.missing?.()
    if (reason !== undefined) this.#skipped.push(`${fault.name}: ${reason}`)
    return reason === undefined
  }

  /** Faults that share a bed, in random order; those that lose history have one each. */
  #groups(faults: readonly Fault[]): Fault[][] {
    const byBed = new Map<string, Fault[]>()
    for (const fault of faults) {
      const isAlone = fault.losesHistory === true || fault.bed.startsWith('small')
      const key = isAlone ? `${fault.bed} ${fault.name}` : fault.bed
      byBed.set(key, [...(byBed.get(key) ?? []), fault])
    }
    return this.#shuffled([...byBed.values()].map((group) => this.#shuffled(group)))
  }

  #shuffled<T>(items: readonly T[]): T[] {
    return items
      .map((item) => ({ item, key: this.#random() }))
      .sort((a, b) => a.key - b.key)
      .map(({ item }) => item)
  }

  async #runGroup(group: readonly Fault[]): Promise<void> {
    const left = [...group]
    while (left.length > 0 && performance.now() < this.#endMs) {
      const { bed: name } = left[0]!
      this.#witness.fault = `${left[0]!.peer}: start of bed ${name}`
      let bed: Bed | undefined
      let load: Load | undefined
      try {
        bed = await startNamedBed(name, this.#options)
        load = await this.#startLoad(bed)
        while (left.length > 0 && performance.now() < this.#endMs) {
          await this.#runOne(bed, load, left.shift()!)
        }
        await load.stop()
      } catch (error) {
        if (!(error instanceof UnhealthyBed)) this.#failed(error)
        load?.abandon()
        // One that cannot even be started is not tried for ever.
        if (bed === undefined || load === undefined) left.shift()
      } finally {
        this.#witness.suspended = false
        await bed?.stop()
      }
    }
  }

  async #runOne(bed: Bed, load: Load, fault: Fault): Promise<void> {
    const before = this.#witness.violations.length
    try {
      this.#done(await this.#measure(bed, load, fault))
    } catch (error) {
      if (error instanceof UnhealthyBed) this.#done(error.row)
      throw error
    } finally {
      this.#report(bed, fault, this.#witness.violations.slice(before))
    }
  }

  #measure(bed: Bed, load: Load, fault: Fault): Promise<Row> {
    if (fault.peer === 'zookeeper') {
      return measure(bed as ZookeeperBed, load, fault, this.#random)
    }
    const own = bed as AnykeeperBed
    if (fault.losesHistory !== true) return measure(own, load, fault, this.#random)
    return measureLoss(own, load, fault, this.#random, () => this.#startLoad(bed))
  }

  #done(row: Row): void {
    this.#rows.push(row)
    appendFileSync(join(this.#options.folder, 'rows.jsonl'), `${JSON.stringify(row)}\n`)
    this.#options.onRow?.(row)
  }

  async #startLoad(bed: Bed): Promise<Load> {
    const load = await Load.start({
      bed,
      witness: this.#witness,
      random: this.#random,
      history: this.#history,
      name: `${loadLetters[bed.peer]}${this.#loads++}`,
    })
    await sleep(500)
    return load
  }

  #failed(error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.#witness.violation('the run broke off', text)
  }

  #report(bed: Bed, fault: Fault, violations: readonly Violation[]): void {
    this.#history.flush()
    const newest = this.#rows.at(-1)
    const verdict = newest?.name === fault.name ? verdictOf([newest], fault) : 'no row'
    if (violations.length === 0 && verdict === 'met') return
    const { folder, say } = this.#options
    const file = join(folder, `outputs-${this.#rows.length}.txt`)
    const outputs = Object.entries(bed.outputs()).map(([name, text]) => `== ${name}\n${text}\n`)
    const texts = violations.map(
      ({ atMs, fault, kind, text }) => `${Math.round(atMs)} [${fault}] ${kind}: ${text}`,
    )
    writeFileSync(file, `${[...texts, verdict].join('\n')}\n\n${outputs.join('\n')}`)
    for (const text of texts.slice(0, 6)) say(`  VIOLATION ${text}`)
    if (texts.length > 6) say(`  and ${texts.length - 6} more, in ${file}`)
  }
}
