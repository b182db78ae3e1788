/**
 * Which records were seen in a round, in sixteen bits each instead of a set of a million paths. A record that
 * was seen is known as seen; one in some sixteen of the others is taken for seen too, and another one in
 * the next round. Neighbour: record-check.
 */
import type { DirtyKind } from '../tree/backlog.ts'

const BITS_PER_RECORD = 16
const BITS_MIN = 2 ** 17
const BITS_MAX = 2 ** 30

export class SeenRecords {
  readonly #bits: Uint32Array
  readonly #mask: number
  readonly #seed: number

  /** `seed`: another one in each round. */
  constructor(records: number, seed: number) {
    let size = BITS_MIN
    while (size < records * BITS_PER_RECORD && size < BITS_MAX) size *= 2
    this.#bits = new Uint32Array(size / 32)
    this.#mask = size - 1
    this.#seed = seed
  }

  add(kind: DirtyKind, name: string): void {
    const bit = this.#bitOf(kind, name)
    this.#bits[bit >>> 5]! |= 1 << (bit & 31)
  }

  has(kind: DirtyKind, name: string): boolean {
    const bit = this.#bitOf(kind, name)
    return (this.#bits[bit >>> 5]! & (1 << (bit & 31))) !== 0
  }

  #bitOf(kind: DirtyKind, name: string): number {
    let hash = Math.imul(this.#seed ^ kind.charCodeAt(0), 0x9e3779b1)
    for (let i = 0; i < name.length; i++) {
      hash = Math.imul(hash ^ name.charCodeAt(i), 0x85ebca6b)
      hash ^= hash >>> 13
    }
    return (hash ^ (hash >>> 16)) & this.#mask
  }
}
