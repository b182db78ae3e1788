/** Loads that write, alone or mixed with reads. Neighbour: loads. */
import { CREATE_FLAGS, OP } from '../../lib/model/request.ts'
import { childName, putNumbered, template } from './digits.ts'
import { chain, DATA, type Fixture, family, familyPaths, ROOT, TREE_PATH, tree } from './fixture.ts'
import { BYTES, dataReply, pathReply, type Requests, type RequestsLoad } from './load.ts'
import { random, randomOf } from './random.ts'
import {
  anyOf,
  getSource,
  inFlightOf,
  NODE_PATHS,
  NODES_FIXTURE,
  onTree,
  requests,
} from './read-loads.ts'
import { create, multiSet, remove, setData } from './wire.ts'

/** A connection creates and deletes this many paths in turn. */
const DELETED_PATHS_MAX = 1_000
const MULTI_OPERATIONS = 4

const bare: Fixture = { paths: [ROOT] }
const setSource = () => anyOf(NODE_PATHS.map((path) => setData(path, DATA)))

export const set = (): RequestsLoad => ({
  ...requests,
  about: `setData of one of ${NODE_PATHS.length} znodes, 100 bytes`,
  fixture: NODES_FIXTURE,
  replies: { [OP.setData]: BYTES.stat },
  requests: () => ({ source: setSource() }),
})

export const mixed = (): RequestsLoad => ({
  ...set(),
  about: `90 % getData, 10 % setData, of one of ${NODE_PATHS.length}`,
  replies: { [OP.setData]: BYTES.stat, [OP.getData]: dataReply(DATA.length) },
  requests: () => {
    const get = getSource()
    const set = setSource()
    return { source: (link) => (random(10) === 0 ? set(link) : get(link)) }
  },
})

export const hotSet = (): RequestsLoad => ({
  ...set(),
  about: 'setData of the same znode by all connections',
  requests: () => ({ source: anyOf([setData(NODE_PATHS[0]!, DATA)]) }),
})

export const multi = (): RequestsLoad => ({
  ...set(),
  about: `multi of ${MULTI_OPERATIONS} setData`,
  replies: {
    [OP.multi]: MULTI_OPERATIONS * (BYTES.multiHeader + BYTES.stat) + BYTES.multiHeader,
  },
  requests: () => {
    const share = Math.floor(NODE_PATHS.length / MULTI_OPERATIONS)
    const paths = () =>
      Array.from({ length: MULTI_OPERATIONS }, (_, i) => NODE_PATHS[i * share + random(share)]!)
    return { source: anyOf(Array.from({ length: 200 }, () => multiSet(paths(), DATA))) }
  },
})

export const treeSet = (nodes: number): RequestsLoad => ({
  ...set(),
  about: `setData of one of ${nodes.toLocaleString('en-US')} znodes`,
  fixture: tree(nodes),
  requests: () => ({ source: onTree(setData(TREE_PATH.first, DATA), nodes) }),
})

export function valueSet(bytes: number): RequestsLoad {
  const data = Buffer.alloc(bytes, 'x')
  const fixture = family(`${ROOT}/value-${bytes}`, 16, data)
  return {
    ...set(),
    inFlight: inFlightOf(bytes),
    about: `setData of one of 16 znodes, ${bytes.toLocaleString('en-US')} bytes`,
    fixture,
    requests: () => {
      const packets = familyPaths(fixture).map((path) => setData(path, data))
      return { source: (link) => link.put(randomOf(packets)) }
    },
  }
}

/** Each connection below a parent of its own. */
function creates(parents: readonly string[]): Requests {
  const templates = parents.map((parent) => {
    const path = `${parent}/${childName(0)}`
    return template(create(path, DATA), path)
  })
  const next = parents.map(() => 0)
  return {
    source: (link) => {
      const { index } = link
      putNumbered(link, templates[index]!, next[index]!++)
    },
    *left() {
      for (const [index, parent] of parents.entries()) {
        for (let i = 0; i < next[index]!; i++) yield `${parent}/${childName(i)}`
      }
    },
    leftExactly: true,
  }
}

const creating = {
  ...requests,
  parentsBelow: ROOT,
  fixture: bare,
  // As long as those that are made.
  replies: { [OP.create]: pathReply(`${ROOT}/0123456789ab-10/${childName(0)}`) },
} as const

export const createLoad = (): RequestsLoad => ({
  ...creating,
  about: 'create, 100 bytes, one parent per connection',
  requests: creates,
})

export const treeCreate = (nodes: number): RequestsLoad => ({
  ...creating,
  about: `create beside ${nodes.toLocaleString('en-US')} znodes`,
  fixture: tree(nodes),
  requests: creates,
})

export function deepCreate(depth: number): RequestsLoad {
  // Two more: the fresh parent and the child.
  const fixture = chain(Math.max(1, depth - 2))
  return {
    ...creating,
    about: `create of a znode with ${depth} components in its path`,
    fixture,
    parentsBelow: fixture.paths.at(-1)!,
    requests: creates,
  }
}

export const sequential = (): RequestsLoad => ({
  ...creating,
  about: 'create sequential below one shared parent',
  requests: ([parent]) => {
    const packet = create(`${parent}/c`, DATA, CREATE_FLAGS.PERSISTENT_SEQUENTIAL)
    let made = 0
    return {
      source: (link) => {
        made++
        link.put(packet)
      },
      *left() {
        for (let i = 0; i < made; i++) yield `${parent}/${childName(i)}`
      },
      leftExactly: true,
    }
  },
})

/** In turn, below the parent of the connection; `named` makes the first path. */
function createsAndDeletes(count: number, named: (index: number) => string): Requests {
  const paths = Array.from({ length: count }, (_, index) => `${named(index)}${childName(0)}`)
  const made = paths.map((path) => template(create(path, DATA), path))
  const gone = paths.map((path) => template(remove(path), path))
  const turns = paths.map(() => 0)
  return {
    source: (link) => {
      const { index } = link
      const turn = turns[index]!++
      const number = Math.floor(turn / 2) % DELETED_PATHS_MAX
      putNumbered(link, (turn % 2 === 0 ? made : gone)[index]!, number)
    },
    *left() {
      for (const [index, turn] of turns.entries()) {
        if (turn % 2 === 0) continue
        yield `${named(index)}${childName(Math.floor(turn / 2) % DELETED_PATHS_MAX)}`
      }
    },
    leftExactly: true,
  }
}

export const createDelete = (): RequestsLoad => ({
  ...creating,
  about: 'create and delete in turn',
  requests: (parents) => createsAndDeletes(parents.length, (index) => `${parents[index]}/`),
})

/** Below one parent that has many children. */
export function wideCreateDelete(count: number): RequestsLoad {
  const fixture = family(`${ROOT}/children-${count}`, count)
  const parent = fixture.paths.at(-1)!
  return {
    ...creating,
    about: `create and delete below a parent of ${count.toLocaleString('en-US')}`,
    fixture,
    requests: (parents) => createsAndDeletes(parents.length, (index) => `${parent}/x${index}-`),
  }
}
