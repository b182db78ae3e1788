/**
 * Reads the files of a secure port and checks that they can serve: the key belongs to the certificate, nothing has
 * expired, clients can be verified. All of it or an error in a sentence. Neighbours: store-file, pkcs12, secure-door.
 */

import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { reasonOf } from '../../lib/internal.ts'
import type { ClientAuthMode, TlsFiles } from './options.ts'
import { TlsError } from './options.ts'
import { readPkcs12 } from './pkcs12.ts'
import { checkPem, isPkcs12File, readStoreFile } from './store-file.ts'

/** What a TLS context is made of, as PEM. */
export interface KeyMaterial {
  /** The server's certificate and its chain. */
  readonly cert: string
  readonly key: string
  /** Authorities of clients; undefined: no client is verified. */
  readonly ca: string[] | undefined
  readonly crl: string[] | undefined
  /** The server's certificate. */
  readonly leaf: X509Certificate
  /** When the first of the server's certificates expires, ms since 1970. */
  readonly expiresMs: number
}

/** The bytes of all files, before they are understood. */
export interface RawFiles {
  readonly bytes: ReadonlyMap<string, Buffer>
  /** Equal for equal bytes. */
  readonly digest: string
}

const NAMES = {
  cert: 'the certificate file',
  key: 'the key file',
  ca: 'the file of authorities',
  crl: 'the revocation list',
} as const

type FileName = keyof typeof NAMES
const FILE_NAMES = Object.keys(NAMES) as FileName[]

/** Paths of the files that are named. */
export function pathsOf(files: TlsFiles): string[] {
  return FILE_NAMES.flatMap((name) => files[name] ?? [])
}

/** @throws {TlsError} a file cannot be read */
export function readRaw(files: TlsFiles): RawFiles {
  const bytes = new Map<string, Buffer>()
  const hash = createHash('sha256')
  for (const name of FILE_NAMES) {
    const path = files[name]
    if (path === undefined) continue
    const content = readStoreFile(NAMES[name], path)
    bytes.set(name, content)
    hash.update(`${name}\0${content.length}\0`).update(content)
  }
  return { bytes, digest: hash.digest('hex') }
}

/**
 * @param nowMs for what has expired
 * @throws {TlsError}
 */
export function understand(
  files: TlsFiles,
  raw: RawFiles,
  clientAuth: ClientAuthMode,
  nowMs: number,
): KeyMaterial {
  checkNamed(files, clientAuth)
  const { cert } = files
  const isStore = isPkcs12File(NAMES.cert, cert, raw.bytes.get('cert') as Buffer)
  const { chain, key } = isStore ? fromStore(files, raw) : fromPem(files, raw)
  const leaf = chain.find((certificate) => certificate.checkPrivateKey(key))
  if (leaf === undefined) {
    throw new TlsError(
      isStore
        ? `the key in ${cert} belongs to none of the certificates in it`
        : `the key in ${files.key ?? cert} does not belong to the certificate in ${cert}: they must be made together`,
    )
  }
  if (!isStore && leaf !== chain[0]) {
    throw new TlsError(
      `the first certificate in ${cert} must be the server's own: the key belongs to a later one`,
    )
  }
  const ordered = [leaf, ...chain.filter((certificate) => certificate !== leaf)]
  const expiresMs = Math.min(...ordered.map(({ validTo }) => Date.parse(validTo)))
  checkDates(leaf, cert, nowMs)
  const material: KeyMaterial = {
    cert: ordered.map(String).join(''),
    key: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    ca: clientAuth === 'none' ? undefined : authorities(files, raw),
    crl: clientAuth === 'none' ? undefined : revocations(files, raw),
    leaf,
    expiresMs,
  }
  checkUsable(material, files)
  return material
}

function checkNamed(files: TlsFiles, clientAuth: ClientAuthMode): void {
  if (clientAuth === 'none' || files.ca !== undefined) return
  throw new TlsError(
    `client authentication is "${clientAuth}", and nothing says whose certificates are trusted: ` +
      'name the authorities, or set client authentication to "none"',
  )
}

interface ChainAndKey {
  readonly chain: readonly X509Certificate[]
  readonly key: KeyObject
}

function fromPem(files: TlsFiles, raw: RawFiles): ChainAndKey {
  const { cert } = files
  const chain = certificatesIn('cert', cert, raw)
  const keyName = files.key === undefined ? 'cert' : 'key'
  const keyPath = files.key ?? cert
  const text = checkPem(NAMES[keyName], keyPath, raw.bytes.get(keyName) as Buffer)
  const block =
    /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z0-9 ]*PRIVATE KEY-----/.exec(text)
  if (block === null) {
    const hint = files.key === undefined ? ': name the file of the key, too' : ''
    throw new TlsError(`${NAMES[keyName]} ${keyPath} has no private key${hint}`)
  }
  const isEncrypted = block[0].includes('ENCRYPTED')
  if (isEncrypted && files.passphrase === undefined) {
    throw new TlsError(`the key in ${keyPath} is encrypted, and no password is given`)
  }
  try {
    const passphrase = isEncrypted ? { passphrase: files.passphrase as string } : {}
    return { chain, key: createPrivateKey({ key: block[0], format: 'pem', ...passphrase }) }
  } catch (error) {
    const hint = isEncrypted ? 'the password is wrong, or the key is damaged' : openSslReason(error)
    throw new TlsError(`the key in ${keyPath} cannot be used: ${hint}`)
  }
}

function fromStore(files: TlsFiles, raw: RawFiles): ChainAndKey {
  const { cert, passphrase } = files
  if (files.key !== undefined) {
    throw new TlsError(
      `${NAMES.cert} ${cert} is a PKCS12 store with a key of its own: name no key file`,
    )
  }
  const bytes = raw.bytes.get('cert') as Buffer
  const { certificates, keys } = readPkcs12(NAMES.cert, cert, bytes, passphrase)
  const [key] = keys
  if (key === undefined) {
    throw new TlsError(`${NAMES.cert} ${cert} has no private key: it may be a trust store`)
  }
  if (keys.length > 1) {
    throw new TlsError(`${NAMES.cert} ${cert} has ${keys.length} private keys: one is needed`)
  }
  return { chain: certificates, key }
}

function authorities(files: TlsFiles, raw: RawFiles): string[] {
  const path = files.ca as string
  const bytes = raw.bytes.get('ca') as Buffer
  if (!isPkcs12File(NAMES.ca, path, bytes)) return certificatesIn('ca', path, raw).map(String)
  const { certificates } = readPkcs12(NAMES.ca, path, bytes, files.caPassphrase)
  if (certificates.length === 0) throw new TlsError(`${NAMES.ca} ${path} has no certificate`)
  return certificates.map(String)
}

function revocations(files: TlsFiles, raw: RawFiles): string[] | undefined {
  if (files.crl === undefined) return undefined
  const text = checkPem(NAMES.crl, files.crl, raw.bytes.get('crl') as Buffer)
  const lists = blocks(text, 'X509 CRL')
  if (lists.length === 0) {
    throw new TlsError(`${NAMES.crl} ${files.crl} has no list: -----BEGIN X509 CRL----- is missing`)
  }
  return lists
}

function certificatesIn(name: 'cert' | 'ca', path: string, raw: RawFiles): X509Certificate[] {
  const text = checkPem(NAMES[name], path, raw.bytes.get(name) as Buffer)
  const found = blocks(text, 'CERTIFICATE')
  if (found.length === 0) throw new TlsError(`${NAMES[name]} ${path} has no certificate`)
  return found.map((block, at) => {
    try {
      return new X509Certificate(block)
    } catch (error) {
      throw new TlsError(
        `certificate ${at + 1} in ${NAMES[name]} ${path} cannot be read: ${openSslReason(error)}`,
      )
    }
  })
}

function blocks(text: string, type: string): string[] {
  return text.match(new RegExp(`-----BEGIN ${type}-----[\\s\\S]*?-----END ${type}-----`, 'g')) ?? []
}

function checkDates({ validFrom, validTo }: X509Certificate, path: string, nowMs: number): void {
  if (Date.parse(validTo) <= nowMs) {
    throw new TlsError(
      `the server's certificate in ${path} has expired: it was valid until ${validTo}`,
    )
  }
  if (Date.parse(validFrom) > nowMs) {
    throw new TlsError(
      `the server's certificate in ${path} is not valid yet: it begins ${validFrom}`,
    )
  }
}

/** OpenSSL's own judgement, such as of keys that are too short. */
function checkUsable({ cert, key, ca, crl }: KeyMaterial, files: TlsFiles): void {
  try {
    createSecureContext({ cert, key, ...(ca && { ca }), ...(crl && { crl }) })
  } catch (error) {
    const named = pathsOf(files).join(', ')
    throw new TlsError(`certificates and key cannot be used (${named}): ${openSslReason(error)}`)
  }
}

/** OpenSSL's own words, where it has some. */
function openSslReason(error: unknown): string {
  return (error as { readonly reason?: string }).reason ?? reasonOf(error)
}
