/**
 * The server's side of SASL DIGEST-MD5 (RFC 2831, qop "auth"), as ZooKeeper's clients speak it:
 * protocol "zookeeper", host and realm "zk-sasl-md5" (H12). The protocol knows MD5 alone: use it
 * within TLS or a private network. Neighbour: authentication.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

const REALM = 'zk-sasl-md5'
const DIGEST_URI = `zookeeper/${REALM}`
/** A response is one line of a few hundred bytes. Source: RFC 2831, 2.1.2. */
const RESPONSE_BYTES_MAX = 4_096

export interface SaslStep {
  /** The reply to the client. */
  readonly token: Uint8Array
  /** Set once the client has proven who it is. */
  readonly user: string | undefined
}

/** Authentication failed: AUTHFAILED. The message is for the log, not for the client. */
export class SaslFailure extends Error {}

const md5 = (...parts: (string | Buffer)[]): Buffer => {
  const hash = createHash('md5')
  for (const part of parts) hash.update(typeof part === 'string' ? Buffer.from(part) : part)
  return hash.digest()
}
const hex = (bytes: Buffer): string => bytes.toString('hex')

/** ISO 8859-1 where it can hold the text, UTF-8 otherwise. Source: RFC 2831, 2.1.2.1. */
function narrow(text: string): Buffer {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) return Buffer.from(text)
  return Buffer.from(text, 'latin1')
}

/** `key=value` and `key="quoted \" value"`, comma-separated. A key given twice is refused. */
function parseDirectives(text: string): Map<string, string> {
  const directives = new Map<string, string>()
  const pattern = /\s*([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))\s*(?:,|$)/gy
  let at = 0
  while (at < text.length) {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    if (match === null || match[0] === '') throw new SaslFailure('unreadable response')
    const key = (match[1] as string).toLowerCase()
    if (directives.has(key)) throw new SaslFailure(`${key} given twice`)
    directives.set(key, match[2]?.replace(/\\(.)/g, '$1') ?? match[3] ?? '')
    at = pattern.lastIndex
  }
  return directives
}

export class DigestMd5Exchange {
  readonly #users: () => ReadonlyMap<string, string>
  readonly #nonce = randomBytes(24).toString('base64')
  #phase: 'new' | 'challenged' | 'done' = 'new'

  /** `users`: asked when a password is judged, so that a challenge does not outlive the password that it was made for. */
  constructor(users: () => ReadonlyMap<string, string>) {
    this.#users = users
  }

  /** @throws {SaslFailure} when the client's token does not prove a user. */
  step(token: Uint8Array): SaslStep {
    if (this.#phase === 'new') {
      if (token.length > 0) throw new SaslFailure('an initial response is not part of DIGEST-MD5')
      this.#phase = 'challenged'
      const challenge = `realm="${REALM}",nonce="${this.#nonce}",qop="auth",charset=utf-8,algorithm=md5-sess`
      return { token: Buffer.from(challenge), user: undefined }
    }
    if (this.#phase === 'done') throw new SaslFailure('the exchange is over')
    this.#phase = 'done'
    if (token.length > RESPONSE_BYTES_MAX) throw new SaslFailure('response too long')
    return this.#check(parseDirectives(Buffer.from(token).toString()))
  }

  #check(given: ReadonlyMap<string, string>): SaslStep {
    const user = given.get('username') ?? ''
    const cnonce = given.get('cnonce') ?? ''
    const uri = given.get('digest-uri') ?? ''
    const realm = given.get('realm') ?? ''
    const qop = given.get('qop') ?? 'auth'
    const expect = (name: string, holds: boolean) => {
      if (!holds) throw new SaslFailure(`${name} does not match`)
    }
    expect('nonce', given.get('nonce') === this.#nonce)
    expect('nc', given.get('nc') === '00000001')
    expect('cnonce', cnonce !== '')
    expect('qop', qop === 'auth')
    expect('realm', realm === REALM || realm === '')
    expect('digest-uri', uri === DIGEST_URI)
    // An unknown user costs the same work as a known one with a wrong password.
    const password = this.#users().get(user) ?? randomBytes(16).toString('hex')
    const secret = md5(narrow(user), ':', narrow(realm), ':', narrow(password))
    const authzid = given.get('authzid')
    const a1 = hex(
      md5(secret, `:${this.#nonce}:${cnonce}${authzid === undefined ? '' : `:${authzid}`}`),
    )
    const proof = (method: string): string =>
      hex(md5(`${a1}:${this.#nonce}:00000001:${cnonce}:${qop}:${hex(md5(`${method}:${uri}`))}`))
    const right = Buffer.from(proof('AUTHENTICATE'))
    const claimed = Buffer.from(given.get('response') ?? '')
    if (claimed.length !== right.length || !timingSafeEqual(claimed, right)) {
      throw new SaslFailure(`user ${JSON.stringify(user)}: wrong password, or no such user`)
    }
    return { token: Buffer.from(`rspauth=${proof('')}`), user }
  }
}
