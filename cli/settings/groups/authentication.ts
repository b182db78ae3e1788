/** Settings: who a client is, who must prove it, and who passes every ACL. */
import { InvalidArgumentError } from 'commander'
import {
  DIGEST_ALGORITHM_DEFAULT,
  DIGEST_ALGORITHMS,
  isDigest,
  reasonOf,
} from '../../../lib/internal.ts'
import {
  type GuessBounds,
  PROXY_DEFAULT,
  parseSaslUsers,
  RESERVED_SCHEMES,
} from '../../../proxy/index.ts'
import { proxyBound, switchOf } from '../make.ts'
import { anyText, whole } from '../parse.ts'
import { readText } from '../read-file.ts'
import type { Get, Group, Parts, Setting } from '../setting.ts'
import { secureOf } from './tls.ts'

/** Comma-separated, or a line each. */
const listOf = (text: string): readonly string[] =>
  text
    .split(/[,\s]+/)
    .map((part) => part.trim())
    .filter((part) => part !== '')

/** Whether it fits the algorithm is seen once both are known. It must not repeat what it was given. */
function parseDigests(text: string): readonly string[] {
  const digests = listOf(text)
  if (digests.length === 0 || digests.some((one) => !/^[^:]+:[A-Za-z0-9+/]+={0,2}$/.test(one))) {
    throw new InvalidArgumentError(
      'expected user:base64(sha1("user:password")), or several, comma-separated.',
    )
  }
  return digests
}

function readSaslUsers(file: string): ReadonlyMap<string, string> {
  try {
    return parseSaslUsers(readText(file))
  } catch (error) {
    throw new InvalidArgumentError(reasonOf(error))
  }
}

export const superDigest: Setting<readonly string[]> = {
  name: 'super-digest',
  value: '<digests>',
  text: 'let these digest users pass every ACL: user:base64(sha1("user:password")), comma-separated',
  parse: parseDigests,
  default: [],
  defaultText: '',
  zookeeper: ['DigestAuthenticationProvider.superDigest'],
  secret: true,
  reload: true,
}

function parseAlgorithm(text: string): string {
  if (DIGEST_ALGORITHMS.includes(text.toUpperCase())) return text.toUpperCase()
  throw new InvalidArgumentError(`expected one of ${DIGEST_ALGORITHMS.join(', ')}.`)
}

export const digestAlgorithm: Setting<string> = {
  name: 'digest-algorithm',
  value: '<name>',
  text: 'hash the credentials of the scheme digest with this; stored ACLs keep the digests they have',
  parse: parseAlgorithm,
  default: DIGEST_ALGORITHM_DEFAULT,
  zookeeper: ['DigestAuthenticationProvider.digestAlg'],
}

export const digestAuth = switchOf('digest-auth', 'offer the scheme digest', {
  default: true,
  defaultText: 'true',
  zookeeper: ['DigestAuthenticationProvider.enabled'],
})

export const saslUsers: Setting<ReadonlyMap<string, string>> = {
  name: 'sasl-users',
  value: '<file>',
  text: 'authenticate SASL DIGEST-MD5 users of this file: JAAS, or user=password lines',
  parse: readSaslUsers,
  default: PROXY_DEFAULT.saslUsers,
  defaultText: '',
  reload: true,
  proxy: (users) => ({ saslUsers: users }),
}

const saslSuperUser: Setting<readonly string[]> = {
  name: 'sasl-super-user',
  value: '<names>',
  text: 'let these SASL users pass every ACL, comma-separated',
  parse: listOf,
  default: [],
  defaultText: '',
  zookeeper: ['superUser', 'superUser.*'],
  joinZookeeper: (parts) => [...parts.values()].join(','),
  reload: true,
  proxy: (names) => ({ saslSuperUsers: names }),
}

const anySaslUser: Setting<string | undefined> = {
  name: 'any-sasl-user',
  value: '<name>',
  text: 'an ACL that names this sasl id is for every SASL user',
  parse: anyText,
  zookeeper: ['letAnySaslUserDoX'],
  proxy: (name) => ({ anySaslUser: name }),
}

const allowSaslFailedClients = switchOf(
  'allow-sasl-failed-clients',
  'a client whose SASL authentication failed may stay, without an identity of it',
  {
    zookeeper: ['allowSaslFailedClients'],
    proxy: (isAllowed) => ({ allowSaslFailedClients: isAllowed }),
  },
)

const isTrue = (text: string | undefined): boolean => text?.trim().toLowerCase() === 'true'

/** Source: AuthenticationHelper. */
function joinEnforced(parts: Parts): string | undefined {
  if (isTrue(parts.get('sessionRequireClientSASLAuth'))) return 'sasl'
  if (!isTrue(parts.get('enforce.auth.enabled'))) return undefined
  const schemes = parts.get('enforce.auth.schemes') ?? ''
  if (listOf(schemes).length > 0) return schemes
  throw new InvalidArgumentError('expected enforce.auth.schemes, too: which ones are enough?')
}

const enforceAuthSchemes: Setting<readonly string[]> = {
  name: 'enforce-auth-schemes',
  value: '<schemes>',
  text: 'serve only clients that have authenticated by one of these schemes, comma-separated',
  parse: listOf,
  default: [],
  defaultText: 'nobody has to',
  zookeeper: ['enforce.auth.enabled', 'enforce.auth.schemes', 'sessionRequireClientSASLAuth'],
  joinZookeeper: joinEnforced,
  proxy: (schemes) => ({ enforcedSchemes: schemes }),
}

/** A scheme, and the module that judges it. */
export interface NamedProvider {
  readonly scheme: string
  /** A path, absolute or from the working folder, or the name of a package. */
  readonly module: string
}

function parseProviders(text: string): readonly NamedProvider[] {
  const known = new Set<string>()
  return listOf(text).map((part) => {
    const [, scheme, module] = /^([\w.-]{1,64})=(.+)$/.exec(part) ?? []
    if (scheme === undefined || module === undefined) {
      throw new InvalidArgumentError('expected scheme=module, e.g. token=./token-auth.mjs.')
    }
    if (RESERVED_SCHEMES.has(scheme)) {
      throw new InvalidArgumentError(`the scheme "${scheme}" is built in: choose another name.`)
    }
    if (known.has(scheme)) throw new InvalidArgumentError(`"${scheme}" is given twice.`)
    known.add(scheme)
    return { scheme, module }
  })
}

/** Providers of ZooKeeper whose schemes are built in: naming them is right, and changes nothing. */
const BUILT_IN = /(^|\.)(SASL|Digest|IP|X509)AuthenticationProvider$/

function joinProviders(parts: Parts): string | undefined {
  for (const [key, name] of parts) {
    if (BUILT_IN.test(name)) continue
    throw new InvalidArgumentError(
      `${key}: the Java class ${name} cannot be loaded here. Name a module with auth-provider=scheme=module.`,
    )
  }
  return undefined
}

export const authProvider: Setting<readonly NamedProvider[]> = {
  name: 'auth-provider',
  value: '<scheme=module>',
  text: 'authenticate a scheme of your own by this module (a path or a package), comma-separated',
  parse: parseProviders,
  default: [],
  defaultText: '',
  zookeeper: ['authProvider.*'],
  joinZookeeper: joinProviders,
}

export const authTimeout: Setting<number> = {
  name: 'auth-timeout',
  value: '<ms>',
  text: 'refuse a client when an authentication module has not answered for so long',
  parse: whole(1),
  default: 10_000,
}

const authFailures = proxyBound(
  'max-auth-failures',
  'authFailuresMax',
  {
    value: '<n>',
    text: 'wrong passwords of one address in a minute, above which it is disconnected; 0: any number',
    min: 0,
  },
  { reload: true },
)

const authFailureAddresses = proxyBound(
  'max-auth-failure-addresses',
  'authFailureAddressesMax',
  { value: '<n>', text: 'addresses whose wrong passwords are remembered' },
  { reload: true },
)

export const guessBounds = (get: Get): GuessBounds => ({
  authFailuresMax: get(authFailures),
  authFailureAddressesMax: get(authFailureAddresses),
})

/** Built-in schemes that are offered, apart from ip. */
export function builtInSchemes(get: Get): ReadonlySet<string> {
  return new Set([
    ...(get(digestAuth) ? ['digest'] : []),
    ...(get(saslUsers).size > 0 ? ['sasl'] : []),
    ...(secureOf(get) === undefined ? [] : ['x509']),
    'ip',
  ])
}

export const authentication: Group = {
  title: 'Authentication',
  settings: [
    ...[enforceAuthSchemes, digestAuth, digestAlgorithm, superDigest],
    ...[saslUsers, saslSuperUser, anySaslUser, allowSaslFailedClients],
    ...[authProvider, authTimeout, authFailures, authFailureAddresses],
  ],
  check: (get) => {
    const found: string[] = []
    const algorithm = get(digestAlgorithm)
    if (get(superDigest).some((digest) => !isDigest(digest, algorithm))) {
      found.push(
        `--super-digest: expected user:base64(${algorithm.toLowerCase()}("user:password")), ` +
          'made with the algorithm that --digest-algorithm names',
      )
    }
    if (get(superDigest).length > 0 && !get(digestAuth)) {
      found.push('--super-digest names users of the scheme digest, which --no-digest-auth ends')
    }
    const offered = new Set([...builtInSchemes(get), ...get(authProvider).map((p) => p.scheme)])
    for (const scheme of get(enforceAuthSchemes)) {
      if (offered.has(scheme)) continue
      found.push(
        `--enforce-auth-schemes names ${scheme}, which is not offered, so nobody could authenticate: ` +
          `offered are ${[...offered].join(', ')}` +
          (scheme === 'sasl' ? '; sasl needs --sasl-users' : ''),
      )
    }
    return found
  },
}
