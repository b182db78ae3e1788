/**
 * Renews all leases over one shared stream, each renewal with a deadline of its own. One that is late is sent
 * to the next member too, and the first answer counts: a member that is slow is given its time, and one
 * that hangs costs none. Measured: 24 µs a renewal; with a stream for each, 234 µs. Neighbours: etcd-store, hedged.
 */
import type { IDuplexStream, ILeaseKeepAliveRequest, ILeaseKeepAliveResponse } from 'etcd3'
import type { Clock } from '../../lib/base/clock.ts'
import { deadline } from '../../lib/base/deadline.ts'
import { StoreError } from '../../lib/model/errors.ts'
import type { LeaseId } from '../../lib/store/types.ts'
import { toStoreError, wantsNewToken } from './errors.ts'
import { hedged } from './hedged.ts'
import { fromInt64 } from './int64.ts'
import type { Member } from './member.ts'
import type { Members } from './members.ts'

type Duplex = IDuplexStream<ILeaseKeepAliveRequest, ILeaseKeepAliveResponse>

interface Renewed {
  readonly ttlMs: number
}

interface Waiter {
  readonly resolve: (renewed: Renewed) => void
  readonly reject: (error: StoreError) => void
  readonly cancelTimer: () => void
}

/** A stream and its pending renewals; replaced after the first failure. */
interface Session {
  readonly member: Member
  readonly stream: Promise<Duplex>
  /** By lease id in decimal, as etcd answers; answers to one id come in the order of requests. */
  readonly waiting: Map<string, Waiter[]>
  isOver: boolean
}

export interface LeaseStreamDeps {
  readonly members: Members
  readonly clock: Clock
  /** @throws {StoreError} when the answer is another cluster's, and does not count */
  readonly checkCluster: (clusterId: string) => void
  /** Of a renewal, tries on other members included. Unit: ms. */
  readonly timeoutMs: number
}

/** Without an answer for so long, a renewal is sent to the next member too. Unit: ms. */
const HEDGE_MS = 400
/** Tries of one renewal: a member of etcd without a leader answers none, also when there is one again. */
const TRIES_MAX = 5

export class LeaseStream {
  readonly #deps: LeaseStreamDeps
  /** The one for the next renewal. */
  #session: Session | undefined
  /** With those that a renewal still waits on. */
  readonly #sessions = new Set<Session>()

  constructor(deps: LeaseStreamDeps) {
    this.#deps = deps
  }

  /** @throws {StoreError} STORE_LEASE_NOT_FOUND, STORE_TIMEOUT, STORE_UNAVAILABLE */
  renew(id: LeaseId): Promise<Renewed> {
    const { members, clock, timeoutMs } = this.#deps
    const endMs = clock.monotonic() + timeoutMs
    const triesMax = members.count === 1 ? 1 : TRIES_MAX
    let session: Session
    let hasNewToken = false
    return hedged({
      clock,
      run: () => {
        session = this.#open()
        return this.#send(session, String(id), endMs)
      },
      lateMs: (tries) => (tries >= triesMax ? undefined : HEDGE_MS),
      onLate: () => {
        members.suspect(session.member)
        if (this.#session === session) this.#session = undefined
      },
      followedBy: (error, tries) => {
        // Once; a renewal may be repeated.
        const isRefused = wantsNewToken(error) && !hasNewToken
        hasNewToken ||= isRefused
        return (isRefused || tries < triesMax) && clock.monotonic() < endMs
      },
    })
  }

  close(): void {
    const error = new StoreError('STORE_CLOSED', 'the store is closed', { outcome: 'unknown' })
    for (const session of [...this.#sessions]) this.#fail(session, error)
  }

  #send(session: Session, key: string, endMs: number): Promise<Renewed> {
    const { clock } = this.#deps
    return new Promise((resolve, reject) => {
      const cancelTimer = deadline(clock, endMs - clock.monotonic(), () =>
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
          if (!session.isOver) stream.write({ ID: key })
        },
        (error) => this.#fail(session, toStoreError(error)),
      )
    })
  }

  #open(): Session {
    if (this.#session !== undefined) return this.#session
    const member = this.#deps.members.current()
    const session: Session = {
      member,
      stream: member.leases.leaseKeepAlive(),
      waiting: new Map(),
      isOver: false,
    }
    this.#session = session
    this.#sessions.add(session)
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
    try {
      this.#deps.checkCluster(response.header.cluster_id)
    } catch (error) {
      return this.#fail(session, toStoreError(error))
    }
    const waiters = session.waiting.get(response.ID)
    const waiter = waiters?.shift()
    if (waiter === undefined) return
    if (waiters?.length === 0) session.waiting.delete(response.ID)
    waiter.cancelTimer()
    const ttlSeconds = fromInt64(response.TTL)
    if (ttlSeconds > 0) waiter.resolve({ ttlMs: ttlSeconds * 1_000 })
    else waiter.reject(new StoreError('STORE_LEASE_NOT_FOUND', `etcd: no lease ${response.ID}`))
    // One that was given up, and answers while the newest does not, is the better one.
    this.#session ??= session
    if (this.#session !== session && session.waiting.size === 0) this.#end(session)
  }

  #fail(session: Session, error: StoreError): void {
    if (session.isOver) return
    this.#end(session)
    this.#deps.members.streamFailed(session.member, error)
    for (const waiters of session.waiting.values()) {
      for (const waiter of waiters) {
        waiter.cancelTimer()
        waiter.reject(error)
      }
    }
  }

  #end(session: Session): void {
    session.isOver = true
    this.#sessions.delete(session)
    if (this.#session === session) this.#session = undefined
    session.stream.then(
      (stream) => {
        stream.end()
        stream.cancel()
      },
      () => {},
    )
  }
}
