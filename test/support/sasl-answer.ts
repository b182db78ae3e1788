/** The client's side of SASL DIGEST-MD5, computed on its own. */
import { createHash } from 'node:crypto'
import type { RawClient, RawReply } from './raw-client.ts'

const md5 = (bytes: Buffer | string) => createHash('md5').update(bytes).digest()

/** What a client answers to a challenge. `change`: fields that are not as they should be. */
export function saslAnswer(
  challenge: string,
  user: string,
  password: string,
  change: Record<string, string> = {},
): Buffer {
  const nonce = /nonce="([^"]+)"/.exec(challenge)?.[1]
  const realm = 'zk-sasl-md5'
  const cnonce = 'c29tZSBub25jZQ=='
  const uri = 'zookeeper/zk-sasl-md5'
  const secret = md5(Buffer.from(`${user}:${realm}:${password}`, 'latin1'))
  const a1 = md5(Buffer.concat([secret, Buffer.from(`:${nonce}:${cnonce}:${user}`)]))
  const a2 = md5(`AUTHENTICATE:${uri}`).toString('hex')
  const response = md5(`${a1.toString('hex')}:${nonce}:00000001:${cnonce}:auth:${a2}`)
  const fields: Record<string, string> = {
    charset: 'utf-8',
    username: `"${user}"`,
    realm: `"${realm}"`,
    nonce: `"${nonce}"`,
    nc: '00000001',
    cnonce: `"${cnonce}"`,
    'digest-uri': `"${uri}"`,
    maxbuf: '65536',
    response: response.toString('hex'),
    qop: 'auth',
    authzid: `"${user}"`,
    ...change,
  }
  return Buffer.from(
    Object.entries(fields)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
  )
}

/** Both steps of the exchange. @returns the reply to the second */
export async function saslLogin(
  client: RawClient,
  user: string,
  password: string,
): Promise<RawReply> {
  const first = await client.sasl(Buffer.alloc(0))
  const challenge = Buffer.from(first.record.token ?? []).toString()
  return client.sasl(saslAnswer(challenge, user, password))
}
