/**
 * `npm run bench -- growth`: what one operation costs while something grows. CPU of the servers under
 * the usual load, and the latency of a single client; flat, or a reason is owed.
 */
import type { Measured, Timing } from '../load/recorder.ts'
import { measure } from '../measure.ts'
import type { Peer } from '../peers/peer.ts'
import { withPeers } from '../peers/peers.ts'
import { type Curve, curveChart } from '../report/curve-chart.ts'
import { short, table, whole } from '../report/format.ts'
import { circumstances } from '../report/machine.ts'
import { cpuOf } from '../report/statistics.ts'
import { type Context, peerOptions, type Suite } from './suite.ts'

interface Growing {
  readonly about: string
  /** Of the first column. */
  readonly what: string
  /** What one operation of each load is called, by the load's name before its size. */
  readonly loads: Readonly<Record<string, string>>
  readonly sizes: readonly number[]
  readonly quickSizes: readonly number[]
  /** With a single client too: its p50 says what a size costs one request. */
  readonly alone: boolean
  /** Unit s. Where few operations come in a second. */
  readonly secondsMin?: number
}

const DECADES = [1, 10, 100, 1_000, 10_000, 100_000]

const GROWING: Readonly<Record<string, Growing>> = {
  znodes: {
    about: 'Znodes in the tree, 1,000 to a parent; the ones asked for are any of them',
    what: 'znodes',
    loads: { 'tree-get': 'getData', 'tree-set': 'setData', 'tree-create': 'create' },
    sizes: [1_000, 10_000, 100_000, 1_000_000],
    quickSizes: [1_000, 2_000],
    alone: true,
  },
  watches: {
    about: 'Watches on one znode, each of a session of its own: the cost of one event',
    what: 'watches',
    loads: { watch: 'event' },
    sizes: DECADES.slice(0, 5),
    quickSizes: [1, 10],
    alone: false,
  },
  sessions: {
    about: 'Idle sessions beside the 16 that read, and what their heartbeats cost',
    what: 'sessions',
    loads: { idle: 'getData' },
    sizes: DECADES.slice(0, 5),
    quickSizes: [1, 10],
    alone: true,
  },
  heartbeats: {
    about: 'Sessions that only send heartbeats, each one in 10 s: the cost of one heartbeat',
    what: 'sessions',
    loads: { heartbeats: 'heartbeat' },
    sizes: [100, 1_000, 10_000],
    quickSizes: [100],
    alone: false,
    secondsMin: 10,
  },
  children: {
    about: 'Children of one znode: listing all of them; making and removing one',
    what: 'children',
    loads: { children: 'getChildren2', 'wide-create-delete': 'create or delete' },
    sizes: DECADES,
    quickSizes: [1, 10],
    alone: true,
  },
  depth: {
    about: 'Components of the path',
    what: 'depth',
    loads: { 'deep-get': 'getData', 'deep-create': 'create' },
    sizes: [3, 10, 30, 100],
    quickSizes: [3, 10],
    alone: true,
  },
}

interface Point {
  readonly size: number
  /** By load, then by peer. `alone` where it is measured. */
  readonly loaded: Readonly<Record<string, readonly Measured[]>>
  readonly alone: Readonly<Record<string, readonly Measured[]>>
}

const ALONE_OPERATIONS = 2_000

async function measurePoint(
  growing: Growing,
  size: number,
  peers: readonly Peer[],
  { options, say }: Context,
): Promise<Point> {
  const { quick } = options
  const seconds = options.seconds ?? (quick ? 0.3 : Math.max(3, growing.secondsMin ?? 0))
  const timing: Timing = { warmUp: quick ? 0.1 : 1, seconds }
  const single: Timing = { ...timing, operations: quick ? 20 : ALONE_OPERATIONS }
  const loaded: Record<string, Measured[]> = {}
  const alone: Record<string, Measured[]> = {}
  for (const name of Object.keys(growing.loads)) {
    const load = `${name}:${size}`
    loaded[name] = []
    alone[name] = []
    for (const peer of peers) {
      const measured = await measure({ load, timing }, peer)
      loaded[name].push(measured)
      if (growing.alone) {
        alone[name].push(await measure({ load, timing: single, alone: true }, peer))
      }
      const p50 = (alone[name].at(-1) ?? measured).p50
      const cpu = short(cpuOf(measured) * 1_000)
      say(`${load.padEnd(28)} ${peer.name.padEnd(10)} CPU ${cpu} µs, p50 ${short(p50)} ms`)
    }
  }
  return { size, loaded, alone }
}

/** Discarded: or the smallest size would be paid by compilers that have not warmed up. */
async function warmUp(
  { loads }: Growing,
  size: number,
  peers: readonly Peer[],
  { options: { quick } }: Context,
): Promise<void> {
  const timing = { warmUp: 0, seconds: quick ? 0.1 : 5 }
  for (const load of Object.keys(loads)) {
    for (const peer of peers) await measure({ load: `${load}:${size}`, timing }, peer)
  }
}

/** A column for each peer and load: CPU, then latency. */
function toTable(growing: Growing, points: readonly Point[], names: readonly string[]): string {
  const loads = Object.entries(growing.loads)
  const latency = growing.alone ? 'one client’s p50 ms' : 'p50 ms'
  const head = loads.flatMap(([, called]) =>
    names.map((name) => `${called}, ${name}: CPU µs; ${latency}`),
  )
  const rows = points.map(({ size, loaded, alone }) => [
    whole(size),
    ...loads.flatMap(([load]) =>
      names.map((_, peer) => {
        const busy = loaded[load]![peer]!
        const { p50 } = growing.alone ? alone[load]![peer]! : busy
        return `${short(cpuOf(busy) * 1_000)}; ${short(p50)}`
      }),
    ),
  ])
  const last = points.at(-1)!
  const first = points[0]!
  const growth = loads.flatMap(([load]) =>
    names.map((_, peer) => {
      const ratio = cpuOf(last.loaded[load]![peer]!) / cpuOf(first.loaded[load]![peer]!)
      return Number.isFinite(ratio) ? `× ${short(ratio)}` : ''
    }),
  )
  return table([growing.what, ...head], [...rows, ['last ÷ first, CPU', ...growth]])
}

function toCurves(growing: Growing, points: readonly Point[], peer: number): Curve[] {
  return Object.entries(growing.loads).map(([load, called]) => ({
    label: called,
    points: points.map(({ size, loaded }) => ({
      x: size,
      y: cpuOf(loaded[load]![peer]!) * 1_000,
    })),
  }))
}

function chosen({ options }: Context): [string, Growing][] {
  const all = Object.entries(GROWING)
  // Here --only names what grows, by its loads: --only tree-get:1 asks for the znodes.
  const only = options.loads?.map((load) => load.split(':')[0]!)
  return only === undefined
    ? all
    : all.filter(([, { loads }]) => only.some((load) => Object.hasOwn(loads, load)))
}

export const growth: Suite = {
  about: 'the cost of an operation by the number of znodes, watches, sessions, children, by depth',
  async run(context) {
    const { options, args } = context
    const names = options.peers ?? ['zookeeper', 'anykeeper']
    return withPeers(names, peerOptions(options), async (peers) => {
      const sections: string[] = []
      const panels: { title: string; curves: Curve[] }[] = []
      for (const [name, growing] of chosen(context)) {
        const sizes = options.sizes ?? (options.quick ? growing.quickSizes : growing.sizes)
        const points: Point[] = []
        await warmUp(growing, sizes[0]!, peers, context)
        for (const size of sizes) points.push(await measurePoint(growing, size, peers, context))
        const found = toTable(
          growing,
          points,
          peers.map((peer) => peer.name),
        )
        sections.push(`### ${name}\n\n${growing.about}.\n\n${found}`)
        panels.push({ title: name, curves: toCurves(growing, points, peers.length - 1) })
      }
      const versions = peers.map(({ name, version }) => `${name} ${version}`)
      const notes = [
        'CPU of all servers under the usual load (16 connections with 16 requests each); latency of a single client',
      ]
      const title = `CPU µs per operation, ${peers.at(-1)!.name}`
      const text = [
        circumstances({ args, versions, notes }),
        `![${title}](../docs/bench-growth.svg)`,
        ...sections,
      ].join('\n\n')
      return { text, charts: [{ file: 'bench-growth.svg', svg: curveChart({ title, panels }) }] }
    })
  },
}
