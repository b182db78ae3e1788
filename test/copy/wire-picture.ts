/** Everything that a client can read of a tree, through the wire. */
import { expect } from 'chai'
import { RawClient, type RawReply } from '../support/raw-client.ts'
import { SUPER } from './planted-tree.ts'

/** By path: data in hex, Stat, ACL and children. */
export type WirePicture = Map<string, unknown>

const WINDOW = 200

/** With a session of its own, which takes zxids: so not the header's, but every Stat's. */
export async function wirePicture(port: number): Promise<WirePicture> {
  const client = await RawClient.connect({ port, timeoutMs: 20_000 })
  await client.auth(...(['digest', SUPER.auth] as const))
  const picture: WirePicture = new Map()
  try {
    let level = ['/']
    while (level.length > 0) {
      const next: string[] = []
      for (let at = 0; at < level.length; at += WINDOW) {
        const window = level.slice(at, at + WINDOW)
        const read = window.map((path) =>
          Promise.all([client.getData(path), client.getAcl(path), client.getChildren(path)]),
        )
        for (const [i, replies] of (await Promise.all(read)).entries()) {
          const path = window[i]!
          const { entry, children } = entryOf(path, replies)
          picture.set(path, entry)
          for (const name of children) next.push(path === '/' ? `/${name}` : `${path}/${name}`)
        }
      }
      level = next
    }
  } finally {
    await client.close()
  }
  return picture
}

function entryOf(path: string, replies: readonly RawReply[]) {
  for (const { err } of replies) expect(err, path).to.equal(0)
  const [data, acl, list] = replies.map(({ record }) => record)
  const children = (list!.children as string[]).sort()
  const { stat } = data!
  const entry = {
    data: data!.data?.toString('hex') ?? null,
    stat: { ...stat, ephemeralOwner: `${stat!.ephemeralOwner}` },
    acl: acl!.acl,
    children,
  }
  return { entry, children }
}
