/**
 * Frames of real servers and clients: what is decoded from them, encoded again by the opposite
 * direction, must be the same bytes. That both directions do not share a mistake is what
 * expected.test.ts is for.
 */

import { expect } from 'chai'
import { EVENT, OP, type Request, WireError } from '../../../../../lib/internal.ts'
import { bodyOf } from '../../../../../lib/protocol/frame.ts'
import { JuteReader } from '../../../../../lib/protocol/jute/reader.ts'
import type { JuteWriter } from '../../../../../lib/protocol/jute/writer.ts'
import {
  decodeConnectRequest,
  encodeConnectRequest,
} from '../../../../../lib/protocol/record/connect-request.ts'
import {
  decodeConnectResponse,
  encodeConnectResponse,
  encodeSessionGone,
} from '../../../../../lib/protocol/record/connect-response.ts'
import {
  decodeReplyHeader,
  encodeReplyHeader,
} from '../../../../../lib/protocol/record/reply-header.ts'
import { decodeRequestHeader } from '../../../../../lib/protocol/record/request-header.ts'
import {
  decodeWatcherEvent,
  encodeWatcherEvent,
  SYNC_CONNECTED,
} from '../../../../../lib/protocol/record/watcher-event.ts'
import { decodeReply } from '../../../../../lib/protocol/wire/decode-reply.ts'
import { decodeRequest } from '../../../../../lib/protocol/wire/decode-request.ts'
import {
  encodeErrorReply,
  encodeEvent,
  encodeReply,
  encodeSaslFailure,
} from '../../../../../lib/protocol/wire/encode-reply.ts'
import { encodeRequest, type SentOp } from '../../../../../lib/protocol/wire/encode-request.ts'
import { malformedFate, XID } from '../../../../../lib/protocol/wire/opcodes.ts'
import {
  CAPTURED_VERSIONS,
  type CapturedVersion,
  loadCaptures,
} from '../../../../support/fixtures.ts'

const MARSHALLING = -5

const hexOf = (body: Uint8Array): string => Buffer.from(body).toString('hex')
const encoded = (encode: (writer: JuteWriter) => void): string => hexOf(bodyOf(encode))

/** undefined: it is malformed. */
function decoded(op: number, reader: JuteReader): Request | undefined {
  try {
    const request = decodeRequest(op, reader)
    if (request === undefined) throw new Error(`opcode ${op} is unknown`)
    return request
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    return undefined
  }
}

function checkEvent(version: CapturedVersion, body: Buffer): void {
  const reader = JuteReader.of(body)
  const { xid, zxid, errno } = decodeReplyHeader(reader)
  const { type, state, path } = decodeWatcherEvent(reader)
  expect(reader.left).to.equal(0)
  expect(Object.values(EVENT)).to.include(type)
  expect(state).to.equal(SYNC_CONNECTED)
  const again = bodyOf((writer) => {
    writer.begin()
    encodeReplyHeader(writer, xid, zxid, errno)
    encodeWatcherEvent(writer, type, state, path)
    writer.end()
  })
  expect(hexOf(again)).to.equal(hexOf(body))
  expect(encoded((w) => encodeEvent(w, type, path ?? '', zxid))).to.equal(hexOf(body))
  // What a 3.8 server says of no event: the zxid of its change.
  if (zxid !== -1) expect(version).to.equal('3.9.5')
}

function checkReply(op: number, body: Buffer): void {
  const { xid, zxid, errno, result, extraBytes } = decodeReply(op, JuteReader.of(body))
  expect(extraBytes).to.equal(0)
  const again = encoded((writer) => {
    if (errno === 0) encodeReply(writer, xid, zxid, result!)
    else if (result === undefined) encodeErrorReply(writer, xid, zxid, errno)
    else encodeSaslFailure(writer, xid, errno)
  })
  expect(again).to.equal(hexOf(body))
}

describe('lib/protocol/wire against captured frames', () => {
  const opsSeen = new Map<CapturedVersion, Set<number>>()

  for (const { version, name, origin, connect, frames } of loadCaptures()) {
    it(`${version}/${name}: handshake`, () => {
      expect(origin.startsWith(`# ZooKeeper ${version}`)).to.equal(true)
      const request = decodeConnectRequest(JuteReader.of(connect.request))
      expect(request.protocolVersion).to.equal(0)
      expect(encoded((w) => encodeConnectRequest(w, request))).to.equal(hexOf(connect.request))
      const response = decodeConnectResponse(JuteReader.of(connect.response))
      expect(response.hasReadOnly).to.equal(request.hasReadOnly)
      expect(encoded((w) => encodeConnectResponse(w, response))).to.equal(hexOf(connect.response))
      if (response.timeoutMs > 0) return
      const gone = encoded((w) => encodeSessionGone(w, request.hasReadOnly))
      expect(gone).to.equal(hexOf(connect.response))
    })

    it(`${version}/${name}: requests, replies, events`, () => {
      const seen = opsSeen.get(version) ?? new Set()
      opsSeen.set(version, seen)
      const ops = new Map<number, number>()
      const malformed = new Set<number>()
      for (const { direction, body } of frames) {
        const reader = JuteReader.of(body)
        if (direction === '>') {
          const { xid, op } = decodeRequestHeader(reader)
          ops.set(xid, op)
          seen.add(op)
          const request = decoded(op, reader)
          // A server leaves the fields of a reconfig unread: expected.test.ts has them.
          if (request?.type === 'reconfig') continue
          if (request === undefined) {
            malformed.add(xid)
            continue
          }
          const again = encoded((w) => encodeRequest(w, xid, op as SentOp, request as never))
          expect(again).to.equal(hexOf(body))
          continue
        }
        const { xid, errno } = decodeReplyHeader(reader)
        if (xid === XID.notification) {
          checkEvent(version, body)
          continue
        }
        const op = ops.get(xid)!
        if (errno === MARSHALLING) {
          expect(malformed.delete(xid)).to.equal(true)
          expect(malformedFate(op)).to.not.equal('close')
        }
        checkReply(op, body)
      }
      expect(malformed.size, 'what we refuse the server answered with −5').to.equal(0)
    })
  }

  for (const version of CAPTURED_VERSIONS) {
    it(`${version}: covers every opcode that a client may send`, () => {
      const unanswered: number[] = [OP.check, OP.deleteContainer, OP.createSession, OP.error]
      const expected = Object.values(OP).filter((op) => !unanswered.includes(op))
      expect(expected.filter((op) => !opsSeen.get(version)?.has(op))).to.deep.equal([])
    })
  }
})
