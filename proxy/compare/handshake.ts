/**
 * A client's handshake with both sides: the oracle's ConnectRequest, and the comparison of the two
 * answers. Neighbours: server-pair, sessions.
 */
import { JuteReader } from '../../lib/protocol/jute/reader.ts'
import type { ConnectRequest } from '../../lib/protocol/record/connect-request.ts'
import { decodeConnectResponse } from '../../lib/protocol/record/connect-response.ts'
import { compareGreetings } from './compare-reply.ts'
import type { CompareHost } from './host.ts'
import type { PlainDifference } from './report.ts'
import type { ComparedSession, GrantedSession } from './sessions.ts'
import type { Answer } from './upstream.ts'

/** The client's request with the zxid, session and password that stand for it on the oracle. */
export function connectForOracle(
  host: CompareHost,
  asked: ConnectRequest,
  known: ComparedSession | undefined,
): ConnectRequest {
  const lastZxidSeen = host.zxids.toOracle(asked.lastZxidSeen)
  if (known?.oracle === undefined) return { ...asked, lastZxidSeen }
  const isRight = Buffer.from(asked.password ?? []).equals(known.candidate.password)
  const password = isRight ? known.oracle.password : asked.password
  return { ...asked, lastZxidSeen, sessionId: known.oracle.id, password }
}

/** undefined: they are equal. */
export function compareHandshakes(
  asked: ConnectRequest,
  ours: Answer,
  theirs: Answer,
): PlainDifference | undefined {
  const request = { ...asked, password: '…', type: 'connect' }
  if (ours.type === 'reply' && theirs.type === 'reply') {
    const [a, b] = [ours, theirs].map(({ body }) => decodeConnectResponse(JuteReader.of(body)))
    const fields = compareGreetings(a!, b!)
    return fields.length > 0 ? { kind: 'session', request, fields } : undefined
  }
  if (ours.type === theirs.type) return undefined
  return { kind: 'session', request, candidate: ours.type, oracle: theirs.type }
}

/** undefined: the session was refused, or there was no answer. */
export function ticketOf(answer: Answer): GrantedSession | undefined {
  if (answer.type !== 'reply') return undefined
  const { sessionId: id, password, timeoutMs } = decodeConnectResponse(JuteReader.of(answer.body))
  return id === 0n ? undefined : { id, password, timeoutMs }
}
