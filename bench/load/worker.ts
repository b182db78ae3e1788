/**
 * The load's own process: runs one load against one server and prints what it measured as one line
 * of JSON. Line: main → here → server under load.
 */

import type { Target } from './link.ts'
import { DATA, IN_FLIGHT, LOADS, type Load, WATCHED_PATH } from './loads.ts'
import { type Measured, Recorder, type Timing } from './recorder.ts'
import { RequestLoad } from './requests.ts'
import { SessionLoad } from './sessions.ts'
import { TreeKeeper } from './tree.ts'
import { WatchLoad } from './watchers.ts'

/** One run, as main asks for it. */
export interface Order extends Timing {
  readonly load: string
  readonly target: Target
  /** Processes whose CPU time counts. */
  readonly pids: readonly number[]
  /** The null server has no tree. */
  readonly withTree: boolean
}

function runner(load: Load, recorder: Recorder, parents: readonly string[]) {
  switch (load.kind) {
    case 'requests':
      return new RequestLoad(recorder, load.source!(parents), IN_FLIGHT)
    case 'sessions':
      return new SessionLoad(recorder)
    case 'watches':
      return new WatchLoad(recorder, WATCHED_PATH, DATA)
  }
}

async function run(order: Order): Promise<Measured> {
  const load = LOADS[order.load]!
  const recorder = new Recorder()
  const tree = order.withTree ? new TreeKeeper(order.target) : undefined
  await tree?.prepare()
  const parents = load.leaves && tree !== undefined ? await tree.makeParents() : ['/bench']
  const running = runner(load, recorder, parents)
  await running.start(order.target, load.width)
  const measured = await recorder.measure(order, order.pids)
  await running.stop()
  if (load.leaves) await tree?.removeParents(parents)
  await tree?.close()
  return measured
}

const measured = await run(JSON.parse(process.argv[2]!))
process.stdout.write(`${JSON.stringify(measured)}\n`)
