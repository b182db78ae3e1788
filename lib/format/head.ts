/**
 * The one guarded record, head, and the record of epochs beside it: what history the tree is of.
 * Neighbours: record (the others), journal (the entries whose end head names).
 */
import { epochOf } from '../model/zxid.ts'
import { type Digest, parseDigest, showDigest } from './digest.ts'
import { type BatchHeader, JOURNAL_FORMAT } from './journal.ts'
import { assertIntegers, assertStrings, damaged, FORMAT, parse } from './json.ts'
import type { TreeCheck } from './ops.ts'

export interface HeadRecord {
  /** zxid of the newest committed transaction. */
  readonly zxid: number
  /** Number of the newest batch; the journal entry j/<seq>. */
  readonly seq: number
  /** Every change of batches up to here is in n/, c/ and s/; later ones are in j/ too. */
  readonly flushed: number
  /** Digest of journal entry `seq`: this head is of this history only. Absent before format 3. */
  readonly chain?: Digest
  /** What the tree was after an earlier batch, for a load to compare. */
  readonly check?: TreeCheck
  /** The tree was imported from the file of this digest, and nothing was committed since. */
  readonly imported?: string
  /** The tree follows a ZooKeeper ensemble, and nobody is served. Absent: it does not. */
  readonly mirrors?: true
}

/**
 * The format of a head whose tree follows a ZooKeeper ensemble: versions that know nothing of that read no newer
 * format than 1, and so do not serve it.
 */
const MIRROR_FORMAT = 2

/** `by`: names the commit (letters, digits, "/"), so that no two commits leave the same bytes. */
export function encodeHead(h: HeadRecord, by?: string): Uint8Array {
  const epoch = epochOf(h.zxid)
  const mark = by === undefined ? '' : `,"by":"${by}"`
  const chain = h.chain === undefined ? '' : `,"chain":"${showDigest(h.chain)}"`
  const { check } = h
  const tree =
    check === undefined
      ? ''
      : `,"tree":[${check.seq},${check.znodes},"${showDigest(check.digest)}"]`
  const imported = h.imported === undefined ? '' : `,"imported":"${h.imported}"`
  return Buffer.from(
    `{"f":${h.mirrors === true ? MIRROR_FORMAT : FORMAT},"epoch":${epoch},"zxid":${h.zxid},"seq":${h.seq},"flushed":${h.flushed}${mark}${chain}${tree}${imported}}`,
  )
}

interface StoredHead extends Omit<HeadRecord, 'chain' | 'check' | 'mirrors'> {
  readonly f: number
  readonly chain?: unknown
  readonly tree?: unknown
}

/** The bytes under head. @throws {StoreError} as {@link decodeZnode} */
export function decodeHead(value: Uint8Array): HeadRecord {
  const stored = parse<StoredHead>(value, 'head', MIRROR_FORMAT)
  const { f, zxid, seq, flushed, imported, chain, tree } = stored
  assertIntegers('head', zxid, seq, flushed)
  if (imported !== undefined) assertStrings('head', imported)
  return {
    zxid,
    seq,
    flushed,
    ...(chain === undefined ? {} : { chain: decodeDigest(chain, 'head') }),
    ...(tree === undefined ? {} : { check: decodeCheck(tree) }),
    ...(imported === undefined ? {} : { imported }),
    ...(f === MIRROR_FORMAT && { mirrors: true }),
  }
}

function decodeDigest(text: unknown, what: string): Digest {
  const digest = typeof text === 'string' ? parseDigest(text) : undefined
  if (digest === undefined) throw damaged(what)
  return digest
}

function decodeCheck(tree: unknown): TreeCheck {
  if (!Array.isArray(tree)) throw damaged('head')
  const [seq, znodes, digest] = tree
  assertIntegers('head', seq, znodes)
  return { seq, znodes, digest: decodeDigest(digest, 'head') }
}

/**
 * What the commit of this entry leaves in head, byte for byte: who receives the entry knows the value that
 * guards the next one.
 */
export function headBehind(entry: BatchHeader, digest: Digest): Uint8Array {
  const { zxid, seq, flushed, proxy, attempt } = entry
  const by = `${proxy}/${attempt}`
  if (entry.format < JOURNAL_FORMAT) return encodeHead({ zxid, seq, flushed }, by)
  const { check, mirrors } = entry
  const head = { zxid, seq, flushed, chain: digest, ...(check && { check }) }
  return encodeHead({ ...head, ...(mirrors && { mirrors }) }, by)
}

/**
 * Where history went back: each epoch that began for that reason → the newest zxid before it that was
 * kept. What lies between the two is lost.
 */
export type Cuts = ReadonlyMap<number, number>

/** So many are remembered, the newest ones. */
export const CUTS_MAX = 100

export function encodeCuts(cuts: Cuts): Uint8Array {
  return Buffer.from(JSON.stringify({ f: FORMAT, cuts: [...cuts] }))
}
/** Absent: history never went back. */
export function decodeCuts(value: Uint8Array | undefined): Map<number, number> {
  if (value === undefined) return new Map()
  const what = 'epochs record'
  const { cuts } = parse<{ f: number; cuts: unknown }>(value, what)
  if (!Array.isArray(cuts)) throw damaged(what)
  return new Map(
    cuts.map((cut: unknown) => {
      if (!Array.isArray(cut)) throw damaged(what)
      assertIntegers(what, cut[0], cut[1])
      return [cut[0] as number, cut[1] as number]
    }),
  )
}
