/** A client's request as the comparison needs it: decoded, or known to be none. Neighbour: link. */
import { isKeeperError, OP, type Request } from '../../lib/internal.ts'
import { JuteReader } from '../../lib/protocol/jute/reader.ts'
import { decodeRequestHeader } from '../../lib/protocol/record/request-header.ts'
import { decodeRequest } from '../../lib/protocol/wire/decode-request.ts'
import { malformedFate } from '../../lib/protocol/wire/opcodes.ts'

export interface Asked {
  readonly xid: number
  readonly op: number
  /** Absent: an opcode or a record that no server can read. */
  readonly request: Request | undefined
  /** A transaction, successful or not: the zxid in its reply is its own. */
  readonly isWrite: boolean
}

/** `body` is the whole frame, behind its length. */
export function decodeAsked(body: Buffer): Asked {
  if (body.length < 8) return { xid: 0, op: 0, request: undefined, isWrite: false }
  const reader = JuteReader.of(body)
  const { xid, op } = decodeRequestHeader(reader)
  try {
    const request = decodeRequest(op, reader)
    return { xid, op, request, isWrite: request !== undefined && isWrite(request) }
  } catch (error) {
    if (!isKeeperError(error)) throw error
    return { xid, op, request: undefined, isWrite: malformedFate(op) === 'write' }
  }
}

function isWrite({ type }: Request): boolean {
  switch (type) {
    case 'create':
    case 'delete':
    case 'setData':
    case 'setACL':
    case 'multi':
    case 'closeSession':
    case 'fail':
      return true
    default:
      return false
  }
}

/** As it stands in the log. */
export function shownAsked({ xid, op, request }: Asked): object {
  return { xid, op, ...(request ?? { type: 'unreadable' }) }
}

/** SetWatches => xid type relativeZxid …: the same with another zxid. */
export function withRelativeZxid(body: Buffer, toOracle: (zxid: number) => number): Buffer {
  if (body.length < 16) return body
  const reader = JuteReader.of(body)
  decodeRequestHeader(reader)
  const copy = Buffer.from(body)
  copy.writeBigInt64BE(BigInt(toOracle(reader.long())), 8)
  return copy
}

export function isSetWatches(op: number): boolean {
  return op === OP.setWatches || op === OP.setWatches2
}
