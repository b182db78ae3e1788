/** What a request's body asks for, also where it cannot be decoded. Neighbour: connection. */
import { type Request, WireError, ZK_ERRORS } from '../lib/internal.ts'
import type { JuteReader } from '../lib/protocol/jute/reader.ts'
import { decodeRequest } from '../lib/protocol/wire/decode-request.ts'
import { malformedFate } from '../lib/protocol/wire/opcodes.ts'
import type { ServerStats } from './stats.ts'

/**
 * A malformed record gets an error reply in its turn; undefined: unknown opcode.
 * @throws {WireError} malformed auth and sasl close the connection
 */
export function decodeOrFail(
  op: number,
  reader: JuteReader,
  stats: ServerStats,
): Request | undefined {
  try {
    return decodeRequest(op, reader)
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    const fate = malformedFate(op)
    if (fate === 'close') throw error
    stats.malformedRequests++
    const { errno } = ZK_ERRORS.MARSHALLING
    return fate === 'write' ? { type: 'fail', errno } : { type: 'failRead', errno }
  }
}
