/**
 * ZooKeeper’s digest of a whole tree, version 2: the sum, modulo 2⁶⁴, of the CRC-32 of each znode’s path, data and Stat.
 * ACLs are not in it, and nothing below /zookeeper/. Source: DigestCalculator, AdHash. Neighbour: tree.
 */
import { crc32 } from 'node:zlib'
import type { Znode } from '../../model/znode.ts'

const TWO_32 = 4_294_967_296
const STAT_BYTES = 60
/** What is larger is not copied beside the path. Unit: bytes. */
const SCRATCH_BYTES = 64 * 1024
const scratch = Buffer.alloc(SCRATCH_BYTES)
const stat = Buffer.alloc(STAT_BYTES)
/** Each term is below 2³²: so many of them are an exact number. */
const TERMS_MAX = 1 << 20

/** What a digest has of a znode, beside its owner. */
type Digested = Pick<
  Znode,
  'data' | 'czxid' | 'mzxid' | 'pzxid' | 'ctime' | 'mtime' | 'version' | 'creates' | 'aversion'
>

/** What a leader takes a znode for, where that is not what its tree has. `owner`: as ZooKeeper has it; `pzxid`: at least. */
export interface Believed {
  readonly owner?: bigint
  readonly creates?: number
  readonly pzxid?: number
}

/** Of one znode, as it is believed to be. */
export function termAs(path: string, node: Znode, believed: Believed & { owner: bigint }): number {
  const { czxid, mzxid, ctime, mtime, data, version, aversion } = node
  const pzxid = Math.max(node.pzxid, believed.pzxid ?? 0)
  const creates = believed.creates ?? node.creates
  const digested = { czxid, mzxid, pzxid, ctime, mtime, data, version, creates, aversion }
  return termOf(path, digested, believed.owner)
}

/** Of one znode. `owner`: as ZooKeeper has it. */
export function termOf(path: string, node: Digested, owner: bigint): number {
  if (path.startsWith('/zookeeper/')) return 0
  const name = path === '/' ? '' : path
  const { data } = node
  const dataBytes = data?.length ?? 0
  writeStat(node, owner)
  if (name.length * 3 + dataBytes + STAT_BYTES <= SCRATCH_BYTES) {
    let end = scratch.write(name, 'utf8')
    if (data !== null) end += scratch.write(data, end, 'latin1')
    end += stat.copy(scratch, end)
    return crc32(scratch.subarray(0, end))
  }
  const before = crc32(Buffer.from(data ?? '', 'latin1'), crc32(name))
  return crc32(stat, before)
}

function writeStat(node: Digested, owner: bigint): void {
  putLong(0, node.czxid)
  putLong(8, node.mzxid)
  putLong(16, node.pzxid)
  putLong(24, node.ctime)
  putLong(32, node.mtime)
  stat.writeInt32BE(node.version, 40)
  stat.writeInt32BE(node.creates, 44)
  stat.writeInt32BE(node.aversion, 48)
  stat.writeBigInt64BE(owner, 52)
}

function putLong(at: number, value: number): void {
  stat.writeUInt32BE(Math.floor(value / TWO_32), at)
  stat.writeUInt32BE(value % TWO_32, at + 4)
}

export class ZookeeperDigest {
  #sum = 0n

  /** Of all znodes. */
  static of(entries: Iterable<[string, Znode]>): ZookeeperDigest {
    const digest = new ZookeeperDigest()
    let part = 0
    let terms = 0
    for (const [path, node] of entries) {
      part += termOf(path, node, node.ephemeralOwner)
      if (++terms < TERMS_MAX) continue
      digest.#sum += BigInt(part)
      part = 0
      terms = 0
    }
    digest.#sum += BigInt(part)
    return digest
  }

  /** 64 bits, unsigned. */
  get value(): bigint {
    return BigInt.asUintN(64, this.#sum)
  }

  /** The znode is new, or was changed. `owner`: as ZooKeeper has it. */
  add(path: string, node: Znode, owner = node.ephemeralOwner): void {
    this.#sum += BigInt(termOf(path, node, owner))
  }

  /** The znode is deleted, or about to be changed. */
  remove(path: string, node: Znode, owner = node.ephemeralOwner): void {
    this.#sum -= BigInt(termOf(path, node, owner))
  }
}
