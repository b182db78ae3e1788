/** A replica as plain data, for deep comparison: everything a client could observe. */
import type { Keeper } from '../../lib/index.ts'

export type TreePicture = Record<string, unknown>

export function pictureOf({ replica }: Pick<Keeper, 'replica'>): TreePicture {
  const nodes: Record<string, unknown> = {}
  for (const [path, node] of replica.tree.entries()) {
    nodes[path] = {
      data: node.data === null ? null : Buffer.from(node.data, 'latin1').toString('hex'),
      acl: node.acl,
      czxid: node.czxid,
      mzxid: node.mzxid,
      pzxid: node.pzxid,
      ctime: node.ctime,
      mtime: node.mtime,
      version: node.version,
      creates: node.creates,
      aversion: node.aversion,
      owner: node.ephemeralOwner.toString(16),
      kind: node.kind,
      ttlMs: node.ttlMs,
      children: [...node.children].sort(),
    }
  }
  const sorted = Object.fromEntries(Object.entries(nodes).sort(([a], [b]) => (a < b ? -1 : 1)))
  const sessions = [...replica.sessions.values()]
    .map((s) => ({ ...s, id: s.id.toString(16) }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
  return { nodes: sorted, sessions, zxid: replica.zxid, seq: replica.seq }
}
