/**
 * The only file that writes key bytes. Documented for other etcd clients in docs/layout.md.
 *
 *   <prefix>/head                 epoch, last zxid, batch number, write-behind mark
 *   <prefix>/j/<batch, 16 hex>    one batch of the journal
 *   <prefix>/n/<depth><path>      one znode
 *   <prefix>/c/<depth><path>      its child record, once it has had a child
 *   <prefix>/s/<session, 16 hex>  one session
 *   <prefix>/p/<proxy>            one live proxy, bound to its lease
 *   <prefix>/epochs               epochs that ended because history went back
 *   <prefix>/import               how far an import is, until it is complete
 *   <prefix>/source               the ZooKeeper ensemble that the tree comes from
 *   <prefix>/follower             who follows that one, bound to its lease
 *   <prefix>/f/<proxy>            one proxy that serves clients while that one leads
 *
 * <depth> is the number of path components in decimal, led by a letter for the count of digits
 * ('a1', 'b12'), so that keys sort by depth and the direct children of a znode are one range.
 */

import { depthOf, isValidPath } from '../model/path.ts'
import { KEY_BYTES_MAX, type Key } from '../store/types.ts'

/** Longest prefix: it is part of every key. Unit bytes. */
export const PREFIX_BYTES_MAX = 4_096

const decoder = new TextDecoder('utf-8', { fatal: true })

function depthCode(depth: number): string {
  const digits = String(depth)
  return String.fromCharCode(96 + digits.length) + digits
}

/** The first key after every key that starts with `prefix`. */
export function prefixEnd(prefix: Uint8Array): Uint8Array {
  const end = Uint8Array.from(prefix)
  for (let i = end.length - 1; i >= 0; i--) {
    const byte = end[i] as number
    if (byte < 0xff) {
      end[i] = byte + 1
      return end.subarray(0, i + 1)
    }
  }
  throw new RangeError('prefix of 0xff bytes has no end')
}

/** Keys from `start` (inclusive) to `end` (exclusive). */
export interface KeyRange {
  readonly start: Key
  readonly end: Key
}

/** The keys of one tree in a store. */
export class Layout {
  readonly prefix: string
  /** The guarded key: last zxid, batch number, write-behind mark. */
  readonly head: Key
  /** All keys of j/: the journal entries, in order. */
  readonly journal: KeyRange
  /** All keys of n/: the znodes, by depth. */
  readonly znodes: KeyRange
  /** All keys of c/: the child records, by depth. */
  readonly childRecords: KeyRange
  /** All keys of s/. */
  readonly sessions: KeyRange
  /** All keys of p/. */
  readonly proxies: KeyRange
  /** All keys of f/: proxies that serve clients while a ZooKeeper ensemble leads. */
  readonly forwarders: KeyRange
  /** Where history went back: see record.ts. */
  readonly epochs: Key
  /** There while an import is unfinished. */
  readonly importMarker: Key
  /** There while a migration from a live ensemble is not finished: see source.ts. */
  readonly source: Key
  /** There while a process follows that ensemble. */
  readonly follower: Key

  /**
   * @param prefix starts with "/", no "/" at its end, at most {@link PREFIX_BYTES_MAX} bytes, e.g. "/anykeeper"
   * @throws {TypeError} it is not so
   */
  constructor(prefix: string) {
    if (typeof prefix !== 'string' || !/^\/[^\0]*[^/\0]$/.test(prefix)) {
      throw new TypeError(`prefix must start with "/" and not end with it, got "${prefix}"`)
    }
    if (Buffer.byteLength(prefix) > PREFIX_BYTES_MAX) {
      throw new TypeError(`a prefix has at most ${PREFIX_BYTES_MAX} bytes`)
    }
    this.prefix = prefix
    this.head = Buffer.from(`${prefix}/head`)
    // A batch number has 53 bits, so its first digit is 0: no key of a tree below /j is among them.
    this.journal = { start: Buffer.from(`${prefix}/j/0`), end: Buffer.from(`${prefix}/j/1`) }
    this.znodes = this.#range('n')
    this.childRecords = this.#range('c')
    this.sessions = this.#range('s')
    this.proxies = this.#range('p')
    this.forwarders = this.#range('f')
    this.epochs = Buffer.from(`${prefix}/epochs`)
    this.importMarker = Buffer.from(`${prefix}/import`)
    this.source = Buffer.from(`${prefix}/source`)
    this.follower = Buffer.from(`${prefix}/follower`)
  }

  /** Of the longest path whose n/ and c/ keys are no longer than a store takes. */
  get pathBytesMax(): number {
    // "/n/", and at most eight characters for the depth.
    return KEY_BYTES_MAX - Buffer.byteLength(this.prefix) - 11
  }

  #range(letter: string): KeyRange {
    const start = Buffer.from(`${this.prefix}/${letter}/`)
    return { start, end: prefixEnd(start) }
  }

  journalEntry(seq: number): Key {
    return Buffer.from(`${this.prefix}/j/${seq.toString(16).padStart(16, '0')}`)
  }
  znode(path: string): Key {
    return Buffer.from(`${this.prefix}/n/${depthCode(depthOf(path))}${path}`)
  }
  childRecord(path: string): Key {
    return Buffer.from(`${this.prefix}/c/${depthCode(depthOf(path))}${path}`)
  }
  session(id: bigint): Key {
    return Buffer.from(`${this.prefix}/s/${sessionName(id)}`)
  }
  proxy(id: string): Key {
    return Buffer.from(`${this.prefix}/p/${id}`)
  }
  forwarder(proxy: string): Key {
    return Buffer.from(`${this.prefix}/f/${proxy}`)
  }

  /** The direct children of a path: one range over n/. */
  childrenOf(path: string): KeyRange {
    const below = path === '/' ? '/' : `${path}/`
    const start = Buffer.from(`${this.prefix}/n/${depthCode(depthOf(path) + 1)}${below}`)
    return { start, end: prefixEnd(start) }
  }

  /**
   * The path in an n/ or c/ key; undefined: no proxy writes such a key, as its depth is not that of its path, or it
   * has no path that a znode may have.
   */
  pathOf(key: Key): string | undefined {
    const text = textOf(key)
    if (text === undefined) return undefined
    const from = this.prefix.length + 3
    const slash = text.indexOf('/', from)
    if (slash < 0) return undefined
    const path = text.slice(slash)
    return isValidPath(path) && text.slice(from, slash) === depthCode(depthOf(path))
      ? path
      : undefined
  }
  /** The id in an s/ key; undefined: no proxy writes such a key. */
  sessionOf(key: Key): bigint | undefined {
    const name = this.#nameIn(key)
    return name === undefined ? undefined : sessionNamed(name)
  }
  /** The id in a p/ or f/ key; undefined: no proxy writes such a key. */
  proxyOf(key: Key): string | undefined {
    return this.#nameIn(key)
  }
  /** The batch number in a j/ key; undefined: no proxy writes such a key. */
  batchOf(key: Key): number | undefined {
    const name = this.#nameIn(key)
    return name === undefined ? undefined : Number.parseInt(name, 16)
  }

  /** 16 hex digits behind the prefix, a slash, a letter and a slash. */
  #nameIn(key: Key): string | undefined {
    const name = textOf(key)?.slice(this.prefix.length + 3)
    return name !== undefined && NAME.test(name) ? name : undefined
  }

  /** The key ranges below the prefix in which no proxy writes, in order. */
  get gaps(): readonly KeyRange[] {
    const ours = [
      this.childRecords,
      only(this.epochs),
      this.forwarders,
      only(this.follower),
      only(this.head),
      only(this.importMarker),
      this.journal,
      this.znodes,
      this.proxies,
      this.sessions,
      only(this.source),
    ]
    const below = Buffer.from(`${this.prefix}/`)
    const starts = [below, ...ours.map(({ end }) => end)]
    const ends = [...ours.map(({ start }) => start), prefixEnd(below)]
    return starts.map((start, at) => ({ start, end: ends[at] as Key }))
  }
}

const NAME = /^[0-9a-f]{16}$/

/** This key alone. */
function only(key: Key): KeyRange {
  return { start: key, end: Buffer.concat([key, Buffer.from([0])]) }
}

/** undefined: it is no UTF-8. */
function textOf(key: Key): string | undefined {
  try {
    return decoder.decode(key)
  } catch {
    return undefined
  }
}

/** The id of 16 hex digits. Like ZooKeeper's, ids are signed. */
export function sessionNamed(name: string): bigint {
  return BigInt.asIntN(64, BigInt(`0x${name}`))
}

/** 16 hex digits, as in the s/ keys. */
export function sessionName(id: bigint): string {
  return BigInt.asUintN(64, id).toString(16).padStart(16, '0')
}
