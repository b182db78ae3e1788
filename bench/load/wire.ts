/**
 * ZooKeeper packets as ready-made bytes, length and header included; the xid is put in when one is
 * sent. Written apart from the proxy's codec on purpose: the load shares no code with what it
 * measures. Source: zookeeper.jute. Neighbour: link (sends them).
 */

export const OP = {
  create: 1,
  delete: 2,
  exists: 3,
  getData: 4,
  setData: 5,
  sync: 9,
  ping: 11,
  getChildren2: 12,
  multi: 14,
  setWatches: 101,
  closeSession: -11,
} as const

/** Where the xid of a packet is, and where its body begins. */
export const XID_AT = 4
export const BODY_AT = 12

const int = (value: number): Buffer => {
  const out = Buffer.alloc(4)
  out.writeInt32BE(value)
  return out
}
const long = (value: bigint): Buffer => {
  const out = Buffer.alloc(8)
  out.writeBigInt64BE(value)
  return out
}
const bytes = (value: Uint8Array): Buffer => Buffer.concat([int(value.length), value])
const text = (value: string): Buffer => bytes(Buffer.from(value))
const bool = (value: boolean): Buffer => Buffer.of(value ? 1 : 0)

function packet(op: number, ...body: Buffer[]): Buffer {
  const payload = Buffer.concat([int(0), int(op), ...body])
  return Buffer.concat([int(payload.length), payload])
}

/** All permissions for world:anyone. */
const OPEN_ACL = Buffer.concat([int(1), int(31), text('world'), text('anyone')])
export const SEQUENTIAL = 2

const createBody = (path: string, data: Uint8Array, flags: number): Buffer =>
  Buffer.concat([text(path), bytes(data), OPEN_ACL, int(flags)])
const setBody = (path: string, data: Uint8Array): Buffer =>
  Buffer.concat([text(path), bytes(data), int(-1)])
const deleteBody = (path: string): Buffer => Buffer.concat([text(path), int(-1)])

export const getData = (path: string, watch = false): Buffer =>
  packet(OP.getData, text(path), bool(watch))
export const exists = (path: string): Buffer => packet(OP.exists, text(path), bool(false))
export const sync = (path: string): Buffer => packet(OP.sync, text(path))
export const getChildren2 = (path: string): Buffer =>
  packet(OP.getChildren2, text(path), bool(false))
export const setData = (path: string, data: Uint8Array): Buffer =>
  packet(OP.setData, setBody(path, data))
export const create = (path: string, data: Uint8Array, flags = 0): Buffer =>
  packet(OP.create, createBody(path, data, flags))
export const remove = (path: string): Buffer => packet(OP.delete, deleteBody(path))
export const closeSession = (): Buffer => packet(OP.closeSession)

/** MultiHeader{type, done, err} before each operation, and one that says done. */
function multi(op: number, bodies: readonly Buffer[]): Buffer {
  const parts = bodies.map((body) => Buffer.concat([int(op), bool(false), int(-1), body]))
  return packet(OP.multi, ...parts, int(-1), bool(true), int(-1))
}
export const multiSet = (paths: readonly string[], data: Uint8Array): Buffer =>
  multi(
    OP.setData,
    paths.map((path) => setBody(path, data)),
  )
export const multiCreate = (paths: readonly string[], data: Uint8Array): Buffer =>
  multi(
    OP.create,
    paths.map((path) => createBody(path, data, 0)),
  )
export const multiDelete = (paths: readonly string[]): Buffer =>
  multi(OP.delete, paths.map(deleteBody))

/** Its xid is always -2. */
export function ping(): Buffer {
  const out = packet(OP.ping)
  out.writeInt32BE(-2, XID_AT)
  return out
}

/** Data watches alone, of a client that has seen everything up to `zxid`. */
export const setWatches = (zxid: bigint, paths: readonly string[]): Buffer =>
  packet(OP.setWatches, long(zxid), int(paths.length), ...paths.map(text), int(0), int(0))

/** ConnectRequest of a new session. */
export function connect(timeoutMs: number): Buffer {
  const payload = Buffer.concat([
    int(0),
    Buffer.alloc(8),
    int(timeoutMs),
    Buffer.alloc(8),
    bytes(Buffer.alloc(16)),
    bool(false),
  ])
  return Buffer.concat([int(payload.length), payload])
}
