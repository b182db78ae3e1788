/** The stored records of a line of an exported tree, and whether they fit. Neighbour: import.ts. */

import type { Layout } from '../format/layout.ts'
import { encodeChildRecord, encodeSession, encodeZnode } from '../format/record.ts'
import { DataTree } from '../member/tree/data-tree.ts'
import { CopyError } from '../model/errors.ts'
import { isReservedPath } from '../model/path.ts'
import { opBytes } from '../store/txn-size.ts'
import { KEY_BYTES_MAX, type StoreFeatures, type WriteOp } from '../store/types.ts'
import type { TreeHeader, TreeSession } from './format.ts'
import type { TreeZnode } from './parse.ts'

/**
 * Owns imported sessions until their clients reconnect. It is no proxy's id, which are 16 hex
 * digits: so the first proxy that opens the tree gives each session its whole timeout.
 */
const NO_PROXY = 'import'

export class TreeRecords {
  readonly #layout: Layout
  readonly #features: StoreFeatures
  /** The znodes that every server has, which need not be written. */
  readonly #fresh = new DataTree()
  /** What the records of one line may take in a txn, bytes. */
  readonly #bytesMax: number

  constructor(layout: Layout, features: StoreFeatures, bytesMax: number) {
    this.#layout = layout
    this.#features = features
    this.#bytesMax = bytesMax
  }

  /** @throws {CopyError} COPY_TOO_LARGE, before anything is written */
  check({ largest }: TreeHeader): void {
    if (largest.bytes > this.#dataBytesMax) throw this.#tooLarge(largest.path, largest.bytes, 1)
  }

  ofSession({ id, timeoutMs, passwordDigest }: TreeSession): WriteOp[] {
    const session = { id, timeoutMs, passwordDigest, owner: NO_PROXY, fence: 0 }
    return [{ type: 'put', key: this.#layout.session(id), value: encodeSession(session) }]
  }

  /** @throws {CopyError} COPY_TOO_LARGE */
  ofZnode({ path, node }: TreeZnode, line: number): WriteOp[] {
    const ops: WriteOp[] = []
    const key = this.#layout.znode(path)
    const value = encodeZnode(node)
    if (key.length > KEY_BYTES_MAX) {
      const what = `${path.slice(0, 100)}… has ${path.length} characters, and a key at most`
      throw new CopyError('COPY_TOO_LARGE', `${what} ${KEY_BYTES_MAX} bytes`, { line })
    }
    if (!this.#isFresh(path, value)) ops.push({ type: 'put', key, value })
    if (node.hasChildRecord) {
      const child = this.#layout.childRecord(path)
      ops.push({ type: 'put', key: child, value: encodeChildRecord(node) })
    }
    const isTooLarge = value.length > this.#features.valueBytesMax || bytesOf(ops) > this.#bytesMax
    if (isTooLarge) throw this.#tooLarge(path, node.data?.length ?? 0, line)
    return ops
  }

  /** More does not fit; less may not fit either, with the znode's header. */
  get #dataBytesMax(): number {
    return Math.min(this.#features.valueBytesMax, this.#bytesMax)
  }

  #isFresh(path: string, value: Uint8Array): boolean {
    if (!isReservedPath(path)) return false
    const fresh = this.#fresh.get(path)
    return fresh !== undefined && Buffer.compare(encodeZnode(fresh), value) === 0
  }

  #tooLarge(path: string, bytes: number, line: number): CopyError {
    return new CopyError(
      'COPY_TOO_LARGE',
      `${path} has ${bytes} bytes of data: with its header more than the ${this.#dataBytesMax} bytes ` +
        'that this store takes in one value',
      { line },
    )
  }
}

export function bytesOf(ops: readonly WriteOp[]): number {
  return ops.reduce((sum, op) => sum + opBytes(op), 0)
}
