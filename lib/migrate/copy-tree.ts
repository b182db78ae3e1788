/**
 * Writes the tree of an ensemble into the store, in place of the one that followed it before. Nobody is served meanwhile, and
 * members that stand by load it again. Line: source-feed → here → transfer/import. Neighbour: mirror.
 */
import type { Clock } from '../base/clock.ts'
import type { MetadataStore } from '../store/metadata-store.ts'
import { emptyMirror } from '../transfer/empty-mirror.ts'
import { TreeExport } from '../transfer/export.ts'
import { type ImportProgress, importTree } from '../transfer/import.ts'
import { bytesOfLines } from '../transfer/tree-bytes.ts'
import { finishTree } from '../transfer/zookeeper/finished-tree.ts'
import type { ZookeeperTree } from '../transfer/zookeeper/tree.ts'

export interface CopyTreeOptions {
  readonly store: MetadataStore
  readonly prefix: string
  readonly clock: Clock
  /** Batches count on from here. */
  readonly seq: number
  /** As of import. */
  readonly withTtl: boolean
  /** For how long a call is retried where the store does not answer. Unit ms. */
  readonly storeMs: number
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined
}

/**
 * Changes `tree` in place.
 * @throws {CopyError} COPY_NOT_EMPTY: there is a tree that follows nobody, or a proxy that serves one; COPY_CONFLICT: another
 * process writes; COPY_TOO_LARGE, COPY_UNSUPPORTED: of a znode. @throws {StoreError}
 */
export async function copyTree(tree: ZookeeperTree, options: CopyTreeOptions): Promise<void> {
  const { store, prefix, clock, seq, withTtl, storeMs, onProgress } = options
  const { zxid } = tree
  const { sessions } = finishTree(tree, { withTtl })
  const lines = new TreeExport({ tree, sessions, zxid }, '/', true)
  await emptyMirror({ store, prefix, clock, storeMs })
  await importTree({
    ...{ store, prefix, clock, storeMs, mirror: { seq } },
    input: bytesOfLines(lines),
    ...(onProgress && { onProgress }),
  })
}
