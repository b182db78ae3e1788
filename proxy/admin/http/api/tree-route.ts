/** GET /api/v1/tree: one znode with its data or a part of it, Stat, ACL and a page of its children. Neighbour: tree-edits. */
import { fromByteString, KIND, statOf, type Znode } from '../../../../lib/internal.ts'
import type { ProxyHost } from '../../../host.ts'
import { hex } from '../../listing-words.ts'
import { type Call, HttpError } from '../call.ts'
import { dataBytesMax } from './data-bytes.ts'
import { cursorPageOf } from './name-page.ts'
import { choiceOf, isOn, onlyKnown, pathOf, wholeOf } from './parameters.ts'
import { shownAcl, shownData, shownStat } from './shown.ts'

const CHILDREN = { min: 0, max: 10_000, fallback: 1_000 } as const
/** Children that are shown with what they are: each is looked up, in one turn of the event loop. */
const DETAILS_MAX = 1_000
const OFFSET = { min: 0, max: Number.MAX_SAFE_INTEGER, fallback: 0 } as const
const KINDS = { [KIND.plain]: 'plain', [KIND.container]: 'container', [KIND.ttl]: 'ttl' } as const
const KNOWN = [
  'path',
  'encoding',
  'offset',
  'bytes',
  'children',
  'details',
  'cursor',
  'sync',
  'zxid',
]

type Tree = ProxyHost['keeper']['replica']['tree']

export async function answerTree(host: ProxyHost, call: Call): Promise<void> {
  const { query } = call
  onlyKnown(query, KNOWN)
  const path = pathOf(query, 'path')
  const encoding = choiceOf(query, 'encoding', ['base64', 'text'])
  const offset = wholeOf(query, 'offset', OFFSET)
  const bytes = wholeOf(query, 'bytes', { ...OFFSET, fallback: OFFSET.max })
  const countMax = wholeOf(query, 'children', CHILDREN)
  const hasDetails = isOn(query, 'details')
  if (hasDetails && countMax > DETAILS_MAX) {
    throw new HttpError(400, `With details, children must be ${DETAILS_MAX} at most.`)
  }
  // Another process behind this port may have seen a change that is not here yet.
  const isBehind = host.keeper.replica.zxid < wholeOf(query, 'zxid', OFFSET)
  if (isOn(query, 'sync') || isBehind) await synced(host, call)
  const { tree, zxid } = host.keeper.replica
  const node = znodeOf(tree, path)
  const part = node.data?.slice(offset, offset + bytes)
  // Made in this turn: what follows may take several.
  const shown = {
    path,
    zxid,
    stat: shownStat(statOf(node, node.data?.length ?? 0)),
    ...shownData(part === undefined ? null : fromByteString(part), encoding),
    offset: query.has('offset') || query.has('bytes') ? offset : undefined,
    acl: shownAcl(node.acl),
    kind: KINDS[node.kind],
    ttlMs: node.ttlMs > 0 ? node.ttlMs : undefined,
    childCount: node.childCount,
    dataBytesMax: dataBytesMax(host, path),
  }
  const after = query.get('cursor') ?? undefined
  const { names, cursor } = await cursorPageOf(node.children, after, countMax)
  const children = hasDetails ? names.map((name) => detailOf(tree, path, name)) : names
  call.list(host.listings, { ...shown, children, cursor })
}

/** @throws {HttpError} 404: there is none; 503: its stored record cannot be read */
export function znodeOf(tree: Tree, path: string): Znode {
  if (tree.unreadable.has(path)) {
    throw new HttpError(503, `The stored record of ${path} cannot be read.`)
  }
  const node = tree.get(path)
  if (node === undefined) throw new HttpError(404, `There is no znode ${path}.`)
  return node
}

/** What a list of children says of one; only its name, if it is gone by now or cannot be read. */
function detailOf(tree: Tree, parent: string, name: string): object {
  const path = parent === '/' ? `/${name}` : `${parent}/${name}`
  if (tree.unreadable.has(path)) return { name, unreadable: true }
  const node = tree.get(path)
  if (node === undefined) return { name }
  return {
    name,
    childCount: node.childCount,
    dataLength: node.data?.length ?? 0,
    version: node.version,
    kind: KINDS[node.kind],
    ephemeralOwner: node.ephemeralOwner === 0n ? undefined : hex(node.ephemeralOwner),
  }
}

function synced({ keeper }: ProxyHost, { storeWait }: Call): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new HttpError(503, 'The store did not answer a sync in time.'))
    const cancel = storeWait.begin(keeper.clock, late)
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
