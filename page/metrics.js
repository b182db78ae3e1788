/** Numbers of /metrics, looked at every two seconds, and what they say of the time between two looks. */
import { metricsText } from './api.js'
import { parseMetrics, quantileBetween } from './metric-values.js'

/** @typedef {import('./metric-values.js').Numbers} Numbers */

const LOOK_MS = 2_000
/** Looks that are kept: ten minutes. */
export const SAMPLES_MAX = 300

/** What is kept of each look. Absent: not known. */
const SERIES = [
  ...['reads', 'writes', 'events', 'commits'],
  ...['readP50', 'readP99', 'writeP50', 'writeP99', 'commitP99', 'loopP99'],
  ...['connections', 'sessions', 'outstanding', 'watches'],
]

export class Sampler {
  /** The newest numbers; empty: none was read yet. @type {Numbers} */
  numbers = new Map()
  /** Of each look, seconds since 1970. @type {number[]} */
  times = []
  /** @type {Record<string, (number | null)[]>} */
  series = Object.fromEntries(SERIES.map((name) => [name, []]))
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer
  #isStopped = false
  #atMs = 0
  #onSample

  /** @param {() => void} onSample */
  constructor(onSample) {
    this.#onSample = onSample
  }

  start() {
    this.#isStopped = false
    void this.#look()
  }

  stop() {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }

  async #look() {
    try {
      // Nobody sees it meanwhile.
      if (!document.hidden) this.#add(parseMetrics(await metricsText()))
    } catch {
      // A gap: that the server does not answer is shown elsewhere.
      this.#atMs = 0
    }
    if (!this.#isStopped) this.#timer = setTimeout(() => void this.#look(), LOOK_MS)
  }

  /** @param {Numbers} numbers */
  #add(numbers) {
    const now = performance.now()
    const before = this.numbers
    const isNext =
      this.#atMs > 0 && now - this.#atMs < 10 * LOOK_MS && isSameProcess(before, numbers)
    const seconds = (now - this.#atMs) / 1000
    this.numbers = numbers
    this.#atMs = now
    const sample = { ...levels(numbers), ...(isNext ? rates(before, numbers, seconds) : {}) }
    this.times.push(Date.now() / 1000)
    for (const name of SERIES) this.series[name]?.push(/** @type {any} */ (sample)[name] ?? null)
    if (this.times.length > SAMPLES_MAX) {
      this.times.shift()
      for (const name of SERIES) this.series[name]?.shift()
    }
    this.#onSample()
  }
}

/** Of several processes behind one port any one answers; after a restart all counters begin at 0. @param {Numbers} before @param {Numbers} now */
const isSameProcess = (before, now) =>
  before.get('anykeeper_worker') === now.get('anykeeper_worker') &&
  (before.get('uptime') ?? 0) <= (now.get('uptime') ?? 0) &&
  (before.get('anykeeper_reads') ?? 0) <= (now.get('anykeeper_reads') ?? 0)

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
