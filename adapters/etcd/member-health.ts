/**
 * Which members of the cluster were silent, or failed, and have not answered since. All channels of a store
 * share it, so what one of them learns spares the others the wait. A member that was suspected is probed
 * until it answers a linearizable read: then it has its peers, and is not behind.
 * Neighbours: members.ts (asks whom to use), etcd-store.ts (probes).
 */
import type { Clock } from '../../lib/base/clock.ts'

export interface MemberHealthOptions {
  /** Members of the cluster, 1 or more. */
  readonly count: number
  readonly clock: Clock
  /** Whether member `index` answered a linearizable read within its deadline. Never rejects. */
  readonly probe: (index: number) => Promise<boolean>
}

/** Between a failure and the probe behind it. Doubles with each suspicion of one member. Unit ms. */
const PROBE_PAUSE_MS = 1_000
const PROBE_PAUSE_MS_MAX = 16_000
/** After so long without a suspicion, a member's earlier ones do not count any more. Unit ms. */
const FORGIVEN_MS = 60_000

interface Record {
  /** Counts up over all members; the lowest is the one suspected or used longest ago. 0: it is not suspected. */
  order: number
  /** Unit ms, monotonic. */
  suspectedMs: number
  pauseMs: number
  cancelProbe: () => void
}

export class MemberHealth {
  readonly #options: MemberHealthOptions
  readonly #records: Record[]
  #orders = 0
  #closed = false

  constructor(options: MemberHealthOptions) {
    this.#options = options
    this.#records = Array.from({ length: options.count }, () => ({
      order: 0,
      suspectedMs: Number.NEGATIVE_INFINITY,
      pauseMs: PROBE_PAUSE_MS,
      cancelProbe: () => {},
    }))
  }

  /**
   * The member to use: `preferred`, or the next one that is not suspected. When all are, one after the other,
   * beginning with the one that was suspected longest ago.
   */
  choose(preferred: number): number {
    const { count } = this.#options
    let oldest = preferred
    for (let step = 0; step < count; step++) {
      const index = (preferred + step) % count
      const { order } = this.#records[index]!
      if (order === 0) return index
      if (order < this.#records[oldest]!.order) oldest = index
    }
    this.#records[oldest]!.order = ++this.#orders
    return oldest
  }

  isSuspected(index: number): boolean {
    return this.#records[index]!.order !== 0
  }

  /** Member `index` answered what it can answer only when it is well. */
  answered(index: number): void {
    const record = this.#records[index]!
    if (record.order === 0) return
    record.order = 0
    record.cancelProbe()
  }

  /** Member `index` did not answer, or failed: it is avoided until a probe is answered. */
  suspect(index: number): void {
    const { clock, count } = this.#options
    const record = this.#records[index]!
    if (this.#closed || count === 1) return
    const wasSuspected = record.order !== 0
    record.order = ++this.#orders
    if (wasSuspected) return
    const now = clock.monotonic()
    const isForgiven = now - record.suspectedMs > FORGIVEN_MS
    record.pauseMs = isForgiven ? PROBE_PAUSE_MS : Math.min(record.pauseMs * 2, PROBE_PAUSE_MS_MAX)
    record.suspectedMs = now
    this.#probeLater(index, record.pauseMs)
  }

  close(): void {
    this.#closed = true
    for (const { cancelProbe } of this.#records) cancelProbe()
  }

  #probeLater(index: number, pauseMs: number): void {
    const record = this.#records[index]!
    record.cancelProbe = this.#options.clock.after(pauseMs, () => void this.#probe(index))
  }

  async #probe(index: number): Promise<void> {
    const answers = await this.#options.probe(index)
    if (this.#closed) return
    if (answers) this.answered(index)
    else if (this.isSuspected(index)) this.#probeLater(index, PROBE_PAUSE_MS)
  }
}
