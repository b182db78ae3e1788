/**
 * GET and DELETE of /api/v1/subtree: a znode with all below it, counted and then deleted, all or nothing. What is deleted is what was
 * counted: a count that differs, and a znode that came, changed or was deleted since, refuse it. Neighbour: edit-session.
 */
import type { DeleteRequest, Znode } from '../../../../lib/internal.ts'
import type { ProxyHost } from '../../../host.ts'
import { type Call, HttpError } from '../call.ts'
import { meantOf, numbersOf } from './edit-fields.ts'
import { change } from './edit-session.ts'
import { onlyKnown, pathOf } from './parameters.ts'
import { znodeOf } from './tree-route.ts'

/** How many znodes one request may delete, and how often more were to be. */
export interface DeleteBound {
  readonly max: number
  refused: number
}

type Tree = ProxyHost['keeper']['replica']['tree']
type Entry = readonly [path: string, node: Znode]

/** How many znodes there are from `path` down, up to a few more than may be deleted together. */
export function answerSubtree(host: ProxyHost, call: Call, { max: deletesMax }: DeleteBound): void {
  onlyKnown(call.query, ['path'])
  const path = pathOf(call.query, 'path')
  const { tree, zxid } = host.keeper.replica
  const entries = below(tree, path, deletesMax + 1)
  let bytes = 0
  let ephemerals = 0
  for (const [, node] of entries) {
    bytes += node.data?.length ?? 0
    if (node.ephemeralOwner !== 0n) ephemerals++
  }
  const isMore = entries.length > deletesMax
  const count = isMore ? deletesMax : entries.length
  call.json(200, { path, zxid, count, isMore, bytes, ephemerals, countMax: deletesMax })
}

/** ?czxid, count, zxid: those of the answer before. */
export async function deleteSubtree(
  host: ProxyHost,
  call: Call,
  bound: DeleteBound,
): Promise<void> {
  const { query } = call
  onlyKnown(query, ['path', 'czxid', 'count', 'zxid'])
  const path = pathOf(query, 'path')
  const { czxid, count, zxid: asOf } = numbersOf(query, ['czxid', 'count', 'zxid'])
  if (count === undefined || asOf === undefined) {
    throw new HttpError(400, 'Expected count and zxid, those of GET /api/v1/subtree.')
  }
  const { tree } = host.keeper.replica
  meantOf(host, path, { czxid })
  const entries = below(tree, path, bound.max + 1)
  if (entries.length > bound.max) {
    bound.refused++
    const most = `${bound.max} znodes are deleted together at most (--admin-max-deletes)`
    throw new HttpError(422, `Nothing was deleted: ${most}. Delete parts of it first.`)
  }
  if (entries.length !== count) {
    throw new HttpError(409, `Nothing was deleted: it is ${entries.length} znodes by now.`)
  }
  for (const [at, node] of entries) {
    if (Math.max(node.czxid, node.mzxid, node.pzxid) <= (asOf as number)) continue
    throw new HttpError(409, `Nothing was deleted: ${at} has changed since it was counted.`)
  }
  const guards = entries.map(([at, node]) => ({ path: at, czxid: node.czxid }))
  const request = { type: 'multi', ops: deletesOf(entries) } as const
  const { zxid } = await change(host, call, path, { type: 'guarded', guards, request })
  call.json(200, { path, zxid, count: entries.length })
}

/** Children before their parents. */
const deletesOf = (entries: readonly Entry[]): DeleteRequest[] =>
  entries.map(([path, { version }]) => ({ type: 'delete' as const, path, version })).reverse()

/** A znode and those below it, each before its children, `countMax` at most. @throws {HttpError} 400, 404, 503 */
function below(tree: Tree, path: string, countMax: number): Entry[] {
  const isOwn = path === '/' || path === '/zookeeper' || path.startsWith('/zookeeper/')
  if (isOwn) throw new HttpError(400, 'This one is not deleted with all below it.')
  const entries: Entry[] = [[path, znodeOf(tree, path)]]
  for (let i = 0; i < entries.length && entries.length < countMax; i++) {
    const [parent, node] = entries[i] as Entry
    for (const name of node.children) {
      const at = `${parent}/${name}`
      entries.push([at, znodeOf(tree, at)])
      if (entries.length >= countMax) break
    }
  }
  return entries
}
