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
/** A division costs ten times as much. */
const PER_2_32 = 2 ** -32
const STATS = '/zookeeper_stats'

/**
 * What the functions below return, in two halves: no object a znode. Every write calls them, so the loops keep
 * locals.
 */
let a = 0
let b = 0

/** What of a znode is hashed besides its path. Storing a number keeps its low 32 bits. */
const words = new Int32Array(19)
/**
 * Each word is weighed and none waits for the one before it, as in a chained hash. Weights without a pattern:
 * with one, changes of several words could cancel each other out.
 */
const WEIGHTS_A = weightsFrom(SEED_A, PRIME_B)
const WEIGHTS_B = weightsFrom(SEED_B, PRIME_A)

/** Odd, so that no change of a single word is lost. */
function weightsFrom(seed: number, prime: number): Int32Array {
  let x = seed
  return new Int32Array(words.length).map(() => {
    x = Math.imul(x ^ (x >>> 15), prime)
    x ^= x >>> 13
    return x | 1
  })
}

/** @returns how many words: of one znode always the same */
function putWords(path: string, node: Znode): number {
  putLong(0, node.czxid)
  putLong(2, node.mzxid)
  putLong(4, node.pzxid)
  putLong(6, node.ctime)
  putLong(8, node.mtime)
  words[10] = node.version
  words[11] = node.creates
  words[12] = node.aversion
  // The data of these is derived from the rest, and changes without a transaction: see quota.ts.
  words[13] = path.endsWith(STATS) ? 0 : node.data === null ? -1 : node.data.length
  words[14] = node.kind
  putLong(15, node.ttlMs)
  if (node.ephemeralOwner === 0n) return 17
  words[17] = Number(BigInt.asIntN(32, node.ephemeralOwner))
  words[18] = Number(BigInt.asIntN(32, node.ephemeralOwner >> 32n))
  return 19
}

/** A whole number up to 2^53. */
function putLong(at: number, value: number): void {
  words[at] = value
  words[at + 1] = value * PER_2_32
}

/** What a znode is, but for its path. */
function stateOf(path: string, node: Znode): void {
  const count = putWords(path, node)
  let x = 0
  let y = 0
  for (let i = 0; i < count; i++) {
    const word = words[i] as number
    x = (x + Math.imul(word, WEIGHTS_A[i] as number)) | 0
    y = (y + Math.imul(word, WEIGHTS_B[i] as number)) | 0
  }
  a = x
  b = y
}

function pathOf(path: string): void {
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

/** One half of a znode's hash: what two znodes exchange must not cancel out. */
function mixed(path: number, state: number): number {
  const x = Math.imul(path ^ state, PRIME_B)
  return Math.imul(x ^ (x >>> 15), PRIME_A)
}

export class TreeDigest {
  #a = 0
  #b = 0
  /** The znode that changed last, and what of it is in the sum until it is known how it ends up. */
  #changed: Znode | undefined
  #path = ''
  #thenA = 0
  #thenB = 0

  /** A znode that was not there. */
  add(path: string, node: Znode): void {
    this.#count(path, node, 1)
  }

  /** A znode that is there no more; as it was until now. */
  remove(path: string, node: Znode): void {
    if (node === this.#changed) this.#settle()
    this.#count(path, node, -1)
  }

  #count(path: string, node: Znode, times: 1 | -1): void {
    stateOf(path, node)
    const [stateA, stateB] = [a, b]
    pathOf(path)
    this.#a = (this.#a + times * mixed(a, stateA)) | 0
    this.#b = (this.#b + times * mixed(b, stateB)) | 0
  }

  /** Called before a znode is changed. Many changes in a row cost as much as one. */
  changing(path: string, node: Znode): void {
    if (node === this.#changed) return
    this.#settle()
    this.#changed = node
    this.#path = path
    stateOf(path, node)
    this.#thenA = a
    this.#thenB = b
  }

  /** Counts the znode that changed last as it is now. */
  #settle(): void {
    const node = this.#changed
    if (node === undefined) return
    this.#changed = undefined
    stateOf(this.#path, node)
    const [nowA, nowB] = [a, b]
    pathOf(this.#path)
    this.#a = (this.#a + mixed(a, nowA) - mixed(a, this.#thenA)) | 0
    this.#b = (this.#b + mixed(b, nowB) - mixed(b, this.#thenB)) | 0
  }

  get value(): Digest {
    this.#settle()
    return (BigInt(this.#a >>> 0) << 32n) | BigInt(this.#b >>> 0)
  }
}
