/** The parts that URLs of servers share: user, password, files, numbers. No part of a URL that may be a secret is repeated. */
import type { CredentialSources } from './credentials.ts'
import { invalid } from './secret-file.ts'

const TLS_FILES = ['ca', 'cert', 'key'] as const
const LOGIN_FILES = ['userFile', 'passwordFile'] as const

interface Parts {
  /** "etcd" */
  readonly store: string
  /** What is before the @; undefined: nothing is. */
  readonly user: string | undefined
  readonly params: URLSearchParams
  /** Is the scheme the one for TLS? */
  readonly isSecure: boolean
  /** May the user be absent where there is a password? */
  readonly hasDefaultUser: boolean
}

/** @throws {StoreError} STORE_INVALID for a parameter that neither this module nor `others` knows */
export function assertKnown(
  store: string,
  params: URLSearchParams,
  others: readonly string[],
): void {
  const known: readonly string[] = [...TLS_FILES, ...LOGIN_FILES, 'reloadMs', ...others]
  for (const name of params.keys()) {
    if (known.includes(name)) continue
    // A "?" of a password that is not percent-encoded begins what looks like parameters.
    const isShown = /^\w{1,32}$/.test(name) && !params.toString().includes('%40')
    const which = isShown ? ` "${name}"` : ': a ? or & in the password is written percent-encoded'
    throw invalid(`${isA(store)} URL has no parameter${which}`)
  }
}

/** @throws {StoreError} STORE_INVALID */
export function parseSources(parts: Parts): CredentialSources {
  const { store, params, isSecure } = parts
  if (!isSecure && TLS_FILES.some((name) => params.has(name))) {
    throw invalid(`ca, cert and key need ${store}s:// instead of ${store}://`)
  }
  if (params.has('cert') !== params.has('key')) throw invalid('cert and key come together')
  const files = [...TLS_FILES, ...LOGIN_FILES].filter((name) => params.has(name))
  const nameless = files.find((name) => params.get(name) === '')
  if (nameless !== undefined) throw invalid(`${nameless} names no file`)
  const user = parts.user === undefined ? {} : parseUser(parts.user, parts)
  const sources: CredentialSources = {
    ...user,
    ...Object.fromEntries(files.map((name) => [name, params.get(name)!])),
  }
  const { username, password, userFile, passwordFile } = sources
  if (username !== undefined && userFile !== undefined) {
    throw invalid(`the ${store} URL names the user two times: in itself and by userFile`)
  }
  if (password !== undefined && passwordFile !== undefined) {
    throw invalid(`the ${store} URL names the password two times: in itself and by passwordFile`)
  }
  const hasUser = username !== undefined || userFile !== undefined
  const hasPassword = password !== undefined || passwordFile !== undefined
  if (hasUser && !hasPassword)
    throw invalid('the user needs a password: passwordFile names its file')
  if (hasPassword && !hasUser && !parts.hasDefaultUser) {
    throw invalid(`the password needs a user: ${store}://user@host, or userFile`)
  }
  return sources
}

function parseUser(text: string, { store, params, hasDefaultUser }: Parts): CredentialSources {
  const colon = text.indexOf(':')
  const isWhole = colon > 0 || (colon === 0 && (hasDefaultUser || params.has('userFile')))
  if (!isWhole && !(colon < 0 && text !== '' && params.has('passwordFile'))) {
    throw invalid(
      `the user in the ${store} URL must be given as user:password@, or as user@ with a passwordFile`,
    )
  }
  try {
    const username = decodeURIComponent(colon < 0 ? text : text.slice(0, colon))
    const user = username === '' ? {} : { username }
    return colon < 0 ? user : { ...user, password: decodeURIComponent(text.slice(colon + 1)) }
  } catch {
    // Without the cause, which may be shown: nothing of a password belongs there.
    throw invalid(`the user in the ${store} URL is not percent-encoded`)
  }
}

/** Those of the numbers that are given. @throws {StoreError} STORE_INVALID */
export function parseCounts<Name extends string>(
  params: URLSearchParams,
  names: readonly Name[],
): Partial<Record<Name, number>> {
  const counts: Partial<Record<Name, number>> = {}
  for (const name of names) {
    if (!params.has(name)) continue
    const value = Number(params.get(name))
    if (!Number.isSafeInteger(value) || value < 1) throw invalid(`${name} must be a whole number`)
    counts[name] = value
  }
  return counts
}

const isA = (store: string): string => (store === 'etcd' ? 'an etcd' : `a ${store}`)
