/** Everything that reads bytes of others: what it may throw, and what must come out again. Neighbour: loop. */
import { deepStrictEqual } from 'node:assert/strict'
import { ByteWriter } from '../../../lib/format/bytes.ts'
import { parseDigest } from '../../../lib/format/digest.ts'
import { decodeCuts, decodeHead, encodeCuts, encodeHead } from '../../../lib/format/head.ts'
import {
  decodeBatch,
  decodeHeader,
  encodeEntry,
  type TxnBase,
  writeTxn,
} from '../../../lib/format/journal.ts'
import type { Batch } from '../../../lib/format/ops.ts'
import {
  decodeChildRecord,
  decodeImport,
  decodeProxy,
  decodeSession,
  decodeZnode,
  encodeSession,
  encodeZnode,
} from '../../../lib/format/record.ts'
import { parseSubnet } from '../../../lib/model/acl-check.ts'
import { CopyError, StoreError, WireError } from '../../../lib/model/errors.ts'
import { parseQuota } from '../../../lib/model/quota.ts'
import { FrameSplitter, frameOf } from '../../../lib/protocol/frame.ts'
import { JuteReader } from '../../../lib/protocol/jute/reader.ts'
import {
  decodeConnectRequest,
  encodeConnectRequest,
} from '../../../lib/protocol/record/connect-request.ts'
import { decodeConnectResponse } from '../../../lib/protocol/record/connect-response.ts'
import { decodeReplyHeader } from '../../../lib/protocol/record/reply-header.ts'
import { decodeRequestHeader } from '../../../lib/protocol/record/request-header.ts'
import { decodeReply } from '../../../lib/protocol/wire/decode-reply.ts'
import { decodeRequest } from '../../../lib/protocol/wire/decode-request.ts'
import { sessionLine, znodeLine } from '../../../lib/transfer/format.ts'
import { LineProblem, parseLine } from '../../../lib/transfer/parse.ts'
import { answerFourLetterWord, WORDS } from '../../../proxy/admin/four-letter-words.ts'
import { FirstBytes, wordOf } from '../../../proxy/first-bytes.ts'
import type { ProxyHost } from '../../../proxy/host.ts'
import { DigestMd5Exchange, SaslFailure } from '../../../proxy/sasl/digest-md5.ts'
import { parseSaslUsers } from '../../../proxy/sasl/users.ts'
import { loadCaptures } from '../../support/fixtures.ts'
import { changesTarget } from './changes-target.ts'
import { again, isWritable, type Target } from './target.ts'
import { zookeeperTargets } from './zookeeper-targets.ts'

const captures = loadCaptures()
const framesOf = (direction: '>' | '<') =>
  captures.flatMap(({ frames }) =>
    frames.filter((f) => f.direction === direction).map((f) => f.body),
  )
const texts = (...lines: string[]) => lines.map((line) => Buffer.from(line))
const text = (bytes: Buffer) => bytes.toString()

const ZNODE =
  '{"f":1,"czxid":5,"mzxid":6,"ctime":7,"mtime":8,"version":9,"aversion":1,"acl":[[31,"digest","u:x"]],"ttl":5}\ndata'

/** An entry of the newest format, with one operation of each kind. */
function entryBytes(batch: Batch): Uint8Array {
  const out = new ByteWriter()
  let base: TxnBase = { zxid: batch.zxid, time: batch.time, session: 0n }
  const [first] = batch.txns
  if (first !== undefined) base = { ...base, zxid: first.zxid - (first.takesZxid ? 1 : 0) }
  for (const txn of batch.txns) {
    writeTxn(out, batch.format, txn, base)
    base = txn
  }
  return encodeEntry(batch, out)
}
const acl = [{ perms: 31, id: { scheme: 'digest', id: 'u:x' } }]
const ENTRY = entryBytes({
  format: 3,
  seq: 9,
  previous: 7n,
  proxy: '0123456789abcdef',
  attempt: 3,
  zxid: 101,
  flushed: 2,
  time: 1_700_000_000_000,
  passes: true,
  check: { seq: 8, znodes: 4, digest: 5n },
  txns: [
    {
      zxid: 101,
      takesZxid: true,
      time: 1_700_000_000_000,
      session: 5n,
      cxid: 1,
      ops: [
        {
          ...{ type: 'create', path: '/a', data: 'x', acl, ephemeralOwner: 5n },
          ...{ kind: 0, ttlMs: 0, parentCreates: 1 },
        },
        { type: 'setData', path: '/a', data: null, version: 1 },
        { type: 'setACL', path: '/a', acl, aversion: 1 },
        { type: 'delete', path: '/a' },
        { type: 'createSession', id: 5n, timeoutMs: 6_000, passwordDigest: 'p', owner: 'o' },
        { type: 'moveSession', id: 5n, owner: 'o', fence: 1 },
        { type: 'closeSession', id: 5n, paths: ['/a', '/b'] },
        { type: 'newEpoch', lastZxid: 4 },
        { type: 'endSession', id: 5n },
      ],
    },
  ],
})

/** One without a store: of most words it answers that it does not serve. */
const NOT_SERVING = {
  keeper: { isServing: false, trouble: 'none', replica: { mirrors: false } },
} as unknown as ProxyHost

export const TARGETS: readonly Target[] = [
  {
    name: 'four-letter words',
    seeds: texts(...WORDS, 'ruok\n', 'GET / HTTP/1.1', '\0\0\0\u002c\0'),
    throws: [],
    run(bytes) {
      const passedOn = [bytes.length + 1, 1, 3].map((size) => {
        const first = new FirstBytes()
        for (let at = 0; at < bytes.length; at += size) {
          const all = first.add(bytes.subarray(at, at + size))
          if (all !== undefined) return { word: wordOf(all), rest: bytes.subarray(at + size), all }
        }
        return undefined
      })
      for (const one of passedOn) {
        // However they come in, it is the same word, and nothing is lost.
        deepStrictEqual(one?.word, bytes.length < 4 ? undefined : bytes.toString('latin1', 0, 4))
        if (one === undefined) continue
        deepStrictEqual(Buffer.concat([one.all, one.rest]), bytes)
        // The server looks at WORDS before, but nothing else may be an answer either.
        const isAnswered = ['ruok', 'isro'].includes(one.word)
        if (!WORDS.has(one.word) || isAnswered)
          deepStrictEqual(typeof answerFourLetterWord(NOT_SERVING, one.word), 'string')
      }
    },
  },
  {
    name: 'frames',
    seeds: framesOf('>')
      .slice(0, 8)
      .map((body) => Buffer.concat([Buffer.from([0, 0, 0, body.length]), body])),
    throws: [WireError],
    run(bytes) {
      const bodies: Buffer[] = []
      const split = (chunk: number) => {
        const out: Buffer[] = []
        const splitter = new FrameSplitter({
          frameBytesMax: 1_000,
          onFrame: (buffer, start, end) => out.push(Buffer.from(buffer.subarray(start, end))),
        })
        try {
          for (let at = 0; at < bytes.length; at += chunk) {
            // Its own memory, as a socket's: what a frame points at must not be needed later.
            splitter.push(Buffer.from(bytes.subarray(at, at + chunk)))
          }
        } finally {
          bodies.push(Buffer.concat(out))
        }
      }
      const thrown = [bytes.length + 1, 1, 7].map((chunk) => {
        try {
          split(chunk)
        } catch (error) {
          return error
        }
        return undefined
      })
      // However it comes in, the same goes out.
      deepStrictEqual(bodies[1], bodies[0])
      deepStrictEqual(bodies[2], bodies[0])
      if (thrown[0] !== undefined) throw thrown[0]
    },
  },
  {
    name: 'requests',
    seeds: framesOf('>'),
    throws: [WireError],
    run(bytes) {
      const reader = JuteReader.of(bytes)
      decodeRequest(decodeRequestHeader(reader).op, reader)
    },
  },
  {
    name: 'replies',
    // Of each the opcode is not in it: a byte before says which.
    seeds: framesOf('<').flatMap((body) => [4, 8, 14].map((op) => Buffer.from([op, ...body]))),
    throws: [WireError],
    run(bytes) {
      const reader = JuteReader.of(bytes.subarray(1))
      decodeReplyHeader(reader)
      decodeReply(bytes[0] ?? 0, reader)
    },
  },
  changesTarget,
  ...zookeeperTargets,
  {
    name: 'ConnectRequest',
    seeds: captures.map(({ connect }) => connect.request),
    throws: [WireError],
    run(bytes) {
      const read = (buffer: Buffer) => {
        const { password, ...request } = decodeConnectRequest(JuteReader.of(buffer))
        return { ...request, password: password === null ? null : Buffer.from(password) }
      }
      again(
        read(bytes),
        (request) => frameOf((writer) => encodeConnectRequest(writer, request)).subarray(4),
        read,
      )
    },
  },
  {
    name: 'ConnectResponse',
    seeds: captures.map(({ connect }) => connect.response),
    throws: [WireError],
    run: (bytes) => void decodeConnectResponse(JuteReader.of(bytes)),
  },
  {
    name: 'SASL DIGEST-MD5',
    seeds: texts(
      'charset=utf-8,username="u",realm="zk-sasl-md5",nonce="n",nc=00000001,cnonce="c",digest-uri="zookeeper/zk-sasl-md5",maxbuf=65536,response=0123456789abcdef0123456789abcdef,qop=auth',
      'username="a\\"b"',
    ),
    throws: [SaslFailure],
    run(bytes) {
      const exchange = new DigestMd5Exchange(() => new Map([['u', 'p']]))
      const { token } = exchange.step(new Uint8Array(0))
      const nonce = /nonce="([^"]*)"/.exec(Buffer.from(token).toString())![1]!
      exchange.step(Buffer.from(text(bytes).replace('nonce="n"', () => `nonce="${nonce}"`)))
    },
  },
  {
    name: 'SASL users',
    seeds: texts('Server {\n  X required\n  user_a="b";\n};\n', 'a=b\n# c\n'),
    throws: [Error],
    run: (bytes) => void parseSaslUsers(text(bytes)),
  },
  {
    name: 'journal entries',
    seeds: [ENTRY],
    throws: [StoreError],
    run(bytes) {
      decodeHeader(bytes)
      const batch = decodeBatch(bytes)
      // Numbers beyond what is ever written come out rounded.
      if (batch.format === 3 && isWritable(batch)) again(batch, entryBytes, decodeBatch)
    },
  },
  {
    name: 'head',
    seeds: [
      encodeHead(
        {
          zxid: 2 ** 32 + 5,
          seq: 3,
          flushed: 2,
          chain: 9n,
          check: { seq: 2, znodes: 4, digest: 1n },
        },
        'a/1',
      ),
      ...texts('null', '{"f":1}'),
      encodeHead({ zxid: 5, seq: 3, flushed: 2, imported: 'abc' }),
    ],
    throws: [StoreError],
    run: (bytes) => void decodeHead(bytes),
  },
  {
    name: 'epochs',
    seeds: [encodeCuts(new Map([[1, 5]]))],
    throws: [StoreError],
    run: (bytes) => again(decodeCuts(bytes), encodeCuts, decodeCuts),
  },
  {
    name: 'znode records',
    seeds: texts(
      ZNODE,
      'null\ndata',
      '{"f":1,"czxid":5,"mzxid":6,"ctime":7,"mtime":8,"owner":"0x5","null":true}\n',
    ),
    throws: [StoreError],
    run(bytes) {
      const node = decodeZnode(bytes, '/a')
      deepStrictEqual({ ...decodeZnode(encodeZnode(node), '/a') }, { ...node })
    },
  },
  {
    name: 'other records',
    seeds: [
      ...texts(
        'null',
        '{"f":1,"creates":4,"pzxid":9}',
        '{"f":1,"address":"a:1","at":5}',
        '{"f":1}',
      ),
      encodeSession({ id: 5n, timeoutMs: 6_000, passwordDigest: 'p', owner: 'o', fence: 1 }),
    ],
    throws: [StoreError],
    run(bytes) {
      let thrown: unknown
      for (const read of [
        () => decodeChildRecord(bytes, '/a'),
        () => decodeSession(bytes, 5n),
        () => decodeProxy(bytes),
        () => decodeImport(bytes),
      ]) {
        try {
          read()
        } catch (error) {
          if (!(error instanceof StoreError)) throw error
          thrown = error
        }
      }
      if (thrown !== undefined) throw thrown
    },
  },
  {
    name: 'export lines',
    seeds: texts(
      '{"format":"anykeeper-tree","version":1,"path":"/","zxid":5,"sessions":0,"znodes":1,"largest":{"path":"/","bytes":0}}',
      '{"session":"0x0000000000000005","timeout":6000,"password":"aa"}',
      '{"path":"/a","czxid":5,"mzxid":5,"ctime":1,"mtime":1,"version":1,"acl":[[31,"digest","u:x"]],"data":"x"}',
      '{"path":"/a","czxid":5,"mzxid":5,"pzxid":6,"ctime":1,"mtime":1,"creates":2,"owner":"0x0000000000000005","base64":"/w=="}',
      '{"end":true,"sessions":0,"znodes":1,"sha256":"aa"}',
    ),
    throws: [LineProblem, CopyError],
    run(bytes) {
      const line = parseLine(text(bytes))
      // What is read is written as a line that is read as the same.
      if (line.kind === 'session') deepStrictEqual(parseLine(sessionLine(line.session)), line)
      if (line.kind === 'znode') {
        const written = znodeLine(line.path, line.node)
        const { node } = parseLine(written) as typeof line
        deepStrictEqual(znodeLine(line.path, node), written)
      }
    },
  },
  {
    name: 'quotas, digests, subnets',
    seeds: texts(
      'count=1,bytes=2=;countHardLimit=3;byteHardLimit=4',
      '0123456789abcdef',
      '10.0.0.0/8',
      '::1/128',
    ),
    throws: [],
    run(bytes) {
      parseQuota(bytes.toString('latin1'))
      parseDigest(text(bytes))
      parseSubnet(text(bytes))
    },
  },
]
