/** Sequence after sequence from one seed, and what is found made short. Neighbours: grammar, check. */
import { SeededRandom } from '../simulation/world/seeded-random.ts'
import { type Sequence, show } from './actions.ts'
import { type CheckOptions, check } from './check.ts'
import type { Finding } from './finding.ts'
import { generate } from './grammar.ts'

export interface HuntOptions extends CheckOptions {
  readonly seed: number
  /** Of the first sequence; each has a stream of its own, so any of them can be played alone. */
  readonly from?: number
  /** Ends behind so many sequences, or ms, whichever comes first. */
  readonly sequences?: number
  readonly ms?: number
  /** How long one finding is shortened, ms. */
  readonly shrinkMs?: number
  readonly onFound?: (found: Found) => void
}

export interface Found extends Finding {
  readonly number: number
  /** Since the hunt began. */
  readonly seconds: number
  readonly sequence: Sequence
}

export const sequenceOf = (seed: number, number: number): Sequence =>
  generate(new SeededRandom(seed, number))

export async function hunt(options: HuntOptions): Promise<{ played: number; found: Found[] }> {
  const { seed, from = 0, sequences = Infinity, ms = Infinity, shrinkMs = 0, onFound } = options
  const startMs = performance.now()
  const elapsedMs = () => performance.now() - startMs
  const found: Found[] = []
  let number = from
  for (; number < from + sequences && elapsedMs() < ms; number++) {
    const sequence = sequenceOf(seed, number)
    const finding = await check(sequence, options)
    if (finding === undefined) continue
    const seconds = elapsedMs() / 1_000
    const short = await shrink(sequence, finding, options, shrinkMs)
    const one = { ...finding, number, seconds, sequence: short }
    found.push(one)
    onFound?.(one)
  }
  return { played: number - from, found }
}

/** Leaves out one action after the other for as long as the same is found. */
async function shrink(
  sequence: Sequence,
  { kind }: Finding,
  options: CheckOptions,
  msMax: number,
): Promise<Sequence> {
  const untilMs = performance.now() + msMax
  let short = sequence
  for (let i = 0; i < short.length && short.length > 1 && performance.now() < untilMs; ) {
    const shorter = short.toSpliced(i, 1)
    if ((await check(shorter, options))?.kind === kind) short = shorter
    else i++
  }
  return short
}

export const describe = (seed: number, { kind, what, number, seconds, sequence }: Found): string =>
  `${kind}: ${what}\n  seed ${seed}, sequence ${number}, after ${seconds.toFixed(0)} s:\n${show(sequence)}`
