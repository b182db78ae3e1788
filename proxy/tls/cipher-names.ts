/** Cipher suites by OpenSSL's names; those of Java (JSSE, IANA) are translated. Neighbour: secure-door. */
import { getCiphers } from 'node:tls'
import { TlsError } from './options.ts'

/** Suites of TLS 1.3 have one name everywhere. */
const TLS13 = new Set([
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_CCM_SHA256',
  'TLS_AES_128_CCM_8_SHA256',
])
const JAVA = /^(?:TLS|SSL)_(?:(.+)_)?WITH_(.+)$/

/**
 * OpenSSL's name of a suite that Java calls `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`, or OpenSSL itself
 * `ECDHE-RSA-AES128-GCM-SHA256`.
 */
function openSslName(name: string): string {
  const match = JAVA.exec(name)
  if (match === null) return name
  const [, exchange = '', cipher = ''] = match
  const words = cipher
    .replace(/^AES_(\d+)_/, 'AES$1_')
    .replace(/^3DES_EDE_CBC_/, 'DES-CBC3-')
    .replace(/CBC_/, '')
    .replace(/^CHACHA20_POLY1305_SHA256$/, 'CHACHA20-POLY1305')
  const by = exchange === 'RSA' ? '' : `${exchange}-`
  return `${by}${words}`.replaceAll('_', '-')
}

/**
 * What `ciphers` of a TLS context takes.
 * @throws {TlsError} a name that is not known, or no suite for a version of TLS that is to be served
 */
export function cipherList(
  names: readonly string[],
  versions: { min: string; max: string },
): string {
  const known = new Set(getCiphers().map((name) => name.toUpperCase()))
  const list = names.map((name) => {
    const found = openSslName(name.trim())
    if (!known.has(found.toUpperCase())) throw new TlsError(`there is no cipher suite "${name}"`)
    return found
  })
  const has13 = list.some((name) => TLS13.has(name))
  const has12 = list.some((name) => !TLS13.has(name))
  if (versions.min === 'TLSv1.3' && !has13) {
    throw new TlsError(
      'none of the cipher suites is one of TLSv1.3, and no older version is served',
    )
  }
  if (versions.max === 'TLSv1.2' && !has12) {
    throw new TlsError('all cipher suites are of TLSv1.3, and it is not served')
  }
  return list.join(':')
}
