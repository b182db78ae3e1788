/**
 * Pairs each session of the candidate with the oracle's: for reconnects, and for the owners of
 * ephemerals. Neighbours: server-pair opens, resumes and closes them; compare-reply checks owners.
 */

export interface SessionTicket {
  readonly id: bigint
  readonly password: Uint8Array
}

/** A server's answer to a handshake. */
export interface GrantedSession extends SessionTicket {
  readonly timeoutMs: number
}

export interface SessionGrant {
  readonly candidate: GrantedSession
  readonly oracle: SessionTicket | undefined
  readonly holder: SessionHolder | undefined
  /** Monotonic, ms. */
  readonly nowMs: number
}

/** The connections of a session: link. */
export interface SessionHolder {
  /** Its client has disconnected; the connections to both sides keep the session. */
  readonly isLingering: boolean
  /** Requests of its client are pending. */
  readonly isBusy: boolean
  /** Closes the connections to both sides: the session is resumed on another. */
  drop(): void
  /** Sends a ping to each side that was sent nothing since `sinceMs` (monotonic). */
  keepAlive(sinceMs: number): void
  /** Closes the session on both sides. */
  expire(): Promise<void>
}

export interface ComparedSession {
  readonly candidate: SessionTicket
  /** As the candidate last granted it, ms. */
  timeoutMs: number
  /** undefined: the oracle has no session for it. */
  oracle: SessionTicket | undefined
  /** When its client last sent something, monotonic ms. */
  lastSeenMs: number
  holder: SessionHolder | undefined
  isExpiring: boolean
}

export class SessionMap {
  readonly #byCandidate = new Map<bigint, ComparedSession>()
  readonly #byOracle = new Map<bigint, ComparedSession>()
  /** Owners of ephemerals that did not connect through `compare`: candidate → oracle, and back. */
  readonly #strangers = new Map<bigint, bigint>()
  readonly #strangersBack = new Map<bigint, bigint>()

  get all(): Iterable<ComparedSession> {
    return this.#byCandidate.values()
  }

  get(candidateId: bigint): ComparedSession | undefined {
    return this.#byCandidate.get(candidateId)
  }

  /** The candidate opened or resumed a session, and the oracle one for it unless it is away. */
  granted({ candidate, oracle, holder, nowMs }: SessionGrant): ComparedSession {
    const { id, password, timeoutMs } = candidate
    const session = this.#byCandidate.get(id) ?? {
      candidate: { id, password },
      timeoutMs,
      oracle,
      lastSeenMs: nowMs,
      holder,
      isExpiring: false,
    }
    session.timeoutMs = timeoutMs
    session.lastSeenMs = nowMs
    session.holder = holder
    this.#byCandidate.set(id, session)
    if (session.oracle !== undefined) this.#byOracle.set(session.oracle.id, session)
    if (oracle !== undefined && session.oracle?.id !== oracle.id) {
      this.replaceOracle(session, oracle)
    }
    return session
  }

  /** The oracle has a new session for it, or its first. */
  replaceOracle(session: ComparedSession, ticket: SessionTicket): void {
    if (session.oracle !== undefined) this.#byOracle.delete(session.oracle.id)
    session.oracle = ticket
    this.#byOracle.set(ticket.id, session)
  }

  remove(session: ComparedSession): void {
    this.#byCandidate.delete(session.candidate.id)
    if (session.oracle !== undefined) this.#byOracle.delete(session.oracle.id)
  }

  /** Two owners at the same place of two Stats. Returns why they are not one session, or undefined. */
  checkOwner({ candidate, oracle }: { candidate: bigint; oracle: bigint }): string | undefined {
    if (candidate === 0n || oracle === 0n) {
      return candidate === oracle ? undefined : 'ephemeral on one side only'
    }
    const ours = this.#byCandidate.get(candidate)
    const theirs = this.#byOracle.get(oracle)
    if (ours !== undefined || theirs !== undefined) {
      return ours === theirs ? undefined : 'another session'
    }
    const known = this.#strangers.get(candidate) ?? oracle
    if (known !== oracle || (this.#strangersBack.get(oracle) ?? candidate) !== candidate) {
      return 'another session than before'
    }
    this.#strangers.set(candidate, oracle)
    this.#strangersBack.set(oracle, candidate)
    return undefined
  }
}
