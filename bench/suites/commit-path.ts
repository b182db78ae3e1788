/**
 * What a write costs this process from its plan to its record, of two builds in turn: without a wire, and on a
 * store in memory. Neighbours: in-process/build, in-process/loads.
 */
import { fileURLToPath } from 'node:url'
import { type Build, openBuild } from '../in-process/build.ts'
import { IN_PROCESS_LOADS, type InProcessLoad } from '../in-process/loads.ts'
import { short, table } from '../report/format.ts'
import { circumstances } from '../report/machine.ts'
import { median } from '../report/statistics.ts'
import type { Suite } from './suite.ts'

const OWN_FOLDER = fileURLToPath(new URL('../..', import.meta.url))
const ROUNDS = 60

/** CPU of this process for each operation, all its threads, µs. */
async function measure({ keeper }: Build, load: InProcessLoad, count: number): Promise<number> {
  const before = process.cpuUsage()
  await load.run(keeper, count)
  const { user, system } = process.cpuUsage(before)
  await load.cleanUp(keeper)
  return (user + system) / count
}

/** In turn. The first round is to warm up. @returns of each build, round by round */
async function compare(
  builds: readonly [Build, Build],
  load: InProcessLoad,
  rounds: number,
  count: number,
): Promise<[number[], number[]]> {
  const costs: [number[], number[]] = [[], []]
  for (let round = 0; round <= rounds; round++) {
    // Who begins changes: both leave garbage to the one after them.
    for (const i of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      await load.prepare(builds[i].keeper)
      const cost = await measure(builds[i], load, count)
      if (round > 0) costs[i].push(cost)
    }
  }
  return costs
}

const ratiosOf = ([base, own]: [number[], number[]]): number[] =>
  own.map((cost, round) => cost / (base[round] as number))

export const commitPath: Suite = {
  about: 'CPU of the commit path alone, beside that of another build (--base)',
  async run({ options, args, say }) {
    const { baseFolder, quick } = options
    if (baseFolder === undefined) throw new TypeError('commit-path needs --base FOLDER')
    const rounds = options.rounds ?? (quick ? 2 : ROUNDS)
    const builds: [Build, Build] = [await openBuild(baseFolder), await openBuild(OWN_FOLDER)]
    const rows: string[][] = []
    for (const name of options.loads ?? Object.keys(IN_PROCESS_LOADS)) {
      const load = IN_PROCESS_LOADS[name]
      if (load === undefined) throw new TypeError(`commit-path has no load "${name}"`)
      const count = quick ? Math.ceil(load.count / 20) : load.count
      const costs = await compare(builds, load, rounds, count)
      const ratios = ratiosOf(costs).sort((a, b) => a - b)
      const quarter = Math.floor(ratios.length / 4)
      const middle = `${ratios[quarter]!.toFixed(2)}–${ratios.at(-1 - quarter)!.toFixed(2)}`
      const [base, own] = costs.map((values) => short(median(values)))
      rows.push([
        `**${name}**: ${load.about}`,
        `**${median(ratios).toFixed(2)}** (${middle})`,
        base!,
        own!,
      ])
      say(`${name.padEnd(10)} ${median(ratios).toFixed(3)} (${middle})  ${base} µs → ${own} µs`)
    }
    for (const build of builds) await build.stop()
    const head = circumstances({
      args,
      versions: [`Node ${process.versions.node}`],
      notes: [
        `${rounds} rounds in turn in one process, each build on a store in memory of its own; ratio: median, and the middle half of the rounds`,
      ],
    })
    const columns = ['load', 'own ÷ base', 'CPU µs each, base', 'CPU µs each, own']
    return { text: `${head}\n\n${table(columns, rows)}` }
  },
}
