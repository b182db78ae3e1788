/** What a change says of the znode that it means, and of what it is to become. Neighbours: the routes that change. */
import { type Acl, PERMS, toByteString, type Znode } from '../../../../lib/internal.ts'
import type { ProxyHost } from '../../../host.ts'
import { HttpError } from '../call.ts'
import { wholeOf } from './parameters.ts'
import { znodeOf } from './tree-route.ts'

const INT_MAX = 0x7fffffff
const NUMBERS = { min: 0, max: Number.MAX_SAFE_INTEGER, fallback: 0 } as const

export type Fields = Readonly<Record<string, unknown>>

/** The numbers of the query, with those that are absent left out. @throws {HttpError} 400 */
export function numbersOf(query: URLSearchParams, names: readonly string[]): Fields {
  const given = names.filter((name) => query.has(name))
  return Object.fromEntries(given.map((name) => [name, wholeOf(query, name, NUMBERS)]))
}

/** @throws {HttpError} 400: it is no version */
export function versionOf(fields: Fields, name: 'version' | 'aversion'): number {
  const version = fields[name]
  if (!Number.isInteger(version) || (version as number) < 0 || (version as number) > INT_MAX) {
    throw new HttpError(400, `Expected "${name}", that of the znode as it was read.`)
  }
  return version as number
}

/** A znode that a change is about: the commit compares its czxid again. */
export interface Meant {
  readonly node: Znode
  readonly guards: readonly { readonly path: string; readonly czxid: number }[]
}

/**
 * The znode at `path`. One that was deleted and created again has the same versions: `czxid`, if given, says which one is meant.
 * @throws {HttpError} 404, 409
 */
export function meantOf({ keeper }: ProxyHost, path: string, { czxid }: Fields): Meant {
  const node = znodeOf(keeper.replica.tree, path)
  if (czxid !== undefined && czxid !== node.czxid) {
    throw new HttpError(409, `${path} was deleted and created again meanwhile.`)
  }
  return { node, guards: [{ path, czxid: node.czxid }] }
}

/** null: the znode is to have none. @throws {HttpError} 400 */
export function dataOf({ data = null, encoding = 'text' }: Fields): string | null {
  if (data === null) return null
  if (typeof data === 'string' && encoding === 'text') return toByteString(Buffer.from(data))
  const isBase64 = typeof data === 'string' && /^[\w+/]*={0,2}$/.test(data)
  if (isBase64 && encoding === 'base64') return toByteString(Buffer.from(data, 'base64'))
  throw new HttpError(400, 'Expected "data", a text or null, and "encoding", text or base64.')
}

/**
 * @throws {HttpError} 400: it is no ACL; or it names `auth`, which stands for the identities of a client, and there is none here
 */
export function aclOf({ acl }: Fields): readonly Acl[] {
  if (!Array.isArray(acl) || acl.length === 0) throw noAcl()
  return acl.map((entry: Partial<Record<'perms' | 'scheme' | 'id', unknown>> | null) => {
    const { perms, scheme, id } = entry ?? {}
    const isEntry = typeof scheme === 'string' && typeof id === 'string'
    if (!isEntry || !Number.isInteger(perms)) throw noAcl()
    if ((perms as number) < 0 || (perms as number) > PERMS.ALL) throw noAcl()
    if (scheme === 'auth') throw new HttpError(400, 'auth stands for who asks: name an identity.')
    return { perms: perms as number, id: { scheme, id } }
  })
}

const noAcl = (): HttpError =>
  new HttpError(
    400,
    'Expected "acl", a list of {"scheme", "id", "perms"} with perms from 0 to 31, and not an empty one.',
  )
