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
const FILE_HEADER_BYTES = 16
const HEAD_BYTES = 12
/** Looked at where a record is not right. Unit: bytes. */
const REST_BYTES_MAX = HEAD_BYTES + RECORD_BYTES_MAX + 1

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
  await source.have(FILE_HEADER_BYTES)
  // The server was killed before it had written to the file that it had made.
  if (source.ahead.subarray(0, FILE_HEADER_BYTES).every((byte) => byte === 0)) {
    if (!(await hasMore(source))) return undefined
    throw source.problem('zeroes in the place of the header of a log', 0)
  }
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
    if (here < HEAD_BYTES) return unfinished(source, 0n, 0)
    const checksum = source.ahead.readBigUInt64BE(0)
    const length = source.ahead.readInt32BE(8)
    if (length === 0 && checksum === 0n) return padding(source)
    const whole = HEAD_BYTES + length + 1
    const isThere = length > 0 && length <= RECORD_BYTES_MAX && (await source.have(whole)) >= whole
    const bytes = source.ahead.subarray(HEAD_BYTES, whole - 1)
    const isIntact =
      isThere &&
      source.ahead[whole - 1] === END_OF_RECORD &&
      BigInt(new Adler32().update(bytes).value) === checksum
    if (!isIntact) return unfinished(source, checksum, length)
    const txn = parsed(source, bytes)
    source.skip(whole)
    yield { txn, offset }
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

async function padding(source: ByteSource): Promise<LogEnd> {
  const { offset } = source
  if (!(await hasMore(source))) return { tornAt: undefined }
  throw source.problem(
    'zeroes, as behind the last record of a log, but something follows them',
    offset,
  )
}

/** A record that is not right: what there is of it must be its beginning, with nothing but zeroes behind. */
async function unfinished(source: ByteSource, checksum: bigint, length: number): Promise<LogEnd> {
  const { offset } = source
  await source.have(REST_BYTES_MAX)
  const rest = source.ahead
  const isTorn = isBeginning(rest, checksum, length)
  source.skip(rest.length)
  if (isTorn && !(await hasMore(source))) return { tornAt: offset }
  throw source.problem(
    'the checksum or the length of a record is wrong: the log is damaged',
    offset,
  )
}

function isBeginning(rest: Buffer, checksum: bigint, length: number): boolean {
  let end = rest.length
  while (end > 0 && rest[end - 1] === 0) end--
  if (end <= HEAD_BYTES) return true
  if (length <= 0 || length > RECORD_BYTES_MAX) return false
  // Its last byte is there, or even more: then it was written to its end.
  if (end >= HEAD_BYTES + length + 1) return false
  // With a shorter length it would be right, so that is what was changed.
  const sum = new Adler32()
  let summed = HEAD_BYTES
  for (let at = rest.indexOf(END_OF_RECORD, HEAD_BYTES); at >= 0 && at < end; ) {
    sum.update(rest, summed, at)
    summed = at
    if (BigInt(sum.value) === checksum) return false
    at = rest.indexOf(END_OF_RECORD, at + 1)
  }
  return true
}

/** Is there anything but zeroes left? */
async function hasMore(source: ByteSource): Promise<boolean> {
  while ((await source.have(1)) > 0) {
    const { ahead } = source
    if (ahead.some((byte) => byte !== 0)) return true
    source.skip(ahead.length)
  }
  return false
}
