/** Leases: the keys bound to them, and their expiry by the clock. Neighbour: mvcc.ts. */
import type { Clock } from '../../lib/base/clock.ts'
import { StoreError } from '../../lib/model/errors.ts'
import { bytesId, compareBytes } from '../../lib/store/bytes.ts'
import type { Key, LeaseId } from '../../lib/store/types.ts'

/** The part of a lease that survives a restart. Its whole TTL begins again then. */
export interface StoredLease {
  /** As granted by this store, and never a second time. */
  readonly id: LeaseId
  /** As granted. Unit: ms. */
  readonly ttlMs: number
}

interface LeaseState extends StoredLease {
  /** By the clock's monotonic time. */
  expiresAtMs: number
  readonly keys: Map<string, Key>
  cancelTimer: () => void
}

/** Pause before an expiry that could not be written is retried. Unit: ms. */
const EXPIRY_RETRY_MS = 1_000

/** The leases of one `Mvcc`. */
export class Leases {
  readonly #clock: Clock
  readonly #onDue: (id: LeaseId) => void
  readonly #leases = new Map<LeaseId, LeaseState>()
  /** The newest id granted. A store on disk keeps it, so that no id is granted twice. */
  lastId: LeaseId = 0n

  /**
   * `onDue` is called for a lease past its deadline, and every second until the lease is removed.
   */
  constructor(clock: Clock, onDue: (id: LeaseId) => void) {
    this.#clock = clock
    this.#onDue = onDue
  }

  /** A lease with a new id; its TTL begins now. */
  grant(ttlMs: number): StoredLease {
    this.lastId += 1n
    return this.add({ id: this.lastId, ttlMs })
  }

  /** Adds a lease without keys; its whole TTL begins now. */
  add({ id, ttlMs }: StoredLease): StoredLease {
    const expiresAtMs = this.#clock.monotonic() + ttlMs
    const lease: LeaseState = { id, ttlMs, expiresAtMs, keys: new Map(), cancelTimer: () => {} }
    this.#leases.set(id, lease)
    this.#arm(lease, ttlMs)
    return { id, ttlMs }
  }

  /** Its TTL begins again. @throws {StoreError} STORE_LEASE_NOT_FOUND */
  keepAlive(id: LeaseId): { readonly ttlMs: number } {
    this.assertAlive(id)
    const lease = this.#leases.get(id)!
    lease.expiresAtMs = this.#clock.monotonic() + lease.ttlMs
    return { ttlMs: lease.ttlMs }
  }

  /**
   * Returns its keys in order and what undoes the removal; undefined when there is no such lease.
   */
  remove(id: LeaseId): { readonly keys: readonly Key[]; readonly undo: () => void } | undefined {
    const lease = this.#leases.get(id)
    if (lease === undefined) return undefined
    lease.cancelTimer()
    this.#leases.delete(id)
    const keys = [...lease.keys.values()].sort(compareBytes)
    const undo = (): void => {
      this.#leases.set(id, lease)
      this.#arm(lease, EXPIRY_RETRY_MS)
    }
    return { keys, undo }
  }

  /** It is past its deadline, and still there. */
  isDue(id: LeaseId): boolean {
    const lease = this.#leases.get(id)
    return lease !== undefined && this.#clock.monotonic() >= lease.expiresAtMs
  }

  /** @throws {StoreError} STORE_LEASE_NOT_FOUND */
  assertAlive(id: LeaseId): void {
    if (!this.#leases.has(id)) throw new StoreError('STORE_LEASE_NOT_FOUND', `no lease ${id}`)
  }

  /** A key is bound to the lease of its newest put only. 0n: none. */
  rebind(key: Key, from: LeaseId, to: LeaseId): void {
    if (from === to) return
    this.#leases.get(from)?.keys.delete(bytesId(key))
    this.#leases.get(to)?.keys.set(bytesId(key), key)
  }

  /** Ends all timers: no lease expires any more. */
  stop(): void {
    for (const lease of this.#leases.values()) lease.cancelTimer()
    this.#leases.clear()
  }

  /** One timer a lease: a renewal only moves the deadline, which the timer checks when it fires. */
  #arm(lease: LeaseState, waitMs: number): void {
    lease.cancelTimer = this.#clock.after(waitMs, () => {
      const leftMs = lease.expiresAtMs - this.#clock.monotonic()
      if (leftMs <= 0) this.#onDue(lease.id)
      if (this.#leases.get(lease.id) !== lease) return
      this.#arm(lease, leftMs <= 0 ? EXPIRY_RETRY_MS : leftMs)
    })
  }
}
