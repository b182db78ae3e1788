/**
 * `npm run bench -- recipes`: how long a lock and a leadership take from one session to the next, with the library's
 * recipes, kazoo's and Curator's, on the same servers. Neighbours: recipes/ (the programs).
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { curatorLibs } from '../../test/support/requirements.ts'
import { runProgram } from '../measure.ts'
import type { Peer } from '../peers/peer.ts'
import { withPeers } from '../peers/peers.ts'
import { short, spread, table, whole } from '../report/format.ts'
import { circumstances } from '../report/machine.ts'
import { median } from '../report/statistics.ts'
import { type Context, peerOptions, type Suite } from './suite.ts'

const PYTHON = '/usr/bin/python3'
const execute = promisify(execFile)
const sourceOf = (name: string): string =>
  fileURLToPath(new URL(`../recipes/${name}`, import.meta.url))

interface Order {
  readonly peer: Peer
  readonly recipe: 'lock' | 'election'
  readonly contenders: number
  readonly seconds: number
  readonly path: string
}

type Library = (order: Order) => Promise<string>

const ours =
  (urlOf: (peer: Peer) => string): Library =>
  ({ peer, ...order }) =>
    runProgram('recipes/ours.ts', { ...order, url: urlOf(peer) })

const hostsOf = ({ targets }: Peer): string =>
  targets.map(({ host, port }) => `${host}:${port}`).join(',')

const kazoo: Library = async ({ peer, ...order }) => {
  const text = JSON.stringify({ ...order, hosts: hostsOf(peer) })
  return (await execute(PYTHON, [sourceOf('hand_over.py'), text])).stdout
}

function curator(classes: string): Library {
  return async ({ peer, path, contenders, seconds, recipe }) => {
    const classPath = `${classes}:${join(curatorLibs(), '*')}`
    const args = [hostsOf(peer), path, String(contenders), String(seconds), recipe]
    return (await execute('java', ['-Xmx256m', '-cp', classPath, 'HandOver', ...args])).stdout
  }
}

async function compiled(folder: string): Promise<void> {
  const libs = join(curatorLibs(), '*')
  const args = ['-nowarn', '-proc:none', '-cp', libs, '-d', folder, sourceOf('HandOver.java')]
  await execute('javac', args)
}

interface Row {
  readonly what: string
  readonly server: string
  readonly library: string
  readonly runs: number[][]
}

async function measureAll(
  context: Context,
  classes: string,
): Promise<{ readonly rows: readonly Row[]; readonly versions: readonly string[] }> {
  const { options, say } = context
  const rounds = options.rounds ?? (options.quick ? 1 : 3)
  const seconds = options.seconds ?? (options.quick ? 1 : 5)
  const libraries: readonly [name: string, run: Library][] = [
    ['anykeeper, over the wire', ours((peer) => `zk://${hostsOf(peer)}`)],
    ['kazoo', kazoo],
    ['Curator', curator(classes)],
  ]
  const rows = new Map<string, Row>()
  const versions: string[] = []
  const peerNames = options.peers ?? ['zookeeper', 'anykeeper']
  await withPeers(peerNames, peerOptions(options), async (peers) => {
    versions.push(...peers.map(({ name, version }) => `${name} ${version}`))
    for (let round = 1; round <= rounds; round++) {
      for (const [recipe, contenders] of [
        ['lock', 2],
        ['lock', 10],
        ['election', 10],
      ] as const) {
        for (const peer of peers) {
          for (const [library, run] of libraries) {
            const what = `${recipe}, ${contenders} sessions`
            const key = `${what} ${peer.name} ${library}`
            const path = `/recipes-${library.replaceAll(/\W/g, '')}-${recipe}-${contenders}-${round}`
            const text = await run({ peer, recipe, contenders, seconds, path })
            const { handOvers } = JSON.parse(text) as { handOvers: number[] }
            const row = rows.get(key) ?? { what, server: peer.name, library, runs: [] }
            row.runs.push(handOvers)
            rows.set(key, row)
            say(`${key}, round ${round}: ${whole(handOvers.length / seconds)} a second`)
          }
        }
      }
    }
  })
  return { rows: [...rows.values()], versions }
}

const at = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)] ?? Number.NaN

export const recipes: Suite = {
  about: 'locks and leaderships handed from one session to the next, beside kazoo and Curator',
  async run(context) {
    const folder = mkdtempSync(join(tmpdir(), 'anykeeper-bench-'))
    try {
      await compiled(folder)
      const { rows: all, versions } = await measureAll(context, folder)
      const seconds = context.options.seconds ?? (context.options.quick ? 1 : 5)
      const rows = all.map(({ what, server, library, runs }) => [
        what,
        server,
        library,
        spread(runs.map((run) => run.length / seconds)),
        short(median(runs.map((run) => at(run, 0.5)))),
        short(median(runs.map((run) => at(run, 0.99)))),
      ])
      const head = circumstances({
        args: context.args,
        versions,
        notes: [
          'all sessions of a run are in one process: threads with kazoo and Curator, one event loop with anykeeper',
          'from the call that gives it up to the return of the next one that has it',
        ],
      })
      const columns = ['recipe', 'server', 'library', 'hand-overs/s', 'p50 ms', 'p99 ms']
      return { text: `${head}\n\n${table(columns, rows)}` }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}
