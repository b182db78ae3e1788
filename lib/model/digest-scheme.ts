/**
 * The digest scheme: `user:password` → the id that ACLs name. Pure. Neighbour: acl.
 * Source: DigestAuthenticationProvider.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { SUPER_ID, userOf } from './acl.ts'
import type { AuthId } from './request.ts'

/** Java's names of message digests, and Node's. Java's are not case-sensitive. */
const ALGORITHMS: Readonly<Record<string, string>> = {
  MD5: 'md5',
  SHA: 'sha1',
  SHA1: 'sha1',
  'SHA-1': 'sha1',
  'SHA-224': 'sha224',
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
  'SHA-512/224': 'sha512-224',
  'SHA-512/256': 'sha512-256',
  'SHA3-224': 'sha3-224',
  'SHA3-256': 'sha3-256',
  'SHA3-384': 'sha3-384',
  'SHA3-512': 'sha3-512',
}

/** As ZooKeeper’s `DigestAuthenticationProvider.digestAlg` names them. */
export const DIGEST_ALGORITHMS: readonly string[] = Object.keys(ALGORITHMS)
/** ZooKeeper’s default. */
export const DIGEST_ALGORITHM_DEFAULT = 'SHA1'

const COLON = 0x3a

function nodesName(algorithm: string): string {
  const name = ALGORITHMS[algorithm.toUpperCase()]
  if (name !== undefined) return name
  const known = DIGEST_ALGORITHMS.join(', ')
  throw new TypeError(`no digest algorithm is called "${algorithm}". Known ones: ${known}`)
}

/**
 * `user:base64(hash(user:password))`, the digest scheme's id of a proven `user:password`.
 * @param algorithm Java's name of it: MD5, SHA1, SHA-256, SHA3-256 and their like, in upper or lower case
 * @throws {TypeError} an unknown algorithm
 */
export function digestOf(
  credentials: Uint8Array,
  algorithm: string = DIGEST_ALGORITHM_DEFAULT,
): string {
  const text = Buffer.from(credentials).toString('utf8')
  const hash = createHash(nodesName(algorithm)).update(credentials).digest('base64')
  return `${userOf(text)}:${hash}`
}

/** Is it what {@link digestOf} makes with this algorithm? */
export function isDigest(id: string, algorithm: string): boolean {
  const match = /^[^:]+:([A-Za-z0-9+/]+={0,2})$/.exec(id)
  if (match === null) return false
  const bytes = Buffer.from(match[1] as string, 'base64')
  return (
    bytes.toString('base64') === match[1] &&
    bytes.length === createHash(nodesName(algorithm)).digest().length
  )
}

/** How `digest` is configured. */
export interface DigestOptions {
  /** false: no client proves a digest id, and no ACL may name a new one. @default true */
  readonly digestEnabled?: boolean
  /**
   * What new digests are made with: one of Java's names, such as SHA-256 or SHA3-256. Digests that stand in ACLs stay as they are: after a
   * change nobody can prove them. @default "SHA1"
   */
  readonly digestAlgorithm?: string
  /** `user:base64(hash(user:password))`, one or several: a session that proves it passes every ACL. */
  readonly superDigest?: string | readonly string[]
}

export class DigestScheme {
  readonly isEnabled: boolean
  readonly #algorithm: string
  #superDigests: readonly Buffer[] = []

  /** @throws {TypeError} an unknown algorithm */
  constructor(options: DigestOptions) {
    const { digestEnabled = true, digestAlgorithm = DIGEST_ALGORITHM_DEFAULT } = options
    const { superDigest = [] } = options
    this.isEnabled = digestEnabled
    this.#algorithm = digestAlgorithm
    nodesName(digestAlgorithm)
    this.setSuperDigests(typeof superDigest === 'string' ? [superDigest] : superDigest)
  }

  /** From now on these are super users. Sessions that have proven to be one stay so. */
  setSuperDigests(digests: readonly string[]): void {
    this.#superDigests = digests.map((digest) => Buffer.from(digest))
  }

  /** The ids that these credentials prove; undefined: none, the scheme is off. */
  idsOf(credentials: Uint8Array): readonly AuthId[] | undefined {
    if (!this.isEnabled) return undefined
    const id = digestOf(credentials, this.#algorithm)
    const proven = { scheme: 'digest', id }
    return this.#isSuper(id) ? [SUPER_ID, proven] : [proven]
  }

  /** Are these credentials those of a super user, with the right password or a wrong one? */
  namesSuperUser(credentials: Uint8Array): boolean {
    const colon = credentials.indexOf(COLON)
    const end = colon < 0 ? credentials.length : colon
    const isOf = (digest: Buffer) =>
      digest.indexOf(COLON) === end && digest.compare(credentials, 0, end, 0, end) === 0
    return this.#superDigests.some(isOf)
  }

  #isSuper(digest: string): boolean {
    const given = Buffer.from(digest)
    let found = false
    for (const known of this.#superDigests) {
      if (known.length === given.length && timingSafeEqual(known, given)) found = true
    }
    return found
  }
}
