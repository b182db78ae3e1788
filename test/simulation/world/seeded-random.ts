/** Chance from a seed: the same numbers in every run. Source: sfc32 by Chris Doty-Humphrey. */
import type { Random } from '../../../lib/index.ts'

export class SeededRandom implements Random {
  #a: number
  #b: number
  #c: number
  #counter = 1

  /** `seed`: any integer; `stream`: a generator of its own for each user, so that one more draw here
   *  moves nothing there. */
  constructor(seed: number, stream = 0) {
    this.#a = seed | 0
    this.#b = Math.floor(seed / 2 ** 32) | 0
    this.#c = stream | 0
    for (let i = 0; i < 15; i++) this.uint32()
  }

  uint32(): number {
    const t = (((this.#a + this.#b) | 0) + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (this.#c << 21) | (this.#c >>> 11)
    this.#c = (this.#c + t) | 0
    return t >>> 0
  }

  fraction(): number {
    return this.uint32() / 2 ** 32
  }

  bytes(count: number): Uint8Array {
    const out = new Uint8Array(count)
    for (let i = 0; i < count; i++) out[i] = this.uint32() & 0xff
    return out
  }

  /** An integer from 0 to count − 1. */
  below(count: number): number {
    return Math.floor(this.fraction() * count)
  }

  between(min: number, max: number): number {
    return min + this.fraction() * (max - min)
  }

  chance(probability: number): boolean {
    return this.fraction() < probability
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('nothing to pick from')
    return items[this.below(items.length)] as T
  }

  /** A delay as networks have it: near `typicalMs`, and now and then many times that. */
  latencyMs(typicalMs: number): number {
    const base = typicalMs * (0.5 + this.fraction())
    return this.chance(0.02) ? base * this.between(2, 20) : base
  }
}
