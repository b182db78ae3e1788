/** How following an ensemble begins: with a snapshot, or with the reason that there is none. */

import { silentLogger } from '../../lib/base/log.ts'
import { openSourceFeed } from '../../lib/migrate/open-source-feed.ts'
import type { SourceFeedOptions } from '../../lib/migrate/source-feed.ts'
import type { ZookeeperTree } from '../../lib/transfer/zookeeper/tree.ts'
import { within } from '../support/eventually.ts'

const DEADLINE_MS = 60_000

export type First =
  | { readonly tree: ZookeeperTree }
  | { readonly why: string; readonly isFinal: boolean }

export async function firstOfFeed(
  options: Omit<SourceFeedOptions, 'from' | 'logger'>,
): Promise<First> {
  const feed = openSourceFeed({ ...options, from: 0, logger: silentLogger })
  try {
    return await within('a snapshot or a reason', DEADLINE_MS, firstOf(feed))
  } finally {
    await feed.close()
  }
}

async function firstOf(feed: ReturnType<typeof openSourceFeed>): Promise<First> {
  try {
    for await (const event of feed) {
      if (event.kind === 'snapshot') return { tree: event.tree }
      if (event.kind === 'disconnected') return { why: event.why, isFinal: false }
    }
  } catch (error) {
    return { why: (error as Error).message, isFinal: true }
  }
  throw new Error('the feed ended without a word')
}
