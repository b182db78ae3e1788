/** TLS of a client: what it is opened with, checked at the door. Neighbours: client-options, wire/secure-socket. */
import { createSecureContext, type SecureContext } from 'node:tls'
import { badArgument, checkBoolean, checkOptions } from './arguments.ts'

/** PEM text or bytes; PKCS12: bytes. */
export type TlsBytes = string | Uint8Array

/** Options of TLS, for `zks://`. */
export interface ClientTls {
  /** Authorities that the server's certificate is verified with, PEM. @default those of Node */
  readonly ca?: TlsBytes | readonly TlsBytes[]
  /** This client's certificate and chain, PEM. @default none: servers may refuse the client */
  readonly cert?: TlsBytes
  /** Key of `cert`, PEM. */
  readonly key?: TlsBytes
  /** PKCS12 with certificate and key, instead of `cert` and `key`. */
  readonly pfx?: Uint8Array
  /** Of an encrypted `key`, or of `pfx`. */
  readonly passphrase?: string
  /** Name that the server's certificate must have, also sent to it (SNI). @default the host of the URL */
  readonly serverName?: string
  /** `false`: any server is taken for the right one. For tests. @default true */
  readonly rejectUnauthorized?: boolean
  /** Oldest version of TLS. @default "TLSv1.2" */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3'
}

/** Checked; the certificates are understood. */
export interface KnownTls {
  readonly context: SecureContext
  readonly serverName: string | undefined
  readonly rejectUnauthorized: boolean
}

const NAMES = [
  'ca',
  'cert',
  'key',
  'pfx',
  'passphrase',
  'serverName',
  'rejectUnauthorized',
  'minVersion',
] as const satisfies readonly (keyof ClientTls)[]

/** @throws {ZnodeError} ZK_BAD_ARGUMENTS; the message repeats no key and no password */
export function checkTls(options: unknown): KnownTls {
  const given = checkOptions(options, NAMES, 'tls')
  const { cert, key, pfx, passphrase, serverName, minVersion = 'TLSv1.2' } = given
  if ((cert === undefined) !== (key === undefined)) {
    throw badArgument('tls.cert and tls.key come together')
  }
  if (pfx !== undefined && cert !== undefined) {
    throw badArgument('tls.cert and tls.pfx are the same: give one of them')
  }
  if (minVersion !== 'TLSv1.2' && minVersion !== 'TLSv1.3') {
    throw badArgument('tls.minVersion must be "TLSv1.2" or "TLSv1.3"')
  }
  const rejectUnauthorized =
    given.rejectUnauthorized === undefined ||
    checkBoolean(given.rejectUnauthorized, 'tls.rejectUnauthorized')
  return {
    context: contextOf({
      minVersion,
      allowPartialTrustChain: true,
      ...(given.ca !== undefined && { ca: authorities(given.ca) }),
      ...(cert !== undefined && { cert: bytes(cert, 'cert'), key: bytes(key, 'key') }),
      ...(pfx !== undefined && { pfx: bytes(pfx, 'pfx') }),
      ...(passphrase !== undefined && { passphrase: text(passphrase, 'passphrase') }),
    }),
    serverName: serverName === undefined ? undefined : text(serverName, 'serverName'),
    rejectUnauthorized,
  }
}

function contextOf(options: Parameters<typeof createSecureContext>[0]): SecureContext {
  try {
    return createSecureContext(options)
  } catch (error) {
    const { reason, message } = error as { reason?: string; message?: string }
    throw badArgument(
      `the certificates in tls cannot be used: ${reason ?? message ?? 'unknown error'}`,
    )
  }
}

const authorities = (ca: unknown): Buffer[] =>
  Array.isArray(ca) ? ca.map((one) => bytes(one, 'ca')) : [bytes(ca, 'ca')]

/** Copied. */
function bytes(value: unknown, name: string): Buffer {
  if (typeof value === 'string') return Buffer.from(value)
  if (value instanceof Uint8Array) return Buffer.from(value)
  throw badArgument(`tls.${name} must be text or a Uint8Array, such as the content of a file`)
}

function text(value: unknown, name: string): string {
  if (typeof value === 'string') return value
  throw badArgument(`tls.${name} must be text`)
}
