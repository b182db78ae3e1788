/**
 * Counts for the summary, and one structured log record for each difference.
 * Neighbours: server-pair and server report here; the command line prints the summary.
 */
import type { Logger } from '../../lib/index.ts'
import { show } from './show.ts'

/** What was compared, and with which result. */
export interface CompareCounts {
  /** Requests (handshakes too) whose two answers were compared. */
  requests: number
  /** Watch events that had their equal. */
  events: number
  /** Faults of the candidate. */
  differences: number
  /** Differences with a known reason other than the candidate; see docs/compare.md. */
  suspect: number
  /** Requests that the oracle did not receive or did not answer. */
  unchecked: number
  /** Events that could not be compared, because a connection ended or the oracle lost its watches. */
  eventsUnchecked: number
  /** Clients accepted. */
  connections: number
}

export interface Difference {
  readonly kind: 'reply' | 'event' | 'session' | 'connection'
  readonly why?: string
  /** Number of the request in the order over all clients. */
  readonly position: number
  readonly client: string
  readonly session: { readonly candidate: string; readonly oracle: string } | undefined
  readonly request?: unknown
  readonly candidate?: unknown
  readonly oracle?: unknown
  readonly fields?: readonly unknown[]
  /** A reason other than a fault of the candidate. */
  readonly suspect?: string
}

/** A difference before its connection adds position, client and session. */
export type PlainDifference = Omit<Difference, 'position' | 'client' | 'session'>

/** What a comparison found: counts, and a log record for each difference. */
export class CompareReport {
  /** So far. */
  readonly counts: CompareCounts = {
    requests: 0,
    events: 0,
    differences: 0,
    suspect: 0,
    unchecked: 0,
    eventsUnchecked: 0,
    connections: 0,
  }
  /** Number of the newest request in the order over all clients. */
  position = 0
  /** Writes and ends of sessions that the oracle missed. Above 0 the two trees may differ. */
  missed = 0
  readonly #logger: Logger
  readonly #file: Logger | undefined

  constructor(logger: Logger, file?: Logger) {
    this.#logger = logger
    this.#file = file
  }

  /** Counts and logs it. */
  difference(difference: Difference): void {
    const suspect =
      difference.suspect ?? (this.missed > 0 ? 'the oracle has missed writes' : undefined)
    if (suspect === undefined) this.counts.differences++
    else this.counts.suspect++
    const record = show({ ...difference, ...(suspect === undefined ? {} : { suspect }) }) as object
    this.#logger.warn(record, 'difference')
    this.#file?.warn(record, 'difference')
  }

  /** A request that only the candidate answered. */
  unchecked(isWrite: boolean): void {
    this.counts.unchecked++
    if (isWrite) this.miss('a write')
  }

  /** The oracle has missed a change; the first time it is logged. */
  miss(what: string): void {
    this.missed++
    if (this.missed > 1) return
    this.#logger.error(
      { what },
      'the oracle has missed a change: from now on every difference is only suspect',
    )
  }

  /** Suspect ones too. */
  get hasDifferences(): boolean {
    return this.counts.differences + this.counts.suspect > 0
  }

  /** Everything that came was compared, and something came. */
  get isComplete(): boolean {
    const { requests, unchecked, eventsUnchecked } = this.counts
    return requests > 0 && unchecked === 0 && eventsUnchecked === 0
  }

  /** One line for the terminal. */
  get summary(): string {
    const { requests, events, differences, suspect, unchecked, eventsUnchecked } = this.counts
    const more = [
      ...(suspect > 0 ? [`${suspect} suspect`] : []),
      ...(unchecked > 0 ? [`${unchecked} requests unchecked`] : []),
      ...(eventsUnchecked > 0 ? [`${eventsUnchecked} events unchecked`] : []),
    ]
    const text = `${requests} requests compared, ${events} events compared, ${differences} differences`
    return [text, ...more].join(', ')
  }

  /** Logs the counts. */
  writeSummary(): void {
    this.#file?.info({ ...this.counts }, 'summary')
    this.#logger.info({ ...this.counts }, 'summary')
  }
}
