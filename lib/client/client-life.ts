/** What a client knows of its session's life: its state, who is notified of it, and until when it surely lives. Neighbour: keeper-client. */
import type { Keeper } from '../member/keeper.ts'
import type { ClientState } from './client-options.ts'

/** Called with the state that the client has from now on. */
export type StateListener = (state: ClientState) => void

export class ClientLife {
  state: ClientState = 'connected'
  readonly #keeper: Keeper
  readonly #timeoutMs: number
  readonly #notify: (listener: StateListener, state: ClientState) => void
  readonly #listeners: Set<StateListener>
  /** The session was alive at this time, monotonic ms. */
  #aliveMs: number

  constructor(
    keeper: Keeper,
    timeoutMs: number,
    aliveMs: number,
    first: StateListener | undefined,
    notify: (listener: StateListener, state: ClientState) => void,
  ) {
    this.#keeper = keeper
    this.#timeoutMs = timeoutMs
    this.#aliveMs = aliveMs
    this.#notify = notify
    this.#listeners = new Set(first === undefined ? [] : [first])
  }

  /** See {@link KeeperClient.isInDoubt}. */
  get isInDoubt(): boolean {
    this.#keeper.checkStore()
    return this.#keeper.isInDoubt
  }

  get isOver(): boolean {
    return this.state === 'lost' || this.state === 'closed'
  }

  /** See {@link KeeperClient.sessionUntilMs}. */
  get untilMs(): number {
    if (this.isOver) return Number.NEGATIVE_INFINITY
    if (!this.isInDoubt && this.state === 'connected') this.seenAlive()
    return this.#aliveMs + this.#timeoutMs
  }

  onChange(listener: StateListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** As of the newest heartbeat of the keeper. */
  seenAlive(): void {
    this.#aliveMs = Math.max(this.#aliveMs, this.#keeper.heartbeatMs)
  }

  resumedAt(askedMs: number): void {
    this.#aliveMs = askedMs
  }

  /** @returns false: it was so already, or it is closed */
  become(state: ClientState): boolean {
    if (this.state === state || this.state === 'closed') return false
    this.state = state
    return true
  }

  notify(): void {
    const { state } = this
    for (const listener of [...this.#listeners]) this.#notify(listener, state)
  }
}
