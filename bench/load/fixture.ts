/**
 * Znodes that have to be there before a load runs: their names, and which of them. They are made
 * once and stay. Neighbours: tree-keeper (makes them), the loads (name what they need).
 */

export const ROOT = '/bench'
export const DATA = Buffer.alloc(100, 'x')
/** Of the loads on a handful of znodes. */
export const NODES = 500

const NODE_DIGITS = 6
export const nodeName = (number: number): string =>
  `node-${String(number).padStart(NODE_DIGITS, '0')}`

export interface Family {
  readonly parents: readonly string[]
  /** Children of each: node-000000 and on. */
  readonly children: number
  readonly data: Uint8Array
}

export interface Fixture {
  /** Made in this order, with {@link DATA}; what is there already stays. */
  readonly paths: readonly string[]
  readonly family?: Family
}

/** One parent with `children`. */
export function family(parent: string, children: number, data: Uint8Array = DATA): Fixture {
  return { paths: [ROOT, parent], family: { parents: [parent], children, data } }
}

export const familyPaths = ({ family }: Fixture): string[] =>
  (family?.parents ?? []).flatMap((parent) =>
    Array.from({ length: family!.children }, (_, i) => `${parent}/${nodeName(i)}`),
  )

/** Children of each parent in a tree made to size. */
export const TREE_CHILDREN = 1_000
export const TREE_NODES_MAX = 10_000_000
const TREE = `${ROOT}/tree`
const TREE_DIGITS = 4
const treeParent = (number: number): string =>
  `${TREE}/p${String(number).padStart(TREE_DIGITS, '0')}`

/** Digits of a path in the tree, counted from its last character. */
export const TREE_PATH = {
  first: `${treeParent(0)}/${nodeName(0)}`,
  childDigits: NODE_DIGITS,
  parentDigits: TREE_DIGITS,
  parentEnd: -(1 + nodeName(0).length),
} as const

export function treePath(number: number): string {
  const parent = Math.floor(number / TREE_CHILDREN)
  return `${treeParent(parent)}/${nodeName(number % TREE_CHILDREN)}`
}

/**
 * A tree of `nodes` leaves below parents with 1,000 each. A larger one contains every smaller one.
 * @throws {RangeError} unless `nodes` is a multiple of 1,000.
 */
export function tree(nodes: number): Fixture {
  if (nodes % TREE_CHILDREN !== 0 || nodes <= 0 || nodes > TREE_NODES_MAX) {
    throw new RangeError(`a tree of ${nodes} znodes: not a multiple of ${TREE_CHILDREN} in reach`)
  }
  const parents = Array.from({ length: nodes / TREE_CHILDREN }, (_, i) => treeParent(i))
  return {
    paths: [ROOT, TREE, ...parents],
    family: { parents, children: TREE_CHILDREN, data: DATA },
  }
}

/** A chain of znodes below {@link ROOT}; the last one has `depth` components. */
export function chain(depth: number): Fixture {
  const paths = [ROOT]
  for (let i = 2; i <= depth; i++) paths.push(`${paths.at(-1)}/${i === 2 ? 'deep' : 'd'}`)
  return { paths }
}
