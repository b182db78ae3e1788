/**
 * The metrics of several processes that serve one tree behind one port, as one list. Pure. Neighbours: metrics (the list
 * of one process), admin over HTTP.
 */

/** A name without "zk_", and its value. */
export type Metric = readonly [name: string, value: number | string]

/** Of the tree, the store and the group of proxies: every process reports the same, as far as it is. The largest counts. */
const SHARED: ReadonlySet<string> = new Set([
  'znode_count',
  'ephemerals_count',
  'approximate_data_size',
  'global_sessions',
  'local_sessions',
  'quorum_size',
  'learners',
  'followers',
  'synced_followers',
  'leader_uptime',
  'uptime',
  'anykeeper_proxies',
  'anykeeper_standby',
  'anykeeper_store_full',
  'anykeeper_store_alarm',
  'anykeeper_store_bytes',
  'anykeeper_store_bytes_in_use',
  'anykeeper_store_bytes_max',
  'anykeeper_backlog_keys',
  'anykeeper_journal_bytes',
  'anykeeper_quarantined',
  'anykeeper_unreadable_znodes',
  'anykeeper_foreign_keys',
])

/** Each process has its own bound, so the one that is nearest to it counts. */
const OF_ONE: ReadonlySet<string> = new Set([
  'open_file_descriptor_count',
  'anykeeper_memory_live_bytes',
  'anykeeper_memory_soft_limit_bytes',
])

/** 1 is well: only if it is so everywhere. */
const WELL: ReadonlySet<string> = new Set(['anykeeper_serving', 'anykeeper_well'])

/** Texts, and the number of the process that answers. */
const FIRST: ReadonlySet<string> = new Set(['version', 'anykeeper_worker'])

/** A mode that says more wins: the leader of a group is one of its processes. */
const MODES = ['leader', 'follower', 'observer', 'standalone']

/**
 * Counts and connections are added up, and averages weighted by how many values each has seen. Minima and maxima are those
 * of all processes that have seen one. What all processes report of the shared tree is not added up.
 * @param lists one for each process, that of the process that answers first
 * @returns the names of the first list in its order, behind them those that only others have
 */
export function sumMetrics(lists: readonly (readonly Metric[])[]): Metric[] {
  const maps = lists.map((list) => new Map(list))
  const names = new Set(lists.flatMap((list) => list.map(([name]) => name)))
  return [...names].map((name) => [name, combine(name, maps)])
}

type Values = ReadonlyMap<string, number | string>

function combine(name: string, all: readonly Values[]): number | string {
  const having = all.filter((values) => values.has(name))
  const first = having[0]!.get(name)!
  if (having.length === 1 || FIRST.has(name)) return first
  if (name === 'server_state') return modeOf(having.map((values) => String(values.get(name))))
  const numbers = (of: readonly Values[]) => of.map((values) => Number(values.get(name)))
  if (!numbers(having).every(Number.isFinite)) return first
  if (WELL.has(name)) return Math.min(...numbers(having))
  if (name.includes('avg_')) return average(name, having)
  if (name.includes('min_')) {
    const seen = having.filter((values) => seenBy(name, values) > 0)
    return seen.length === 0 ? 0 : Math.min(...numbers(seen))
  }
  if (SHARED.has(name) || OF_ONE.has(name) || isMaximum(name)) return Math.max(...numbers(having))
  return numbers(having).reduce((sum, value) => sum + value, 0)
}

const isMaximum = (name: string): boolean =>
  /(^|_)(max|p\d+)_/.test(name) || /_(peak|stalled_ms)$/.test(name)

const modeOf = (modes: readonly string[]): string =>
  MODES.find((mode) => modes.includes(mode)) ?? modes[0]!

/** How many values a process has seen of what this is the average or the minimum of. */
function seenBy(name: string, values: Values): number {
  const count = values.get(name.replace(/(avg|min)_/, 'cnt_')) ?? values.get('packets_received')
  return Number(count ?? 0)
}

function average(name: string, all: readonly Values[]): string {
  let sum = 0
  let count = 0
  for (const values of all) {
    const seen = seenBy(name, values)
    sum += Number(values.get(name)) * seen
    count += seen
  }
  return (count === 0 ? 0 : sum / count).toFixed(4)
}
