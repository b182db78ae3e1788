/** etcd's AuthenticateRequest and AuthenticateResponse as bytes. Source: etcd's rpc.proto. Neighbour: token.ts. */
import type { Login } from '../credentials/credentials.ts'
import { field, ProtoReader, ProtoWriter } from './protobuf.ts'

/* AuthenticateRequest => name=1 password=2 */
export function encodeAuthenticate({ username = '', password }: Login): Buffer {
  const [name, secret] = [Buffer.from(username), Buffer.from(password)]
  const out = new ProtoWriter(field(name.length) + field(secret.length))
  out.bytes(0x0a, name)
  out.bytes(0x12, secret)
  return out.toBytes()
}

/* AuthenticateResponse => header=1 token=2 */
export function decodeToken(answer: Buffer): string {
  const input = new ProtoReader(answer)
  let token = ''
  while (input.at < input.end) {
    const tag = input.varint()
    if (tag === 0x12) token = input.bytes().toString()
    else input.skip(tag)
  }
  return token
}

/**
 * How long a JWT is valid from now on, by this machine's clock. Unit: ms. undefined: it is none, or is of another time; a simple
 * token is extended by each use.
 */
export function lifetimeOf(token: string): number | undefined {
  const payload = token.split('.')[1]
  if (payload === undefined) return undefined
  try {
    const { exp } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { exp?: unknown }
    const ms = Number(exp) * 1_000 - Date.now()
    return ms > 0 ? ms : undefined
  } catch {
    return undefined
  }
}
