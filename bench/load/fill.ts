/** A process of its own that makes a tree through a server's own protocol. Neighbour: tree-keeper. */
import { tree } from './fixture.ts'
import type { Target } from './link.ts'
import { untilQuiet } from './quiet.ts'
import { TreeKeeper } from './tree-keeper.ts'

export interface FillOrder {
  readonly targets: readonly Target[]
  /** A multiple of 1,000. */
  readonly nodes: number
}

const { targets, nodes } = JSON.parse(process.argv[2]!) as FillOrder
const keeper = new TreeKeeper(targets)
const startMs = performance.now()
await keeper.prepare(tree(nodes))
await untilQuiet(targets)
const seconds = (performance.now() - startMs) / 1_000
await keeper.close()
process.stdout.write(`${JSON.stringify({ seconds })}\n`)
