/**
 * Every load by its name, and those made to size: "children:1000". What they need lies below
 * /bench; what one created beyond that is removed after its run. Neighbours: read-loads,
 * write-loads, worker.
 */
import { OP } from '../../lib/model/request.ts'
import { DATA, familyPaths, ROOT, tree } from './fixture.ts'
import {
  dataReply,
  type EtcdLoad,
  type HeartbeatsLoad,
  type Load,
  type SessionsLoad,
  type SetWatchesLoad,
  type WatchesLoad,
} from './load.ts'
import * as read from './read-loads.ts'
import * as write from './write-loads.ts'

const whole = (value: number): string => value.toLocaleString('en-US')

const sessions = (): SessionsLoad => ({
  kind: 'sessions',
  about: 'session opened and closed, 16 at a time',
  unit: 'sessions',
  fixture: { paths: [ROOT] },
  replies: {},
  atATime: 16,
})

const WATCHED = `${ROOT}/watched`

const watch = (watchers: number): WatchesLoad => ({
  kind: 'watches',
  about: `one change → ${whole(watchers)} ${watchers === 1 ? 'watcher' : 'watchers'}`,
  unit: 'events',
  fixture: { paths: [ROOT, WATCHED] },
  replies: { [OP.getData]: dataReply(DATA.length), [OP.setData]: read.statReply },
  watchers,
  path: WATCHED,
})

const setWatches = (paths: number): SetWatchesLoad => ({
  kind: 'set-watches',
  about: `a client comes back with ${whole(paths)} watches (setWatches)`,
  unit: 'watches',
  fixture: tree(paths),
  replies: {},
  unitsPerOperation: paths,
  paths: () => familyPaths(tree(paths)),
})

const heartbeats = (count: number): HeartbeatsLoad => ({
  kind: 'heartbeats',
  about: `${whole(count)} sessions that only send heartbeats, one in 10 s each`,
  unit: 'heartbeats',
  fixture: { paths: [ROOT] },
  replies: {},
  sessions: count,
})

const etcd = (call: EtcdLoad['call'], about: string): EtcdLoad => ({
  kind: 'etcd',
  about,
  unit: 'calls',
  fixture: { paths: [] },
  replies: {},
  call,
  valueBytes: DATA.length,
})

const fixed: Record<string, () => Load> = {
  get: read.get,
  mixed: write.mixed,
  children: () => read.children(500),
  set: write.set,
  create: write.createLoad,
  sequential: write.sequential,
  'create-delete': write.createDelete,
  multi: write.multi,
  sessions,
  'exists-miss': read.existsMiss,
  'hot-set': write.hotSet,
  'etcd-put': () => etcd('put', 'etcd’s own put, 100 bytes, the same client library'),
  'etcd-txn': () => etcd('txn', 'etcd’s own txn as a commit makes it: one guard, two puts'),
}

const sized: Record<string, (size: number) => Load> = {
  children: read.children,
  watch,
  'set-watches': setWatches,
  'value-get': read.valueGet,
  'value-set': write.valueSet,
  'tree-get': read.treeGet,
  'tree-set': write.treeSet,
  'tree-create': write.treeCreate,
  'deep-get': read.deepGet,
  'deep-create': write.deepCreate,
  'wide-create-delete': write.wideCreateDelete,
  idle: read.idle,
  heartbeats,
}

/** Those that are worth a name of their own. */
const aliases: Record<string, string> = {
  'watch-100': 'watch:100',
  'watch-1000': 'watch:1000',
  'create-sustained': 'create',
  'sequential-sustained': 'sequential',
  'set-sustained': 'set',
}

export const loadNames = (): string[] => [
  ...Object.keys(fixed),
  ...Object.keys(aliases),
  ...Object.keys(sized).map((name) => `${name}:N`),
]

/** @throws {TypeError} when there is none of that name. */
export function findLoad(name: string): Load {
  const [base, size] = (aliases[name] ?? name).split(':')
  if (size === undefined) {
    const make = Object.hasOwn(fixed, base!) ? fixed[base!] : undefined
    if (make !== undefined) return make()
  } else if (Object.hasOwn(sized, base!) && /^[1-9]\d{0,7}$/.test(size)) {
    return sized[base!]!(Number(size))
  }
  throw new TypeError(`there is no load "${name}"`)
}
