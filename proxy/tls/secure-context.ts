/** From options and files to what Node serves TLS with. Neighbours: options, key-material, secure-door. */
import { constants } from 'node:crypto'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { checkNames, optionNames, type Refuse } from '../../lib/internal.ts'
import { cipherList } from './cipher-names.ts'
import { type KeyMaterial, readRaw, understand } from './key-material.ts'
import {
  type KnownSecureOptions,
  SECURE_DEFAULT,
  type SecureOptions,
  TlsError,
  type TlsFiles,
} from './options.ts'

const OPTIONS = optionNames<SecureOptions>({
  host: true,
  port: true,
  onPlainPort: true,
  files: true,
  clientAuth: true,
  minVersion: true,
  maxVersion: true,
  ciphers: true,
  superUser: true,
  reload: true,
  reloadPollMs: true,
  handshakesMax: true,
  handshakeTimeoutMs: true,
})

const FILES = optionNames<TlsFiles>({
  cert: true,
  key: true,
  passphrase: true,
  ca: true,
  caPassphrase: true,
  crl: true,
})

export const invalid: Refuse = (message, cause) => {
  return new TlsError(message, cause === undefined ? undefined : { cause })
}

/**
 * Reads the files and judges all options, as a start does.
 * @throws {TlsError} they cannot be used; the message says why and what to do
 */
export function checkSecureOptions(options: SecureOptions): void {
  const secure = knownOptions(options)
  const { files, clientAuth } = secure
  createSecureContext(contextOf(secure, understand(files, readRaw(files), clientAuth, Date.now())))
}

/** @throws {TlsError} */
export function knownOptions(options: SecureOptions): KnownSecureOptions {
  checkNames(options, OPTIONS, invalid)
  checkNames(options.files, FILES, invalid, 'files')
  const secure = { ...SECURE_DEFAULT, ...options }
  const { minVersion, maxVersion } = secure
  if (minVersion > maxVersion) {
    throw new TlsError(`TLS from ${minVersion} to ${maxVersion}: there is no such version`)
  }
  if (secure.port === undefined && !secure.onPlainPort) {
    throw new TlsError(
      'TLS is set up, but no port serves it: name a secure port, or serve it on the plain one',
    )
  }
  return secure
}

/** Renegotiation costs the server ten times what it costs the client, and nobody needs it. */
export function contextOf(secure: KnownSecureOptions, material: KeyMaterial): SecureContextOptions {
  const { minVersion, maxVersion, ciphers } = secure
  const { cert, key, ca, crl } = material
  return {
    cert,
    key,
    minVersion,
    maxVersion,
    honorCipherOrder: true,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_CIPHER_SERVER_PREFERENCE,
    ...(ca !== undefined && { ca, allowPartialTrustChain: true }),
    ...(crl !== undefined && { crl }),
    ...(ciphers !== undefined && {
      ciphers: cipherList(ciphers, { min: minVersion, max: maxVersion }),
    }),
  }
}
