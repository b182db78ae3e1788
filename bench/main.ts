/**
 * `npm run bench`: anykeeper on etcd against ZooKeeper, on this machine, in turn. It starts both
 * itself. What it prints is a Markdown table; with --write it becomes bench/results.md.
 */
import { execFile } from 'node:child_process'
import { cpus, release, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Measured } from './load/recorder.ts'
import type { Order } from './load/worker.ts'
import { type BenchOptions, parseOptions, USAGE } from './options.ts'
import { anykeeperPeer, ETCD_FLAGS, nullPeer, type Peer, zookeeperPeer } from './peers.ts'
import { peakMemory } from './process-figures.ts'
import { type Series, tableHead, toLine, toRow } from './report.ts'
import { writeResults } from './results-file.ts'

const WORKER = fileURLToPath(new URL('load/worker.ts', import.meta.url))
const CEILING_LOADS = ['get', 'children', 'set']

const say = (line: string): void => void process.stdout.write(`${line}\n`)

async function measure(load: string, peer: Peer, options: BenchOptions): Promise<Measured> {
  const order: Order = {
    load,
    target: peer.target,
    pids: Object.values(peer.processes),
    withTree: peer.hasTree,
    ...options.timing,
  }
  const args = ['--import', 'tsx', WORKER, JSON.stringify(order)]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return JSON.parse(stdout) as Measured
}

/** What the load reaches against a server that does nothing. */
async function ceilings(options: BenchOptions): Promise<string[]> {
  const peer = await nullPeer()
  try {
    const found: string[] = []
    for (const load of CEILING_LOADS) {
      const { perSecond } = await measure(load, peer, options)
      found.push(`${load} ${Math.round(perSecond).toLocaleString('en-US')}/s`)
    }
    return found
  } finally {
    await peer.stop()
  }
}

function memoryLine(peer: Peer): string {
  const parts = Object.entries(peer.processes).map(
    ([name, pid]) => `${name} ${Math.round(peakMemory(pid))} MiB`,
  )
  return `${peer.name}: ${parts.join(' + ')}`
}

async function allRounds(
  zookeeper: Peer,
  anykeeper: Peer,
  options: BenchOptions,
): Promise<Series[]> {
  const all: Series[] = []
  for (const load of options.loads) {
    const pairs: { zookeeper: Measured; anykeeper: Measured }[] = []
    for (let round = 1; round <= options.rounds; round++) {
      const pair = {
        zookeeper: await measure(load, zookeeper, options),
        anykeeper: await measure(load, anykeeper, options),
      }
      pairs.push(pair)
      say(toLine(load, round, pair))
    }
    all.push({ load, pairs })
  }
  return all
}

function toMarkdown(
  options: BenchOptions,
  peers: readonly Peer[],
  ceiling: readonly string[],
  series: readonly Series[],
): string {
  const cores = cpus()
  const memoryGib = Math.round(totalmem() / 2 ** 30)
  const { warmUp, seconds } = options.timing
  return [
    `- Date: ${new Date().toISOString().slice(0, 10)}`,
    `- Machine: ${cores.length} × ${cores[0]?.model.trim() ?? 'unknown'}, ${memoryGib} GiB, Linux ${release()}; load and servers share it`,
    `- Versions: ${peers.map(({ name, version }) => `${name} ${version}`).join('; ')}; etcd with \`${ETCD_FLAGS.join(' ')}\``,
    `- Command: \`npm run bench -- ${process.argv.slice(2).join(' ')}\`: ${options.rounds} rounds, ${seconds} s each after ${warmUp} s of warm-up`,
    `- Ceiling of the load itself, against a server that does nothing: ${ceiling.join(', ')}`,
    `- Peak memory: ${peers.map(memoryLine).join('; ')}`,
    '',
    tableHead(),
    ...series.map(toRow),
    '',
  ].join('\n')
}

async function main(): Promise<void> {
  let options: BenchOptions
  try {
    options = parseOptions(process.argv.slice(2))
  } catch (error) {
    say(`${(error as Error).message}\n${USAGE}`)
    process.exit(2)
  }
  const ceiling = await ceilings(options)
  say(`ceiling of the load: ${ceiling.join(', ')}`)
  const zookeeper = await zookeeperPeer()
  try {
    const anykeeper = await anykeeperPeer()
    try {
      const series = await allRounds(zookeeper, anykeeper, options)
      const text = toMarkdown(options, [zookeeper, anykeeper], ceiling, series)
      say(`\n${text}`)
      if (options.write) writeResults(text)
    } finally {
      await anykeeper.stop()
    }
  } finally {
    await zookeeper.stop()
  }
}

await main()
