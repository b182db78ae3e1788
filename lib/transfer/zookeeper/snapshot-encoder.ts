/**
 * A tree as the bytes of a snapshot file that ZooKeeper 3.4 and later start from; what is in it: snapshot-decoder. Without
 * the parts behind the first seal, which newer releases do without. Line: export.ts → here → a file.
 */
import { zookeeperPasswordDigest } from '../../member/session/zookeeper-password.ts'
import { OPEN_ACL } from '../../model/acl.ts'
import type { Acl } from '../../model/request.ts'
import { KIND, type Znode } from '../../model/znode.ts'
import { JuteWriter } from '../../protocol/jute/writer.ts'
import type { TreeExport } from '../export.ts'
import type { TreeSession } from '../format.ts'
import { Adler32 } from './adler32.ts'
import { OPEN_ACL_INDEX, SNAPSHOT_MAGIC, SNAPSHOT_VERSION } from './snapshot-decoder.ts'
import { CONTAINER_OWNER, TTL_OWNER } from './txn.ts'

/** Unit: bytes. */
const CHUNK_BYTES = 256 * 1024
/** Snapshots have this one; logs have 0. */
const DBID = -1n

/** A snapshot for ZooKeeper, and what its clients will find. */
export interface ZookeeperSnapshot {
  /** `snapshot.` and the zxid: the file must have this name. */
  readonly fileName: string
  /** All of its bytes. Two iterations give the same. */
  readonly chunks: Iterable<Uint8Array>
  /**
   * Sessions whose clients have another password than the one that ZooKeeper computes: they cannot resume, and their
   * ephemerals are deleted once their timeout is over.
   */
  readonly sessionsWithOtherPasswords: number
  /** Without `zookeeper.extendedTypesEnabled=true` ZooKeeper takes them for ephemerals, and deletes them when it starts. */
  readonly ttlZnodes: number
}

/** Of a whole tree. */
export function zookeeperSnapshot(tree: TreeExport): ZookeeperSnapshot {
  let ttlZnodes = 0
  for (const [, { kind }] of tree.znodes()) if (kind === KIND.ttl) ttlZnodes++
  const others = tree.sessions.filter(
    ({ id, passwordDigest }) => passwordDigest !== zookeeperPasswordDigest(id),
  )
  return {
    fileName: `snapshot.${tree.header.zxid.toString(16)}`,
    chunks: { [Symbol.iterator]: () => sealedChunks(tree) },
    sessionsWithOtherPasswords: others.length,
    ttlZnodes,
  }
}

function* sealedChunks(tree: TreeExport): Generator<Buffer> {
  const writer = new JuteWriter()
  const checksum = new Adler32()
  for (const _ of write(writer, tree)) {
    if (writer.pendingBytes < CHUNK_BYTES) continue
    const chunk = writer.take() as Buffer
    checksum.update(chunk)
    yield chunk
  }
  const last = writer.take()
  if (last !== null) {
    checksum.update(last)
    yield last
  }
  writer.long(checksum.value)
  writer.string('/')
  yield writer.take() as Buffer
}

/** Stops after each record. */
function* write(writer: JuteWriter, tree: TreeExport): Generator<void> {
  writer.int(SNAPSHOT_MAGIC)
  writer.int(SNAPSHOT_VERSION)
  writer.bigLong(DBID)
  yield* writeSessions(writer, tree.sessions)
  const acls = new AclCache()
  for (const [, { acl }] of tree.znodes()) acls.add(acl)
  yield* acls.write(writer)
  for (const [path, node] of tree.znodes()) {
    writeZnode(writer, path, node, acls.indexOf(node.acl))
    yield
  }
  writer.string('/')
}

function* writeSessions(writer: JuteWriter, sessions: readonly TreeSession[]): Generator<void> {
  writer.int(sessions.length)
  for (const { id, timeoutMs } of sessions) {
    writer.bigLong(id)
    writer.int(timeoutMs)
    yield
  }
}

function writeZnode(writer: JuteWriter, path: string, node: Znode, acl: bigint): void {
  writer.string(path === '/' ? '' : path)
  writer.byteString(node.data)
  writer.bigLong(acl)
  writer.long(node.czxid)
  writer.long(node.mzxid)
  writer.long(node.ctime)
  writer.long(node.mtime)
  writer.int(node.version)
  writer.int(node.creates)
  writer.int(node.aversion)
  writer.bigLong(ownerOf(node))
  writer.long(node.pzxid)
}

function ownerOf({ kind, ttlMs, ephemeralOwner }: Znode): bigint {
  if (kind === KIND.container) return CONTAINER_OWNER
  return kind === KIND.ttl ? TTL_OWNER + BigInt(ttlMs) : ephemeralOwner
}

/** Each ACL once, with a number. */
class AclCache {
  readonly #byText = new Map<string, bigint>()
  readonly #acls: (readonly Acl[])[] = []
  /** Most znodes share the object. */
  readonly #byObject = new Map<readonly Acl[], bigint>([[OPEN_ACL, OPEN_ACL_INDEX]])

  add(acl: readonly Acl[]): void {
    if (this.#byObject.has(acl)) return
    const text = JSON.stringify(acl.map(({ perms, id }) => [perms, id.scheme, id.id]))
    let index = this.#byText.get(text)
    if (index === undefined) {
      this.#acls.push(acl)
      index = BigInt(this.#acls.length)
      this.#byText.set(text, index)
    }
    this.#byObject.set(acl, index)
  }

  indexOf(acl: readonly Acl[]): bigint {
    return this.#byObject.get(acl) as bigint
  }

  *write(writer: JuteWriter): Generator<void> {
    writer.int(this.#acls.length)
    for (const [at, acl] of this.#acls.entries()) {
      writer.bigLong(BigInt(at + 1))
      writer.int(acl.length)
      for (const { perms, id } of acl) {
        writer.int(perms)
        writer.string(id.scheme)
        writer.string(id.id)
      }
      yield
    }
  }
}
