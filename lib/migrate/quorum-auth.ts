/**
 * The login between servers (quorum.auth.enableSasl): SASL DIGEST-MD5, RFC 2831, qop "auth", in packets of their own
 * before the first one of the protocol:
 *   QuorumAuthPacket = long magic, int status (0 in progress, 1 success, −1 error), buffer token
 * Source: SaslQuorumAuthLearner, QuorumAuth. Neighbours: learner-connection; proxy/sasl has the server’s side for clients.
 */
import { createHash, randomBytes } from 'node:crypto'
import { JuteWriter } from '../protocol/jute/writer.ts'
import type { ByteSource } from '../transfer/zookeeper/byte-source.ts'
import { isAnswered, refuseTls } from './first-answer.ts'
import { SourceError } from './source-error.ts'
import type { QuorumSasl } from './source-feed.ts'

const MAGIC = 0x5f2435013501edccn
const STATUS = { inProgress: 0, success: 1, error: -1 } as const
const DIGEST_URI = 'zookeeper-quorum/zk-quorum-sasl-md5'
const NONCE_BYTES = 24
const COUNT = '00000001'

const refused = (message: string) => new SourceError('SOURCE_REFUSED', message)

/** @throws {SourceError} SOURCE_REFUSED: the login is wrong, or of a kind that is not offered */
export async function authenticate(
  source: ByteSource,
  send: (bytes: Uint8Array) => void,
  sasl: QuorumSasl,
): Promise<void> {
  send(packet(new Uint8Array(0)))
  const challenge = await receive(source)
  if (challenge.status !== STATUS.inProgress) throw wrong(sasl)
  const answer = new DigestAnswer(directives(challenge.token), sasl)
  send(packet(Buffer.from(answer.response)))
  const end = await receive(source)
  if (end.status !== STATUS.success) throw wrong(sasl)
  const { rspauth } = Object.fromEntries(directives(end.token))
  if (rspauth === answer.rspauth) return
  throw refused('it did not prove that it knows the password of SASL, so it may be somebody else')
}

function wrong({ user }: QuorumSasl): SourceError {
  return refused(
    `it refused the login of ${JSON.stringify(user)} by SASL DIGEST-MD5: the name or the password is wrong, or it ` +
      'wants Kerberos (GSSAPI), which is not offered',
  )
}

function packet(token: Uint8Array): Buffer {
  const writer = new JuteWriter()
  writer.bigLong(MAGIC)
  writer.int(STATUS.inProgress)
  writer.bytes(token)
  return writer.take() as Buffer
}

async function receive(source: ByteSource): Promise<{ status: number; token: string }> {
  if (!(await isAnswered(source))) {
    throw refused(
      'it closed the connection during the login: it may not want SASL, or want Kerberos',
    )
  }
  refuseTls(source.ahead)
  const [magic, status, token] = await source.read('a packet of SASL', (reader) => [
    reader.bigLong(),
    reader.int(),
    reader.bytes(),
  ])
  if (magic !== MAGIC) {
    throw refused('it answered the login with something else: it may not want SASL')
  }
  return { status, token: Buffer.from(token ?? []).toString() }
}

/** `key=value` and `key="quoted"`, by commas. */
function directives(text: string): Map<string, string> {
  const pattern = /([\w-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))/g
  return new Map(
    [...text.matchAll(pattern)].map(([, key = '', quoted, plain = '']) => [
      key.toLowerCase(),
      quoted?.replace(/\\(.)/g, '$1') ?? plain,
    ]),
  )
}

const md5 = (...parts: (string | Buffer)[]): Buffer => {
  const hash = createHash('md5')
  for (const part of parts) hash.update(part)
  return hash.digest()
}
const hex = (bytes: Buffer): string => bytes.toString('hex')
const quoted = (text: string): string => `"${text.replace(/(["\\])/g, '\\$1')}"`

class DigestAnswer {
  readonly response: string
  /** What the server proves itself with. */
  readonly rspauth: string

  constructor(challenge: ReadonlyMap<string, string>, { user, password }: QuorumSasl) {
    const nonce = challenge.get('nonce')
    if (nonce === undefined) {
      throw refused('its login is not DIGEST-MD5: Kerberos (GSSAPI) is not offered')
    }
    const realm = challenge.get('realm') ?? ''
    const cnonce = randomBytes(NONCE_BYTES).toString('base64')
    const secret = md5(narrow(user), ':', narrow(realm), ':', narrow(password))
    const a1 = hex(md5(secret, `:${nonce}:${cnonce}`))
    const proof = (method: string): string =>
      hex(md5(`${a1}:${nonce}:${COUNT}:${cnonce}:auth:${hex(md5(`${method}:${DIGEST_URI}`))}`))
    this.rspauth = proof('')
    this.response = [
      'charset=utf-8',
      `username=${quoted(user)}`,
      `realm=${quoted(realm)}`,
      `nonce=${quoted(nonce)}`,
      `nc=${COUNT}`,
      `cnonce=${quoted(cnonce)}`,
      `digest-uri=${quoted(DIGEST_URI)}`,
      'maxbuf=65536',
      `response=${proof('AUTHENTICATE')}`,
      'qop=auth',
    ].join(',')
  }
}

/** ISO 8859-1 where it can hold the text, UTF-8 otherwise. Source: RFC 2831, 2.1.2.1. */
function narrow(text: string): Buffer {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) return Buffer.from(text)
  return Buffer.from(text, 'latin1')
}
