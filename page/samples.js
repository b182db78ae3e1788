/** Numbers of looks at /metrics, and what they say of the time between two looks. Pure. Neighbour: metrics, which looks. */
import { quantileBetween } from './metric-values.js'

/** @typedef {import('./metric-values.js').Numbers} Numbers */

/** Between two looks, ms. */
export const LOOK_MS = 2_000
/** Two looks that are further apart have a gap between them: nobody knows what was there. */
const GAP_MS = 4 * LOOK_MS
/** Looks that are kept: ten minutes. */
const SAMPLES_MAX = 300

/** What is kept of each look. Absent: not known. */
const SERIES = [
  ...['reads', 'writes', 'events', 'commits'],
  ...['readP50', 'readP99', 'writeP50', 'writeP99', 'commitP99', 'loopP99'],
  ...['connections', 'sessions', 'outstanding', 'watches'],
]
/** A server that still loads its tree answers without it. */
const OF_A_SERVER = 'num_alive_connections'

export class Samples {
  /** The newest numbers; empty: none was read yet. @type {Numbers} */
  numbers = new Map()
  /** Of each look, seconds since 1970. @type {number[]} */
  times = []
  /** @type {Record<string, (number | null)[]>} */
  series = Object.fromEntries(SERIES.map((name) => [name, []]))
  #atMs = 0
  #hasFailed = false

  /** Times between two looks of which nothing is known. */
  get gaps() {
    const values = this.series.connections ?? []
    return values.filter((value, i) => value === null && i > 0).length
  }

  /** A look had no answer. */
  fail() {
    this.#hasFailed = true
  }

  /**
   * A look had an answer. That of a server without its tree counts as none: it would be a gap, and one behind it would be the same gap.
   * @param {Numbers} numbers @param {number} nowMs monotonic @param {number} timeMs since 1970
   */
  add(numbers, nowMs, timeMs) {
    if (!numbers.has(OF_A_SERVER)) return this.fail()
    const before = this.numbers
    const passedMs = nowMs - this.#atMs
    const isFirst = this.times.length === 0
    const isGap = !isFirst && (this.#hasFailed || passedMs > GAP_MS || isRestarted(before, numbers))
    const isNext = !isFirst && !isGap && isSameProcess(before, numbers)
    this.numbers = numbers
    this.#atMs = nowMs
    this.#hasFailed = false
    // A line ends at what is not known.
    if (isGap) this.#push((timeMs - LOOK_MS / 2) / 1000, {})
    const sample = {
      ...levels(numbers),
      ...(isNext ? rates(before, numbers, passedMs / 1000) : {}),
    }
    this.#push(timeMs / 1000, sample)
  }

  /** @param {number} time seconds since 1970 @param {Record<string, number | undefined>} sample */
  #push(time, sample) {
    this.times.push(time)
    for (const name of SERIES) this.series[name]?.push(sample[name] ?? null)
    if (this.times.length <= SAMPLES_MAX) return
    this.times.shift()
    for (const name of SERIES) this.series[name]?.shift()
  }
}

/**
 * The same counters: after a restart all of them begin at 0. With --workers any one answers, with the sums of all that did not stay
 * silent. @param {Numbers} before @param {Numbers} now
 */
const isSameProcess = (before, now) =>
  before.get('anykeeper_workers') === now.get('anykeeper_workers') &&
  (before.get('uptime') ?? 0) <= (now.get('uptime') ?? 0) &&
  (before.get('anykeeper_reads') ?? 0) <= (now.get('anykeeper_reads') ?? 0)

/** @param {Numbers} before @param {Numbers} now */
const isRestarted = (before, now) =>
  before.get('anykeeper_workers') === now.get('anykeeper_workers') &&
  (before.get('uptime') ?? 0) > (now.get('uptime') ?? 0)

/** @param {Numbers} numbers */
const levels = (numbers) => ({
  connections: numbers.get('num_alive_connections'),
  sessions: numbers.get('global_sessions'),
  outstanding: numbers.get('outstanding_requests'),
  watches: numbers.get('watch_count'),
  loopP99: numbers.get('anykeeper_p99_loop_delay'),
})

/** @param {Numbers} before @param {Numbers} now @param {number} seconds */
function rates(before, now, seconds) {
  const rate = (/** @type {string} */ name) =>
    Math.max(0, (now.get(name) ?? 0) - (before.get(name) ?? 0)) / seconds
  const quantile = (
    /** @type {string} */ name,
    /** @type {string} */ label,
    /** @type {number} */ q,
  ) => quantileBetween(before, now, name, label, q)
  return {
    reads: rate('anykeeper_reads'),
    writes: rate('anykeeper_writes'),
    events: rate('anykeeper_events_sent'),
    commits: rate('anykeeper_commit_batches'),
    readP50: quantile('anykeeper_request_seconds', 'kind="read"', 0.5),
    readP99: quantile('anykeeper_request_seconds', 'kind="read"', 0.99),
    writeP50: quantile('anykeeper_request_seconds', 'kind="write"', 0.5),
    writeP99: quantile('anykeeper_request_seconds', 'kind="write"', 0.99),
    commitP99: quantile('anykeeper_write_stage_seconds', 'stage="commit"', 0.99),
  }
}
