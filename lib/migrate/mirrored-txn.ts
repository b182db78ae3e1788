/**
 * A transaction of ZooKeeper as the one that this tree commits for it. Line: source-feed → here → mirror-writer.
 * Source: DataTree.processTxn, EphemeralType.
 */
import type { MirroredOp, MirroredTxn } from '../member/plan/mirrored.ts'
import { zookeeperPasswordDigest } from '../member/session/zookeeper-password.ts'
import { RESERVED } from '../model/path.ts'
import { KIND } from '../model/znode.ts'
import {
  CONTAINER_OWNER,
  TTL_OWNER,
  type Txn,
  type TxnCreate,
  type TxnOp,
} from '../transfer/zookeeper/txn.ts'

/** `after`: the zxid of the transaction before it. One that failed changes nothing, and takes its zxid. */
export function mirroredTxn(txn: Txn, after: number): MirroredTxn {
  const { zxid, time } = txn
  return { type: 'mirrored', after, zxid, time, ops: txn.ops.flatMap((op) => opsOf(op, txn)) }
}

function opsOf(op: TxnOp, txn: Txn): MirroredOp[] {
  switch (op.op) {
    case 'create':
      return [createOf(op, txn)]
    case 'delete':
      return [{ type: 'delete', path: op.path }]
    case 'setData': {
      // That names the servers of the ensemble: Curator's clients would go back to them.
      const data = op.path === RESERVED.config ? '' : op.data
      return [{ type: 'setData', path: op.path, data, version: op.version }]
    }
    case 'setACL':
      return [{ type: 'setACL', path: op.path, acl: op.acl, aversion: op.version }]
    case 'createSession': {
      const id = txn.clientId
      const passwordDigest = zookeeperPasswordDigest(id)
      return [{ type: 'createSession', id, timeoutMs: op.timeoutMs, passwordDigest }]
    }
    case 'closeSession':
      return [{ type: 'closeSession', id: txn.clientId, paths: op.paths }]
    case 'check':
    case 'error':
      return []
  }
}

function createOf(op: TxnCreate, { clientId }: Txn): MirroredOp {
  const { path, data, acl, ephemeralOwner: owner, parentCVersion } = op
  const common = { type: 'create', path, data, acl, parentCreates: parentCVersion } as const
  if (owner === CONTAINER_OWNER) {
    return { ...common, ephemeralOwner: 0n, kind: KIND.container, ttlMs: 0 }
  }
  // Only a session of a server of id 255 looks like that, and then it is the one that creates it.
  const isTtl = owner > TTL_OWNER && owner < 0n && owner !== clientId
  if (isTtl) {
    return { ...common, ephemeralOwner: 0n, kind: KIND.ttl, ttlMs: Number(owner - TTL_OWNER) }
  }
  return { ...common, ephemeralOwner: owner, kind: KIND.plain, ttlMs: 0 }
}
