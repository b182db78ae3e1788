/**
 * The verb bench: how fast a server answers this machine. Real requests below a znode of its own, which it deletes.
 * Neighbours: phase, ../znode/verb.
 */
import { randomBytes } from 'node:crypto'
import { Option } from 'commander'
import { deleteRecursive, type ZooKeeper } from '../../lib/index.ts'
import { quantileOf } from '../../lib/internal.ts'
import { showProgress } from '../progress.ts'
import { whole } from '../settings/parse.ts'
import { shownCount, tableOf } from '../znode/layout.ts'
import { pathOf, type Run, type Verb } from '../znode/verb.ts'
import { type Measured, measure } from './phase.ts'

const SECONDS = 3
const IN_FLIGHT = 64
const BYTES = 100
/** Of each request that removes what a bench was interrupted in. Unit ms. */
const LEFTOVER_MS = 500
/** Znodes that set and get choose from. */
const SPREAD = 1_000

interface Load {
  readonly client: ZooKeeper
  readonly root: string
  readonly data: Buffer
}

/** Each phase finds what the one before it has left. */
const PHASES: readonly {
  readonly name: string
  request(load: Load, at: number): Promise<unknown>
}[] = [
  {
    name: 'create',
    request: ({ client, root, data }, at) => client.create(`${root}/n${at}`, data),
  },
  {
    name: 'set',
    request: ({ client, root, data }, at) => client.setData(`${root}/m${at % SPREAD}`, data),
  },
  { name: 'get', request: ({ client, root }, at) => client.getData(`${root}/m${at % SPREAD}`) },
  { name: 'exists', request: ({ client, root }, at) => client.exists(`${root}/none${at}`) },
]

const round = (ms: number): number => Math.round(ms * 100) / 100

function resultOf(name: string, { count, ms, histogram }: Measured) {
  const quantile = (share: number): number => round(quantileOf(histogram.counts, share))
  return {
    operation: name,
    requests: count,
    perSecond: Math.round((1000 * count) / ms),
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
  }
}

const COLUMNS = [
  { title: 'OPERATION' },
  { title: 'REQUESTS', side: 'right' },
  { title: 'A SECOND', side: 'right' },
  { title: 'P50 MS', side: 'right' },
  { title: 'P99 MS', side: 'right' },
] as const

async function prepare({ client, root, data }: Load): Promise<void> {
  await client.create(root, null)
  for (let at = 0; at < SPREAD; at += IN_FLIGHT) {
    const some = Array.from({ length: Math.min(IN_FLIGHT, SPREAD - at) }, (_, i) => at + i)
    await Promise.all(some.map((one) => client.create(`${root}/m${one}`, data)))
  }
}

async function phases(run: Run, load: Load, seconds: number, inFlight: number): Promise<void> {
  const { output, signal } = run
  const progress = await showProgress({ done: 'measured', unit: 'seconds' })
  const rows: string[][] = []
  try {
    for (const [at, { name, request }] of PHASES.entries()) {
      const onSecond = (done: number): void =>
        progress.at(at * seconds + done, PHASES.length * seconds)
      const measured = await measure({
        seconds,
        inFlight,
        signal,
        onSecond,
        request: (i) => request(load, i),
      })
      const result = resultOf(name, measured)
      const { requests, perSecond, p50Ms, p99Ms } = result
      if (output.isJson) await output.json(result)
      else
        rows.push([name, shownCount(requests), shownCount(perSecond), String(p50Ms), String(p99Ms)])
    }
  } finally {
    progress.end()
  }
  if (!output.isJson) await output.lines(tableOf(COLUMNS, rows))
}

export const bench: Verb = {
  name: 'bench',
  summary: 'measure how fast a server answers this machine',
  description:
    'Measure how fast a server answers this machine: create, set, get and exists, one after the other. It writes below a znode ' +
    'of its own, anykeeper-bench-…, and deletes that at the end.',
  arguments: [['[path]', 'the parent of that znode']],
  options: [
    new Option('-d, --seconds <n>', 'of each operation').argParser(whole(1, 3600)).default(SECONDS),
    new Option('-c, --in-flight <n>', 'requests in flight')
      .argParser(whole(1, 100_000))
      .default(IN_FLIGHT),
    new Option('-b, --bytes <n>', 'of data in each znode')
      .argParser(whole(0, 0xfffff))
      .default(BYTES),
  ],
  examples: ['', '--seconds 10 --in-flight 1', '--json /tmp'],
  isWrite: true,
  async run(run, args, { seconds, inFlight, bytes }) {
    const parent = pathOf(run, args)
    const root = `${parent === '/' ? '' : parent}/anykeeper-bench-${randomBytes(6).toString('hex')}`
    const load = { client: run.client, root, data: Buffer.alloc(bytes as number, 'x') }
    try {
      await prepare(load)
      await phases(run, load, seconds as number, inFlight as number)
    } finally {
      // Also after Ctrl-C, so without its signal: as long as the server answers soon.
      const { client, timeoutMs } = run.target
      const bounds = run.signal.aborted
        ? { timeoutMs: Math.min(timeoutMs, LEFTOVER_MS) }
        : { timeoutMs, signal: run.signal }
      await deleteRecursive(client.with(bounds), root).catch((error: Error) =>
        run.output.say(`warning: ${root} was not deleted: ${error.message}`),
      )
    }
  },
}
