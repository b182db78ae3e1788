/** Chooses faults by chance, starts and heals them at their times, and heals all in the end. */
import type { Bed, Fault, Heal } from './bed.ts'
import { CLOCK_FAULTS, FORMAT_FAULTS, HISTORY_FAULTS, LAG_FAULTS } from './history-faults.ts'
import { LINK_FAULTS } from './link-faults.ts'
import { PROCESS_FAULTS } from './process-faults.ts'
import { STORE_FAULTS } from './store-faults.ts'

/** Kinds of faults that a run may be given. */
export const FAULT_KINDS = {
  process: PROCESS_FAULTS,
  link: LINK_FAULTS,
  store: STORE_FAULTS,
  lag: LAG_FAULTS,
  clock: CLOCK_FAULTS,
  formats: FORMAT_FAULTS,
  history: HISTORY_FAULTS,
} as const satisfies Record<string, readonly Fault[]>

export type FaultKind = keyof typeof FAULT_KINDS

export class Nemesis {
  readonly names: string[] = []
  readonly #bed: Bed
  readonly #active = new Set<() => void>()

  constructor(bed: Bed) {
    this.#bed = bed
  }

  /** Plans faults of these kinds between the two times. Unit ms. */
  plan(kinds: readonly FaultKind[], fromMs: number, untilMs: number): void {
    const { random, world, node } = this.#bed
    const faults = kinds.flatMap((kind): readonly Fault[] => FAULT_KINDS[kind])
    if (faults.length === 0) return
    // Some runs meet many faults, some few, and some only a few sorts of them.
    const sorts = random.chance(0.5) ? pickSome(faults, 1 + random.below(4), random) : faults
    const gapMs = random.pick([600, 1_500, 3_500])
    let atMs = fromMs + random.between(0, gapMs)
    while (atMs < untilMs) {
      const fault = weighted(sorts, random)
      const lastsMs = spread(random.fraction(), fault.lastsMs)
      world.after(node, atMs - world.nowMs, fault.name, () => this.#start(fault, lastsMs))
      atMs += gapMs * (0.1 + 1.8 * random.fraction())
    }
  }

  #start(fault: Fault, lastsMs: number): void {
    const { world, node } = this.#bed
    this.names.push(
      `${fault.name} @${(world.nowMs / 1_000).toFixed(1)}+${(lastsMs / 1_000).toFixed(1)}`,
    )
    const heal: Heal = fault.start(this.#bed)
    if (heal === undefined) return
    const once = (): void => {
      if (this.#active.delete(once)) heal()
    }
    this.#active.add(once)
    world.after(node, lastsMs, `${fault.name}: healed`, once)
  }

  /** The end of all faults. */
  healAll(): void {
    const { network, cluster } = this.#bed
    for (const heal of [...this.#active]) heal()
    network.heal()
    cluster.isFull = false
  }
}

/** Short ones are as likely as long ones: the logarithm is spread evenly. */
function spread(fraction: number, [min, max]: readonly [number, number]): number {
  return min * (max / min) ** fraction
}

function pickSome(faults: readonly Fault[], count: number, random: Bed['random']): Fault[] {
  return Array.from({ length: count }, () => weighted(faults, random))
}

function weighted(faults: readonly Fault[], random: Bed['random']): Fault {
  let left = random.fraction() * faults.reduce((sum, { weight }) => sum + weight, 0)
  for (const fault of faults) {
    left -= fault.weight
    if (left <= 0) return fault
  }
  return faults.at(-1) as Fault
}
