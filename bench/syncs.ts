/** How often a server's log was brought to the disk: that nothing is acknowledged from memory. */
import { fourLetterWord } from '../test/support/four-letter-word.ts'
import type { Peer } from './peers/peer.ts'

/** By the server's own count since its start; undefined where it keeps none. */
export async function syncCount({ targets, etcd }: Peer): Promise<number | undefined> {
  if (etcd !== undefined) {
    const response = await fetch(`http://${etcd.host}:${etcd.port}/metrics`)
    return number(/^etcd_disk_wal_fsync_duration_seconds_count (\S+)$/m, await response.text())
  }
  const counts = await Promise.all(
    targets.map(async (target) =>
      number(/^zk_cnt_fsynctime\t(\d+)$/m, await fourLetterWord(target, 'mntr')),
    ),
  )
  return counts.reduce(
    (sum, count) => (sum === undefined || count === undefined ? undefined : sum + count),
    0,
  )
}

function number(pattern: RegExp, text: string): number | undefined {
  const found = pattern.exec(text)?.[1]
  return found === undefined ? undefined : Number(found)
}
