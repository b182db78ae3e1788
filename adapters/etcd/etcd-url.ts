/**
 * `etcd://user:pass@h:p,h:p?ca=…` → the adapter's options. Neighbours: ../index.ts, etcd-store.ts.
 */
import { StoreError } from '../../lib/model/errors.ts'
import { assertKnown, parseCounts, parseSources } from '../credentials/url-credentials.ts'
import type { EtcdStoreOptions } from './store-options.ts'

const DEFAULT_PORT = 2379
const NUMBERS = ['requestBytesMax', 'txnOpsMax', 'readTimeoutMs', 'writeTimeoutMs'] as const

/**
 * Parsed by hand, as the URL class refuses several hosts. User and password are percent-decoded, or `userFile` and
 * `passwordFile` are paths of files that hold them; `ca`, `cert` and `key` are paths of PEM files; `requestBytesMax`,
 * `txnOpsMax`, `readTimeoutMs`, `writeTimeoutMs` and `reloadMs` are whole numbers.
 * @throws {StoreError} STORE_INVALID; never with a part of the URL that may be a secret
 */
export function parseEtcdUrl(url: string): EtcdStoreOptions {
  const match = /^(etcds?):\/\/(?:([^@/?]*)@)?([^@/?]+)\/?(?:\?(.*))?$/.exec(url)
  if (match === null) {
    throw invalid(
      'an etcd URL looks like etcd://host:2379,host:2379 or etcds://… for TLS; user and password are percent-encoded',
    )
  }
  const [, scheme, user, hostList, query] = match
  const params = new URLSearchParams(query ?? '')
  const isSecure = scheme === 'etcds'
  const hosts = hostList!.split(',').map((host, index) => parseHost(host, index, isSecure))
  assertKnown('etcd', params, NUMBERS)
  const parts = { store: 'etcd', user, params, isSecure, hasDefaultUser: false }
  const credentials = parseSources(parts)
  // The driver accepts a client certificate only together with an authority.
  if (params.has('cert') && !params.has('ca')) throw invalid('cert and key need ca as well')
  return {
    hosts,
    ...(Object.keys(credentials).length > 0 && { credentials }),
    ...parseCounts(params, [...NUMBERS, 'reloadMs'] as const),
  }
}

const invalid = (message: string): StoreError => new StoreError('STORE_INVALID', message)

/** What is not understood is not repeated: without an @, it may be user and password. */
function parseHost(text: string, index: number, isSecure: boolean): string {
  const match = /^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?$/.exec(text)
  const port = Number(match?.[2] ?? DEFAULT_PORT)
  if (match === null || port < 1 || port > 65_535) {
    throw invalid(`host ${index + 1} in the etcd URL is no host:port`)
  }
  return `${isSecure ? 'https://' : ''}${match[1]}:${port}`
}
