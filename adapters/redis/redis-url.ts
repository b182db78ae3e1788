/** `redis://user:pass@host:port/db?…` → the adapter's options. Neighbours: adapters/index.ts. */
import { isIP } from 'node:net'
import { StoreError } from '../../lib/model/errors.ts'
import { assertKnown, parseCounts, parseSources } from '../credentials/url-credentials.ts'
import type { RedisStoreOptions } from './store-options.ts'

const DEFAULT_PORT = 6379
const NUMBERS = ['feedBytesMax', 'readTimeoutMs', 'writeTimeoutMs'] as const

/**
 * User and password are percent-decoded, or `userFile` and `passwordFile` are paths of files that hold them; a password alone is
 * the default user's. `name` is the name of the data in Redis; `ca`, `cert` and `key` are paths of PEM files; `feedBytesMax`,
 * `readTimeoutMs`, `writeTimeoutMs` and `reloadMs` are whole numbers.
 * @throws {StoreError} STORE_INVALID; never with a part of the URL that may be a secret
 */
export function parseRedisUrl(url: string): RedisStoreOptions {
  const match = /^(rediss?):\/\/(?:([^@/?]*)@)?([^@/?]+)(?:\/([^?]*))?(?:\?(.*))?$/.exec(url)
  if (match === null) {
    throw invalid(
      'a redis URL looks like redis://host:6379/0 or rediss://… for TLS; user and password are percent-encoded',
    )
  }
  const [, scheme, user, address, db = '', query = ''] = match
  const params = new URLSearchParams(query)
  const isSecure = scheme === 'rediss'
  const { host, port } = parseHost(address!)
  assertKnown('redis', params, ['name', ...NUMBERS])
  const parts = { store: 'redis', user, params, isSecure, hasDefaultUser: true }
  const credentials = parseSources(parts)
  return {
    host,
    port,
    ...(Object.keys(credentials).length > 0 && { credentials }),
    ...(db === '' ? {} : { db: parseDb(db) }),
    ...(params.has('name') ? { name: parseName(params.get('name')!) } : {}),
    // An IP address is not a server name; the certificate is checked for the address.
    ...(isSecure && { tls: isIP(host) === 0 ? { servername: host } : {} }),
    ...parseCounts(params, [...NUMBERS, 'reloadMs'] as const),
  }
}

const invalid = (message: string): StoreError => new StoreError('STORE_INVALID', message)

/** What is not understood is not repeated: without an @, it may be user and password. */
function parseHost(text: string): { host: string; port: number } {
  const match = /^(?:([A-Za-z0-9._-]+)|\[([0-9A-Fa-f:.]+)\])(?::(\d{1,5}))?$/.exec(text)
  const port = Number(match?.[3] ?? DEFAULT_PORT)
  if (match === null || port < 1 || port > 65_535) {
    throw invalid('the host in the redis URL is no host:port')
  }
  return { host: (match[1] ?? match[2])!, port }
}

function parseDb(text: string): number {
  if (!/^\d{1,5}$/.test(text)) {
    throw invalid('what is behind the / in the redis URL is no database number')
  }
  return Number(text)
}

/** The name becomes a hash tag: `{name}:state`. */
function parseName(text: string): string {
  if (/^[A-Za-z0-9._-]{1,64}$/.test(text)) return text
  throw invalid('name has 1 to 64 letters, digits, dots, underscores and hyphens')
}
