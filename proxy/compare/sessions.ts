/**
 * Which session of the oracle is which of the candidate: for reconnects, and for the owners of
 * ephemerals. Neighbours: link opens, resumes and ends them; compare-reply asks about owners.
 */

export interface SessionTicket {
  readonly id: bigint
  readonly password: Uint8Array
}

/** As a server answers a handshake. */
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

/** What holds a session's connections; link. */
export interface SessionHolder {
  /** Its client is gone; the connections to the servers keep the session. */
  readonly isLingering: boolean
  /** Requests of its client wait for their turn. */
  readonly isBusy: boolean
  /** Drops the connections to the servers: the session is resumed elsewhere. */
  drop(): void
  /** Sends a ping to both sides unless something was sent since `sinceMs` (monotonic). */
  keepAlive(sinceMs: number): void
  /** Ends the session on both sides. */
  expire(): Promise<void>
}

export interface ComparedSession {
  readonly candidate: SessionTicket
  /** As the candidate granted it last. */
  timeoutMs: number
  /** Absent where the oracle has none for it. */
  oracle: SessionTicket | undefined
  /** Monotonic, ms: when its client last said something. */
  heardMs: number
  holder: SessionHolder | undefined
  isExpiring: boolean
}

export class SessionMap {
  readonly #byCandidate = new Map<bigint, ComparedSession>()
  readonly #byOracle = new Map<bigint, ComparedSession>()
  /** Owners of ephemerals that are no session of ours: candidate → oracle, and back. */
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
      heardMs: nowMs,
      holder,
      isExpiring: false,
    }
    session.timeoutMs = timeoutMs
    session.heardMs = nowMs
    session.holder = holder
    this.#byCandidate.set(id, session)
    if (session.oracle !== undefined) this.#byOracle.set(session.oracle.id, session)
    if (oracle !== undefined && session.oracle?.id !== oracle.id) {
      this.replaceOracle(session, oracle)
    }
    return session
  }

  /** The oracle's counterpart changed, or is there at last. */
  replaceOracle(session: ComparedSession, ticket: SessionTicket): void {
    if (session.oracle !== undefined) this.#byOracle.delete(session.oracle.id)
    session.oracle = ticket
    this.#byOracle.set(ticket.id, session)
  }

  remove(session: ComparedSession): void {
    this.#byCandidate.delete(session.candidate.id)
    if (session.oracle !== undefined) this.#byOracle.delete(session.oracle.id)
  }

  /** The same session at the same place of two Stats? Returns why not, or undefined. */
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
