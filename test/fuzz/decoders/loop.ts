/**
 * Changed inputs, of which those that reach something new are changed further. The same seed gives the same
 * inputs. Neighbours: coverage, mutate, targets.
 */
import { getHeapStatistics } from 'node:v8'
import { SeededRandom } from '../../simulation/world/seeded-random.ts'
import type { Coverage } from './coverage.ts'
import { mutate } from './mutate.ts'
import type { Target } from './target.ts'

/** Between two looks at the coverage, which cost more than an input. */
const BATCH = 100
/** Blocks entered, per byte of input and per input. */
const STEPS_PER_BYTE = 60
const STEPS_PER_INPUT = 3_000
/** Memory taken, per byte of input and per input. What is collected meanwhile only makes it less. */
const BYTES_PER_BYTE = 256
const BYTES_PER_INPUT = 512 * 1024
const TRIES = 3

export interface Problem {
  readonly target: string
  readonly what: string
  readonly hex: string
}

export interface Outcome {
  readonly inputs: number
  readonly corpus: readonly Uint8Array[]
  readonly problems: readonly Problem[]
}

export async function fuzzTarget(
  target: Target,
  coverage: Coverage,
  options: { readonly seed: number; readonly inputs?: number; readonly ms?: number },
): Promise<Outcome> {
  const { seed, inputs: inputsMax = Infinity, ms = Infinity } = options
  const random = new SeededRandom(seed)
  const corpus = [...target.seeds]
  const problems: Problem[] = []
  const found = (what: string, bytes: Uint8Array) => {
    // One of a kind is enough.
    if (problems.some((known) => known.what === what)) return
    problems.push({ target: target.name, what, hex: Buffer.from(bytes).toString('hex') })
  }
  for (const bytes of corpus) await tryOne(target, bytes, found)
  coverage.look()
  const startMs = performance.now()
  let inputs = corpus.length
  while (inputs < inputsMax && performance.now() - startMs < ms) {
    const batch = Array.from({ length: BATCH }, () => mutate(random, random.pick(corpus), corpus))
    let bytes = 0
    for (const one of batch) {
      bytes += one.length
      await tryOne(target, one, found)
    }
    inputs += BATCH
    const { fresh, steps } = coverage.look()
    if (steps > bytes * STEPS_PER_BYTE + BATCH * STEPS_PER_INPUT) {
      found('more steps than its bytes allow', batch[0]!)
    }
    // Whichever it was is among them.
    if (fresh > 0) corpus.push(...batch)
  }
  return { inputs, corpus, problems }
}

const memory = () => {
  const { used_heap_size, external_memory } = getHeapStatistics()
  return used_heap_size + external_memory
}

export async function tryOne(
  target: Target,
  bytes: Uint8Array,
  found: (what: string, bytes: Uint8Array) => void,
): Promise<void> {
  const bound = bytes.length * BYTES_PER_BYTE + BYTES_PER_INPUT
  // The engine takes memory of its own now and then, but not each time for the same input.
  for (let tries = 0; tries < TRIES; tries++) {
    const before = memory()
    await runOne(target, bytes, found)
    if (memory() - before <= bound) return
  }
  found('more memory than its bytes allow', bytes)
}

async function runOne(
  target: Target,
  bytes: Uint8Array,
  found: (what: string, bytes: Uint8Array) => void,
): Promise<void> {
  try {
    await target.run(Buffer.from(bytes))
  } catch (error) {
    if (target.throws.some((kind) => error instanceof kind)) return
    const { name, message } = error as Error
    found(`throws ${name}: ${message.slice(0, 200)}`, bytes)
  }
}
