/** Opens a feed of what an ensemble commits. Neighbours: source-feed, the contract. */
import type { SourceFeed, SourceFeedOptions } from './source-feed.ts'

export function openSourceFeed(_options: SourceFeedOptions): SourceFeed {
  throw new Error('not there yet')
}
