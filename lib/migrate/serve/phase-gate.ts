/** How far a member is from forwarding to committing by itself, and who waits for that. Neighbour: zookeeper-upstream. */
import type { Clock } from '../../base/clock.ts'

/**
 * forwarding: the leader decides. frozen: nothing more is sent, what was sent is to be answered. claiming: the tree is taken over,
 * and the sessions are moved here. over: writes are committed as ever.
 */
export type Phase = 'forwarding' | 'frozen' | 'claiming' | 'over'

export class PhaseGate {
  readonly #clock: Clock
  #phase: Phase
  readonly #waiting = new Set<() => void>()

  constructor(clock: Clock, phase: Phase) {
    this.#clock = clock
    this.#phase = phase
  }

  get phase(): Phase {
    return this.#phase
  }

  set(phase: Phase): void {
    this.#phase = phase
    for (const wake of [...this.#waiting]) wake()
  }

  get #isSettled(): boolean {
    return this.#phase === 'forwarding' || this.#phase === 'over'
  }

  /** Resolves when it forwards or is over. false: not within `ms`. */
  async untilSettled(ms: number): Promise<boolean> {
    const endMs = this.#clock.monotonic() + ms
    while (!this.#isSettled) {
      const leftMs = endMs - this.#clock.monotonic()
      if (leftMs <= 0) return false
      await this.#change(leftMs)
    }
    return true
  }

  #change(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel()
        this.#waiting.delete(wake)
        resolve()
      }
      const cancel = this.#clock.after(ms, wake)
      this.#waiting.add(wake)
    })
  }
}
