/** Loads that only read. Neighbour: loads. */
import { OP } from '../../lib/model/request.ts'
import { writeDigits } from './digits.ts'
import {
  chain,
  DATA,
  type Fixture,
  family,
  familyPaths,
  NODES,
  nodeName,
  ROOT,
  TREE_CHILDREN,
  TREE_PATH,
  tree,
} from './fixture.ts'
import type { Link } from './link.ts'
import {
  BYTES,
  CONNECTIONS,
  childrenReply,
  dataReply,
  IN_FLIGHT,
  type RequestsLoad,
  type Source,
} from './load.ts'
import { random, randomOf } from './random.ts'
import { BODY_AT, exists, getChildren2, getData } from './wire.ts'

const NO_NODE = -101
/** Bytes of replies in flight on one connection at most. */
const IN_FLIGHT_BYTES_MAX = 256 * 1024

export const NODES_FIXTURE: Fixture = family(`${ROOT}/nodes`, NODES)
export const NODE_PATHS = familyPaths(NODES_FIXTURE)

export const requests = {
  unit: 'requests',
  kind: 'requests',
  connections: CONNECTIONS,
  inFlight: IN_FLIGHT,
} as const

/** Fewer where each is large. */
export const inFlightOf = (bytes: number): number =>
  Math.max(1, Math.min(IN_FLIGHT, Math.floor(IN_FLIGHT_BYTES_MAX / bytes)))

export const anyOf =
  (packets: readonly Buffer[]): Source =>
  (link) =>
    link.put(randomOf(packets))

export const getSource = (): Source => anyOf(NODE_PATHS.map((path) => getData(path)))

export const get = (): RequestsLoad => ({
  ...requests,
  about: `getData of one of ${NODES} znodes, 100 bytes`,
  fixture: NODES_FIXTURE,
  replies: { [OP.getData]: dataReply(DATA.length) },
  requests: () => ({ source: getSource() }),
})

export const existsMiss = (): RequestsLoad => ({
  ...requests,
  about: 'exists of a znode that is not there',
  fixture: NODES_FIXTURE,
  replies: {},
  errno: NO_NODE,
  requests: () => ({ source: anyOf(NODE_PATHS.map((path) => exists(`${path}-not`))) }),
})

export function children(count: number): RequestsLoad {
  const fixture = count === NODES ? NODES_FIXTURE : family(`${ROOT}/children-${count}`, count)
  const parent = fixture.paths.at(-1)!
  const bytes = childrenReply(count, nodeName(0).length)
  const inFlight = inFlightOf(bytes)
  return {
    ...requests,
    inFlight,
    about: `getChildren2 of ${count.toLocaleString('en-US')} children`,
    fixture,
    replies: { [OP.getChildren2]: bytes },
    requests: () => ({ source: anyOf([getChildren2(parent)]) }),
  }
}

/** One packet on a random leaf of a tree. */
export function onTree(packet: Buffer, nodes: number): Source {
  const childEnd = BODY_AT + 4 + TREE_PATH.first.length - 1
  const parentEnd = childEnd + TREE_PATH.parentEnd
  return (link: Link) => {
    const number = random(nodes)
    const at = link.put(packet)
    writeDigits(link.out, at + childEnd, TREE_PATH.childDigits, number % TREE_CHILDREN)
    const parent = Math.floor(number / TREE_CHILDREN)
    writeDigits(link.out, at + parentEnd, TREE_PATH.parentDigits, parent)
  }
}

export const treeGet = (nodes: number): RequestsLoad => ({
  ...requests,
  about: `getData of one of ${nodes.toLocaleString('en-US')} znodes`,
  fixture: tree(nodes),
  replies: { [OP.getData]: dataReply(DATA.length) },
  requests: () => ({ source: onTree(getData(TREE_PATH.first), nodes) }),
})

export function valueGet(bytes: number): RequestsLoad {
  const fixture = family(`${ROOT}/value-${bytes}`, 16, Buffer.alloc(bytes, 'x'))
  const packets = familyPaths(fixture).map((path) => getData(path))
  return {
    ...requests,
    inFlight: inFlightOf(bytes),
    about: `getData of one of 16 znodes, ${bytes.toLocaleString('en-US')} bytes`,
    fixture,
    replies: { [OP.getData]: dataReply(bytes) },
    requests: () => ({ source: anyOf(packets) }),
  }
}

export function deepGet(depth: number): RequestsLoad {
  const fixture = chain(depth)
  return {
    ...requests,
    about: `getData of a znode with ${depth} components in its path`,
    fixture,
    replies: { [OP.getData]: dataReply(DATA.length) },
    requests: () => ({ source: anyOf([getData(fixture.paths.at(-1)!)]) }),
  }
}

/** Beside sessions that only send heartbeats. */
export const idle = (sessions: number): RequestsLoad => ({
  ...get(),
  idle: sessions,
  about: `getData beside ${sessions.toLocaleString('en-US')} idle sessions`,
})

export const statReply = BYTES.stat
