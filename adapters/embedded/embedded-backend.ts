/**
 * One open folder. Pending transactions form a group: judged in order, written together, published
 * and answered once the disk has them. Only one group is in flight, so none stands on a group that
 * fails. Neighbours: ../mvcc/mvcc.ts (revisions), disk.ts (durability), owner.ts.
 */
import type { Clock } from '../../lib/base/clock.ts'
import { systemClock } from '../../lib/base/clock.ts'
import { Turns } from '../../lib/base/turns.ts'
import { StoreError } from '../../lib/model/errors.ts'
import { compareBytes } from '../../lib/store/bytes.ts'
import { opBytes } from '../../lib/store/txn-size.ts'
import type { Lease, LeaseId, StoreSpace, Txn, TxnResult } from '../../lib/store/types.ts'
import type { MvccWriter } from '../mvcc/handle.ts'
import { type HistoryBounds, Mvcc } from '../mvcc/mvcc.ts'
import type { Contents } from './contents.ts'
import { Disk } from './disk.ts'
import { fromFileSystem, unusable } from './errors.ts'
import { type Ownership, takeOwnership } from './owner.ts'
import { FORMAT } from './records.ts'
import { fillReserve, makeRoomToStart, withReserve } from './reserve.ts'

export interface EmbeddedOptions {
  /** Absolute. */
  readonly folder: string
  /** false: a folder without data is refused, not created. @default true */
  readonly create?: boolean
  /** Bytes the data may take. @default 8 GiB */
  readonly mapBytes?: number
  /** @default systemClock */
  readonly clock?: Clock
  /** Pause between empty batches of a quiet watch. Unit: ms. @default 1000 */
  readonly progressMs?: number
  /**
   * History in memory for watches and reads of the past.
   * @default HISTORY_DEFAULT of mvcc.ts
   */
  readonly history?: Partial<HistoryBounds>
}

const MAP_BYTES_DEFAULT = 8 * 2 ** 30
/** Bound of one group; a single larger transaction is a group of its own. Unit: bytes. */
const GROUP_BYTES_MAX = 4 * 2 ** 20

interface Pending {
  readonly bytes: number
  /** Applies the transaction. Returns what answers it once the group is on the disk. */
  readonly apply: () => () => void
  readonly reject: (error: StoreError) => void
}

export class EmbeddedBackend implements MvccWriter {
  readonly mvcc: Mvcc
  readonly #disk: Disk
  readonly #ownership: Ownership
  readonly #folder: string
  readonly #turns = new Turns()
  #queue: Pending[] = []
  #writing: Promise<void> | undefined
  #closed = false

  static async open(options: EmbeddedOptions): Promise<EmbeddedBackend> {
    const { folder, mapBytes = MAP_BYTES_DEFAULT } = options
    const ownership = await withReserve(folder, () => takeOwnership(folder)).catch((error) => {
      throw fromFileSystem(error, folder)
    })
    try {
      makeRoomToStart(folder)
      const { disk, contents } = await Disk.open(folder, mapBytes)
      fillReserve(folder)
      return new EmbeddedBackend(options, ownership, disk, contents)
    } catch (error) {
      ownership.release()
      throw error
    }
  }

  private constructor(
    options: EmbeddedOptions,
    ownership: Ownership,
    disk: Disk,
    contents: Contents,
  ) {
    this.#folder = options.folder
    this.#ownership = ownership
    this.#disk = disk
    this.mvcc = new Mvcc({
      clock: options.clock ?? systemClock,
      ...(options.progressMs === undefined ? {} : { progressMs: options.progressMs }),
      ...(options.history === undefined ? {} : { history: options.history }),
      base: disk,
      // An empty revision: a watch from an older one is compacted and must list again.
      revision: contents.state.revision + 1,
      onLeaseDue: (id) => this.#expire(id),
    })
    this.mvcc.leases.lastId = contents.state.lastLeaseId
    for (const lease of contents.leases) this.mvcc.leases.add(lease)
    for (const { key, lease } of [...contents.bound].sort((a, b) => compareBytes(a.key, b.key))) {
      this.mvcc.leases.rebind(key, 0n, lease)
    }
  }

  txn(txn: Txn): Promise<TxnResult> {
    const bytes = txn.ops.reduce((sum, op) => sum + opBytes(op), 0)
    return this.#submit(bytes, () => this.mvcc.txn(txn))
  }

  grantLease(ttlMs: number): Promise<Lease> {
    return this.#submit(0, () => this.mvcc.grantLease(ttlMs))
  }

  revokeLease(id: LeaseId): Promise<void> {
    return this.#submit(0, () => this.mvcc.revokeLease(id))
  }

  /** A read is noted in the database's file of readers, which is mapped. */
  async turn(): Promise<void> {
    await this.#turns.take()
    await this.#ownership.takesWrites()
  }

  async space(): Promise<StoreSpace> {
    await this.#ownership.takesWrites()
    return this.#disk.space()
  }

  /** Writes the pending transactions first. */
  async close(): Promise<void> {
    this.#closed = true
    while (this.#writing !== undefined) await this.#writing
    this.mvcc.leases.stop()
    await this.#disk.close()
    // Nothing of the folder is in use when this resolves.
    await this.#ownership.takesWrites()
    this.#ownership.release()
  }

  #expire(id: LeaseId): void {
    // The lease's timer retries an expiry that could not be written.
    this.#submit(0, () => this.mvcc.expire(id)).catch(() => {})
  }

  #submit<T>(bytes: number, run: () => T): Promise<T> {
    if (this.#closed) return Promise.reject(new StoreError('STORE_CLOSED', 'the store is closed'))
    return new Promise<T>((resolve, reject) => {
      const apply = (): (() => void) => {
        try {
          const result = run()
          return () => resolve(result)
        } catch (error) {
          return () => reject(error)
        }
      }
      this.#queue.push({ bytes, apply, reject })
      this.#writing ??= this.#writeAll()
    })
  }

  async #writeAll(): Promise<void> {
    while (this.#queue.length > 0) {
      // What is called meanwhile shares the group.
      await this.#ownership.takesWrites()
      await this.#writeGroup(this.#takeGroup())
    }
    this.#writing = undefined
  }

  #takeGroup(): Pending[] {
    let bytes = 0
    let count = 0
    for (const pending of this.#queue) {
      bytes += pending.bytes
      if (count > 0 && bytes > GROUP_BYTES_MAX) break
      count++
    }
    return this.#queue.splice(0, count)
  }

  async #writeGroup(group: readonly Pending[]): Promise<void> {
    const { mvcc } = this
    const answers = group.map((pending) => pending.apply())
    try {
      if (mvcc.changes.keys.size > 0 || mvcc.changes.leases.size > 0) await this.#persist()
    } catch (error) {
      mvcc.rollback()
      for (const pending of group) pending.reject(error as StoreError)
      return
    }
    mvcc.publish()
    for (const answer of answers) answer()
  }

  #persist(): Promise<void> {
    if (!this.#ownership.isHeld()) {
      throw unusable(`${this.#folder} was taken over by another process: nothing was written`)
    }
    const { changes, applied, leases } = this.mvcc
    return this.#disk.write(changes, {
      format: FORMAT,
      revision: applied,
      lastLeaseId: leases.lastId,
    })
  }
}
