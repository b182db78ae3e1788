/** The command line of the bench. Neighbour: main. */
import { parseArgs } from 'node:util'
import { LOADS } from './load/loads.ts'
import type { Timing } from './load/recorder.ts'

export interface BenchOptions {
  readonly rounds: number
  readonly loads: readonly string[]
  readonly timing: Timing
  /** Write bench/results.md. */
  readonly write: boolean
}

export const USAGE = `usage: npm run bench -- [--rounds N] [--only load,…] [--seconds S] [--quick] [--write]
loads: ${Object.keys(LOADS).join(', ')}`

/** @throws {TypeError} on what it does not know. */
export function parseOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string' },
      only: { type: 'string' },
      seconds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
    },
  })
  const positive = (text: string | undefined, otherwise: number): number => {
    const value = text === undefined ? otherwise : Number(text)
    if (!(value > 0)) throw new TypeError(`"${text}" is not a number above 0`)
    return value
  }
  const loads = values.only?.split(',') ?? Object.keys(LOADS)
  for (const load of loads) {
    if (!Object.hasOwn(LOADS, load)) throw new TypeError(`there is no load "${load}"`)
  }
  const seconds = positive(values.seconds, values.quick ? 1 : 4)
  return {
    rounds: Math.ceil(positive(values.rounds, values.quick ? 1 : 3)),
    loads,
    timing: { warmUp: values.quick ? 0.5 : 1.5, seconds },
    write: values.write,
  }
}
