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
/** Exact, and a tenth of a division. */
const PER_2_32 = 2 ** -32
const STATS = '/zookeeper_stats'

/**
 * What the functions below return, in two halves: no object a znode. Every write calls them, so the loops keep
 * locals.
 */
let a = 0
let b = 0

/** What of a znode is hashed behind its path. Storing a number keeps its low 32 bits. */
type Words = Int32Array
const newWords = (): Words => new Int32Array(19)

/** @returns how many: of one znode always the same */
function putWords(words: Words, path: string, node: Znode): number {
  putLong(words, 0, node.czxid)
  putLong(words, 2, node.mzxid)
  putLong(words, 4, node.pzxid)
  putLong(words, 6, node.ctime)
  putLong(words, 8, node.mtime)
  words[10] = node.version
  words[11] = node.creates
  words[12] = node.aversion
  let count = 13
  // The data of these is derived from the rest, and changes without a transaction: see quota.ts.
  if (!path.endsWith(STATS)) words[count++] = node.data === null ? -1 : node.data.length
  words[count++] = node.kind
  putLong(words, count, node.ttlMs)
  count += 2
  if (node.ephemeralOwner !== 0n) {
    words[count++] = Number(BigInt.asIntN(32, node.ephemeralOwner))
    words[count++] = Number(BigInt.asIntN(32, node.ephemeralOwner >> 32n))
  }
  return count
}

/** A whole number up to 2^53. */
function putLong(words: Words, at: number, value: number): void {
  words[at] = value
  words[at + 1] = value * PER_2_32
}

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

function hashOf(path: string, words: Words, count: number): void {
  hashPath(path)
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

/** The hash of `now` less that of `then`. In one loop: each step waits for the one before it, but not these two. */
function differenceOf(path: string, now: Words, then: Words, count: number): void {
  hashPath(path)
  let x = a
  let y = b
  let thenX = x
  let thenY = y
  for (let i = 0; i < count; i++) {
    const word = now[i] as number
    x = Math.imul(x ^ word, PRIME_A)
    x ^= x >>> 15
    y = Math.imul(y ^ word, PRIME_B)
    y ^= y >>> 13
    const before = then[i] as number
    thenX = Math.imul(thenX ^ before, PRIME_A)
    thenX ^= thenX >>> 15
    thenY = Math.imul(thenY ^ before, PRIME_B)
    thenY ^= thenY >>> 13
  }
  a = x - thenX
  b = y - thenY
}

const words = newWords()

export class TreeDigest {
  #a = 0
  #b = 0
  /** The znode that changed last, and what of it is in the sum until it is known how it ends up. */
  #changed: Znode | undefined
  #path = ''
  readonly #then = newWords()

  /** A znode that was not there. */
  add(path: string, node: Znode): void {
    hashOf(path, words, putWords(words, path, node))
    this.#a = (this.#a + a) | 0
    this.#b = (this.#b + b) | 0
  }

  /** A znode that is there no more; as it was until now. */
  remove(path: string, node: Znode): void {
    if (node === this.#changed) this.#settle()
    hashOf(path, words, putWords(words, path, node))
    this.#a = (this.#a - a) | 0
    this.#b = (this.#b - b) | 0
  }

  /** Called before a znode is changed. Many changes in a row cost as much as one. */
  changing(path: string, node: Znode): void {
    if (node === this.#changed) return
    this.#settle()
    this.#changed = node
    this.#path = path
    putWords(this.#then, path, node)
  }

  /** Counts the znode that changed last as it is now. */
  #settle(): void {
    const node = this.#changed
    if (node === undefined) return
    this.#changed = undefined
    differenceOf(this.#path, words, this.#then, putWords(words, this.#path, node))
    this.#a = (this.#a + a) | 0
    this.#b = (this.#b + b) | 0
  }

  get value(): Digest {
    this.#settle()
    return (BigInt(this.#a >>> 0) << 32n) | BigInt(this.#b >>> 0)
  }
}
