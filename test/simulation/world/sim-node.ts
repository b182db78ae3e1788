/**
 * A machine with one process on it: a proxy, a client, a member of the store. Its code runs in events
 * that carry its name; so it can be frozen (events wait, time passes) and killed (they never come).
 */
import type { Clock } from '../../../lib/index.ts'
import type { Scheduled, World } from './world.ts'

/** What a process that was stopped does first when it continues. */
export type WakeOrder = 'as-due' | 'timers-first' | 'input-first'

/** The wall clock of a run begins here, ms since 1970. */
const EPOCH_MS = 1_700_000_000_000

export class SimNode {
  readonly name: string
  readonly world: World
  /** Grows with each kill: what an earlier process had asked for is void. */
  incarnation = 0
  isFrozen = false
  /** How far this machine's wall clock is off. Unit ms. */
  wallOffsetMs = 0
  readonly held: Scheduled[] = []

  constructor(world: World, name: string) {
    this.world = world
    this.name = name
  }

  /** The clock of the process that runs now: its timers end with it. */
  clock(): Clock {
    const { world } = this
    return {
      now: () => Math.floor(EPOCH_MS + world.nowMs + this.wallOffsetMs),
      monotonic: () => world.nowMs,
      after: (delayMs, run) => world.after(this, delayMs, 'timer', run),
    }
  }

  /** Its process ends: nothing it had planned happens. */
  kill(): void {
    this.incarnation++
    this.isFrozen = false
    this.held.length = 0
  }

  freeze(): void {
    this.isFrozen = true
  }

  wake(order: WakeOrder): void {
    if (!this.isFrozen) return
    this.isFrozen = false
    const late = this.held.splice(0)
    if (order !== 'as-due') {
      const isFirst = (event: Scheduled) => (event.kind === 'timer') === (order === 'timers-first')
      late.sort((a, b) => Number(isFirst(b)) - Number(isFirst(a)) || a.order - b.order)
    }
    for (const event of late) this.world.again(event)
  }
}
