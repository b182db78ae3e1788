/**
 * A transaction log, record by record:
 *   FileHeader = int magic "ZKLG", int version 2, long dbid
 *   then: long Adler-32, int length, the transaction, byte 0x42
 * ZooKeeper makes the file longer by zeroes before it writes, so a length of 0 ends it.
 * Source: FileTxnLog. Line: bytes → byte-source → here → txn → tree.
 */
import { WireError } from '../../model/errors.ts'
import { Adler32 } from './adler32.ts'
import { type ByteSource, RECORD_BYTES_MAX } from './byte-source.ts'
import { decodeTxn, type Txn } from './txn.ts'

const MAGIC = 0x5a4b4c47
const VERSION = 2
const END_OF_RECORD = 0x42
const HEAD_BYTES = 12

/** A transaction, and where in its file. */
export interface LoggedTxn {
  readonly txn: Txn
  readonly offset: number
}

/** How the file ended. */
export interface LogEnd {
  /** Where a record begins that was not written to its end; undefined: there is none. */
  readonly tornAt: number | undefined
}

/** @throws {WireError} no log of ZooKeeper, or of another version; undefined: there is nothing in the file yet */
export async function readLogHeader(source: ByteSource): Promise<{ dbid: bigint } | undefined> {
  const here = await source.have(16)
  if (here === 0 || (here < 16 && source.ahead.every((byte) => byte === 0))) return undefined
  return source.read('the header of a log', (reader) => {
    if (reader.int() !== MAGIC) throw new WireError('this is no transaction log of ZooKeeper')
    const version = reader.int()
    if (version !== VERSION) throw new WireError(`version ${version} of logs is not known`)
    return { dbid: reader.bigLong() }
  })
}

/**
 * The transactions behind the header. A record that was not written to its end, as when the server was killed, ends
 * the log: it was confirmed to nobody.
 * @throws {WireError} with the offset: damage
 */
export async function* readLog(source: ByteSource): AsyncGenerator<LoggedTxn, LogEnd> {
  for (;;) {
    const { offset } = source
    const here = await source.have(HEAD_BYTES)
    if (here === 0) return { tornAt: undefined }
    if (here < HEAD_BYTES) return tail(source, offset)
    const checksum = source.ahead.readBigUInt64BE(0)
    const length = source.ahead.readInt32BE(8)
    if (length === 0 && checksum === 0n) return padding(source, offset)
    if (length <= 0 || length > RECORD_BYTES_MAX) return tail(source, offset)
    const whole = HEAD_BYTES + length + 1
    if ((await source.have(whole)) < whole) return tail(source, offset)
    const bytes = source.ahead.subarray(HEAD_BYTES, HEAD_BYTES + length)
    const isIntact = BigInt(new Adler32().update(bytes).value) === checksum
    const end = source.ahead[whole - 1]
    if (isIntact && end === END_OF_RECORD) {
      const txn = parsed(source, bytes)
      source.skip(whole)
      yield { txn, offset }
    } else if (isIntact && end === 0) {
      source.skip(whole)
      return lastNonZero(source).then((last) => torn(source, offset, last === undefined))
    } else return tail(source, offset)
  }
}

function parsed(source: ByteSource, bytes: Buffer): Txn {
  try {
    return decodeTxn(bytes)
  } catch (error) {
    if (error instanceof WireError) throw source.problem(error.message)
    throw error
  }
}

async function padding(source: ByteSource, offset: number): Promise<LogEnd> {
  if ((await lastNonZero(source)) === undefined) return { tornAt: undefined }
  throw source.problem(
    'zeroes, as behind the last record of a log, but something follows them',
    offset,
  )
}

/** A record that is not right: one that ends with the byte that ends records was whole once. */
async function tail(source: ByteSource, offset: number): Promise<LogEnd> {
  return torn(source, offset, (await lastNonZero(source)) !== END_OF_RECORD)
}

function torn(source: ByteSource, offset: number, isTorn: boolean): LogEnd {
  if (isTorn) return { tornAt: offset }
  throw source.problem(
    'the checksum or the length of a record is wrong: the log is damaged',
    offset,
  )
}

/** Of all that is left. */
async function lastNonZero(source: ByteSource): Promise<number | undefined> {
  let last: number | undefined
  while ((await source.have(1)) > 0) {
    const { ahead } = source
    for (let at = ahead.length - 1; at >= 0; at--) {
      if (ahead[at] === 0) continue
      last = ahead[at]
      break
    }
    source.skip(ahead.length)
  }
  return last
}
