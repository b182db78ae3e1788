/** Leases of the memory store: which keys hang on them, and their expiry by the clock. */
import type { Clock } from '../../lib/clock.ts'
import { StoreError } from '../../lib/errors.ts'
import { bytesId, compareBytes } from '../../lib/store/bytes.ts'
import type { Key, Lease, LeaseId } from '../../lib/store/types.ts'

interface LeaseState {
  readonly ttlMs: number
  /** By the clock's monotonic time. */
  expiresAtMs: number
  readonly keys: Map<string, Key>
  cancelTimer: () => void
}

export class MemoryLeases {
  readonly #clock: Clock
  readonly #deleteKeys: (keys: readonly Key[]) => void
  readonly #leases = new Map<LeaseId, LeaseState>()
  #lastId: LeaseId = 0n

  /** `deleteKeys` removes a dead lease's keys under one revision. */
  constructor(clock: Clock, deleteKeys: (keys: readonly Key[]) => void) {
    this.#clock = clock
    this.#deleteKeys = deleteKeys
  }

  grant(ttlMs: number): Lease {
    this.#lastId += 1n
    const id = this.#lastId
    const expiresAtMs = this.#clock.monotonic() + ttlMs
    const lease: LeaseState = { ttlMs, expiresAtMs, keys: new Map(), cancelTimer: () => {} }
    this.#leases.set(id, lease)
    this.#arm(id, lease)
    return { id, ttlMs }
  }

  keepAlive(id: LeaseId): { readonly ttlMs: number } {
    const lease = this.assertAlive(id)
    lease.expiresAtMs = this.#clock.monotonic() + lease.ttlMs
    return { ttlMs: lease.ttlMs }
  }

  revoke(id: LeaseId): void {
    const lease = this.#leases.get(id)
    if (lease === undefined) return
    lease.cancelTimer()
    this.#leases.delete(id)
    this.#deleteKeys([...lease.keys.values()].sort(compareBytes))
  }

  /** @throws {StoreError} STORE_LEASE_NOT_FOUND */
  assertAlive(id: LeaseId): LeaseState {
    const lease = this.#leases.get(id)
    if (lease === undefined) throw new StoreError('STORE_LEASE_NOT_FOUND', `no lease ${id}`)
    return lease
  }

  /** A key hangs on the lease of its newest put only. 0n: none. */
  rebind(key: Key, from: LeaseId, to: LeaseId): void {
    if (from === to) return
    this.#leases.get(from)?.keys.delete(bytesId(key))
    this.#leases.get(to)?.keys.set(bytesId(key), key)
  }

  /** One timer a lease: renewals only move the deadline, the timer looks again when it fires. */
  #arm(id: LeaseId, lease: LeaseState): void {
    const waitMs = Math.max(lease.expiresAtMs - this.#clock.monotonic(), 0)
    lease.cancelTimer = this.#clock.after(waitMs, () => {
      if (this.#clock.monotonic() >= lease.expiresAtMs) this.revoke(id)
      else this.#arm(id, lease)
    })
  }
}
