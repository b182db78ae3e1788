/** Requests and replies without a record: ping, closeSession; the replies of many more. */

import { type CloseSessionRequest, OP, type PingRequest, type Result } from '../../model/request.ts'
import type { Codec } from './codec.ts'

const PING: PingRequest = { type: 'ping' }
const CLOSE_SESSION: CloseSessionRequest = { type: 'closeSession' }
const NOTHING: Result = { type: 'none' }

export function decodeNothing(): Result {
  return NOTHING
}

export function encodeNothing(): void {}

export const ping = {
  op: OP.ping,
  decodeRequest: (): PingRequest => PING,
  encodeRequest: encodeNothing,
  decodeReply: decodeNothing,
} as const satisfies Codec

export const closeSession = {
  op: OP.closeSession,
  decodeRequest: (): CloseSessionRequest => CLOSE_SESSION,
  encodeRequest: encodeNothing,
  decodeReply: decodeNothing,
} as const satisfies Codec
