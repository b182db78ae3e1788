/**
 * What the change feed costs this process: kept bytes, reading, a snapshot, and writes while feeds are read. Without a wire, on
 * a store in memory. Neighbours: in-process/build, in-process/loads.
 */
import { fileURLToPath } from 'node:url'
import type { ChangesSource } from '../../lib/index.ts'
import { type Build, openBuild } from '../in-process/build.ts'
import { IN_PROCESS_LOADS, type InProcessLoad } from '../in-process/loads.ts'
import { short, table } from '../report/format.ts'
import { circumstances } from '../report/machine.ts'
import { median } from '../report/statistics.ts'
import type { Suite } from './suite.ts'

const OWN_FOLDER = fileURLToPath(new URL('../..', import.meta.url))
const ROUNDS = 15
/** Feeds that are read while there are writes. */
const READERS = [0, 1, 10]

/** CPU of this process, all its threads, µs for each. */
async function cpu(run: () => Promise<number>): Promise<number> {
  const before = process.cpuUsage()
  const count = await run()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / count
}

async function positionOf(source: ChangesSource): Promise<string> {
  for await (const record of source.changes()) if (record.kind === 'live') return record.position
  throw new Error('the feed ended')
}

async function readChanges(source: ChangesSource, from: string, count: number): Promise<number> {
  let read = 0
  for await (const record of source.changes({ from })) {
    if (record.kind === 'change' && ++read === count) break
  }
  return count
}

async function readSnapshot(source: ChangesSource): Promise<number> {
  let znodes = 0
  for await (const record of source.changes()) {
    if (record.kind === 'live') break
    if (record.kind === 'snapshot') znodes += record.znodes.length
  }
  return znodes
}

/** Writes, with so many feeds that read along. */
async function writeBeside(
  { keeper }: Build,
  load: InProcessLoad,
  count: number,
  readers: number,
): Promise<number> {
  const stop = new AbortController()
  const { signal } = stop
  const from = await positionOf(keeper)
  const reading = Array.from({ length: readers }, async () => {
    for await (const _ of keeper.changes({ from, signal }));
  })
  const cost = await cpu(() => load.run(keeper, count).then(() => count))
  stop.abort()
  await Promise.all(reading)
  return cost
}

export const changes: Suite = {
  about: 'the change feed: bytes kept, reading, a snapshot, writes beside feeds',
  async run({ options, args, say }) {
    const { quick } = options
    const rounds = options.rounds ?? (quick ? 1 : ROUNDS)
    const build = await openBuild(OWN_FOLDER)
    const { keeper } = build
    const load = IN_PROCESS_LOADS.set as InProcessLoad
    const count = Math.ceil(load.count / (quick ? 20 : 1))
    await load.prepare(keeper)
    const results = new Map<string, number[]>()
    const add = (name: string, value: number) =>
      results.set(name, [...(results.get(name) ?? []), value])
    const bytes = () => keeper.changeLog.recent.bytes
    for (let round = 0; round <= rounds; round++) {
      const values = new Map<string, number>()
      const from = await positionOf(keeper)
      const before = bytes()
      await load.run(keeper, count)
      values.set('kept: bytes for each of these', (bytes() - before) / count)
      const reading = await cpu(() => readChanges(keeper, from, count))
      values.set('reading them: CPU µs for each', reading)
      values.set('a snapshot: CPU µs for each znode', await cpu(() => readSnapshot(keeper)))
      for (const readers of READERS) {
        const cost = await writeBeside(build, load, count, readers)
        values.set(`writing them, ${readers} feeds read along: CPU µs for each`, cost)
      }
      await load.cleanUp(keeper)
      // The first round is to warm up.
      if (round > 0) for (const [name, value] of values) add(name, value)
    }
    await build.stop()
    const rows = [...results].map(([name, values]) => {
      const sorted = [...values].sort((a, b) => a - b)
      const range = `${short(sorted[0] as number)}–${short(sorted.at(-1) as number)}`
      say(`${name.padEnd(60)} ${short(median(values))} (${range})`)
      return [name, `**${short(median(values))}** (${range})`]
    })
    const head = circumstances({
      args,
      versions: [`Node ${process.versions.node}`],
      notes: [`${load.about}, 256 in flight; ${rounds} rounds, the median and the range`],
    })
    return { text: `${head}\n\n${table(['', ''], rows)}` }
  },
}
