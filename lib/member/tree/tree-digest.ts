/**
 * One number for a whole tree, kept up with every change: replicas of one journal compare it, and so does a
 * load. A sum of one hash a znode, so a change costs what it touches. Source of the idea: ZooKeeper's
 * AdHash. Data counts by its length, since every change of it also moves mzxid.
 */
import type { Digest } from '../../format/digest.ts'
import type { Znode } from '../../model/znode.ts'

const SEED_A = 0x811c9dc5
const SEED_B = 0x9747b28c
const PRIME_A = 0x01000193
const PRIME_B = 0x85ebca6b
const TWO_32 = 2 ** 32
const STATS = '/zookeeper_stats'

/** The hash of the znode hashed last, in two halves: no object a znode. */
let a = 0
let b = 0

function word(value: number): void {
  a = Math.imul(a ^ value, PRIME_A)
  a ^= a >>> 15
  b = Math.imul(b ^ value, PRIME_B)
  b ^= b >>> 13
}

/** A whole number up to 2^53. */
function long(value: number): void {
  word(value | 0)
  word((value / TWO_32) | 0)
}

function hashOf(path: string, node: Znode): void {
  a = SEED_A
  b = SEED_B
  for (let i = 0; i < path.length; i++) word(path.charCodeAt(i))
  long(node.czxid)
  long(node.mzxid)
  long(node.pzxid)
  long(node.ctime)
  long(node.mtime)
  word(node.version)
  word(node.creates)
  word(node.aversion)
  // The data of these is derived from the rest, and changes without a transaction: see quota.ts.
  if (!path.endsWith(STATS)) word(node.data === null ? -1 : node.data.length)
  word(node.kind)
  long(node.ttlMs)
  if (node.ephemeralOwner !== 0n) {
    word(Number(BigInt.asIntN(32, node.ephemeralOwner)))
    word(Number(BigInt.asIntN(32, node.ephemeralOwner >> 32n)))
  }
}

export class TreeDigest {
  #a = 0
  #b = 0

  /** The znode as it is from now on. */
  add(path: string, node: Znode): void {
    hashOf(path, node)
    this.#a = (this.#a + a) | 0
    this.#b = (this.#b + b) | 0
  }

  /** The znode as it was until now: called before it is changed. */
  remove(path: string, node: Znode): void {
    hashOf(path, node)
    this.#a = (this.#a - a) | 0
    this.#b = (this.#b - b) | 0
  }

  get value(): Digest {
    return (BigInt(this.#a >>> 0) << 32n) | BigInt(this.#b >>> 0)
  }
}
