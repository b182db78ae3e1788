/**
 * The loads by name: what each does, on which znodes. All of them live below /bench; what a load
 * created beyond that is removed after its run. Neighbours: requests, sessions, watchers, worker.
 */
import type { Link } from './link.ts'
import type { Source } from './requests.ts'
import {
  BODY_AT,
  create,
  getChildren2,
  getData,
  multiSet,
  remove,
  SEQUENTIAL,
  setData,
} from './wire.ts'

export const CONNECTIONS = 16
export const IN_FLIGHT = 16
export const NODES = 500
export const DATA = Buffer.alloc(100, 'x')
export const NODES_PATH = '/bench/nodes'
export const WATCHED_PATH = '/bench/watched'
const DELETED_PATHS_MAX = 1_000

export interface Load {
  readonly about: string
  /** What is counted per second. */
  readonly unit: string
  readonly kind: 'requests' | 'sessions' | 'watches'
  /** Connections, sessions at a time, or watchers. */
  readonly width: number
  /** Of 'requests': called once per run. `parents` are fresh and empty, one per connection. */
  readonly source?: (parents: readonly string[]) => Source
  /** It leaves children below `parents`. */
  readonly leaves?: true
}

const nodePaths = Array.from(
  { length: NODES },
  (_, i) => `${NODES_PATH}/node-${String(i).padStart(6, '0')}`,
)
export const FIXED_PATHS = ['/bench', NODES_PATH, WATCHED_PATH, ...nodePaths]

let state = 0x2545f491
/** 0 to below `limit`: xorshift, because Math.random costs more than a request. */
function random(limit: number): number {
  state ^= state << 13
  state ^= state >>> 17
  state ^= state << 5
  return (state >>> 0) % limit
}

const DIGITS = 10
export const childName = (number: number): string => `c${String(number).padStart(DIGITS, '0')}`

/** Writes a number's digits over those of a packet whose body begins with such a child's path. */
function putNumber(link: Link, packet: Buffer, pathBytes: number, number: number): void {
  const at = link.put(packet) + BODY_AT + 4 + pathBytes - 1
  const { out } = link
  let rest = number
  for (let i = 0; i < DIGITS; i++) {
    out[at - i] = 48 + (rest % 10)
    rest = Math.floor(rest / 10)
  }
}

function randomOf(packets: readonly Buffer[]): Source {
  return (link) => link.put(packets[random(packets.length)]!)
}

const gets = (): Source => randomOf(nodePaths.map((path) => getData(path)))
const sets = (): Source => randomOf(nodePaths.map((path) => setData(path, DATA)))

function mixed(): Source {
  const get = gets()
  const set = sets()
  return (link) => (random(10) === 0 ? set(link) : get(link))
}

function creates(parents: readonly string[]): Source {
  const paths = parents.map((parent) => `${parent}/${childName(0)}`)
  const packets = paths.map((path) => create(path, DATA))
  const next = parents.map(() => 0)
  return (link) => {
    const { index } = link
    putNumber(link, packets[index]!, paths[index]!.length, next[index]!++)
  }
}

function createsAndDeletes(parents: readonly string[]): Source {
  const paths = parents.map((parent) => `${parent}/${childName(0)}`)
  const packets = paths.map((path) => [create(path, DATA), remove(path)] as const)
  const next = parents.map(() => 0)
  return (link) => {
    const { index } = link
    const turn = next[index]!++
    const number = Math.floor(turn / 2) % DELETED_PATHS_MAX
    putNumber(link, packets[index]![turn % 2]!, paths[index]!.length, number)
  }
}

function multis(): Source {
  const four = () => Array.from({ length: 4 }, (_, i) => nodePaths[i * 125 + random(125)]!)
  return randomOf(Array.from({ length: 200 }, () => multiSet(four(), DATA)))
}

const requests = { unit: 'requests', kind: 'requests', width: CONNECTIONS } as const

export const LOADS: Readonly<Record<string, Load>> = {
  get: { ...requests, about: 'getData of one of 500 znodes, 100 bytes', source: gets },
  mixed: { ...requests, about: '90 % getData, 10 % setData, of one of 500', source: mixed },
  children: {
    ...requests,
    about: 'getChildren2 of 500 children',
    source: () => randomOf([getChildren2(NODES_PATH)]),
  },
  set: { ...requests, about: 'setData of one of 500 znodes, 100 bytes', source: sets },
  create: {
    ...requests,
    about: 'create, 100 bytes, one parent per connection',
    source: creates,
    leaves: true,
  },
  sequential: {
    ...requests,
    about: 'create sequential below one shared parent',
    source: ([parent]) => randomOf([create(`${parent}/c`, DATA, SEQUENTIAL)]),
    leaves: true,
  },
  'create-delete': {
    ...requests,
    about: 'create and delete in turn',
    source: createsAndDeletes,
    leaves: true,
  },
  multi: { ...requests, about: 'multi of 4 setData', source: multis },
  sessions: {
    about: 'session opened and closed, 16 at a time',
    unit: 'sessions',
    kind: 'sessions',
    width: 16,
  },
  'watch-100': { about: 'one change → 100 watchers', unit: 'events', kind: 'watches', width: 100 },
  'watch-1000': {
    about: 'one change → 1,000 watchers',
    unit: 'events',
    kind: 'watches',
    width: 1_000,
  },
}
