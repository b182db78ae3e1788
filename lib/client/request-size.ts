/** Whether a request is one that every server takes: a larger one would end a connection. Neighbours: transport, arguments. */

import { badArgument } from './arguments.ts'
import type { ClientRequest } from './transport.ts'

/** At least what the request has on the wire, without a header's few bytes: data, and a path's characters. */
export function bytesOf(request: ClientRequest | { readonly path: string }): number {
  if ('ops' in request) return request.ops.reduce((sum, op) => sum + bytesOf(op), 0)
  const path = 'path' in request ? request.path.length : 0
  return 'data' in request && typeof request.data === 'string' ? path + request.data.length : path
}

/** @throws {ZnodeError} ZK_BAD_ARGUMENTS */
export function checkRequestBytes(bytes: number, bytesMax: number): void {
  if (bytes <= bytesMax) return
  throw badArgument(`the request has ${bytes} bytes, at most ${bytesMax} are taken`)
}
