/** With the load standing still: every server shows the same tree, and the tree is what was answered. */
import { setTimeout as sleep } from 'node:timers/promises'
import { within } from '../../support/eventually.ts'
import { SessionClient } from '../client/session-client.ts'
import type { Load } from '../load/load.ts'
import { type SeenTree, treeDifferences, walkTree } from './tree-walk.ts'
import type { Witness } from './witness.ts'

const walkMsMax = 40_000
/** Sessions that ended lately leave their ephemerals a moment. */
const attemptsMax = 8
const betweenMs = 1_000

/** @param ports of the servers themselves, past the links. */
export async function checkAtRest(
  load: Load,
  ports: readonly number[],
): Promise<SeenTree | undefined> {
  const { witness } = load
  const trees = await equalTrees(witness, ports)
  const [tree] = trees
  if (tree === undefined) return undefined
  const { registers, chapter, pairs } = load.context
  for (const path of registers.paths) {
    const znode = tree.get(path)
    if (znode === undefined) witness.violation('a register is gone', `${path}, at rest`)
    else registers.atRest(path, znode.stat.version, znode.data)
  }
  const made = new Map<string, string>()
  for (const [path, { data }] of tree) {
    const isMade = path.startsWith(`${chapter.folder}/`) && path.split('/').length > 3
    if (isMade) made.set(path, data)
  }
  chapter.check.atRest(made)
  for (const pair of pairs) {
    const [a, b] = ['a', 'b'].map((half) => tree.get(`${pair}/${half}`))
    if (a?.data === b?.data && a?.stat.version === b?.stat.version) continue
    witness.violation('torn multi', `${pair} at rest: ${JSON.stringify([a?.data, b?.data])}`)
  }
  return tree
}

/** Walks all servers until the trees are equal, a few times: sessions may be ending meanwhile. */
export async function equalTrees(
  witness: Witness,
  ports: readonly number[],
): Promise<readonly SeenTree[]> {
  let problem: string[] = []
  let trees: SeenTree[] = []
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    if (attempt > 0) await sleep(betweenMs)
    try {
      trees = await Promise.all(ports.map((port) => treeOf(port, witness)))
      problem = trees.flatMap((tree, index) =>
        treeDifferences(trees[0]!, tree).map((line) => `server 0 | ${index}: ${line}`),
      )
      if (problem.length === 0) return trees
    } catch (error) {
      problem = [error instanceof Error ? error.message : String(error)]
      trees = []
    }
  }
  const kind = trees.length === 0 ? 'a server cannot be read' : 'the replicas differ'
  witness.violation(kind, problem.slice(0, 12).join('\n'))
  return trees
}

async function treeOf(port: number, witness: Witness): Promise<SeenTree> {
  const client = new SessionClient({
    name: `walker-${port}`,
    ports: [port],
    timeoutMs: 20_000,
    observer: {
      connected: () => {},
      disconnected: () => {},
      sessionLost: () => {},
      violation: (kind, text) => witness.violation(kind, text),
    },
  }).start(0)
  try {
    return await within(`the tree of server ${port}`, walkMsMax, walkTree(client))
  } finally {
    await client.stop()
  }
}
