/** Leases: which keys hang on them, and their expiry by the clock. Neighbour: mvcc.ts. */
import type { Clock } from '../../lib/base/clock.ts'
import { StoreError } from '../../lib/model/errors.ts'
import { bytesId, compareBytes } from '../../lib/store/bytes.ts'
import type { Key, LeaseId } from '../../lib/store/types.ts'

/** What of a lease survives a restart: it lives on with its whole TTL from then. */
export interface StoredLease {
  readonly id: LeaseId
  readonly ttlMs: number
}

interface LeaseState extends StoredLease {
  /** By the clock's monotonic time. */
  expiresAtMs: number
  readonly keys: Map<string, Key>
  cancelTimer: () => void
}

/** After an expiry that could not be written, it is tried again. Unit: ms. */
const EXPIRY_RETRY_MS = 1_000

export class Leases {
  readonly #clock: Clock
  readonly #onDue: (id: LeaseId) => void
  readonly #leases = new Map<LeaseId, LeaseState>()
  /** The newest id given out: a store on disk keeps it, so that no id comes twice. */
  lastId: LeaseId = 0n

  /** `onDue` is told of a lease past its deadline, and again every second while it is still there. */
  constructor(clock: Clock, onDue: (id: LeaseId) => void) {
    this.#clock = clock
    this.#onDue = onDue
  }

  grant(ttlMs: number): StoredLease {
    this.lastId += 1n
    return this.add({ id: this.lastId, ttlMs })
  }

  /** With its whole TTL ahead of it, and without keys. */
  add({ id, ttlMs }: StoredLease): StoredLease {
    const expiresAtMs = this.#clock.monotonic() + ttlMs
    const lease: LeaseState = { id, ttlMs, expiresAtMs, keys: new Map(), cancelTimer: () => {} }
    this.#leases.set(id, lease)
    this.#arm(lease, ttlMs)
    return { id, ttlMs }
  }

  keepAlive(id: LeaseId): { readonly ttlMs: number } {
    this.assertAlive(id)
    const lease = this.#leases.get(id)!
    lease.expiresAtMs = this.#clock.monotonic() + lease.ttlMs
    return { ttlMs: lease.ttlMs }
  }

  /** undefined: there is none. Else its keys in order, and the way back. */
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

  isDue(id: LeaseId): boolean {
    const lease = this.#leases.get(id)
    return lease !== undefined && this.#clock.monotonic() >= lease.expiresAtMs
  }

  /** @throws {StoreError} STORE_LEASE_NOT_FOUND */
  assertAlive(id: LeaseId): void {
    if (!this.#leases.has(id)) throw new StoreError('STORE_LEASE_NOT_FOUND', `no lease ${id}`)
  }

  /** A key hangs on the lease of its newest put only. 0n: none. */
  rebind(key: Key, from: LeaseId, to: LeaseId): void {
    if (from === to) return
    this.#leases.get(from)?.keys.delete(bytesId(key))
    this.#leases.get(to)?.keys.set(bytesId(key), key)
  }

  stop(): void {
    for (const lease of this.#leases.values()) lease.cancelTimer()
    this.#leases.clear()
  }

  /** One timer a lease: renewals only move the deadline, the timer looks again when it fires. */
  #arm(lease: LeaseState, waitMs: number): void {
    lease.cancelTimer = this.#clock.after(waitMs, () => {
      const leftMs = lease.expiresAtMs - this.#clock.monotonic()
      if (leftMs <= 0) this.#onDue(lease.id)
      if (this.#leases.get(lease.id) !== lease) return
      this.#arm(lease, leftMs <= 0 ? EXPIRY_RETRY_MS : leftMs)
    })
  }
}
