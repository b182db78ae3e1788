/** Settings: the processes behind one port. */
import { parseWorkers } from '../../workers.ts'
import type { Group, Setting } from '../setting.ts'

export const workers: Setting<number> = {
  name: 'workers',
  value: '<n>',
  text: 'serve from this many processes behind one port (etcd, Redis)',
  parse: parseWorkers,
  default: 1,
}

export const workersGroup: Group = { title: 'Workers', settings: [workers] }
