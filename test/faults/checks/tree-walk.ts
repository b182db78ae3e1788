/** The whole tree as one server shows it, behind a sync; and what two of them differ in. */
import type { RawStat } from '../../support/raw-codec.ts'
import type { Reply, SessionClient } from '../client/session-client.ts'

export interface SeenZnode {
  readonly data: string
  readonly stat: RawStat
}

export type SeenTree = ReadonlyMap<string, SeenZnode>

const differencesShown = 5

/** Nothing may be written meanwhile, except by sessions that end. */
export async function walkTree(client: SessionClient): Promise<SeenTree> {
  const synced = await client.call(9, { path: '/' })
  if (synced.err !== 0) throw new Error(`sync answered ${synced.err}`)
  const tree = new Map<string, SeenZnode>()
  let level = ['/']
  while (level.length > 0) {
    const next: string[] = []
    const replies = await Promise.all(
      level.map((path) => Promise.all([client.call(4, { path }), client.call(8, { path })])),
    )
    for (const [index, [data, list]] of replies.entries()) {
      const path = level[index]!
      if (isGone(data) || isGone(list)) continue
      tree.set(path, { data: data.record.data?.toString() ?? '', stat: data.record.stat! })
      for (const name of list.record.children!) {
        if (path === '/' && name === 'zookeeper') continue
        next.push(path === '/' ? `/${name}` : `${path}/${name}`)
      }
    }
    level = next
  }
  return tree
}

function isGone({ err }: Reply): boolean {
  if (err !== 0 && err !== -101) throw new Error(`a read was answered ${err}`)
  return err === -101
}

/** A few lines, the first differences in full; empty: equal. */
export function treeDifferences(left: SeenTree, right: SeenTree): string[] {
  const lines: string[] = []
  for (const path of new Set([...left.keys(), ...right.keys()])) {
    const [a, b] = [left, right].map((tree) => shown(tree.get(path)))
    if (a !== b) lines.push(`${path}: ${a} | ${b}`)
  }
  const more = lines.length - differencesShown
  return more > 0 ? [...lines.slice(0, differencesShown), `and ${more} more`] : lines
}

function shown(znode: SeenZnode | undefined): string {
  if (znode === undefined) return 'absent'
  return JSON.stringify(znode, (_, value) => (typeof value === 'bigint' ? `${value}` : value))
}
