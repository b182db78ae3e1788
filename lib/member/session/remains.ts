/**
 * Sessions that have ended in part, and when what they left is removed, unless the proxy that began with it does so
 * before. Every proxy keeps this list, and the first to propose it does it for all.
 * Neighbours: orphans (sessions that are to end), session-manager. Source of the idea: ZooKeeperServer.loadData.
 */
import type { Random } from '../../base/clock.ts'

export class Remains {
  /** Id → when its turn comes, monotonic ms. */
  readonly #due = new Map<bigint, number>()
  readonly #random: Random
  readonly #tickMs: number

  constructor(random: Random, tickMs: number) {
    this.#random = random
    this.#tickMs = tickMs
  }

  /** Those that have been in `ended` for one tick, or up to two: survivors do not propose the same together. */
  takeDue(ended: ReadonlySet<bigint>, nowMs: number): bigint[] {
    for (const id of this.#due.keys()) if (!ended.has(id)) this.#due.delete(id)
    const due: bigint[] = []
    for (const id of ended) {
      const dueMs = this.#due.get(id)
      if (dueMs === undefined) {
        this.#due.set(id, nowMs + this.#tickMs * (1 + this.#random.fraction()))
      } else if (nowMs >= dueMs) {
        this.#due.delete(id)
        due.push(id)
      }
    }
    return due
  }
}
