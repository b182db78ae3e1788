/**
 * `etcd://user:pass@h:p,h:p?ca=…` → the adapter's options. Neighbours: ../index.ts, etcd-store.ts.
 */
import { readFile } from 'node:fs/promises'
import { StoreError } from '../../lib/model/errors.ts'
import type { ConnectionOptions } from './member.ts'

const DEFAULT_PORT = 2379
const FILES = ['ca', 'cert', 'key']
const NUMBERS = ['requestBytesMax', 'txnOpsMax', 'readTimeoutMs', 'writeTimeoutMs'] as const

type Parsed = Omit<ConnectionOptions, 'loginTimeoutMs'> &
  Partial<Record<(typeof NUMBERS)[number], number>>

/**
 * Parsed by hand, as the URL class refuses several hosts. User and password are
 * percent-decoded; `ca`, `cert` and `key` are paths of PEM files; `requestBytesMax`, `txnOpsMax`,
 * `readTimeoutMs` and `writeTimeoutMs` are whole numbers.
 * @throws {StoreError} STORE_INVALID
 */
export async function parseEtcdUrl(url: string): Promise<Parsed> {
  const match = /^(etcds?):\/\/(?:([^@/?]*)@)?([^@/?]+)\/?(?:\?(.*))?$/.exec(url)
  if (match === null) {
    throw invalid('an etcd URL looks like etcd://host:2379,host:2379 or etcds://… for TLS')
  }
  const [, scheme, user, hostList, query] = match
  const params = new URLSearchParams(query ?? '')
  for (const name of params.keys()) {
    if (!FILES.includes(name) && !(NUMBERS as readonly string[]).includes(name)) {
      throw invalid(`an etcd URL has no parameter "${name}"`)
    }
  }
  const secure = scheme === 'etcds'
  if (!secure && FILES.some((name) => params.has(name))) {
    throw invalid('ca, cert and key need etcds:// instead of etcd://')
  }
  const hosts = hostList!.split(',').map((host) => parseHost(host, secure))
  return {
    hosts,
    ...(user === undefined ? {} : { auth: parseUser(user) }),
    ...(params.has('ca') ? { credentials: await readCredentials(params) } : noClientCert(params)),
    ...Object.fromEntries(
      NUMBERS.filter((name) => params.has(name)).map((name) => [name, parseCount(name, params)]),
    ),
  }
}

function invalid(message: string, cause?: unknown): StoreError {
  return new StoreError('STORE_INVALID', message, cause === undefined ? {} : { cause })
}

function parseHost(text: string, secure: boolean): string {
  const match = /^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?$/.exec(text)
  const port = Number(match?.[2] ?? DEFAULT_PORT)
  if (match === null || port < 1 || port > 65_535) {
    throw invalid(`"${text}" in the etcd URL is no host:port`)
  }
  return `${secure ? 'https://' : ''}${match[1]}:${port}`
}

function parseUser(text: string): { username: string; password: string } {
  const colon = text.indexOf(':')
  if (colon < 1) throw invalid('the user in the etcd URL must be given as user:password@')
  try {
    return {
      username: decodeURIComponent(text.slice(0, colon)),
      password: decodeURIComponent(text.slice(colon + 1)),
    }
  } catch (cause) {
    throw invalid('the user in the etcd URL is not percent-encoded', cause)
  }
}

function parseCount(name: string, params: URLSearchParams): number {
  const value = Number(params.get(name))
  if (!Number.isSafeInteger(value) || value < 1) throw invalid(`${name} must be a whole number`)
  return value
}

/** The driver accepts a client certificate only together with an authority. */
function noClientCert(params: URLSearchParams): Record<never, never> {
  if (params.has('cert') || params.has('key')) throw invalid('cert and key need ca as well')
  return {}
}

async function readCredentials(
  params: URLSearchParams,
): Promise<NonNullable<ConnectionOptions['credentials']>> {
  if (params.has('cert') !== params.has('key')) throw invalid('cert and key come together')
  const read = (name: string): Promise<Buffer> =>
    readFile(params.get(name)!).catch((cause) => {
      throw invalid(`cannot read the ${name} file ${params.get(name)}`, cause)
    })
  const rootCertificate = await read('ca')
  if (!params.has('cert')) return { rootCertificate }
  return { rootCertificate, certChain: await read('cert'), privateKey: await read('key') }
}
