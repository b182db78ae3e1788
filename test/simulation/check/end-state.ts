/** After all: every replica, what the store would be loaded as, and the model are the same tree. */
import { isDeepStrictEqual } from 'node:util'
import { type Layout, LIMITS_DEFAULT, type MetadataStore } from '../../../lib/internal.ts'
import { loadReplica } from '../../../lib/member/tree/load.ts'
import type { Replica } from '../../../lib/member/tree/replica.ts'
import { pictureOf, type TreePicture } from '../../support/tree-picture.ts'
import type { SimProxy } from '../proxy/sim-proxy.ts'
import type { Cluster } from '../store/cluster.ts'
import type { Findings } from './findings.ts'
import type { Model } from './model.ts'

const LAW = 'replicas and store are equal'

export async function checkEndState(
  cluster: Cluster,
  proxies: readonly SimProxy[],
  layout: Layout,
  model: Model | undefined,
  findings: Findings,
): Promise<void> {
  const { mvcc } = cluster.backend
  const reader = { range: async (query) => mvcc.range(query) } as Pick<MetadataStore, 'range'>
  let stored: Replica
  try {
    stored = (await loadReplica(reader as MetadataStore, layout, { bounds: LIMITS_DEFAULT }))
      .replica
  } catch (error) {
    findings.add(LAW, `what is stored cannot be loaded: ${String(error)}`)
    return
  }
  const picture = pictureOf({ replica: stored } as Parameters<typeof pictureOf>[0])
  for (const { keeper, node } of proxies) {
    if (keeper === undefined) continue
    const difference = firstDifference(pictureOf(keeper), picture)
    if (difference !== undefined) findings.add(LAW, `${node.name} and the store: ${difference}`)
  }
  if (model === undefined) return
  const difference = fromModel(stored, model)
  if (difference !== undefined) findings.add(LAW, `the store and the log: ${difference}`)
}

function firstDifference(a: TreePicture, b: TreePicture): string | undefined {
  if (isDeepStrictEqual(a, b)) return undefined
  const [left, right] = [a.nodes, b.nodes] as Record<string, unknown>[]
  for (const path of new Set([...Object.keys(left ?? {}), ...Object.keys(right ?? {})])) {
    if (isDeepStrictEqual(left?.[path], right?.[path])) continue
    return `${path}: ${JSON.stringify(left?.[path])}, ${JSON.stringify(right?.[path])}`
  }
  const [seqs, others] = [a, b].map(({ sessions, zxid, seq }) =>
    JSON.stringify({ zxid, seq, sessions }),
  )
  return `${seqs}, ${others}`
}

function fromModel(replica: Replica, model: Model): string | undefined {
  const paths = new Set([...model.nodes.keys(), ...replica.tree.paths()])
  for (const path of paths) {
    if (path === '/' || path.startsWith('/zookeeper')) continue
    const is = replica.tree.get(path)
    const should = model.nodes.get(path)
    if (is === undefined || should === undefined) {
      return `${path} is only in the ${is === undefined ? 'log' : 'store'}`
    }
    const fields: [unknown, unknown][] = [
      [is.data, should.data],
      [is.version, should.version],
      [is.czxid, should.czxid],
      [is.mzxid, should.mzxid],
      [is.pzxid, should.pzxid],
      [is.creates, should.creates],
      [is.ephemeralOwner, should.owner],
      [[...is.children].sort().join(), [...should.children].sort().join()],
    ]
    for (const [left, right] of fields) {
      if (left !== right) return `${path}: ${String(left)}, not ${String(right)}`
    }
  }
  const sessions = [...replica.sessions.keys()].sort().join()
  const expected = [...model.sessions].sort().join()
  return sessions === expected ? undefined : `sessions ${sessions}, not ${expected}`
}
