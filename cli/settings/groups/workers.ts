/** Settings: the processes behind one port. */
import { InvalidArgumentError } from 'commander'
import { parsePositive, whole } from '../parse.ts'
import type { Group, Setting } from '../setting.ts'

/** Each worker holds the whole tree in memory. */
const WORKERS_MAX = 64

function parseWorkers(text: string): number {
  const count = parsePositive(text)
  if (count > WORKERS_MAX) {
    throw new InvalidArgumentError(`expected at most ${WORKERS_MAX} workers.`)
  }
  return count
}

export const workers: Setting<number> = {
  name: 'workers',
  value: '<n>',
  text: 'serve from this many processes behind one port (etcd, Redis)',
  parse: parseWorkers,
  default: 1,
}

export const workerAnswerTimeout: Setting<number> = {
  name: 'worker-answer-timeout',
  value: '<ms>',
  text: 'time for a worker to report its metrics to mntr: then it is left out, and counted',
  parse: whole(1, 60_000),
  default: 1_000,
}

export const workersGroup: Group = { title: 'Workers', settings: [workers, workerAnswerTimeout] }
