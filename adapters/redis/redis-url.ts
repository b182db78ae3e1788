/** `redis://user:pass@host:port/db?…` → the adapter's options. Neighbours: adapters/index.ts. */
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import type { ConnectionOptions as TlsOptions } from 'node:tls'
import { StoreError } from '../../lib/model/errors.ts'
import type { ServerOptions } from './link.ts'

const DEFAULT_PORT = 6379
const FILES = ['ca', 'cert', 'key']
const NUMBERS = ['feedBytesMax', 'readTimeoutMs', 'writeTimeoutMs'] as const

type Parsed = ServerOptions & { readonly name?: string } & Partial<
    Record<(typeof NUMBERS)[number], number>
  >

/**
 * User and password are percent-decoded; `:pass@` is the default user's. `name` is the name of the
 * data in Redis; `ca`, `cert` and `key` are paths of PEM files; `feedBytesMax`, `readTimeoutMs` and
 * `writeTimeoutMs` are whole numbers.
 * @throws {StoreError} STORE_INVALID; never with the password in its message
 */
export async function parseRedisUrl(url: string): Promise<Parsed> {
  const match = /^(rediss?):\/\/(?:([^@/?]*)@)?([^@/?]+)(?:\/([^?]*))?(?:\?(.*))?$/.exec(url)
  if (match === null) {
    throw invalid('a redis URL looks like redis://host:6379/0 or rediss://… for TLS')
  }
  const [, scheme, user, address, db = '', query = ''] = match
  const params = new URLSearchParams(query)
  const known = ['name', ...FILES, ...NUMBERS]
  for (const name of params.keys()) {
    if (!known.includes(name)) throw invalid(`a redis URL has no parameter "${name}"`)
  }
  const secure = scheme === 'rediss'
  if (!secure && FILES.some((name) => params.has(name))) {
    throw invalid('ca, cert and key need rediss:// instead of redis://')
  }
  const { host, port } = parseHost(address!)
  return {
    host,
    port,
    ...(user === undefined ? {} : parseUser(user)),
    ...(db === '' ? {} : { db: parseDb(db) }),
    ...(params.has('name') ? { name: parseName(params.get('name')!) } : {}),
    ...(secure ? { tls: await readTls(params, host) } : {}),
    ...Object.fromEntries(
      NUMBERS.filter((name) => params.has(name)).map((name) => [name, parseCount(name, params)]),
    ),
  }
}

function invalid(message: string, cause?: unknown): StoreError {
  return new StoreError('STORE_INVALID', message, cause === undefined ? {} : { cause })
}

function parseHost(text: string): { host: string; port: number } {
  const match = /^(?:([A-Za-z0-9._-]+)|\[([0-9A-Fa-f:.]+)\])(?::(\d{1,5}))?$/.exec(text)
  const port = Number(match?.[3] ?? DEFAULT_PORT)
  if (match === null || port < 1 || port > 65_535) {
    throw invalid(`"${text}" in the redis URL is no host:port`)
  }
  return { host: (match[1] ?? match[2])!, port }
}

function parseUser(text: string): { username?: string; password: string } {
  const colon = text.indexOf(':')
  if (colon < 0) throw invalid('the user in the redis URL must be given as user:password@')
  try {
    const username = decodeURIComponent(text.slice(0, colon))
    const password = decodeURIComponent(text.slice(colon + 1))
    return username === '' ? { password } : { username, password }
  } catch (cause) {
    throw invalid('the user in the redis URL is not percent-encoded', cause)
  }
}

function parseDb(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw invalid(`"/${text}" in the redis URL is no database number`)
  return Number(text)
}

/** The name becomes a hash tag: `{name}:state`. */
function parseName(text: string): string {
  if (/^[A-Za-z0-9._-]{1,64}$/.test(text)) return text
  throw invalid('name has 1 to 64 letters, digits, dots, underscores and hyphens')
}

function parseCount(name: string, params: URLSearchParams): number {
  const value = Number(params.get(name))
  if (!Number.isSafeInteger(value) || value < 1) throw invalid(`${name} must be a whole number`)
  return value
}

async function readTls(params: URLSearchParams, host: string): Promise<TlsOptions> {
  if (params.has('cert') !== params.has('key')) throw invalid('cert and key come together')
  const files = FILES.filter((name) => params.has(name)).map(async (name) => {
    const path = params.get(name)!
    const bytes = await readFile(path).catch((cause) => {
      throw invalid(`cannot read the ${name} file ${path}`, cause)
    })
    return [name, bytes] as const
  })
  // An IP address is not a server name; the certificate is checked for the address.
  const servername = isIP(host) === 0 ? { servername: host } : {}
  return { ...servername, ...Object.fromEntries(await Promise.all(files)) }
}
