/**
 * The load's own process: runs one load against the servers of one peer and prints what it measured
 * as one line of JSON. Line: measure (main's side) → here → servers under load.
 */
import { HeartbeatsRunner } from './heartbeats.ts'
import { compactHistory } from './history.ts'
import type { Target } from './link.ts'
import type { Load, Requests } from './load.ts'
import { findLoad } from './loads.ts'
import { untilQuiet } from './quiet.ts'
import { type Measured, Recorder, type Timing } from './recorder.ts'
import { RequestsRunner } from './requests.ts'
import type { Runner } from './runner.ts'
import { SessionsRunner } from './sessions.ts'
import { SetWatchesRunner } from './set-watches.ts'
import { TreeKeeper } from './tree-keeper.ts'
import { WatchesRunner } from './watchers.ts'

/** One run, as main asks for it. */
export interface Order extends Timing {
  readonly load: string
  /** One client, one request at a time. */
  readonly alone?: boolean
  /** Servers of one tree; connections are spread over them. */
  readonly targets: readonly Target[]
  /** Processes whose CPU time counts, by name. */
  readonly pids: Readonly<Record<string, number>>
  /** false: neither a tree nor four-letter words. */
  readonly withTree: boolean
  /** Of this etcd, the history of what the load wrote is compacted, and counts. */
  readonly etcd?: Target
}

function find({ load: name, alone }: Order): Load {
  const load = findLoad(name)
  return alone && load.kind === 'requests' ? { ...load, connections: 1, inFlight: 1 } : load
}

async function runnerOf(
  load: Load,
  { targets }: Order,
  recorder: Recorder,
  requests: Requests | undefined,
): Promise<Runner> {
  switch (load.kind) {
    case 'requests':
      return new RequestsRunner(targets, load, requests!.source, recorder)
    case 'sessions':
      return new SessionsRunner(targets, load, recorder)
    case 'watches':
      return new WatchesRunner(targets, load, recorder)
    case 'set-watches':
      return new SetWatchesRunner(targets, load, recorder)
    case 'heartbeats':
      return new HeartbeatsRunner(targets, load, recorder)
    case 'etcd': {
      // Its client takes longer to load than all the rest.
      const { EtcdRunner } = await import('./etcd-calls.ts')
      return new EtcdRunner(targets, load, recorder)
    }
  }
}

async function run(order: Order): Promise<Measured> {
  const load = find(order)
  const recorder = new Recorder(order.pids, load.kind === 'requests' ? load.errno : 0)
  const keeper = order.withTree ? new TreeKeeper(order.targets) : undefined
  await keeper?.prepare(load.fixture)
  const below = load.kind === 'requests' ? load.parentsBelow : undefined
  const count = load.kind === 'requests' ? load.connections : 0
  const parents =
    below === undefined
      ? []
      : ((await keeper?.makeParents(below, count)) ?? Array<string>(count).fill('/none'))
  const requests = load.kind === 'requests' ? load.requests(parents) : undefined
  const runner = await runnerOf(load, order, recorder, requests)
  await runner.open()
  // What the preparation left to do is not this load's.
  if (order.withTree) await untilQuiet(order.targets)
  recorder.begin()
  runner.go()
  const counted = await recorder.window(order)
  await runner.finish()
  const drainSeconds = order.withTree ? await untilQuiet(order.targets) : undefined
  if (order.etcd !== undefined) await compactHistory(order.etcd)
  const cpu = recorder.end()
  await runner.close()
  if (requests?.left !== undefined) {
    await keeper?.remove(requests.left(), requests.leftExactly === true)
  }
  if (parents.length > 0) await keeper?.removeParents(parents)
  if (order.withTree) await untilQuiet(order.targets)
  if (order.etcd !== undefined) await compactHistory(order.etcd)
  await keeper?.close()
  return { ...counted, cpu, drainSeconds }
}

const measured = await run(JSON.parse(process.argv[2]!))
process.stdout.write(`${JSON.stringify(measured)}\n`)
