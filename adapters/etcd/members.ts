/**
 * The cluster's members, as one channel sees them: it prefers one, and uses another while that is suspected.
 * Neighbours: member-health.ts (who is suspected), etcd-store.ts (kv), watch-loop.ts, lease-stream.ts, each
 * with members of its own.
 */
import type { Clock } from '../../lib/base/clock.ts'
import { StoreError } from '../../lib/model/errors.ts'
import { isLeaderChange, isMemberFailure, toStoreError, wantsNewToken } from './errors.ts'
import { type ConnectionOptions, Member } from './member.ts'
import type { MemberHealth } from './member-health.ts'

/** A call that is unanswered for so long, while the member answered nothing else: it is silent. Unit ms. */
const SILENT_MS = 100

export interface MembersOptions extends ConnectionOptions {
  /** Index of the host that this channel uses while it is not suspected. */
  readonly preferred: number
  /** Shared by the channels of a store. */
  readonly health: MemberHealth
  readonly clock: Clock
}

/** Calls of one member without an answer yet, and when it answered last. */
class Pending {
  lastAnswerMs = Number.NEGATIVE_INFINITY
  /** When each began, oldest first. */
  readonly #begun = new Set<{ readonly ms: number }>()

  begin(ms: number): { readonly ms: number } {
    const call = { ms }
    this.#begun.add(call)
    return call
  }

  end(call: { readonly ms: number }): void {
    this.#begun.delete(call)
  }

  /** How long calls have been waiting while it answered none. Unit ms. */
  silentMs(now: number): number {
    for (const { ms } of this.#begun) return now - Math.max(ms, this.lastAnswerMs)
    return 0
  }
}

/** Connections are made on first use. */
export class Members {
  readonly #options: MembersOptions
  readonly #members: (Member | undefined)[]
  readonly #pending: readonly Pending[]
  #closed = false

  constructor(options: MembersOptions) {
    this.#options = options
    this.#members = options.hosts.map(() => undefined)
    this.#pending = options.hosts.map(() => new Pending())
  }

  get count(): number {
    return this.#options.hosts.length
  }

  /** @throws {StoreError} STORE_CLOSED */
  current(): Member {
    const { health, preferred } = this.#options
    return this.at(health.choose(preferred))
  }

  /** @throws {StoreError} STORE_CLOSED */
  at(index: number): Member {
    if (this.#closed) throw new StoreError('STORE_CLOSED', 'the store is closed')
    const member = this.#members[index] ?? new Member(index, this.#options)
    this.#members[index] = member
    return member
  }

  /** What it said last shows that it is behind, or of another cluster, though it answers. */
  suspect(member: Member): void {
    this.#options.health.suspect(member.index)
  }

  /** A call of somebody's is unanswered: whoever is silent is not used for the next ones. */
  suspectSilent(): void {
    const { clock, health } = this.#options
    const now = clock.monotonic()
    for (const [index, pending] of this.#pending.entries()) {
      const isNews = !health.isSuspected(index) && pending.silentMs(now) >= SILENT_MS
      if (isNews) health.suspect(index)
    }
  }

  /** After `member` failed with `error`: is it to be avoided by later calls? */
  failed(member: Member, error: StoreError): void {
    // It has a leader again: nobody is better now.
    if (isLeaderChange(error)) this.#options.health.answered(member.index)
    else if (isMemberFailure(error)) this.#options.health.suspect(member.index)
  }

  /** As {@link failed}, for a stream. A silent stream counts as a dead connection. */
  streamFailed(member: Member, error: StoreError): void {
    if (error.code === 'STORE_TIMEOUT') this.#drop(member)
    if (wantsNewToken(error)) member.forgetToken()
    this.failed(member, error)
  }

  /**
   * Runs one unary call on the current member. It is sent again only when it certainly was not sent before.
   */
  async call<T>(run: (member: Member) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const member = this.current()
      try {
        return await this.#timed(member, run)
      } catch (cause) {
        if (this.#closed) {
          const { outcome } = toStoreError(cause)
          throw new StoreError('STORE_CLOSED', 'the store was closed meanwhile', { outcome, cause })
        }
        const error = toStoreError(cause)
        this.failed(member, error)
        if (error.code === 'STORE_CLOSED') {
          // The store is open: another call dropped this member, before ours was sent or after.
          if (attempt === 1 && error.outcome !== 'unknown') continue
          throw new StoreError('STORE_UNAVAILABLE', 'etcd: the connection was closed meanwhile', {
            outcome: error.outcome,
            cause: error,
          })
        }
        throw error
      }
    }
  }

  close(): void {
    this.#closed = true
    for (const member of this.#members) member?.close()
    this.#members.fill(undefined)
  }

  async #timed<T>(member: Member, run: (member: Member) => Promise<T>): Promise<T> {
    const { clock, health } = this.#options
    const pending = this.#pending[member.index]!
    const call = pending.begin(clock.monotonic())
    try {
      const answer = await run(member)
      pending.lastAnswerMs = clock.monotonic()
      health.answered(member.index)
      return answer
    } finally {
      pending.end(call)
    }
  }

  #drop(member: Member): void {
    if (this.#members[member.index] === member) this.#members[member.index] = undefined
    member.close()
  }
}
