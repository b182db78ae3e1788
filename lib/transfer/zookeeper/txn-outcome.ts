/**
 * What became of a request, from its transaction: whose it was, and the error of one that failed. decodeTxn leaves that
 * out, since it changes nothing. Source: DataTree.processTxn. Neighbour: txn.
 */
import { WireError, ZK_ERRORS } from '../../model/errors.ts'
import { JuteReader } from '../../protocol/jute/reader.ts'
import { TXN, type Txn } from './txn.ts'

export interface TxnOutcome {
  /** Below 0: the request failed with it. */
  readonly errno: number
  /** Of a multi that failed: of each operation, 0 before the one that failed. */
  readonly errnos?: readonly number[]
}

const DONE: TxnOutcome = { errno: 0 }
/** Of TxnHeader. */
const HEADER_BYTES = 32

/** `bytes`: those that `txn` was decoded from. @throws {WireError} they are not */
export function outcomeOf({ type, ops }: Txn, bytes: Buffer): TxnOutcome {
  const [op] = ops
  if (op?.op === 'error') return { errno: op.err }
  if (type !== TXN.multi || ops.length > 0) return DONE
  const reader = new JuteReader().reset(bytes, HEADER_BYTES, bytes.length)
  const count = reader.count(8)
  const errnos: number[] = []
  let hasFailed = false
  for (let left = count; left > 0; left--) {
    const kind = reader.int()
    const data = reader.bytes()
    if (kind !== TXN.error) {
      errnos.push(hasFailed ? ZK_ERRORS.RUNTIME_INCONSISTENCY.errno : 0)
      continue
    }
    if (data === null) throw new WireError('an error without a code')
    const errno = JuteReader.of(Buffer.from(data.buffer, data.byteOffset, data.length)).int()
    hasFailed ||= errno !== 0
    errnos.push(errno)
  }
  return hasFailed ? { errno: 0, errnos } : DONE
}
