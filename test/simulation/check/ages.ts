/**
 * How old may a proxy take a TTL znode to be? As old as it is, since its last change was asked for. One that began
 * while no other was registered has mtime and its own wall clock to go by (see docs/guarantees/sessions.md, known limits):
 * what it found it may take for as old as these two say, and older by what has passed since. Neighbour: replay.
 */
import type { LoneStart } from '../proxy/sim-proxy.ts'
import type { Effect } from './effects.ts'

interface Change {
  /** When it was committed. Simulated ms. */
  readonly atMs: number
  /** By the log, ms since 1970. */
  readonly mtime: number
}

export class Ages {
  readonly #loneStarts: readonly LoneStart[]
  readonly #changes = new Map<string, Change>()

  constructor(loneStarts: readonly LoneStart[]) {
    this.#loneStarts = loneStarts
  }

  apply(effects: readonly Effect[], change: Change): void {
    for (const effect of effects) {
      if (effect.type === 'create' || effect.type === 'set') this.#changes.set(effect.path, change)
    }
  }

  /** The most that this keeper may take a znode's age for at `atMs`; undefined: no more than it is. Unit ms. */
  byWallClock(path: string, keeper: string, atMs: number): number | undefined {
    const change = this.#changes.get(path)
    const start = this.#loneStarts.find(({ by }) => by === keeper)
    if (change === undefined || start === undefined || change.atMs > start.atMs) return undefined
    return start.wallMs - change.mtime + (atMs - start.atMs)
  }
}
