/**
 * Reads the files of a secure port and checks that they can serve: the key belongs to the certificate, nothing has
 * expired, clients can be verified. All of it or an error in a sentence. Neighbours: store-file, pkcs12, secure-door.
 */
import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import type { ClientAuthMode, TlsFiles } from './options.ts'
import { TlsError } from './options.ts'
import { readPkcs12 } from './pkcs12.ts'
import { checkPem, checkPkcs12, readStoreFile } from './store-file.ts'

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
  pfx: 'the key store',
  ca: 'the file of authorities',
  trustPfx: 'the trust store',
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
  const { chain, key } = files.pfx === undefined ? fromPem(files, raw) : fromPfx(files, raw)
  const leaf = chain.find((certificate) => certificate.checkPrivateKey(key))
  if (leaf === undefined) {
    const of =
      files.pfx ?? `${files.key ?? files.cert} does not belong to the certificate in ${files.cert}`
    throw new TlsError(
      files.pfx === undefined
        ? `the key in ${of}: they must be made together`
        : `the key in ${of} belongs to none of the certificates in it`,
    )
  }
  if (files.pfx === undefined && leaf !== chain[0]) {
    throw new TlsError(
      `the first certificate in ${files.cert} must be the server's own: the key belongs to a later one`,
    )
  }
  const ordered = [leaf, ...chain.filter((certificate) => certificate !== leaf)]
  const expiresMs = Math.min(...ordered.map(({ validTo }) => Date.parse(validTo)))
  checkDates(leaf, files.pfx ?? (files.cert as string), nowMs)
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
  if (files.pfx === undefined && files.cert === undefined) {
    throw new TlsError('TLS needs a certificate and its key: as PEM, or in a PKCS12 key store')
  }
  if (files.pfx !== undefined && (files.cert ?? files.key) !== undefined) {
    throw new TlsError('the certificate is given twice: as PEM, and in a PKCS12 key store')
  }
  if (files.ca !== undefined && files.trustPfx !== undefined) {
    throw new TlsError('the authorities are given twice: as PEM, and in a PKCS12 trust store')
  }
  if (clientAuth === 'none' || (files.ca ?? files.trustPfx) !== undefined) return
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
  const cert = files.cert as string
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
    const hint = isEncrypted ? 'the password is wrong, or the key is damaged' : reasonOf(error)
    throw new TlsError(`the key in ${keyPath} cannot be used: ${hint}`)
  }
}

function fromPfx(files: TlsFiles, raw: RawFiles): ChainAndKey {
  const path = files.pfx as string
  const bytes = raw.bytes.get('pfx') as Buffer
  checkPkcs12(NAMES.pfx, path, bytes)
  const { certificates, keys } = readPkcs12(NAMES.pfx, path, bytes, files.passphrase)
  const [key] = keys
  if (key === undefined) {
    throw new TlsError(`${NAMES.pfx} ${path} has no private key: it may be a trust store`)
  }
  if (keys.length > 1) {
    throw new TlsError(`${NAMES.pfx} ${path} has ${keys.length} private keys: one is needed`)
  }
  return { chain: certificates, key }
}

function authorities(files: TlsFiles, raw: RawFiles): string[] {
  if (files.ca !== undefined) return certificatesIn('ca', files.ca, raw).map(String)
  const path = files.trustPfx as string
  const bytes = raw.bytes.get('trustPfx') as Buffer
  checkPkcs12(NAMES.trustPfx, path, bytes)
  const { certificates } = readPkcs12(NAMES.trustPfx, path, bytes, files.trustPassphrase)
  if (certificates.length === 0) {
    throw new TlsError(`${NAMES.trustPfx} ${path} has no certificate`)
  }
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
        `certificate ${at + 1} in ${NAMES[name]} ${path} cannot be read: ${reasonOf(error)}`,
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
    throw new TlsError(`certificates and key cannot be used (${named}): ${reasonOf(error)}`)
  }
}

function reasonOf(error: unknown): string {
  const { reason, message } = error as { reason?: string; message?: string }
  return reason ?? message ?? String(error)
}
