/** A file of certificates or keys: PEM or PKCS12, which its first bytes say; what is neither is refused with the way to convert it. */
import { X509Certificate } from 'node:crypto'
import { readBoundedSync, reasonOf } from '../../lib/internal.ts'
import { TlsError } from './options.ts'

/** No chain, bundle or revocation list of a deployment is longer; a wrong path may lead to anything. Unit bytes. */
const FILE_BYTES_MAX = 16 * 1024 * 1024
/** How long a FIFO or a device may say nothing. Unit ms. */
const SILENCE_MS_MAX = 10_000
const DER_SEQUENCE = 0x30
const DER_INTEGER = 0x02

/** @throws {TlsError} it cannot be read */
export function readStoreFile(what: string, path: string): Buffer {
  let bytes: Buffer
  try {
    bytes = readBoundedSync(path, { bytesMax: FILE_BYTES_MAX, silenceMsMax: SILENCE_MS_MAX })
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    throw new TlsError(`${what} ${path} cannot be read: ${REASONS[code] ?? reasonOf(error)}`)
  }
  if (bytes.length === 0) throw new TlsError(`${what} ${path} is empty`)
  return bytes
}

const REASONS: Record<string, string> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user may not read it',
  EISDIR: 'it is a folder',
}

/** @throws {TlsError} it is neither PEM nor PKCS12 */
export function isPkcs12File(what: string, path: string, bytes: Buffer): boolean {
  refuseJavaStore(what, path, bytes)
  if (isPkcs12(bytes)) return true
  checkPem(what, path, bytes)
  return false
}

/** @throws {TlsError} it is not PEM */
export function checkPem(what: string, path: string, bytes: Buffer): string {
  refuseJavaStore(what, path, bytes)
  const text = bytes.toString('latin1')
  if (text.includes('-----BEGIN ')) return text
  if (isPkcs12(bytes)) throw new TlsError(`${what} ${path} is a PKCS12 store: it must be PEM`)
  if (isCertificate(bytes)) {
    throw new TlsError(
      `${what} ${path} is DER, not PEM. To convert it: openssl x509 -inform der -in ${path} -out cert.pem`,
    )
  }
  throw new TlsError(`${what} ${path} is not PEM: it has no line that begins with -----BEGIN`)
}

/** JKS, JCEKS and BCFKS: formats of Java alone. */
function refuseJavaStore(what: string, path: string, bytes: Buffer): void {
  const type = javaStoreType(bytes)
  if (type === undefined) return
  const from = type === 'BCFKS' ? ' -srcstoretype BCFKS' : ''
  throw new TlsError(
    `${what} ${path} is a ${type} store, which only Java reads. To convert it: ` +
      `keytool -importkeystore -srckeystore ${path}${from} -destkeystore store.p12 -deststoretype PKCS12`,
  )
}

function javaStoreType(bytes: Buffer): string | undefined {
  if (bytes.length < 4) return undefined
  switch (bytes.readUInt32BE(0)) {
    case 0xfeedfeed:
      return 'JKS'
    case 0xcececece:
      return 'JCEKS'
    default:
  }
  const isDer = bytes[0] === DER_SEQUENCE && firstInside(bytes) === DER_SEQUENCE
  return isDer && !isCertificate(bytes) ? 'BCFKS' : undefined
}

/** PFX ::= SEQUENCE { version INTEGER … } */
function isPkcs12(bytes: Buffer): boolean {
  return bytes[0] === DER_SEQUENCE && firstInside(bytes) === DER_INTEGER
}

/** The tag of the first element of a sequence. */
function firstInside(bytes: Buffer): number | undefined {
  const length = bytes[1] ?? 0
  return bytes[length < 0x80 ? 2 : 2 + (length & 0x7f)]
}

function isCertificate(bytes: Buffer): boolean {
  try {
    return new X509Certificate(bytes).subject !== undefined
  } catch {
    return false
  }
}
