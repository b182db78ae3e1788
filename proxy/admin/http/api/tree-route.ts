/** GET /api/v1/tree: one znode with its data, Stat, ACL and a page of its children. */
import { deadline, fromByteString, statOf } from '../../../../lib/internal.ts'
import type { ProxyHost } from '../../../host.ts'
import { type Call, HttpError } from '../call.ts'
import { choiceOf, isOn, onlyKnown, pathOf, wholeOf } from './parameters.ts'
import { shownAcl, shownData, shownStat } from './shown.ts'
import { pageOf } from './tree-page.ts'

const CHILDREN = { min: 0, max: 10_000, fallback: 1_000 } as const
/** How long a sync may take, ms. */
const SYNC_MS_MAX = 10_000

export async function answerTree(host: ProxyHost, call: Call): Promise<void> {
  const { query } = call
  onlyKnown(query, ['path', 'encoding', 'children', 'cursor', 'sync'])
  const path = pathOf(query, 'path')
  const encoding = choiceOf(query, 'encoding', ['base64', 'text'])
  const countMax = wholeOf(query, 'children', CHILDREN)
  if (isOn(query, 'sync')) await synced(host)
  const { tree, zxid } = host.keeper.replica
  if (tree.unreadable.has(path)) {
    throw new HttpError(503, `The stored record of ${path} cannot be read.`)
  }
  const node = tree.get(path)
  if (node === undefined) throw new HttpError(404, `There is no znode ${path}.`)
  const data = node.data === null ? null : fromByteString(node.data)
  // Made in this turn: what follows may take several.
  const shown = {
    path,
    zxid,
    stat: shownStat(statOf(node, data?.length ?? 0)),
    ...shownData(data, encoding),
    acl: shownAcl(node.acl),
    ttlMs: node.ttlMs > 0 ? node.ttlMs : undefined,
    childCount: node.childCount,
  }
  const after = query.get('cursor') ?? undefined
  const page = countMax === 0 ? [] : await pageOf(node.childList, after, countMax + 1)
  const children = page.slice(0, countMax)
  const cursor = page.length > countMax ? children.at(-1) : undefined
  call.list(host.listings, { ...shown, children, cursor })
}

function synced({ keeper }: ProxyHost): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new HttpError(503, 'The store did not answer a sync in time.'))
    const cancel = deadline(keeper.clock, SYNC_MS_MAX, late)
    keeper.sync().then(
      () => {
        cancel()
        resolve()
      },
      (error: Error) => {
        cancel()
        reject(new HttpError(503, `The sync failed: ${error.message}.`))
      },
    )
  })
}
