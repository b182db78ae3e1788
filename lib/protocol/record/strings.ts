/**
 * Vectors of strings. The list of a znode's children is the same array until one comes or goes, so a
 * long list that is read again is encoded once.
 */

import { WireError } from '../../model/errors.ts'
import type { JuteReader } from '../jute/reader.ts'
import { JuteWriter } from '../jute/writer.ts'
import { pathNotNull, textOrEmpty } from './text.ts'

/** Shorter lists are encoded as fast as they are looked up. */
const CACHED_NAMES_MIN = 16
/** Bytes of encoded lists kept; the oldest are dropped first. */
const CACHED_BYTES_MAX = 32 * 1024 * 1024
/** An empty string. */
const STRING_BYTES_MIN = 4

type Names = readonly string[]

/** Read once so far: most lists are. */
const seen = new WeakSet<Names>()
const encoded = new Map<Names, Buffer>()
let encodedBytes = 0

/* vector => count ustring*
     count => INT, −1 for null */
export function writeStrings(writer: JuteWriter, strings: Names): void {
  writer.int(strings.length)
  for (let i = 0; i < strings.length; i++) writer.string(strings[i]!)
}

/** `names` must not change any more. */
export function writeChildren(writer: JuteWriter, names: Names): void {
  if (names.length < CACHED_NAMES_MIN) return writeStrings(writer, names)
  const known = encoded.get(names)
  if (known !== undefined) return writer.raw(known)
  if (seen.has(names)) keep(names)
  else seen.add(names)
  writeStrings(writer, names)
}

function keep(names: Names): void {
  const writer = new JuteWriter()
  writeStrings(writer, names)
  const bytes = Buffer.from(writer.take()!)
  encoded.set(names, bytes)
  encodedBytes += bytes.length
  for (const [oldest, { length }] of encoded) {
    if (encodedBytes <= CACHED_BYTES_MAX) return
    encoded.delete(oldest)
    encodedBytes -= length
  }
}

/** In a reply. A null vector is empty, a null string ''. */
export function readStrings(reader: JuteReader): string[] {
  const count = reader.count(STRING_BYTES_MIN)
  const strings: string[] = []
  for (let i = 0; i < count; i++) strings.push(textOrEmpty(reader))
  return strings
}

/** In a request. A null vector or a null path in it is refused, as by ZooKeeper (−5). */
export function readPaths(reader: JuteReader): string[] {
  const count = reader.count(STRING_BYTES_MIN)
  if (count < 0) throw new WireError('vector of paths is null')
  const paths: string[] = []
  for (let i = 0; i < count; i++) paths.push(pathNotNull(reader))
  return paths
}
