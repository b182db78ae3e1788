/**
 * The cells of the tables of recipes and faults: declared as tests one after the other, or side by side where they mostly
 * wait for real clocks; and a selection of them. Neighbours: recipe-matrix, living-matrix, work-matrix.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { everyStep } from '../../lib/base/every-step.ts'
import { OutageTimes } from './outage-times.ts'
import type { Bed } from './recipe-play.ts'

/** One recipe in one kind of bad weather. */
export interface Cell {
  readonly recipe: string
  readonly fault: string
  /** On a bed that nobody else uses meanwhile. */
  run(bed: Bed): Promise<void>
}

/** A bed for one cell. */
export interface OpenBed extends Bed {
  close(): Promise<void>
}

/**
 * So many cells that each recipe and each fault of all of them is there. `turn`: 0 or more; other turns choose other cells.
 * What few recipes have is chosen first, so that a recipe is chosen twice only where it must be.
 */
export function selection(cells: readonly Cell[], turn: number): readonly Cell[] {
  const byFault = groups(cells, ({ fault }) => fault)
  const chosen = new Set<Cell>()
  const uses = new Map<string, number>()
  const choose = (candidates: readonly Cell[], shift: number): void => {
    const turned = candidates.map((_, at) => candidates[(at + shift) % candidates.length] as Cell)
    const usesOf = ({ recipe }: Cell): number => uses.get(recipe) ?? 0
    const [first] = turned.toSorted((a, b) => usesOf(a) - usesOf(b))
    if (first === undefined) return
    chosen.add(first)
    uses.set(first.recipe, usesOf(first) + 1)
  }
  for (const [, candidates] of byFault.toSorted(([, a], [, b]) => a.length - b.length)) {
    choose(candidates, turn)
  }
  for (const [at, [recipe, candidates]] of groups(cells, (cell) => cell.recipe).entries()) {
    if (!uses.has(recipe)) choose(candidates, turn + at)
  }
  return cells.filter((cell) => chosen.has(cell))
}

/** Declares a test for each cell, one after the other. `bed` is called within a test. */
export function testCells(cells: readonly Cell[], bed: () => Bed): void {
  declare(cells, (cell) => cell.run(bed()))
}

/**
 * The same, `lanes` of them side by side, each on a bed of its own: a test waits for what may have begun before it. `open` is called
 * after the hooks that this follows.
 */
export function testTogether(
  cells: readonly Cell[],
  open: () => Promise<OpenBed>,
  lanes: number,
): void {
  const runs = new Map<Cell, Promise<void>>()
  const queue = [...cells]
  let running = 0
  const fill = (): void => {
    while (running < lanes) {
      const cell = queue.shift()
      if (cell === undefined) return
      if (!runs.has(cell)) begin(cell)
    }
  }
  const begin = (cell: Cell): Promise<void> => {
    running += 1
    const run = runOn(cell, open)
    runs.set(cell, run)
    const ended = (): void => {
      running -= 1
      fill()
    }
    run.then(ended, ended)
    return run
  }

  // The server is there until all have ended.
  after(async () => {
    queue.length = 0
    await Promise.allSettled(runs.values())
  })
  declare(cells, (cell) => {
    const run = runs.get(cell) ?? begin(cell)
    fill()
    return run
  })
}

/** Of one cell on a real clock, so that what it waited for is said before mocha gives it up. Unit ms. */
export const CELL_MS = 100_000

/** So long a stop of this process is worth saying: its sessions are not much longer. Unit ms. */
const STOP_MS = 500

/** Runs one on a bed that is closed behind it. @throws what the cell throws, or else what the end of its bed does */
export async function runOn(cell: Cell, open: () => Promise<OpenBed>): Promise<void> {
  const delay = monitorEventLoopDelay()
  delay.enable()
  const outages = new OutageTimes()
  let timeoutMs = 0
  try {
    const bed = await open()
    timeoutMs = bed.timeoutMs
    await everyStep([() => cell.run(outages.of(bed)), () => bed.close()])
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const stoodMs = Math.round(delay.max / 1e6)
    if (stoodMs >= STOP_MS) {
      error.message += ` (this process stood still for ${stoodMs} ms meanwhile)`
    }
    const outageMs = Math.round(outages.longestMs)
    if (outageMs >= timeoutMs / 2 && outageMs > 0) {
      error.message += ` (an outage took ${outageMs} ms, and a session has ${timeoutMs} ms)`
    }
    throw error
  } finally {
    delay.disable()
  }
}

function declare(cells: readonly Cell[], test: (cell: Cell) => Promise<void>): void {
  for (const [recipe, those] of groups(cells, (cell) => cell.recipe)) {
    describe(recipe, () => {
      for (const cell of those) it(cell.fault, () => test(cell))
    })
  }
}

function groups(
  cells: readonly Cell[],
  nameOf: (cell: Cell) => string,
): (readonly [name: string, cells: readonly Cell[]])[] {
  const found = new Map<string, Cell[]>()
  for (const cell of cells) found.set(nameOf(cell), [...(found.get(nameOf(cell)) ?? []), cell])
  return [...found]
}
