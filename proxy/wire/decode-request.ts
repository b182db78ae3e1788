/**
 * Request bytes → lib's request records: one decoder per opcode, its grammar above it.
 * Source: zookeeper.jute. Neighbours: frame, connection.
 */
import { type Acl, OP, type Request } from '../../lib/index.ts'
import type { JuteReader } from '../jute/reader.ts'
import { decodeMulti, decodeMultiRead } from './decode-multi.ts'

type Decoder = (r: JuteReader) => Request

/** ACL vector = int count, (int perms, ustring scheme, ustring id)*; −1 is null. */
export function readAcl(r: JuteReader): readonly Acl[] | null {
  const count = r.vector(12)
  if (count < 0) return null
  const acl: Acl[] = []
  for (let i = 0; i < count; i++) {
    acl.push({ perms: r.int(), id: { scheme: r.string(), id: r.string() } })
  }
  return acl
}

type CreateOp = 1 | 15 | 19 | 21

/** CreateRequest = ustring path, buffer data, acl, int flags [, long ttl with createTTL] */
export const readCreate = (r: JuteReader, op: CreateOp): Request & { type: 'create' } => ({
  type: 'create',
  op,
  path: r.string(),
  data: r.buffer(),
  acl: readAcl(r),
  flags: r.int(),
  ttlMs: op === OP.createTTL ? r.long() : 0,
})

/** DeleteRequest = ustring path, int version */
export const readDelete = (r: JuteReader): Request & { type: 'delete' } => ({
  type: 'delete',
  path: r.string(),
  version: r.int(),
})

/** SetDataRequest = ustring path, buffer data, int version */
export const readSetData = (r: JuteReader): Request & { type: 'setData' } => ({
  type: 'setData',
  path: r.string(),
  data: r.buffer(),
  version: r.int(),
})

/** CheckVersionRequest = ustring path, int version */
export const readCheck = (r: JuteReader): Request & { type: 'check' } => ({
  type: 'check',
  path: r.string(),
  version: r.int(),
})

/** GetDataRequest = ustring path, bool watch; exists and getChildren have the same shape */
export const readGetData = (r: JuteReader): Request & { type: 'getData' } => ({
  type: 'getData',
  path: r.string(),
  watch: r.boolean(),
})
export const readGetChildren = (
  r: JuteReader,
): Request & { type: 'getChildren' | 'getChildren2' } => ({
  type: 'getChildren',
  path: r.string(),
  watch: r.boolean(),
})

/** SetWatches = long relativeZxid, data[], exist[], child[]; SetWatches2 adds persistent[], recursive[] */
function readSetWatches(r: JuteReader, withPersistent: boolean): Request {
  return {
    type: 'setWatches',
    relativeZxid: r.long(),
    data: r.strings(),
    exist: r.strings(),
    child: r.strings(),
    persistent: withPersistent ? r.strings() : [],
    persistentRecursive: withPersistent ? r.strings() : [],
  }
}

/** CheckWatchesRequest, RemoveWatchesRequest = ustring path, int type */
const readWatches = (r: JuteReader, type: 'checkWatches' | 'removeWatches'): Request => ({
  type,
  path: r.string(),
  watcherType: r.int(),
})

const DECODERS = new Map<number, Decoder>([
  [OP.getData, readGetData],
  [OP.setData, readSetData],
  [OP.create, (r) => readCreate(r, OP.create)],
  [OP.create2, (r) => readCreate(r, OP.create2)],
  [OP.createContainer, (r) => readCreate(r, OP.createContainer)],
  [OP.createTTL, (r) => readCreate(r, OP.createTTL)],
  [OP.delete, readDelete],
  [OP.exists, (r) => ({ type: 'exists', path: r.string(), watch: r.boolean() })],
  [OP.getChildren, readGetChildren],
  [OP.getChildren2, (r) => ({ type: 'getChildren2', path: r.string(), watch: r.boolean() })],
  [OP.getACL, (r) => ({ type: 'getACL', path: r.string() })],
  [OP.setACL, (r) => ({ type: 'setACL', path: r.string(), acl: readAcl(r), version: r.int() })],
  [OP.sync, (r) => ({ type: 'sync', path: r.string() })],
  [OP.ping, () => ({ type: 'ping' })],
  [OP.check, readCheck],
  [OP.multi, decodeMulti],
  [OP.multiRead, decodeMultiRead],
  // joining, leaving, newMembers, curConfigId are not looked at: reconfiguration is off.
  [OP.reconfig, () => ({ type: 'reconfig' })],
  [OP.checkWatches, (r) => readWatches(r, 'checkWatches')],
  [OP.removeWatches, (r) => readWatches(r, 'removeWatches')],
  [
    OP.auth,
    (r) => {
      r.int()
      return { type: 'auth', scheme: r.string(), auth: r.buffer() ?? new Uint8Array(0) }
    },
  ],
  [OP.sasl, (r) => ({ type: 'sasl', token: r.buffer() })],
  [OP.setWatches, (r) => readSetWatches(r, false)],
  [OP.setWatches2, (r) => readSetWatches(r, true)],
  [OP.getEphemerals, (r) => ({ type: 'getEphemerals', prefixPath: r.string() })],
  [OP.getAllChildrenNumber, (r) => ({ type: 'getAllChildrenNumber', path: r.string() })],
  [OP.addWatch, (r) => ({ type: 'addWatch', path: r.string(), mode: r.int() })],
  [OP.whoAmI, () => ({ type: 'whoAmI' })],
  [OP.closeSession, () => ({ type: 'closeSession' })],
])

/** undefined: an opcode this server does not know, or that is not for clients (deleteContainer). */
export function decodeRequest(op: number, reader: JuteReader): Request | undefined {
  return DECODERS.get(op)?.(reader)
}
