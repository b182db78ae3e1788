/**
 * What frames of real servers and clients say, written down by hand: at least one of each record, both
 * directions. ZooKeeper's own clients of 3.8.0 and 3.9.5 did the same (test/wire/capture), so that only
 * times, session ids and what the servers differ in is written down twice.
 */

import { expect } from 'chai'
import { OP } from '../../../../../lib/internal.ts'
import { bodyOf } from '../../../../../lib/protocol/frame.ts'
import { JuteReader } from '../../../../../lib/protocol/jute/reader.ts'
import { decodeConnectRequest } from '../../../../../lib/protocol/record/connect-request.ts'
import { decodeConnectResponse } from '../../../../../lib/protocol/record/connect-response.ts'
import { decodeReplyHeader } from '../../../../../lib/protocol/record/reply-header.ts'
import { decodeWatcherEvent } from '../../../../../lib/protocol/record/watcher-event.ts'
import { CODECS } from '../../../../../lib/protocol/wire/codecs.ts'
import { decodeReply } from '../../../../../lib/protocol/wire/decode-reply.ts'
import { decodeRequest } from '../../../../../lib/protocol/wire/decode-request.ts'
import {
  encodeRequest,
  type SentRequests,
} from '../../../../../lib/protocol/wire/encode-request.ts'
import {
  CAPTURED_VERSIONS,
  type CapturedFrame,
  loadCaptures,
} from '../../../../support/fixtures.ts'
import { exchanges } from './expected-exchanges.ts'
import { OWN } from './expected-own.ts'

for (const version of CAPTURED_VERSIONS) {
  describe(`lib/protocol/wire: what ZooKeeper ${version} and its client said`, () => {
    const own = OWN[version]
    const captures = new Map(
      loadCaptures()
        .filter((capture) => capture.version === version)
        .map((capture) => [capture.name, capture]),
    )
    const captured = (name: string) => captures.get(`${name}.hex`)!
    const frames = (name: string): CapturedFrame[] => captured(name).frames

    for (const { fixture, op, nth = 0, xid, request, zxid, reply } of exchanges(own)) {
      it(`${fixture}: opcode ${op}, number ${nth}`, () => {
        const sent = frames(fixture).filter(
          ({ direction, body }) => direction === '>' && body.readInt32BE(4) === op,
        )[nth]!
        expect(sent.body.readInt32BE(0)).to.equal(xid)
        const reader = new JuteReader().reset(sent.body, 8, sent.body.length)
        expect(decodeRequest(op, reader)).to.deep.equal(request)
        expect(reader.left).to.equal(0)
        const answer = frames(fixture).find(
          ({ direction, body }) => direction === '<' && body.readInt32BE(0) === xid,
        )!
        expect(decodeReply(op, JuteReader.of(answer.body))).to.deep.equal({
          xid,
          zxid,
          errno: typeof reply === 'number' ? reply : 0,
          result: typeof reply === 'number' ? undefined : reply,
          extraBytes: 0,
        })
      })
    }

    it('every codec has its exchange', () => {
      const ops = new Set(exchanges(own).map(({ op }) => op))
      const unsent = [13, 20]
      const known = Object.values(OP).filter((op) => !unsent.includes(op) && op in CODECS)
      expect(known.filter((op) => !ops.has(op))).to.deep.equal([])
    })

    it('the handshake of a resumed session', () => {
      const { request, response } = captured('java-set-watches-resumed').connect
      const sessionId = own.session + 7n
      const password = Uint8Array.from(Buffer.from(own.password, 'hex'))
      const common = {
        timeoutMs: 10_000,
        sessionId,
        password,
        readOnly: false,
        hasReadOnly: true,
      }
      expect(decodeConnectRequest(JuteReader.of(request))).to.deep.equal({
        protocolVersion: 0,
        lastZxidSeen: 49,
        ...common,
      })
      expect(decodeConnectResponse(JuteReader.of(response))).to.deep.equal(common)
    })

    it('the handshake of a client that takes a read-only server, and of one without that byte', () => {
      const willing = decodeConnectRequest(
        JuteReader.of(captured('java-read-only').connect.request),
      )
      expect(willing).to.include({ readOnly: true, hasReadOnly: true, sessionId: 0n })
      const old = captured('connect-without-readonly').connect
      const oldRequest = decodeConnectRequest(JuteReader.of(old.request))
      expect(oldRequest).to.include({ readOnly: false, hasReadOnly: false })
      const oldResponse = decodeConnectResponse(JuteReader.of(old.response))
      expect(oldResponse).to.include({ readOnly: false, hasReadOnly: false, timeoutMs: 10_000 })
    })

    it('the refusal of a session that is gone', () => {
      const { request, response } = captured('java-session-gone').connect
      expect(decodeConnectRequest(JuteReader.of(request)).sessionId).to.equal(0x1234n)
      expect(decodeConnectResponse(JuteReader.of(response))).to.deep.equal({
        timeoutMs: 0,
        sessionId: 0n,
        password: new Uint8Array(16),
        readOnly: false,
        hasReadOnly: true,
      })
    })

    it('events: their header, type and path', () => {
      const events = (name: string) =>
        frames(name)
          .filter(({ direction, body }) => direction === '<' && body.readInt32BE(0) === -1)
          .map(({ body }) => {
            const reader = JuteReader.of(body)
            return { ...decodeReplyHeader(reader), ...decodeWatcherEvent(reader) }
          })
      const seen = events('java-watches')
      const [created, missed] = own.eventZxids
      expect(seen[0]).to.deep.equal({
        xid: -1,
        zxid: created,
        errno: 0,
        type: 1,
        state: 3,
        path: '/java-watches',
      })
      expect(seen.map(({ type, path }) => [type, path])).to.deep.equal([
        [1, '/java-watches'],
        [1, '/java-watches/r'],
        [4, '/java-watches'],
        [1, '/java-watches/r/é'],
        [3, '/java-watches'],
        [2, '/java-watches/r/é'],
      ])
      expect(events('java-set-watches-resumed')[0]).to.deep.equal({
        xid: -1,
        zxid: missed,
        errno: 0,
        type: 3,
        state: 3,
        path: '/java-set-watches',
      })
    })

    it('a reconfig, whose fields a server leaves unread', () => {
      const encoded = (xid: number, request: SentRequests[16]) =>
        bodyOf((writer) => encodeRequest(writer, xid, 16, request)).toString('hex')
      const sent = frames('java-reconfig').filter(({ direction }) => direction === '>')
      const joining = 'server.9=127.0.0.1:1:2:observer;127.0.0.1:3'
      const rest = { newMembers: null, curConfigId: -1 }
      expect(encoded(1, { joining, leaving: null, ...rest })).to.equal(
        sent[0]!.body.toString('hex'),
      )
      expect(encoded(2, { joining: null, leaving: '9', ...rest })).to.equal(
        sent[1]!.body.toString('hex'),
      )
    })

    it('tokens of an exchange by DIGEST-MD5', () => {
      const tokens = frames('java-sasl')
        .filter(({ direction }) => direction === '<')
        .slice(0, 2)
        .map(({ body }) => decodeReply(102, JuteReader.of(body)).result)
      const texts = tokens.map((result) =>
        result?.type === 'sasl' ? Buffer.from(result.token ?? []).toString() : '',
      )
      expect(texts[0]).to.match(
        /^realm="zk-sasl-md5",nonce="[^"]+",charset=utf-8,algorithm=md5-sess$/,
      )
      expect(texts[1]).to.match(/^rspauth=[0-9a-f]{32}$/)
    })
  })
}
