/**
 * One number for a whole tree, kept up with every change: replicas of one journal compare it, and so does a
 * load. A sum of one hash a znode, so a change costs what it touches. Source of the idea: ZooKeeper's
 * AdHash. Data counts by its length, since every change of it also moves mzxid.
 * The value is part of what is stored (head and journal entries): a test pins it.
 */
import type { Digest } from '../../format/digest.ts'
import type { Znode } from '../../model/znode.ts'

const SEED_A = 0x811c9dc5
const SEED_B = 0x9747b28c
const PRIME_A = 0x01000193
const PRIME_B = 0x85ebca6b
const TWO_32 = 2 ** 32
const STATS = '/zookeeper_stats'

/** A hash in its making, in two halves: no object a znode. Every write calls this: the loops keep locals. */
let a = 0
let b = 0

/** What of a znode is hashed. Storing a number keeps its low 32 bits. */
const words = new Int32Array(19)

function hashPath(path: string): void {
  let x = SEED_A
  let y = SEED_B
  for (let i = 0; i < path.length; i++) {
    const word = path.charCodeAt(i)
    x = Math.imul(x ^ word, PRIME_A)
    x ^= x >>> 15
    y = Math.imul(y ^ word, PRIME_B)
    y ^= y >>> 13
  }
  a = x
  b = y
}

/** From the hash of its path on. */
function hashNode(path: string, node: Znode): void {
  const count = putWords(path, node)
  let x = a
  let y = b
  for (let i = 0; i < count; i++) {
    const word = words[i] as number
    x = Math.imul(x ^ word, PRIME_A)
    x ^= x >>> 15
    y = Math.imul(y ^ word, PRIME_B)
    y ^= y >>> 13
  }
  a = x
  b = y
}

/** @returns how many */
function putWords(path: string, node: Znode): number {
  putLong(0, node.czxid)
  putLong(2, node.mzxid)
  putLong(4, node.pzxid)
  putLong(6, node.ctime)
  putLong(8, node.mtime)
  words[10] = node.version
  words[11] = node.creates
  words[12] = node.aversion
  let count = 13
  // The data of these is derived from the rest, and changes without a transaction: see quota.ts.
  if (!path.endsWith(STATS)) words[count++] = node.data === null ? -1 : node.data.length
  words[count++] = node.kind
  putLong(count, node.ttlMs)
  count += 2
  if (node.ephemeralOwner !== 0n) {
    words[count++] = Number(BigInt.asIntN(32, node.ephemeralOwner))
    words[count++] = Number(BigInt.asIntN(32, node.ephemeralOwner >> 32n))
  }
  return count
}

/** A whole number up to 2^53. */
function putLong(at: number, value: number): void {
  words[at] = value
  words[at + 1] = value / TWO_32
}

export class TreeDigest {
  #a = 0
  #b = 0
  /** The znode that changed last: it is left out of the sum until it is known how it ends up. */
  #changed: Znode | undefined
  #path = ''
  #pathA = 0
  #pathB = 0

  /** A znode that was not there. */
  add(path: string, node: Znode): void {
    hashPath(path)
    hashNode(path, node)
    this.#a = (this.#a + a) | 0
    this.#b = (this.#b + b) | 0
  }

  /** A znode that is there no more; as it was until now. */
  remove(path: string, node: Znode): void {
    if (node === this.#changed) {
      this.#changed = undefined
      return
    }
    hashPath(path)
    hashNode(path, node)
    this.#a = (this.#a - a) | 0
    this.#b = (this.#b - b) | 0
  }

  /** Called before a znode is changed. Many changes in a row cost as much as one. */
  changing(path: string, node: Znode): void {
    if (node === this.#changed) return
    this.#settle()
    hashPath(path)
    this.#changed = node
    this.#path = path
    this.#pathA = a
    this.#pathB = b
    hashNode(path, node)
    this.#a = (this.#a - a) | 0
    this.#b = (this.#b - b) | 0
  }

  /** Counts the znode that changed last as it is now. */
  #settle(): void {
    const node = this.#changed
    if (node === undefined) return
    this.#changed = undefined
    a = this.#pathA
    b = this.#pathB
    hashNode(this.#path, node)
    this.#a = (this.#a + a) | 0
    this.#b = (this.#b + b) | 0
  }

  get value(): Digest {
    this.#settle()
    return (BigInt(this.#a >>> 0) << 32n) | BigInt(this.#b >>> 0)
  }
}
