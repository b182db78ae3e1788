/**
 * A snapshot, record by record. In a file and in the SNAP of a leader alike:
 *   int count, then: long session, int timeout
 *   int count, then: long index, vector<ACL>
 *   then: ustring path ("" is the root), buffer data, long ACL’s index (−1: open), StatPersisted; ends with path "/"
 * A file has FileHeader = int magic "ZKSN", int version 2, long dbid before that, and behind it a seal = long Adler-32,
 * ustring "/"; 3.6 and later another part, with a seal of its own, that says which zxid the end of the file belongs to.
 * Source: SerializeUtils, DataTree.serialize, SnapStream. Line: bytes → byte-source → here → tree.
 */
import { internAcl, OPEN_ACL } from '../../model/acl.ts'
import { WireError } from '../../model/errors.ts'
import { isValidPath } from '../../model/path.ts'
import type { Acl } from '../../model/request.ts'
import { Znode } from '../../model/znode.ts'
import type { JuteReader } from '../../protocol/jute/reader.ts'
import type { ByteSource } from './byte-source.ts'
import { readAcl, readTime, readZxid } from './fields.ts'
import { readSessionTimeout, type TxnDigest } from './txn.ts'

export const SNAPSHOT_MAGIC = 0x5a4b534e
export const SNAPSHOT_VERSION = 2
/** An open ACL. */
export const OPEN_ACL_INDEX = -1n

export type SnapshotRecord =
  | { readonly kind: 'session'; readonly id: bigint; readonly timeoutMs: number }
  /** `acl` undefined: the cache has none of that index, as the znode got it while the snapshot was written. */
  | {
      readonly kind: 'znode'
      readonly path: string
      readonly node: Znode
      readonly hasAcl: boolean
    }

/** Behind the znodes of a file. */
export interface SnapshotTail {
  /** Of the tree at `zxid`: in files of 3.6 and later. */
  readonly digest: (TxnDigest & { readonly zxid: number }) | undefined
  /** Newest zxid when the last znode had been written: in files of 3.9. */
  readonly lastZxid: number | undefined
}

export async function readSnapshotHeader(source: ByteSource): Promise<{ dbid: bigint }> {
  return source.read('the header of a snapshot', (reader) => {
    if (reader.int() !== SNAPSHOT_MAGIC) throw new WireError('this is no snapshot of ZooKeeper')
    const version = reader.int()
    if (version !== SNAPSHOT_VERSION)
      throw new WireError(`version ${version} of snapshots is not known`)
    return { dbid: reader.bigLong() }
  })
}

/**
 * Sessions and znodes, up to and including the path that ends them.
 * @throws {WireError} with the offset: malformed, or cut short
 */
export async function* readSnapshot(source: ByteSource): AsyncGenerator<SnapshotRecord> {
  const sessions = await readCount(source, 'sessions')
  for (let left = sessions; left > 0; left--) {
    yield await source.read('a session', (reader) => ({
      kind: 'session',
      id: reader.bigLong(),
      timeoutMs: readSessionTimeout(reader),
    }))
  }
  const acls = await readAclCache(source)
  for (;;) {
    const record = await source.read('a znode', (reader) => readZnode(reader, acls))
    if (record === undefined) return
    yield record
  }
}

async function readCount(source: ByteSource, what: string): Promise<number> {
  return source.read(`the number of ${what}`, (reader) => {
    const count = reader.int()
    if (count < 0) throw new WireError(`${count} ${what}`)
    return count
  })
}

async function readAclCache(source: ByteSource): Promise<ReadonlyMap<bigint, readonly Acl[]>> {
  const acls = new Map<bigint, readonly Acl[]>([[OPEN_ACL_INDEX, OPEN_ACL]])
  const count = await readCount(source, 'ACLs')
  for (let left = count; left > 0; left--) {
    const [index, entries] = await source.read('an ACL', (reader) => [
      reader.bigLong(),
      reader.int(),
    ])
    if (entries < 0) throw source.problem(`an ACL of ${entries} entries`)
    const acl: Acl[] = []
    for (let entry = 0; entry < entries; entry++) acl.push(await source.read('an ACL', readAcl))
    acls.set(index, internAcl(acl))
  }
  return acls
}

/** undefined: there are no more. */
function readZnode(
  reader: JuteReader,
  acls: ReadonlyMap<bigint, readonly Acl[]>,
): SnapshotRecord | undefined {
  const path = reader.string()
  if (path === '/') return undefined
  if (path === null || (path !== '' && !isValidPath(path))) {
    throw new WireError(`${JSON.stringify(path?.slice(0, 100) ?? null)} is no path of a znode`)
  }
  const data = reader.byteString()
  const acl = acls.get(reader.bigLong())
  const czxid = readZxid(reader)
  const mzxid = readZxid(reader)
  const ctime = readTime(reader)
  const mtime = readTime(reader)
  const version = reader.int()
  const creates = reader.int()
  const aversion = reader.int()
  const ephemeralOwner = reader.bigLong()
  const pzxid = readZxid(reader)
  const node = new Znode({ data, acl: acl ?? OPEN_ACL, zxid: czxid, time: ctime, ephemeralOwner })
  node.mzxid = mzxid
  node.mtime = mtime
  node.version = version
  node.creates = creates
  node.aversion = aversion
  node.pzxid = pzxid
  return { kind: 'znode', path: path === '' ? '/' : path, node, hasAcl: acl !== undefined }
}

/** long Adler-32 of all before it, ustring "/" */
async function checkSeal(source: ByteSource): Promise<void> {
  const { checksum, offset } = source
  const [sealed, end] = await source.read('the seal of a snapshot', (reader) => [
    reader.bigLong(),
    reader.string(),
  ])
  if (sealed === BigInt(checksum) && end === '/') return
  throw source.problem('the seal is wrong: the snapshot is damaged', offset)
}

const SEAL_BYTES = 13
const LAST_ZXID_BYTES = 8
const DIGEST_BYTES = 20

/**
 * Verifies the seals of a file, and that nothing follows.
 * @throws {WireError} with the offset
 */
export async function readSnapshotTail(source: ByteSource): Promise<SnapshotTail> {
  await checkSeal(source)
  let left = await source.have(DIGEST_BYTES + LAST_ZXID_BYTES + 2 * SEAL_BYTES + 1)
  let digest: SnapshotTail['digest']
  let lastZxid: number | undefined
  if (
    left === DIGEST_BYTES + SEAL_BYTES ||
    left === DIGEST_BYTES + LAST_ZXID_BYTES + 2 * SEAL_BYTES
  ) {
    digest = await source.read('the digest of a snapshot', (reader) => ({
      zxid: readZxid(reader),
      version: reader.int(),
      value: BigInt.asUintN(64, reader.bigLong()),
    }))
    await checkSeal(source)
    left -= DIGEST_BYTES + SEAL_BYTES
  }
  if (left === LAST_ZXID_BYTES + SEAL_BYTES) {
    lastZxid = await source.read('the last zxid of a snapshot', readZxid)
    await checkSeal(source)
    left = 0
  }
  if (left > 0) throw source.problem('what follows the snapshot is not known')
  return { digest, lastZxid }
}
