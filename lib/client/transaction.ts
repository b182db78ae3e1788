/** A multi, built step by step: the results have the types of the operations. Neighbours: zookeeper, operations. */
import type { CreateRequest, MultiResult, Stat } from '../model/request.ts'
import { type ClientOp, type CreateOptions, toMultiOps } from './operations.ts'

/** What a transaction needs of its client. */
export interface MultiVerbs {
  createOp(path: string, data: Uint8Array | null, options?: CreateOptions): CreateRequest
  multi(ops: readonly ClientOp[]): Promise<readonly MultiResult[]>
}

/**
 * Operations in order; each call adds one and returns the transaction with its result's type added. Arguments are
 * checked and copied when they are passed; a call throws ZK_BAD_ARGUMENTS or ZK_INVALID_ACL.
 */
export class Transaction<Results extends readonly unknown[]> {
  readonly #client: MultiVerbs
  readonly #ops: ClientOp[] = []

  /** @internal {@link ZooKeeper.transaction} makes it. */
  constructor(client: MultiVerbs) {
    this.#client = client
  }

  /**
   * As {@link ZooKeeper.create}; its result: path, sequence number included, and Stat, which ZooKeeper sends from 3.9 on.
   */
  create(
    path: string,
    data: Uint8Array | null = null,
    options: CreateOptions = {},
  ): Transaction<[...Results, { readonly path: string; readonly stat: Stat | undefined }]> {
    return this.#with(this.#client.createOp(path, data, options))
  }

  /** As {@link ZooKeeper.setData}; its result: the new Stat. */
  setData(path: string, data: Uint8Array | null, version = -1): Transaction<[...Results, Stat]> {
    return this.#with({ type: 'setData', path, data, version })
  }

  /** As {@link ZooKeeper.delete}. */
  delete(path: string, version = -1): Transaction<[...Results, undefined]> {
    return this.#with({ type: 'delete', path, version })
  }

  /** The rest is applied only if the znode has this version; −1: if it is there. */
  check(path: string, version = -1): Transaction<[...Results, undefined]> {
    return this.#with({ type: 'check', path, version })
  }

  /**
   * Sends it. Resolves with one result an operation, in order. A transaction may be sent again.
   * @throws {ZnodeError} as {@link ZooKeeper.multi}: nothing was applied, unless `outcome` says that it may have been
   */
  async commit(): Promise<Results> {
    const results = await this.#client.multi(this.#ops)
    return results.map(valueIn) as unknown as Results
  }

  #with<R extends readonly unknown[]>(op: ClientOp): Transaction<R> {
    toMultiOps([op])
    const hasBytes = op.type === 'setData' && op.data !== null
    this.#ops.push(hasBytes ? { ...op, data: Uint8Array.from(op.data) } : op)
    // The same object, of whose results more is known.
    return this as unknown as Transaction<R>
  }
}

function valueIn(result: MultiResult): unknown {
  switch (result.type) {
    case 'create':
      return { path: result.path, stat: undefined }
    case 'create2':
      return { path: result.path, stat: result.stat }
    case 'setData':
      return result.stat
    default:
      return undefined
  }
}
