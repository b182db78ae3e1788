/** What a secure port is opened with. Neighbours: key-material (reads the files), secure-door (uses the rest). */

/** Whether a client must show a certificate (ssl.clientAuth). */
export type ClientAuthMode = 'none' | 'want' | 'need'

/** Versions of TLS that can be served. */
export type TlsVersion = 'TLSv1.2' | 'TLSv1.3'

/** Where certificates and keys are: paths of files, PEM or PKCS12, which is seen from their bytes. */
export interface TlsFiles {
  /** PEM: the server's certificate, then those of its issuers, and the key, if `key` is absent. PKCS12: all of it. */
  readonly cert: string
  /** PEM: the private key of `cert`. @default it is in the file of `cert` */
  readonly key?: string
  /** Of an encrypted key, or of a PKCS12 store. @default none */
  readonly passphrase?: string
  /** Certificates of the authorities that clients' certificates are verified with, PEM or PKCS12. */
  readonly ca?: string
  /** Of `ca`, if it is a PKCS12 store. @default none */
  readonly caPassphrase?: string
  /** PEM: lists of revoked certificates, one of each authority in a client's chain. */
  readonly crl?: string
}

/** Options of the secure port, and of TLS on the plain one. */
export interface SecureOptions {
  /** Address of the secure port. @default that of the plain port */
  readonly host?: string
  /** The secure port; 0: any free one. Absent: none, TLS is served on the plain port alone. */
  readonly port?: number
  /** The plain port takes both: the first byte decides (client.portUnification). @default false */
  readonly onPlainPort?: boolean
  /** Certificates and keys. */
  readonly files: TlsFiles
  /** Whether a client must show a certificate; one that it shows is always verified. @default "need" */
  readonly clientAuth?: ClientAuthMode
  /** Oldest version of TLS. @default "TLSv1.2" */
  readonly minVersion?: TlsVersion
  /** Newest version of TLS. @default "TLSv1.3" */
  readonly maxVersion?: TlsVersion
  /** Cipher suites in order of preference, by OpenSSL's names or Java's. @default Node's */
  readonly ciphers?: readonly string[]
  /** The id of the x509 scheme that passes every ACL (X509AuthenticationProvider.superUser). @default none */
  readonly superUser?: string
  /** Files that change are read again (client.certReload). @default true */
  readonly reload?: boolean
  /** How often files are looked at besides notices of the system, ms. @default 10000 */
  readonly reloadPollMs?: number
  /**
   * Handshakes in progress; above this many the one that has waited longest is ended
   * (netty.server.outstandingHandshake.limit). @default 1000
   */
  readonly handshakesMax?: number
  /** Time for a handshake from the client's first message, ms. @default 10000 */
  readonly handshakeTimeoutMs?: number
}

/** The options, complete but for what has no default. */
export interface KnownSecureOptions extends SecureOptions {
  readonly onPlainPort: boolean
  readonly clientAuth: ClientAuthMode
  readonly minVersion: TlsVersion
  readonly maxVersion: TlsVersion
  readonly reload: boolean
  readonly reloadPollMs: number
  readonly handshakesMax: number
  readonly handshakeTimeoutMs: number
}

/** Defaults of {@link SecureOptions}. */
export const SECURE_DEFAULT = {
  onPlainPort: false,
  clientAuth: 'need',
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  reload: true,
  reloadPollMs: 10_000,
  handshakesMax: 1_000,
  handshakeTimeoutMs: 10_000,
} as const satisfies Omit<KnownSecureOptions, 'files'>

/** Certificates, keys or options of TLS that cannot be used; the message says why and what to do. */
export class TlsError extends Error {
  /** What to match on. */
  readonly code = 'TLS_INVALID'
  /** Always 'TlsError'. */
  override readonly name = 'TlsError'
}
