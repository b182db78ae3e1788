/**
 * What the connection must know of an opcode before the record is read: whether it exists, and
 * what becomes of a record that cannot be read.
 */

import { OP } from '../../model/request.ts'

/** Xids with a meaning of their own. Source: ClientCnxn. */
export const XID = { notification: -1, ping: -2, auth: -4, setWatches: -8 } as const

/**
 * The fate of a request whose record is malformed. Observed on ZooKeeper 3.8.0 for truncated
 * records, bad lengths and null paths alike:
 * - `write`: answered MARSHALLING (−5) in its turn; the failed request takes a zxid.
 * - `read`: answered −5 in its turn, no zxid; the connection stays open. sync and reconfig likewise.
 * - `close`: auth and sasl end the connection without an answer.
 * A body too short for its header (also an empty one) ends the connection, too.
 */
export type MalformedFate = 'write' | 'read' | 'close'

const FATES = new Map<number, MalformedFate>([
  [OP.create, 'write'],
  [OP.delete, 'write'],
  [OP.exists, 'read'],
  [OP.getData, 'read'],
  [OP.setData, 'write'],
  [OP.getACL, 'read'],
  [OP.setACL, 'write'],
  [OP.getChildren, 'read'],
  [OP.sync, 'read'],
  [OP.ping, 'read'],
  [OP.getChildren2, 'read'],
  [OP.multi, 'write'],
  [OP.create2, 'write'],
  [OP.reconfig, 'read'],
  [OP.checkWatches, 'read'],
  [OP.removeWatches, 'read'],
  [OP.createContainer, 'write'],
  [OP.createTTL, 'write'],
  [OP.multiRead, 'read'],
  [OP.auth, 'close'],
  [OP.setWatches, 'read'],
  [OP.sasl, 'close'],
  [OP.getEphemerals, 'read'],
  [OP.getAllChildrenNumber, 'read'],
  [OP.setWatches2, 'read'],
  [OP.addWatch, 'read'],
  [OP.whoAmI, 'read'],
  [OP.closeSession, 'write'],
])

/** `close` for an opcode that a client may not send. */
export function malformedFate(op: number): MalformedFate {
  return FATES.get(op) ?? 'close'
}
