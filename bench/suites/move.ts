/**
 * `npm run bench -- move`: what moving a ZooKeeper takes, step by step, by the size of its tree: follow until the tree is copied, verify,
 * take-over, export as a snapshot of ZooKeeper, import of that snapshot. Time and memory of each process.
 */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Child, spawnChild } from '../../test/support/child.ts'
import type { EtcdServer } from '../../test/support/etcd-server.ts'
import { removeFolder, temporaryFolder } from '../../test/support/temp-folder.ts'
import { startZookeeperLeader, type ZookeeperServer } from '../../test/support/zookeeper-server.ts'
import { runProgram } from '../measure.ts'
import { anykeeperVersion, etcdVersion, startBenchEtcd } from '../peers/anykeeper.ts'
import { cpuSeconds, memory } from '../process-figures.ts'
import { short, spread, table, whole } from '../report/format.ts'
import { circumstances } from '../report/machine.ts'
import type { Suite } from './suite.ts'

const program = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
/** A million znodes may take a while anywhere. */
const STEP_MS_MAX = 1_800_000
const LOOK_MS = 20
const ZOOKEEPER_HEAP_MIB = 3_000

interface Step {
  readonly seconds: number
  readonly cpuSeconds: number
  /** Unit MiB. */
  readonly peakMib: number
}

const STEPS = ['follow', 'verify', 'take-over', 'export', 'import'] as const
type Round = Readonly<Record<(typeof STEPS)[number], Step>>

/** Figures of a process as long as it can be looked at. */
class Watched {
  readonly child: Child
  readonly #startMs = performance.now()
  #cpu = 0
  #peak = 0
  readonly #timer: NodeJS.Timeout

  constructor(args: readonly string[]) {
    this.child = spawnChild({
      name: `anykeeper ${args.slice(0, 2).join(' ')}`,
      command: process.execPath,
      args: [program, ...args],
    })
    this.#timer = setInterval(() => this.#look(), LOOK_MS)
  }

  #look(): void {
    try {
      this.#cpu = cpuSeconds(this.child.pid)
      this.#peak = Math.max(this.#peak, memory(this.child.pid).peak)
    } catch {
      // It has ended.
    }
  }

  get figures(): Step {
    this.#look()
    const seconds = (performance.now() - this.#startMs) / 1_000
    return { seconds, cpuSeconds: this.#cpu, peakMib: this.#peak }
  }

  async ended(): Promise<Step> {
    const { code } = await this.child.exited
    const { figures } = this
    clearInterval(this.#timer)
    if (code !== 0) throw new Error(`${this.child.name} ended with ${code}: ${this.child.output}`)
    return figures
  }
}

const ends = (...args: string[]): Promise<Step> => new Watched(args).ended()

async function measureRound(
  zookeeper: ZookeeperServer,
  quorum: string,
  etcd: EtcdServer,
  prefix: string,
): Promise<Round> {
  const to = ['--store', `etcd://${etcd.host}`, '--prefix', prefix]
  const source = ['--source', zookeeper.connectString, '--quorum', quorum]
  const folder = temporaryFolder('bench-move')
  const follower = new Watched(['migrate', 'follow', ...source, ...to])
  try {
    const copied = /the tree of the ensemble is copied/
    await follower.child.waitForLine(copied, { timeoutMs: STEP_MS_MAX })
    const follow = follower.figures
    const verify = await ends('migrate', 'verify', ...source, ...to)
    await zookeeper.end()
    const takeOver = await ends('migrate', 'take-over', ...to)
    await follower.ended()
    const out = await ends('export', ...to, '--format', 'zookeeper-snapshot', folder)
    const into = ['--store', `etcd://${etcd.host}`, '--prefix', `${prefix}-imported`]
    const back = await ends('import', ...into, '--from-zookeeper', folder, '--snapshot-only')
    return { follow, verify, 'take-over': takeOver, export: out, import: back }
  } finally {
    await follower.child.kill()
    removeFolder(folder)
  }
}

function row(nodes: number, rounds: readonly Round[]): string[] {
  const of = (step: (typeof STEPS)[number]): string => {
    const all = rounds.map((round) => round[step])
    const text = (figure: (one: Step) => number, as = short) => spread(all.map(figure), as)
    return `${text(({ seconds }) => seconds)}; ${text(({ peakMib }) => peakMib, whole)}`
  }
  return [whole(nodes), ...STEPS.map(of)]
}

export const move: Suite = {
  about: 'what moving a ZooKeeper takes: follow, verify, take-over, export, import',
  async run({ options, args, say }) {
    const sizes = options.sizes ?? (options.quick ? [1_000] : [10_000, 100_000, 1_000_000])
    const count = options.rounds ?? 1
    const rows: string[][] = []
    let versions: readonly string[] = []
    for (const nodes of sizes) {
      const { server, quorumPort } = await startZookeeperLeader({
        version: '3.9',
        heapMb: ZOOKEEPER_HEAP_MIB,
      })
      const etcd = await startBenchEtcd()
      try {
        const { host, port } = server
        await runProgram('load/fill.ts', { targets: [{ host, port }], nodes })
        const rounds: Round[] = []
        for (let round = 1; round <= count; round++) {
          if (round > 1) await server.start()
          const quorum = `127.0.0.1:${quorumPort}`
          rounds.push(await measureRound(server, quorum, etcd, join('/moved', `${round}`)))
          say(
            `${whole(nodes).padStart(9)} znodes, round ${round}: ${row(nodes, rounds).join(' | ')}`,
          )
        }
        rows.push(row(nodes, rounds))
        versions = [`ZooKeeper 3.9.5`, `anykeeper ${anykeeperVersion(etcdVersion(etcd))}`]
      } finally {
        await server.stop()
        await etcd.stop()
      }
    }
    const head = circumstances({
      args,
      versions,
      notes: [
        'each cell: seconds of the step; largest resident memory of its process, MiB',
        'follow: until the tree is in the store; the rest: until the command ended; the ensemble is one server; znodes of 100 bytes, 1,000 to a parent',
      ],
    })
    return { text: `${head}\n\n${table(['znodes', ...STEPS], rows)}` }
  },
}
