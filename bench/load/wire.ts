/**
 * ZooKeeper packets as ready-made bytes, length and header included; the xid is put in when one is
 * sent. Their records are lib/protocol's, written once before the load runs; what a run does for each
 * request and reply (patching bytes in place, skimming replies) is its own and stays apart from the
 * code that it measures. Neighbours: link (sends them), digits (patches paths).
 */
// Not the public door: the load needs none of the library's rooms but these.
import { OPEN_ACL } from '../../lib/model/acl.ts'
import { toByteString } from '../../lib/model/byte-string.ts'
import { CREATE_FLAGS, OP } from '../../lib/model/request.ts'
import { frameOf } from '../../lib/protocol/frame.ts'
import type { JuteWriter } from '../../lib/protocol/jute/writer.ts'
import { encodeConnectRequest } from '../../lib/protocol/record/connect-request.ts'
import type { SentMultiOp } from '../../lib/protocol/record/multi.ts'
import {
  encodeRequest,
  type SentOp,
  type SentRequests,
} from '../../lib/protocol/wire/encode-request.ts'
import { XID } from '../../lib/protocol/wire/opcodes.ts'

/** Where the xid of a packet is, and where its body begins. */
export const XID_AT = 4
export const BODY_AT = 12

/** A copy: the writer's chunk is larger, and a load keeps many packets. */
const kept = (encode: (writer: JuteWriter) => void): Buffer => Buffer.from(frameOf(encode))

function packet<K extends SentOp>(op: K, request: SentRequests[K], xid = 0): Buffer {
  return kept((writer) => encodeRequest(writer, xid, op, request))
}

const createOf = (path: string, data: Uint8Array, flags: number) => ({
  path,
  data: toByteString(data),
  acl: OPEN_ACL,
  flags,
})
const setOf = (path: string, data: Uint8Array) => ({
  path,
  data: toByteString(data),
  version: -1,
})
const deleteOf = (path: string) => ({ path, version: -1 })

export const getData = (path: string, watch = false): Buffer => packet(OP.getData, { path, watch })
export const exists = (path: string): Buffer => packet(OP.exists, { path, watch: false })
export const sync = (path: string): Buffer => packet(OP.sync, { path })
export const getChildren2 = (path: string): Buffer =>
  packet(OP.getChildren2, { path, watch: false })
export const setData = (path: string, data: Uint8Array): Buffer =>
  packet(OP.setData, setOf(path, data))
export const create = (
  path: string,
  data: Uint8Array,
  flags: number = CREATE_FLAGS.PERSISTENT,
): Buffer => packet(OP.create, createOf(path, data, flags))
export const remove = (path: string): Buffer => packet(OP.delete, deleteOf(path))
export const closeSession = (): Buffer => packet(OP.closeSession, undefined)

const multi = (ops: readonly SentMultiOp[]): Buffer => packet(OP.multi, { ops })
export const multiSet = (paths: readonly string[], data: Uint8Array): Buffer =>
  multi(paths.map((path) => ({ type: 'setData', ...setOf(path, data) })))
export const multiCreate = (paths: readonly string[], data: Uint8Array): Buffer =>
  multi(
    paths.map((path) => ({
      type: 'create',
      op: OP.create,
      ttlMs: 0,
      ...createOf(path, data, CREATE_FLAGS.PERSISTENT),
    })),
  )
export const multiDelete = (paths: readonly string[]): Buffer =>
  multi(paths.map((path) => ({ type: 'delete', ...deleteOf(path) })))

/** Its xid is always −2. */
export const ping = (): Buffer => packet(OP.ping, undefined, XID.ping)

/** Data watches alone, of a client that has seen everything up to `zxid`. */
export const setWatches = (zxid: number, paths: readonly string[]): Buffer =>
  packet(OP.setWatches, { relativeZxid: zxid, data: paths, exist: [], child: [] })

/** ConnectRequest of a new session. */
export const connect = (timeoutMs: number): Buffer =>
  kept((writer) =>
    encodeConnectRequest(writer, {
      protocolVersion: 0,
      lastZxidSeen: 0,
      timeoutMs,
      sessionId: 0n,
      password: new Uint8Array(16),
      readOnly: false,
      hasReadOnly: true,
    }),
  )
