/**
 * What a server says, read from its frames: replies, events and the answer to the handshake. The
 * mirror image of wire/encode-reply, written for the comparison. Neighbours: link, compare-reply.
 */
import {
  type Acl,
  type AuthId,
  type MultiResult,
  OP,
  type Result,
  type Stat,
  WireError,
} from '../../lib/index.ts'
import type { JuteReader } from '../../lib/protocol/jute/reader.ts'
import type { ConnectResponse } from '../../lib/protocol/wire/connect.ts'

export interface Reply {
  readonly xid: number
  readonly zxid: number
  readonly errno: number
  /** Absent behind an error. */
  readonly result: Result | undefined
  /** Bytes behind the record; there should be none. */
  readonly extraBytes: number
}

export interface WatcherEvent {
  readonly type: number
  readonly state: number
  readonly path: string
}

type Decoder = (reader: JuteReader) => Result

/* ReplyHeader => xid zxid err, then by opcode: see the grammar in wire/encode-reply */
/** @throws {WireError} for a record that `op` does not have. */
export function decodeReply(op: number, reader: JuteReader): Reply {
  const xid = reader.int()
  const zxid = reader.long()
  const errno = reader.int()
  let result: Result | undefined
  if (errno === 0) {
    const decode = DECODERS.get(op)
    if (decode === undefined) throw new WireError(`success of opcode ${op}, which is unknown`)
    result = decode(reader)
  } else if (op === OP.sasl && reader.left > 0) {
    result = { type: 'sasl', token: reader.bytes() }
  }
  return { xid, zxid, errno, result, extraBytes: reader.left }
}

/** Behind the header: the caller has read its three fields. */
export function decodeEvent(reader: JuteReader): WatcherEvent {
  return { type: reader.int(), state: reader.int(), path: text(reader) }
}

/** The grammar is that of wire/connect. */
export function decodeConnectResponse(reader: JuteReader): ConnectResponse {
  reader.int()
  const timeoutMs = reader.int()
  const sessionId = reader.bigLong()
  const password = reader.bytes() ?? new Uint8Array(0)
  const hasReadOnly = reader.left > 0
  return {
    timeoutMs,
    sessionId,
    password,
    readOnly: hasReadOnly && reader.bool(),
    hasReadOnly,
  }
}

/** null and '' are one here: only the echo of a sync can be null. */
function text(reader: JuteReader): string {
  return reader.string() ?? ''
}

const STRING_BYTES_MIN = 4
const ACL_BYTES_MIN = 12
const CLIENT_INFO_BYTES_MIN = 8

function vector<T>(reader: JuteReader, itemBytesMin: number, read: () => T): T[] {
  const count = reader.count(itemBytesMin)
  const items: T[] = []
  for (let i = 0; i < count; i++) items.push(read())
  return items
}

function strings(reader: JuteReader): string[] {
  return vector(reader, STRING_BYTES_MIN, () => text(reader))
}

function readStat(reader: JuteReader): Stat {
  return {
    czxid: reader.long(),
    mzxid: reader.long(),
    ctime: reader.long(),
    mtime: reader.long(),
    version: reader.int(),
    cversion: reader.int(),
    aversion: reader.int(),
    ephemeralOwner: reader.bigLong(),
    dataLength: reader.int(),
    numChildren: reader.int(),
    pzxid: reader.long(),
  }
}

function readAcl(reader: JuteReader): Acl {
  return { perms: reader.int(), id: { scheme: text(reader), id: text(reader) } }
}

function readClientInfo(reader: JuteReader): AuthId {
  return { scheme: text(reader), id: text(reader) }
}

const NONE: Result = { type: 'none' }
const none: Decoder = () => NONE
const path: Decoder = (reader) => ({ type: 'path', path: text(reader) })
const pathStat: Decoder = (reader) => ({
  type: 'pathStat',
  path: text(reader),
  stat: readStat(reader),
})
const stat: Decoder = (reader) => ({ type: 'stat', stat: readStat(reader) })
const data: Decoder = (reader) => ({
  type: 'data',
  data: reader.byteString(),
  stat: readStat(reader),
})
const multi: Decoder = (reader) => {
  const results: MultiResult[] = []
  for (;;) {
    const type = reader.int()
    const done = reader.bool()
    const errno = reader.int()
    if (done) return { type: 'multi', results }
    const result = readMultiResult(reader, type)
    if (errno !== (result.type === 'error' ? result.errno : 0)) {
      throw new WireError(`result of type ${type} in a multi with error ${errno} in its header`)
    }
    results.push(result)
  }
}

function readMultiResult(reader: JuteReader, type: number): MultiResult {
  switch (type) {
    case OP.create:
      return { type: 'create', path: text(reader) }
    case OP.create2:
      return { type: 'create2', path: text(reader), stat: readStat(reader) }
    case OP.setData:
      return { type: 'setData', stat: readStat(reader) }
    case OP.delete:
      return { type: 'delete' }
    case OP.check:
      return { type: 'check' }
    case OP.getData:
      return { type: 'getData', data: reader.byteString(), stat: readStat(reader) }
    case OP.getChildren:
      return { type: 'getChildren', children: strings(reader) }
    case OP.error:
      return { type: 'error', errno: reader.int() }
    default:
      throw new WireError(`result of type ${type} in a multi`)
  }
}

const DECODERS = new Map<number, Decoder>([
  [OP.create, path],
  [OP.delete, none],
  [OP.exists, stat],
  [OP.getData, data],
  [OP.setData, stat],
  [
    OP.getACL,
    (reader) => ({
      type: 'acl',
      acl: vector(reader, ACL_BYTES_MIN, () => readAcl(reader)),
      stat: readStat(reader),
    }),
  ],
  [OP.setACL, stat],
  [OP.getChildren, (reader) => ({ type: 'children', children: strings(reader) })],
  [OP.sync, path],
  [OP.ping, none],
  [
    OP.getChildren2,
    (reader) => ({ type: 'childrenStat', children: strings(reader), stat: readStat(reader) }),
  ],
  [OP.check, none],
  [OP.multi, multi],
  [OP.create2, pathStat],
  [OP.reconfig, data],
  [OP.checkWatches, none],
  [OP.removeWatches, none],
  [OP.createContainer, pathStat],
  [OP.deleteContainer, none],
  [OP.createTTL, pathStat],
  [OP.multiRead, multi],
  [OP.auth, none],
  [OP.setWatches, none],
  [OP.sasl, (reader) => ({ type: 'sasl', token: reader.bytes() })],
  [OP.getEphemerals, (reader) => ({ type: 'paths', paths: strings(reader) })],
  [OP.getAllChildrenNumber, (reader) => ({ type: 'count', count: reader.int() })],
  [OP.setWatches2, none],
  [OP.addWatch, (reader) => ({ type: 'errorRecord', errno: reader.int() })],
  [
    OP.whoAmI,
    (reader) => ({
      type: 'whoAmI',
      ids: vector(reader, CLIENT_INFO_BYTES_MIN, () => readClientInfo(reader)),
    }),
  ],
  [OP.closeSession, none],
])
