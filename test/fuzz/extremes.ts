/**
 * What is far beyond what clients usually send, by kind. The first sequences of every seed are one of each kind, alone
 * and in an order of the seed; in all later ones they are among the other actions. Neighbours: grammar, actions.
 */
import type { SeededRandom } from '../simulation/world/seeded-random.ts'
import type { Action } from './actions.ts'

export type Random = Pick<SeededRandom, 'below' | 'pick'>

/** 0 to 2 more or less than it. */
const near = (random: Random, size: number): number => size + random.pick([-2, -1, 0, 1, 2])

const plain = { do: 'create', op: 1, flags: 0, data: 1, ttlMs: 0 } as const

const DEEPLY = [8_000, 8_000, 9_000, 10_000]

export const EXTREMES = {
  'paths of more than 65,521 bytes': (random, s) => {
    const length = random.pick([65_522, 65_523, 65_536, 70_000, 200_000, 1_000_000])
    const flags = random.pick([0, 0, 1])
    return [{ ...plain, s, count: random.pick([1, 2, 8]), flags, name: { char: 'p', length } }]
  },
  'a deep path, then a quota on its top': (random, s) => [
    { s, do: 'chain', depth: near(random, random.pick(DEEPLY)), quota: true },
  ],
  'many long keys': (random, s) => {
    const length = near(random, random.pick([4_096, 5_000, 5_000, 32_768]))
    return [{ ...plain, s, count: random.pick([130, 300]), name: { char: 'k', length } }]
  },
  'many ephemerals, closed': (random, s) => {
    const name = { char: 'e', length: random.pick([115, 115, 200]) }
    return [
      { ...plain, s, count: random.pick([16_000, 20_000]), flags: 1, name },
      { s, do: 'close' },
    ]
  },
  'statistics of a quota, written by a client': (random, s) => [
    { s, do: 'quota', limits: 'count=1,bytes=1', stats: random.pick(['', 'x', 'count=5,bytes=5']) },
  ],
  'a long id of digest': (random, s) => {
    const id = { char: ':', length: near(random, random.pick([200_000, 200_000, 400_000])) }
    return [{ s, do: 'acl', ids: 0, count: random.pick([1, 2]), scheme: 'digest', id, reads: 10 }]
  },
  'many identities, then many auth entries': (random, s) => {
    const id = { char: 'u', length: random.pick([0, 1]) }
    const ids = random.pick([900, 3_000, 3_000])
    return [{ s, do: 'acl', ids, count: 20_000, scheme: 'auth', id, reads: 0 }]
  },
  'many ip entries, then many reads': (random, s) => {
    const count = near(random, random.pick([15_000, 20_000]))
    return [{ s, do: 'acl', ids: 0, count, scheme: 'ip', id: { char: 'u', length: 0 }, reads: 500 }]
  },
  'many packets of auth': (random, s) => {
    const id = { char: 'u', length: random.pick([0, 1]) }
    return [{ s, do: 'auth', count: near(random, 60_000), scheme: 'digest', id }]
  },
  'counts of many descendants': (random, s) => [
    { ...plain, s, count: near(random, 100_000), name: { char: 'c', length: 12 } },
    { s, do: 'read', op: 104, count: 500, watch: false },
  ],
  'pipelines of large writes': (random, s) => {
    const data = near(random, 1_000_000)
    return [{ s, do: 'flood', connections: random.pick([8, 12]), megabytes: 1_600, data }]
  },
  'a large znode overwritten': (random, s) => {
    const data = near(random, random.pick([900_000, 1_000_000]))
    return [{ s, do: 'flood', connections: 1, megabytes: 500, data }]
  },
  'watches in their thousands': (random, s) => [
    { s, do: 'watches', count: near(random, 40_000), name: { char: 'w', length: 5 } },
    { ...plain, s, count: 2_000, name: { char: 'x', length: 20 } },
  ],
} satisfies Record<string, (random: Random, s: number) => readonly Action[]>

export type ExtremeName = keyof typeof EXTREMES
export const EXTREME_NAMES = Object.keys(EXTREMES) as ExtremeName[]

/** Of all that draws from a seed, the one for this order. */
export function orderOf(random: Random): readonly ExtremeName[] {
  const left = [...EXTREME_NAMES]
  return EXTREME_NAMES.map(() => left.splice(random.below(left.length), 1)[0] as ExtremeName)
}
