/** Sequence after sequence from one seed, and what is found made short. Neighbours: grammar, check. */
import { SeededRandom } from '../simulation/world/seeded-random.ts'
import { type Sequence, show } from './actions.ts'
import { type CheckOptions, check } from './check.ts'
import { EXTREME_NAMES, type ExtremeName, orderOf } from './extremes.ts'
import type { Finding } from './finding.ts'
import { generate, generateAlone } from './grammar.ts'

export interface HuntOptions extends CheckOptions {
  readonly seed: number
  /** Of the first sequence; each has a stream of its own, so any of them can be played alone. */
  readonly from?: number
  /** This one each time, instead of those of the seed. */
  readonly sequence?: Sequence
  /** Ends behind so many sequences, or ms, whichever comes first. */
  readonly sequences?: number
  readonly ms?: number
  /** How long one finding is shortened, ms. */
  readonly shrinkMs?: number
  readonly onFound?: (found: Found) => void
  readonly onPlayed?: (number: number, seconds: number) => void
}

export interface Found extends Finding {
  readonly number: number
  /** From the sequence's begin until it was found. */
  readonly seconds: number
  readonly sequence: Sequence
}

/** Beside the streams of the sequences. */
const ORDER_STREAM = -1

/** The kind of extreme that the sequence is all about. undefined: it is a mix. */
export const kindOf = (seed: number, number: number): ExtremeName | undefined =>
  number < EXTREME_NAMES.length ? orderOf(new SeededRandom(seed, ORDER_STREAM))[number] : undefined

export function sequenceOf(seed: number, number: number): Sequence {
  const random = new SeededRandom(seed, number)
  const kind = kindOf(seed, number)
  return kind === undefined ? generate(random) : generateAlone(random, kind)
}

export async function hunt(options: HuntOptions): Promise<{ played: number; found: Found[] }> {
  const { seed, from = 0, sequences = Infinity, ms = Infinity, shrinkMs = 0 } = options
  const startMs = performance.now()
  const elapsedMs = () => performance.now() - startMs
  const found: Found[] = []
  let number = from
  for (; number < from + sequences && elapsedMs() < ms; number++) {
    const sequence = options.sequence ?? sequenceOf(seed, number)
    const fromMs = elapsedMs()
    const finding = await check(sequence, options)
    const seconds = (elapsedMs() - fromMs) / 1_000
    options.onPlayed?.(number, seconds)
    if (finding === undefined) continue
    const short = await shrink(sequence, finding, options, shrinkMs)
    const one = { ...finding, number, seconds, sequence: short }
    found.push(one)
    options.onFound?.(one)
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

export function describe(seed: number, found: Found): string {
  const { kind, what, number, seconds, sequence } = found
  const of = kindOf(seed, number) ?? 'a mix'
  const where = `seed ${seed}, sequence ${number} (${of}), after ${seconds.toFixed(0)} s`
  return `${kind}: ${what}\n  ${where}:\n${show(sequence)}`
}
