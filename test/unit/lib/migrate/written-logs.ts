/** Transaction logs of a played ensemble, as ZooKeeper writes them: a folder of a stopped server. */
import type { Acl } from '../../../../lib/model/request.ts'
import { JuteWriter } from '../../../../lib/protocol/jute/writer.ts'
import { Adler32 } from '../../../../lib/transfer/zookeeper/adler32.ts'
import { TXN, type Txn, type TxnOp } from '../../../../lib/transfer/zookeeper/txn.ts'
import { type Files, header } from '../transfer/zookeeper/folders.ts'

/** One file a list, named after its first transaction. */
export function logFiles(...logs: readonly (readonly Txn[])[]): Files {
  return new Map(logs.map((txns) => [`log.${txns[0]!.zxid.toString(16)}`, logOf(txns)] as const))
}

export function logOf(txns: readonly Txn[]): Buffer {
  return Buffer.concat([header('ZKLG'), ...txns.map(recordOf)])
}

function recordOf(txn: Txn): Buffer {
  const bytes = bytesOf(txn)
  const head = Buffer.alloc(12)
  head.writeBigInt64BE(BigInt(new Adler32().update(bytes).value))
  head.writeInt32BE(bytes.length, 8)
  return Buffer.concat([head, bytes, Buffer.from([0x42])])
}

function bytesOf({ clientId, cxid, zxid, time, ops, digest }: Txn): Buffer {
  const writer = new JuteWriter()
  writer.bigLong(clientId)
  writer.int(cxid)
  writer.bigLong(BigInt(zxid))
  writer.bigLong(BigInt(time))
  if (ops.length === 1) writeOp(writer, ops[0]!)
  else writeMulti(writer, ops)
  if (digest !== undefined) {
    writer.int(digest.version)
    writer.bigLong(BigInt.asIntN(64, digest.value))
  }
  return writer.take() as Buffer
}

function writeMulti(writer: JuteWriter, ops: readonly TxnOp[]): void {
  writer.int(TXN.multi)
  writer.int(ops.length)
  for (const op of ops) {
    const part = new JuteWriter()
    writeOp(part, op)
    const bytes = part.take() as Buffer
    writer.int(bytes.readInt32BE(0))
    writer.bytes(bytes.subarray(4))
  }
}

function writeOp(writer: JuteWriter, op: TxnOp): void {
  switch (op.op) {
    case 'create':
      writer.int(TXN.create)
      writer.string(op.path)
      writer.byteString(op.data)
      writeAcl(writer, op.acl)
      writer.bool(op.ephemeralOwner !== 0n)
      writer.int(op.parentCVersion)
      return
    case 'setData':
      writer.int(TXN.setData)
      writer.string(op.path)
      writer.byteString(op.data)
      writer.int(op.version)
      return
    case 'setACL':
      writer.int(TXN.setACL)
      writer.string(op.path)
      writeAcl(writer, op.acl)
      writer.int(op.version)
      return
    case 'closeSession':
      writer.int(TXN.closeSession)
      writer.int(op.paths!.length)
      for (const path of op.paths!) writer.string(path)
      return
    case 'createSession':
      writer.int(TXN.createSession)
      writer.int(op.timeoutMs)
      return
    default:
      throw new Error(`not written: ${op.op}`)
  }
}

function writeAcl(writer: JuteWriter, acl: readonly Acl[]): void {
  writer.int(acl.length)
  for (const { perms, id } of acl) {
    writer.int(perms)
    writer.string(id.scheme)
    writer.string(id.id)
  }
}
