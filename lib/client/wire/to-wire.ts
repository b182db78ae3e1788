/** Which opcode carries a request of the client. Neighbour: wire-connection. */
import { ZK_ERRORS, ZnodeError } from '../../model/errors.ts'
import { OP } from '../../model/request.ts'
import type { JuteWriter } from '../../protocol/jute/writer.ts'
import { encodeRequest, type SentOp } from '../../protocol/wire/encode-request.ts'
import type { ClientRequest } from '../transport.ts'

/** @throws {ZnodeError} ZK_UNIMPLEMENTED: a request that only a member sends to itself */
export function opOf(request: ClientRequest): SentOp {
  switch (request.type) {
    case 'create':
      return request.op
    case 'setWatches': {
      // Servers before 3.6 know the first one alone.
      const hasPersistent = request.persistent.length + request.persistentRecursive.length > 0
      return hasPersistent ? OP.setWatches2 : OP.setWatches
    }
    case 'fail':
    case 'failRead':
    case 'deleteContainer':
    case 'guarded':
      throw new ZnodeError(ZK_ERRORS.UNIMPLEMENTED.errno)
    default:
      return OP[request.type]
  }
}

/** Appends the request as a whole frame. */
export function writeRequest(
  writer: JuteWriter,
  xid: number,
  op: SentOp,
  request: ClientRequest,
): void {
  // opOf() chose the opcode by the request's type, which the compiler does not see.
  encodeRequest(writer, xid, op, request as never)
}
