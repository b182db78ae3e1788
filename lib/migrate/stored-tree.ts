/** The tree of a store at a moment, to be compared with its source’s. Writes nothing. Neighbour: verify-source. */
import { type Clock, systemClock } from '../base/clock.ts'
import { LIMITS_DEFAULT } from '../base/limits.ts'
import { pause } from '../base/pause.ts'
import { decodeHead } from '../format/head.ts'
import { loadReplica } from '../member/tree/load.ts'
import type { MetadataStore, StoreReads } from '../store/metadata-store.ts'
import { SourceError } from './source-error.ts'
import { SourceKey } from './source-key.ts'
import type { ComparableTree } from './tree-compare.ts'

export interface StoredTreeOptions {
  /** It stays the caller’s to close. */
  readonly store: MetadataStore
  /** @default "/anykeeper" */
  readonly prefix?: string
  /** For the store to get that far. Unit ms. */
  readonly timeoutMs: number
  /**
   * An epoch begins without a transaction: a store that has not moved for so long has all those before it. Unit ms.
   * @default {@link STORED_TREE_DEFAULT}
   */
  readonly quietMs?: number
  /** For how long a read is repeated where the store does not answer: each one for so long. Unit ms. @default 30,000 */
  readonly storeMs?: number
  readonly clock?: Clock
}

export const STORED_TREE_DEFAULT = { quietMs: 3_000 } as const
/** Between two looks at one key: a pace, which ends nothing. Unit ms. */
const POLL_MS = 250
const TWO_32 = 2 ** 32

/**
 * Once all that is committed up to `atLeast` is in the store: see {@link VerifyOptions.ours}.
 * @throws {SourceError} SOURCE_SLOW: it does not get that far in time. @throws {StoreError} one that does not pass, or has not
 * within storeMs
 */
export async function storedTree(
  atLeast: number,
  options: StoredTreeOptions,
): Promise<ComparableTree> {
  const { store, prefix = '/anykeeper', timeoutMs, clock = systemClock } = options
  const { quietMs } = { ...STORED_TREE_DEFAULT, ...options }
  const { storeMs } = options
  const key = new SourceKey({ store, prefix, clock, ...(storeMs !== undefined && { storeMs }) })
  const { layout } = key
  let attempts = 0
  const reader: StoreReads = {
    range: (query) =>
      key.patiently(async () => {
        attempts++
        return { is: await store.range(query) }
      }),
  }
  const startMs = clock.monotonic()
  let zxid = -1
  let movedMs = startMs
  for (;;) {
    attempts = 0
    const [head] = (await reader.range({ start: layout.head })).kvs
    const now = head === undefined ? 0 : decodeHead(head.value).zxid
    const nowMs = clock.monotonic()
    // A store that did not answer may not have taken the follower’s writes either: that was no quiet time.
    if (now !== zxid || attempts > 1) movedMs = nowMs
    zxid = now
    const isQuiet = nowMs - movedMs >= quietMs
    if (zxid >= atLeast || (zxid > 0 && atLeast % TWO_32 === 0 && isQuiet)) break
    if (nowMs - startMs > timeoutMs) {
      throw new SourceError(
        'SOURCE_SLOW',
        zxid === 0
          ? `there is no tree below ${prefix} in the store`
          : `the store is at 0x${zxid.toString(16)} and did not get to 0x${atLeast.toString(16)} within ${timeoutMs} ms: does anybody follow the source?`,
      )
    }
    await pause(clock, POLL_MS)
  }
  const { replica } = await loadReplica(reader, layout, { bounds: LIMITS_DEFAULT })
  const { tree } = replica
  return {
    zxid: replica.zxid,
    entries: () => tree.entries(),
    get: (path) => tree.get(path),
    sessions: new Map([...replica.sessions].map(([id, { timeoutMs }]) => [id, timeoutMs])),
  }
}
