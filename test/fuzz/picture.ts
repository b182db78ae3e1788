/** What a client can read of a tree, one hash a znode. Neighbours: beds, check. */
import { createHash } from 'node:crypto'
import { RawClient } from '../support/raw-client.ts'

/** By path. */
export type Picture = ReadonlyMap<string, string>

/** Bystanders write here. */
export const BYSTANDER = '/bystander'
export const SUPER_DIGEST = 'super:lK75jTNcA+U9vtVEw5vB51mj/w4='
const SUPER_AUTH = 'super:secret'
const WINDOW_REQUESTS = 500
const WINDOW_BYTES = 4_000_000

const text = (value: unknown) =>
  JSON.stringify(value, (_, v: unknown) => (typeof v === 'bigint' ? `${v}` : v))

export async function pictureOf(port: number): Promise<Picture> {
  const client = await RawClient.connect({ port, timeoutMs: 60_000 })
  await client.auth('digest', SUPER_AUTH)
  const picture = new Map<string, string>()
  let level = ['/']
  try {
    while (level.length > 0) {
      const next: string[] = []
      for (let at = 0; at < level.length; ) {
        let bytes = 0
        const end = level.findIndex((path, i) => {
          if (i < at) return false
          bytes += path.length
          return i >= at + WINDOW_REQUESTS || (bytes > WINDOW_BYTES && i > at)
        })
        const window = level.slice(at, end < 0 ? level.length : end)
        at += window.length
        const entries = await Promise.all(window.map((path) => entryOf(client, path)))
        for (const [i, { hash, children }] of entries.entries()) {
          const path = window[i]!
          picture.set(path, hash)
          for (const name of children) {
            const child = path === '/' ? `/${name}` : `${path}/${name}`
            if (child !== BYSTANDER) next.push(child)
          }
        }
      }
      level = next
    }
  } finally {
    client.destroy()
  }
  return picture
}

async function entryOf(client: RawClient, path: string) {
  const [data, acl, list] = await Promise.all([
    client.getData(path),
    client.getAcl(path),
    client.getChildren(path),
  ])
  const children = [...((list.record.children as string[] | undefined) ?? [])].sort()
  const hash = createHash('sha256')
  const bytes = data.record.data ?? null
  hash.update(
    text([data.err, acl.err, list.err, data.record.stat, acl.record.acl, children, bytes === null]),
  )
  if (bytes !== null) hash.update(bytes)
  return { hash: hash.digest('base64'), children }
}

/** The first paths in which they differ; undefined: they do not. */
export function difference(expected: Picture, actual: Picture): string | undefined {
  const paths = new Set([...expected.keys(), ...actual.keys()])
  const wrong = [...paths].filter((path) => expected.get(path) !== actual.get(path))
  if (wrong.length === 0) return undefined
  const shown = wrong.slice(0, 3).map((path) => {
    const what = !actual.has(path) ? 'missing' : !expected.has(path) ? 'invented' : 'different'
    return `${what}: ${JSON.stringify(path.slice(0, 80))} (${path.length})`
  })
  return `${wrong.length} of ${paths.size} znodes, ${shown.join(', ')}`
}
