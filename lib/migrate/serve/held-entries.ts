/**
 * Entries of the journal that are here before the leader has reported their transactions: they wait for it, since it alone says
 * with which error a request failed, and a read behind that one must see no later write of its session. It is a matter of
 * milliseconds: the leader reports to us and to the follower at the same time. Neighbour: zookeeper-upstream.
 */
import type { Clock } from '../../base/clock.ts'
import { Fifo } from '../../base/fifo.ts'
import { decodeHeader } from '../../format/journal.ts'

interface Held {
  readonly zxid: number
  readonly sinceMs: number
  readonly apply: () => void
}

export interface HeldEntriesOptions {
  readonly clock: Clock
  /** So long an entry waits at most. Unit ms. */
  readonly waitMsMax: number
  /** Newest zxid that the leader has reported; undefined: there is none, and nothing waits. */
  readonly reported: () => number | undefined
  /** One had waited for so long, and is taken without a report. */
  readonly onUnreported: () => void
  /** What came too early cannot be applied any more. */
  readonly onFailed: (error: Error) => void
}

export class HeldEntries {
  readonly #options: HeldEntriesOptions
  #held = new Fifo<Held>()

  constructor(options: HeldEntriesOptions) {
    this.#options = options
  }

  /** Applies it now or later, behind all before it. @throws what `apply` throws now */
  receive(entry: Uint8Array, apply: () => void): void {
    const { zxid, mirrors } = decodeHeader(entry)
    // A take-over is reported by nobody.
    const next: Held = {
      ...{ apply, zxid: mirrors === true ? zxid : 0 },
      sinceMs: this.#options.clock.monotonic(),
    }
    if (this.#held.length === 0 && this.#mayPass(next)) return apply()
    this.#held.push(next)
    this.release()
  }

  /** The leader has reported more, is gone, or time has passed. */
  release(): void {
    while (this.#held.first !== undefined && this.#mayPass(this.#held.first)) {
      try {
        this.#held.shift().apply()
      } catch (error) {
        this.clear()
        this.#options.onFailed(error as Error)
      }
    }
  }

  /** The replica was reloaded. */
  clear(): void {
    this.#held = new Fifo()
  }

  /** Called once for each that may. */
  #mayPass({ zxid, sinceMs }: Held): boolean {
    const { clock, reported, waitMsMax, onUnreported } = this.#options
    const newest = reported()
    if (newest === undefined || zxid <= newest) return true
    if (clock.monotonic() - sinceMs < waitMsMax) return false
    onUnreported()
    return true
  }
}
