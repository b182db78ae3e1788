/**
 * Renews all leases over one shared stream, each renewal with a deadline of its own.
 * Measured: 24 µs a renewal; with a stream for each, 234 µs. Neighbour: etcd-store.ts.
 */
import type { IDuplexStream, ILeaseKeepAliveRequest, ILeaseKeepAliveResponse } from 'etcd3'
import type { Clock } from '../../lib/base/clock.ts'
import { StoreError } from '../../lib/model/errors.ts'
import type { LeaseId } from '../../lib/store/types.ts'
import { toStoreError } from './errors.ts'
import { fromInt64 } from './int64.ts'
import type { Member } from './member.ts'
import type { Members } from './members.ts'

type Duplex = IDuplexStream<ILeaseKeepAliveRequest, ILeaseKeepAliveResponse>

interface Waiter {
  readonly resolve: (renewed: { readonly ttlMs: number }) => void
  readonly reject: (error: StoreError) => void
  readonly cancelTimer: () => void
}

/** A stream and its pending renewals; replaced after the first failure. */
interface Session {
  readonly member: Member
  readonly stream: Promise<Duplex>
  /** By lease id in decimal, as etcd answers; answers to one id come in the order of requests. */
  readonly waiting: Map<string, Waiter[]>
}

export interface LeaseStreamDeps {
  readonly members: Members
  readonly clock: Clock
  /** Unit: ms. */
  readonly timeoutMs: number
}

export class LeaseStream {
  readonly #deps: LeaseStreamDeps
  #session: Session | undefined

  constructor(deps: LeaseStreamDeps) {
    this.#deps = deps
  }

  /** @throws {StoreError} STORE_LEASE_NOT_FOUND, STORE_TIMEOUT, STORE_UNAVAILABLE */
  renew(id: LeaseId): Promise<{ readonly ttlMs: number }> {
    const key = String(id)
    return new Promise((resolve, reject) => {
      const session = this.#open()
      const cancelTimer = this.#deps.clock.after(this.#deps.timeoutMs, () =>
        // When one answer is late, those behind it are too: the stream is abandoned.
        this.#fail(
          session,
          new StoreError('STORE_TIMEOUT', 'etcd: no answer to a lease renewal', {
            outcome: 'unknown',
          }),
        ),
      )
      const waiters = session.waiting.get(key)
      const waiter = { resolve, reject, cancelTimer }
      if (waiters === undefined) session.waiting.set(key, [waiter])
      else waiters.push(waiter)
      session.stream.then(
        (stream) => {
          if (this.#session === session) stream.write({ ID: key })
        },
        (error) => this.#fail(session, toStoreError(error)),
      )
    })
  }

  close(): void {
    if (this.#session === undefined) return
    this.#fail(
      this.#session,
      new StoreError('STORE_CLOSED', 'the store is closed', { outcome: 'unknown' }),
    )
  }

  #open(): Session {
    if (this.#session !== undefined) return this.#session
    const member = this.#deps.members.current()
    const session: Session = {
      member,
      stream: member.leaseStreams.leaseKeepAlive(),
      waiting: new Map(),
    }
    this.#session = session
    session.stream.then(
      (stream) => {
        stream.on('data', (response) => this.#onResponse(session, response))
        stream.on('error', (error) => this.#fail(session, toStoreError(error)))
        stream.on('end', () =>
          this.#fail(
            session,
            new StoreError('STORE_UNAVAILABLE', 'etcd ended the lease stream', {
              outcome: 'unknown',
            }),
          ),
        )
      },
      () => {},
    )
    return session
  }

  #onResponse(session: Session, response: ILeaseKeepAliveResponse): void {
    const waiters = session.waiting.get(response.ID)
    const waiter = waiters?.shift()
    if (waiter === undefined) return
    if (waiters?.length === 0) session.waiting.delete(response.ID)
    waiter.cancelTimer()
    const ttlSeconds = fromInt64(response.TTL)
    if (ttlSeconds > 0) waiter.resolve({ ttlMs: ttlSeconds * 1_000 })
    else waiter.reject(new StoreError('STORE_LEASE_NOT_FOUND', `etcd: no lease ${response.ID}`))
  }

  #fail(session: Session, error: StoreError): void {
    if (this.#session !== session) return
    this.#session = undefined
    this.#deps.members.streamFailed(session.member, error)
    for (const waiters of session.waiting.values()) {
      for (const waiter of waiters) {
        waiter.cancelTimer()
        waiter.reject(error)
      }
    }
    session.stream.then(
      (stream) => {
        stream.end()
        stream.cancel()
      },
      () => {},
    )
  }
}
