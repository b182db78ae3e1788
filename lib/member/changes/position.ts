/**
 * Where a change feed is, as text that a reader stores: which transaction of which batch, and which history that is.
 * The same on every member. Neighbours: change-reader (writes it), change-feed (resumes from it).
 *
 *   position = zxid "." batch "." transactions of it that are done, or "end": all "." digest of the batch's entry, or "-"
 *
 * All numbers are hexadecimal, so no word for "all" may be one.
 */
import { type Digest, parseDigest, showDigest } from '../../format/digest.ts'

export interface Position {
  readonly zxid: number
  readonly seq: number
  /** Transactions of batch `seq` that are done; undefined: all. */
  readonly done: number | undefined
  /** Of the batch's journal entry; undefined: not known, where a tree was imported or is new. */
  readonly digest: Digest | undefined
}

export function showPosition({ zxid, seq, done, digest }: Position): string {
  const numbers = `${zxid.toString(16)}.${seq.toString(16)}`
  const end = digest === undefined ? '-' : showDigest(digest)
  return `${numbers}.${done === undefined ? 'end' : done.toString(16)}.${end}`
}

const SHAPE = /^([0-9a-f]{1,14})\.([0-9a-f]{1,14})\.(end|[0-9a-f]{1,8})\.(-|[0-9a-f]{16})$/

/** @returns undefined when the text is no position */
export function parsePosition(text: string): Position | undefined {
  const [, zxid = '', seq = '', done = '', digest = ''] = SHAPE.exec(text) ?? []
  if (zxid === '') return undefined
  const position = {
    zxid: Number.parseInt(zxid, 16),
    seq: Number.parseInt(seq, 16),
    done: done === 'end' ? undefined : Number.parseInt(done, 16),
    digest: parseDigest(digest),
  }
  const isSafe = Number.isSafeInteger(position.zxid) && Number.isSafeInteger(position.seq)
  return isSafe ? position : undefined
}
