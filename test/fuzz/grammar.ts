/** Sequences at random, but of the same seed always the same. Neighbours: actions, play. */
import { type Action, type Fill, SESSIONS, type Sequence } from './actions.ts'
import { EXTREME_NAMES, EXTREMES, type ExtremeName, type Random } from './extremes.ts'

/** Where something ends: bytes of a key, a page, an int16, a frame, a request of etcd. */
const EDGES = [115, 255, 4_096, 5_000, 32_768, 65_521, 65_536, 1_000_000, 1_048_575, 1_500_000]
const COUNTS = [1, 2, 16, 130, 300, 1_000, 3_000, 8_000, 16_000, 20_000, 60_000]
/** Of all requests of an action together, so that a sequence takes seconds. */
const BYTES_MAX = 24_000_000

const CHARS = ['p', 'p', 'p', ':', 'ä', '\u{1f600}', ' ', '"', '\\', '\u007f', '\ud800', '/']
const TEXTS = [
  '',
  '/',
  '//',
  '/.',
  '/..',
  '/a//b',
  '/a/',
  'a',
  '/\0',
  '/\u0001',
  '/\u001f',
  '/\u007f',
  '/\ufff0',
  '/\ud800',
  '/\udc00x',
  '/\u{10ffff}',
  '/ ',
  '/"\\\n',
  '/zookeeper',
  '/zookeeper/quota',
  '/zookeeper/config',
  '/zookeeper/quota/zookeeper_limits',
  '/zookeeper/quota/zookeeper_stats',
  '/zookeeper/quota/x/zookeeper_limits/zookeeper_limits',
  '/__proto__',
  '/constructor',
  'digest',
  ':',
]
const LIMITS = [
  '',
  'count=1,bytes=1',
  'count=-1,bytes=-1=;countHardLimit=3',
  'byteHardLimit=0',
  'count=x',
  ';;;',
  'count=9223372036854775808',
]

const edge = (random: Random, max: number): number => {
  const below = EDGES.filter((size) => size <= max)
  return Math.min(max, Math.max(1, random.pick(below) + random.pick([-2, -1, 0, 1, 2])))
}
const countFor = (random: Random, bytes: number): number =>
  Math.max(1, Math.min(random.pick(COUNTS), Math.floor(BYTES_MAX / (bytes + 100))))
const sizeOf = (random: Random): number =>
  random.below(2) === 0 ? edge(random, 1_500_002) : random.below(200 + 1)
const fill = (random: Random): Fill => ({ char: random.pick(CHARS), length: sizeOf(random) })

const MAKERS: readonly ((random: Random, s: number) => Action)[] = [
  (random, s) => {
    const name = { char: random.pick(CHARS.slice(0, 3)), length: sizeOf(random) }
    const op = random.pick([1, 1, 1, 15, 19, 21] as const)
    const data = random.below(4) === 0 ? sizeOf(random) : random.below(20 + 1)
    return {
      s,
      do: 'create',
      count: countFor(random, name.length + data),
      name,
      op,
      flags: op === 21 ? random.pick([5, 6]) : random.pick([0, 0, 1, 1, 1, 2, 3, 4, 9]),
      data,
      // None that passes while it is looked at.
      ttlMs: random.pick([0, -1, 2 ** 40 - 1, 2 ** 40, 86_400_000]),
    }
  },
  (random, s) => ({
    s,
    do: 'chain',
    depth: random.pick([10, 1_000, 3_000, 8_000]),
    quota: random.below(2) === 0,
  }),
  (random, s) => ({
    s,
    do: 'quota',
    limits: random.pick(LIMITS),
    stats: random.pick([null, '', 'count=5,bytes=5', 'x']),
  }),
  (random, s) => ({
    s,
    do: 'auth',
    count: countFor(random, 60),
    scheme: random.pick(['digest', 'digest', 'ip', 'sasl', 'x509', '', 'nope']),
    id: { char: random.pick(['u', 'u', ':']), length: random.pick([0, 1, 20, 1_000, 200_000]) },
  }),
  (random, s) => {
    const length = random.pick([0, 1, 10, 1_000, 200_000])
    return {
      s,
      do: 'acl',
      ids: random.pick([0, 0, 10, 900, 3_000]),
      count: Math.min(
        20_000,
        Math.max(1, Math.min(random.pick(COUNTS), Math.floor(900_000 / (length + 30)))),
      ),
      scheme: random.pick(['auth', 'auth', 'digest', 'digest', 'ip', 'ip', 'sasl', '']),
      id: { char: random.pick([':', ':', 'u', '1']), length },
      reads: random.pick([0, 10, 500]),
    }
  },
  (random, s) => {
    const data = edge(random, 1_048_000)
    return { s, do: 'overwrite', count: Math.min(60, countFor(random, data)), data }
  },
  (random, s) => {
    const data = random.pick([0, 1, 100, 4_097])
    const count = Math.min(random.pick(COUNTS), Math.floor(1_000_000 / (data + 60)))
    return { s, do: 'multi', count, data, fails: random.below(4) === 0 }
  },
  (random, s) => ({
    s,
    do: 'read',
    op: random.pick([3, 4, 6, 8, 12, 104] as const),
    count: random.pick([1, 50, 200]),
    watch: random.below(2) === 0,
  }),
  (random, s) => {
    const name = { char: 'w', length: random.pick([1, 10, 5_000]) }
    return {
      s,
      do: 'watches',
      count: Math.min(40_000, Math.floor(900_000 / (name.length + 20))),
      name,
    }
  },
  (random, s) => ({ s, do: 'odd', text: random.pick(TEXTS) }),
  (random, s) => {
    const { char, length } = fill(random)
    return { s, do: 'odd', text: `/${char.repeat(Math.min(length, 70_000))}` }
  },
  (random, s) => ({ s, do: 'delete', count: random.pick([1, 10, 1_000, 20_000]) }),
  (random, s) => ({
    s,
    do: 'reconfig',
    text: random.pick(['', 'server.1=a:1:2:participant;3', 'x']),
  }),
  (random, s) => {
    const bytes = Array.from({ length: random.below(40 + 1) }, () => random.below(255 + 1))
    const op = random.pick([0, 1, 5, 7, 14, 15, 16, 21, 22, 100, 101, 102, 105, 106, 9_999, -1])
    return { s, do: 'frame', op, hex: Buffer.from(bytes).toString('hex') }
  },
  (_, s) => ({ s, do: 'close' }),
  (_, s) => ({ s, do: 'drop' }),
]

/** Those that make what the others work on, and what others have to look through. */
const MAKERS_WEIGHED = [...MAKERS, ...[0, 0, 0, 0, 1, 4, 4, 4].map((i) => MAKERS[i]!)]

/** Of eight actions, how many are extremes. */
const EXTREMES_OF_8 = 2

/** One kind and nothing else: what is found has its name. */
export function generateAlone(random: Random, kind: ExtremeName): Sequence {
  const actions = EXTREMES[kind](random, random.below(SESSIONS))
  return random.below(2) === 0 ? closed(actions) : actions
}

/** `length`: actions, 5 unless told. */
export function generate(random: Random, length = 5): Sequence {
  const actions = Array.from({ length: 1 + random.below(length) }, () => {
    const s = random.below(SESSIONS)
    if (random.below(8) < EXTREMES_OF_8) return EXTREMES[random.pick(EXTREME_NAMES)](random, s)
    return [random.pick(MAKERS_WEIGHED)(random, s)]
  }).flat()
  // What is left open is what a restart and a copy find.
  return random.below(2) === 0 ? closed(actions) : actions
}

function closed(actions: Sequence): Sequence {
  const used = [...new Set(actions.map(({ s }) => s))]
  return [...actions, ...used.map((s): Action => ({ s, do: 'close' }))]
}
