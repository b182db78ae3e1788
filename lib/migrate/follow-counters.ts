/** What a follower counts, over all feeds that it has opened. Neighbours: mirror, mirror-status, format/source (the names). */
import type { SourceCounters } from '../format/source.ts'
import type { SourceFeedCounters } from './source-feed.ts'

const OF_FEED = [
  ...(['connects', 'disconnects', 'snapshots', 'truncates', 'memberChanges'] as const),
  ...(['overflows', 'silences', 'unanswered', 'malformed'] as const),
] as const
type OfFeed = (typeof OF_FEED)[number]

export class FollowCounters {
  /** Times that as many transactions waited for the store as may. */
  pendingFull = 0
  /** The most that ever waited. */
  pendingPeak = 0
  /** Times that the store settled none of those that waited for too long. */
  stalls = 0
  /** Times that the store did not answer for too long. */
  storeErrors = 0
  /** Times that the place as follower was lost. */
  leasesLost = 0
  #bufferBytesPeak = 0
  #feed: SourceFeedCounters | undefined
  readonly #before: Record<OfFeed, number> = {
    ...{ connects: 0, disconnects: 0, snapshots: 0, truncates: 0, memberChanges: 0 },
    ...{ overflows: 0, silences: 0, unanswered: 0, malformed: 0 },
  }

  /** Its counters are live. */
  opened(feed: SourceFeedCounters): void {
    this.#feed = feed
  }

  closed(): void {
    const { bufferBytesPeak = 0 } = this.#feed ?? {}
    this.#bufferBytesPeak = Math.max(this.#bufferBytesPeak, bufferBytesPeak)
    for (const name of OF_FEED) this.#before[name] += this.#feed?.[name] ?? 0
    this.#feed = undefined
  }

  /** So many transactions wait for the store. */
  waiting(count: number): void {
    this.pendingPeak = Math.max(this.pendingPeak, count)
  }

  /** `pending`: transactions that wait for the store. */
  now(pending: number): SourceCounters {
    const { bufferBytes = 0, bufferBytesPeak = 0 } = this.#feed ?? {}
    const ofFeeds = OF_FEED.map((name) => [name, this.#before[name] + (this.#feed?.[name] ?? 0)])
    const { pendingFull, pendingPeak, stalls, storeErrors, leasesLost } = this
    return {
      ...(Object.fromEntries(ofFeeds) as Record<OfFeed, number>),
      ...{ bufferBytes, bufferBytesPeak: Math.max(this.#bufferBytesPeak, bufferBytesPeak) },
      ...{ pending, pendingPeak, pendingFull, stalls, storeErrors, leasesLost },
    }
  }
}
