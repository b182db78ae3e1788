/** Settings: TLS between clients and server, and the x509 scheme. */

import { InvalidArgumentError } from 'commander'
import { reasonOf } from '../../../lib/internal.ts'
import {
  type ClientAuthMode,
  checkSecureOptions,
  SECURE_DEFAULT,
  type SecureOptions,
  type TlsVersion,
} from '../../../proxy/index.ts'
import { switchOf } from '../make.ts'
import {
  anyText,
  fromJavaNumber,
  type HostPort,
  oneOf,
  parseListen,
  parseSwitch,
  unlessMinusOne,
  whole,
} from '../parse.ts'
import type { Get, Group, Parts, Setting } from '../setting.ts'

function joinSecureAddress(parts: Parts): string | undefined {
  const port = parts.get('secureClientPort')
  const address = parts.get('secureClientPortAddress') ?? '0.0.0.0'
  if (port === '-1') return undefined
  if (port === undefined) {
    throw new InvalidArgumentError('expected secureClientPort, too: the address alone has no port.')
  }
  return address.includes(':') && !address.startsWith('[')
    ? `[${address}]:${port}`
    : `${address}:${port}`
}

/** ZooKeeper needs the type where the name does not end with it; here the bytes say what it is. */
const joinStore =
  (name: string) =>
  (parts: Parts): string | undefined => {
    const type = parts.get(`${name}.type`)
    if (type !== undefined && !/^(PEM|PKCS12|JKS|BCFKS)?$/i.test(type)) {
      throw new InvalidArgumentError('expected PEM or PKCS12 as the type of the store.')
    }
    const location = parts.get(`${name}.location`)
    return location === '' ? undefined : location
  }

export const secureListen: Setting<HostPort | undefined> = {
  name: 'secure-listen',
  value: '<host:port>',
  text: 'accept clients over TLS on this address',
  parse: parseListen,
  zookeeper: ['secureClientPort', 'secureClientPortAddress'],
  joinZookeeper: joinSecureAddress,
}

const onListen = switchOf('tls-on-listen', 'take TLS on the plain address as well', {
  zookeeper: ['client.portUnification'],
})

const cert: Setting<string | undefined> = {
  name: 'tls-cert',
  value: '<file>',
  text: 'certificate and chain of the server, PEM, with the key or without it; or a PKCS12 store',
  parse: anyText,
  zookeeper: ['ssl.keyStore.location', 'ssl.keyStore.type'],
  joinZookeeper: joinStore('ssl.keyStore'),
}

const key: Setting<string | undefined> = {
  name: 'tls-key',
  value: '<file>',
  text: 'key of the certificate, PEM, if it is in another file',
  parse: anyText,
}

const password: Setting<string | undefined> = {
  name: 'tls-password',
  value: '<text>',
  text: 'password of the key or of the PKCS12 store',
  parse: anyText,
  secret: true,
  zookeeper: ['ssl.keyStore.password'],
  zookeeperFile: ['ssl.keyStore.passwordPath'],
}

const ca: Setting<string | undefined> = {
  name: 'tls-ca',
  value: '<file>',
  text: 'certificates of the authorities that clients are verified with, PEM or PKCS12',
  parse: anyText,
  zookeeper: ['ssl.trustStore.location', 'ssl.trustStore.type'],
  joinZookeeper: joinStore('ssl.trustStore'),
}

const caPassword: Setting<string | undefined> = {
  name: 'tls-ca-password',
  value: '<text>',
  text: 'password of the PKCS12 store with the authorities',
  parse: anyText,
  secret: true,
  zookeeper: ['ssl.trustStore.password'],
  zookeeperFile: ['ssl.trustStore.passwordPath'],
}

const crl: Setting<string | undefined> = {
  name: 'tls-crl',
  value: '<file>',
  text: 'lists of revoked certificates, PEM, one of each authority',
  parse: anyText,
}

const clientAuth: Setting<ClientAuthMode> = {
  name: 'tls-client-auth',
  value: '<mode>',
  text: 'certificate of the client: need, want (verified if there is one), none',
  ...oneOf('need', 'want', 'none'),
  default: SECURE_DEFAULT.clientAuth,
  zookeeper: ['ssl.clientAuth'],
  fromZookeeper: (text) => (text === '' ? undefined : text.toLowerCase()),
}

const VERSIONS: readonly TlsVersion[] = ['TLSv1.2', 'TLSv1.3']

function parseVersions(text: string): readonly TlsVersion[] {
  const names = text.split(',').map((name) => name.trim())
  if (names.some((name) => !(VERSIONS as readonly string[]).includes(name))) {
    throw new InvalidArgumentError(
      'expected TLSv1.2, TLSv1.3 or both: older versions are not safe.',
    )
  }
  return VERSIONS.filter((version) => names.includes(version))
}

/** "TLS" and "SSL" are Java's names for whatever it has. */
function joinVersions(parts: Parts): string | undefined {
  const named = parts.get('ssl.enabledProtocols') ?? parts.get('ssl.protocol')
  return named === 'TLS' || named === 'SSL' ? undefined : named
}

const versions: Setting<readonly TlsVersion[]> = {
  name: 'tls-versions',
  value: '<list>',
  text: 'versions of TLS, comma-separated',
  parse: parseVersions,
  default: VERSIONS,
  defaultText: VERSIONS.join(','),
  zookeeper: ['ssl.enabledProtocols', 'ssl.protocol'],
  joinZookeeper: joinVersions,
}

const ciphers: Setting<readonly string[] | undefined> = {
  name: 'tls-ciphers',
  value: '<list>',
  text: 'cipher suites, best first, comma-separated, by names of OpenSSL or Java',
  parse: (text) => text.split(',').map((name) => name.trim()),
  defaultText: 'those of Node',
  zookeeper: ['ssl.ciphersuites'],
}

/** Of all ports with TLS. */
export const reload: Setting<boolean> = {
  name: 'tls-reload',
  value: '<true|false>',
  text: 'take certificates into use when their files change',
  parse: parseSwitch,
  default: SECURE_DEFAULT.reload,
  defaultText: 'true',
  zookeeper: ['client.certReload'],
}

const superUser: Setting<string | undefined> = {
  name: 'x509-super-user',
  value: '<subject>',
  text: 'let the client with this subject pass every ACL, as whoami shows it: CN=admin,O=example',
  parse: anyText,
  zookeeper: ['X509AuthenticationProvider.superUser'],
}

const handshakes: Setting<number> = {
  name: 'max-handshakes',
  value: '<n>',
  text: 'TLS handshakes in progress: above it the oldest is ended',
  parse: whole(1),
  default: SECURE_DEFAULT.handshakesMax,
  zookeeper: ['netty.server.outstandingHandshake.limit'],
  fromZookeeper: unlessMinusOne,
}

const handshakeTimeout: Setting<number> = {
  name: 'handshake-timeout',
  value: '<ms>',
  text: 'time for a TLS handshake',
  parse: whole(1),
  default: SECURE_DEFAULT.handshakeTimeoutMs,
  fromZookeeper: fromJavaNumber,
}

/** Options of the proxy; undefined: no TLS. */
export function secureOf(get: Get): SecureOptions | undefined {
  const address = get(secureListen)
  const certFile = get(cert)
  const onPlainPort = get(onListen)
  if (certFile === undefined || (address === undefined && !onPlainPort)) return undefined
  const [minVersion, maxVersion = minVersion] = get(versions)
  const optional = <T>(name: string, value: T | undefined) =>
    value === undefined ? {} : { [name]: value }
  return {
    ...address,
    onPlainPort,
    files: {
      cert: certFile,
      ...optional('key', get(key)),
      ...optional('passphrase', get(password)),
      ...optional('ca', get(ca)),
      ...optional('caPassphrase', get(caPassword)),
      ...optional('crl', get(crl)),
    },
    clientAuth: get(clientAuth),
    ...optional('minVersion', minVersion),
    ...optional('maxVersion', maxVersion),
    ...optional('ciphers', get(ciphers)),
    ...optional('superUser', get(superUser)),
    reload: get(reload),
    handshakesMax: get(handshakes),
    handshakeTimeoutMs: get(handshakeTimeout),
  }
}

/** Reads the files: what is wrong with them is found before a store is opened. */
function check(get: Get): string[] {
  const isServed = get(secureListen) !== undefined || get(onListen)
  if (isServed && get(cert) === undefined) {
    return ['TLS needs a certificate and its key: name them with tls-cert and tls-key']
  }
  if (!isServed && get(cert) !== undefined) {
    return ['tls-cert is given, but no port serves TLS: set secure-listen or tls-on-listen']
  }
  const secure = secureOf(get)
  if (secure === undefined) return []
  try {
    checkSecureOptions(secure)
    return []
  } catch (error) {
    return [reasonOf(error)]
  }
}

export const tls: Group = {
  title: 'TLS',
  settings: [
    secureListen,
    onListen,
    cert,
    key,
    password,
    ca,
    caPassword,
    crl,
    clientAuth,
    versions,
    ciphers,
    reload,
    superUser,
    handshakes,
    handshakeTimeout,
  ],
  check,
}
