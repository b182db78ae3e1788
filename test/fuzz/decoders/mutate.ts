/** A changed copy of some bytes. Neighbour: loop. */
import type { SeededRandom } from '../../simulation/world/seeded-random.ts'

/** Numbers at which lengths and counts turn. */
const NUMBERS = [-1, 0, 1, 127, 128, 255, 0x7fff, 0xffff, 0xfffff, 0x7fffffff, -0x80000000]
const TEXTS = [
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ',',
  ';',
  '=',
  ':',
  '/',
  '\0',
  '\n',
  'null',
  '-1',
  '1e9',
  '\ud83d',
]
const INPUT_BYTES_MAX = 4_096

export function mutate(
  random: SeededRandom,
  input: Uint8Array,
  others: readonly Uint8Array[],
): Uint8Array {
  let bytes: Uint8Array = input
  for (let left = 1 + random.below(4); left > 0; left--)
    bytes = change(random, Buffer.from(bytes), others)
  return bytes.subarray(0, INPUT_BYTES_MAX)
}

function change(random: SeededRandom, bytes: Buffer, others: readonly Uint8Array[]): Buffer {
  const at = random.below(bytes.length + 1)
  const end = Math.min(bytes.length, at + random.below(16))
  const splice = (middle: Uint8Array, until = at) =>
    Buffer.concat([bytes.subarray(0, at), middle, bytes.subarray(until)])
  switch (random.below(9)) {
    case 0:
      return splice(random.bytes(1 + random.below(8)))
    case 1:
      return splice(new Uint8Array(0), end)
    case 2:
      return splice(Buffer.from(random.pick(TEXTS)), random.below(2) === 0 ? at : end)
    case 3: {
      const number = Buffer.alloc(4)
      number.writeInt32BE(random.pick(NUMBERS))
      return splice(number, random.below(3) === 0 ? at : Math.min(bytes.length, at + 4))
    }
    case 4: {
      const other = random.pick(others)
      const from = random.below(other.length + 1)
      return splice(other.subarray(from, from + random.below(64)), end)
    }
    case 5:
      return bytes.subarray(0, at)
    case 6: {
      const part = bytes.subarray(at, end)
      return splice(Buffer.concat(Array.from({ length: 1 + random.below(16) }, () => part)))
    }
    default: {
      if (bytes.length === 0) return Buffer.from(random.bytes(1))
      const copy = Buffer.from(bytes)
      const i = random.below(copy.length)
      copy[i] = random.below(2) === 0 ? random.below(256) : (copy[i] ?? 0) ^ (1 << random.below(8))
      return copy
    }
  }
}
