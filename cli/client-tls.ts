/**
 * The files that a client of a TLS port is given: authorities, a certificate and its key, all PEM. Their flags are `--ca`,
 * `--cert` and `--key`, with a prefix where a command has several sets. Neighbours: unusable, znode/target, compare, doctor,
 * migrate.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { reasonOf } from '../lib/internal.ts'
import { UsageError } from './flags.ts'
import { readText } from './settings/read-file.ts'
import { reasonInWords, unusableFile } from './unusable.ts'

export interface ClientTlsFiles {
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
}

/** Their contents. A `ClientTls` of the library, as far as files make one. */
export interface ClientTlsTexts {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

/** The names of those that were given, as flags. */
export const givenTlsFlags = (prefix: string, files: ClientTlsFiles): string[] =>
  (['ca', 'cert', 'key'] as const)
    .filter((name) => files[name] !== undefined)
    .map((name) => `--${prefix}${name}`)

/**
 * `prefix`: of the flags, such as "tls-" for --tls-ca. Without any file: an empty object, Node's own authorities.
 * @throws {UsageError} with the flag: a file cannot be read, is no PEM of its kind, or the two of a pair are not one
 */
export function clientTlsOf(prefix: string, { ca, cert, key }: ClientTlsFiles): ClientTlsTexts {
  const flag = (name: string): string => `--${prefix}${name}`
  if ((cert === undefined) !== (key === undefined)) {
    const [given, missing] = cert === undefined ? ['key', 'cert'] : ['cert', 'key']
    throw new UsageError(
      `${flag('cert')} and ${flag('key')} go together: ${flag(given)} is given, ${flag(missing)} is not`,
    )
  }
  const tls: { ca?: string; cert?: string; key?: string } = {}
  if (ca !== undefined) {
    tls.ca = contentOf(flag('ca'), ca)
    certificateOf(flag('ca'), ca, tls.ca)
  }
  if (cert !== undefined && key !== undefined) {
    tls.cert = contentOf(flag('cert'), cert)
    tls.key = contentOf(flag('key'), key)
    const shown = certificateOf(flag('cert'), cert, tls.cert)
    if (!shown.checkPrivateKey(keyOf(flag('key'), key, tls.key))) {
      throw new UsageError(`${flag('key')} ${key}: it is not the key of ${flag('cert')} ${cert}`)
    }
  }
  return tls
}

function contentOf(flag: string, file: string): string {
  try {
    return readText(file)
  } catch (error) {
    throw new UsageError(unusableFile(flag, file, error))
  }
}

/** The first one: chains and bundles have several. */
function certificateOf(flag: string, file: string, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch {
    throw new UsageError(`${flag} ${file}: there is no certificate in it, in PEM`)
  }
}

function keyOf(flag: string, file: string, pem: string) {
  try {
    return createPrivateKey(pem)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const isLocked =
      code === 'ERR_MISSING_PASSPHRASE' || /passphrase|decrypt|interrupted/i.test(reasonOf(error))
    throw new UsageError(
      isLocked
        ? `${flag} ${file}: the key has a passphrase, which cannot be given here`
        : `${flag} ${file}: there is no private key in it, in PEM (${reasonInWords(error)})`,
    )
  }
}
