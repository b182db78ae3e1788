/**
 * Does an entry of the journal belong to the history that this replica has applied? And is the tree what its
 * writer says? Neighbours: group-committer (receives the entries), tree/history.
 */
import { digestOfEntry } from '../../format/digest.ts'
import type { BatchHeader } from '../../format/journal.ts'
import type { TreeCheck } from '../../format/ops.ts'
import { StoreError } from '../../model/errors.ts'
import { HistoryLost } from '../tree/history.ts'
import type { Replica } from '../tree/replica.ts'

/**
 * An entry whose number was applied already. Was it this one? `own`: the proxy that asks.
 * @throws {HistoryLost} when it is another one
 */
export function checkKnown(
  { history }: Replica,
  { seq, proxy, attempt }: BatchHeader,
  entry: Uint8Array,
  own: string,
): void {
  const known = history.digestAt(seq)
  if (known === undefined) return
  // Our own come back from the feed: no two have the same number of a try.
  if (proxy === own && history.attemptAt(seq) === attempt) return
  if (digestOfEntry(entry) === known) return
  throw new HistoryLost(`another batch ${seq} than was applied here`)
}

/**
 * @throws {StoreError} STORE_INTERNAL: it is not the next entry; {HistoryLost} when it names another one before it than was
 * applied
 */
export function checkNext(replica: Replica, { seq, previous }: BatchHeader): void {
  if (seq !== replica.seq + 1) {
    throw new StoreError('STORE_INTERNAL', `the feed jumps from batch ${replica.seq} to ${seq}`)
  }
  const { end } = replica.history
  if (previous === undefined || end === undefined || previous === end) return
  throw new HistoryLost(`batch ${seq} follows another batch ${seq - 1} than was applied here`)
}

export interface TreeDifference {
  readonly proxy: string
  readonly theirs: TreeCheck
  readonly ours: TreeCheck
}

/** Reports, and counts, what the entry's writer says of the tree after an earlier batch, where it is not so here. */
export function compareTrees(
  replica: Replica,
  header: BatchHeader,
  counters: { treeDifferences: number },
  onTreeDiffers: (found: TreeDifference) => void,
): void {
  const difference = treeDifference(replica, header)
  if (difference === undefined) return
  counters.treeDifferences++
  onTreeDiffers(difference)
}

function treeDifference(
  replica: Replica,
  { check, proxy }: BatchHeader,
): TreeDifference | undefined {
  // Who names a digest has read all of the tree, so the store may have what this one lacks.
  const isWhole = replica.tree.unreadable.size === 0
  if (!isWhole && check !== undefined) return { proxy, theirs: check, ours: replica.check }
  const ours = check === undefined ? undefined : replica.checkAt(check.seq)
  if (check === undefined || ours === undefined) return undefined
  if (ours.digest === check.digest && ours.znodes === check.znodes) return undefined
  return { proxy, theirs: check, ours }
}
