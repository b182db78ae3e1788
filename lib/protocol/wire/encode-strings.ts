/**
 * Vectors of strings. The list of a znode's children is the same array until one comes or goes, so a
 * long list that is read again is encoded once. Neighbour: encode-reply.
 */

import { JuteWriter } from '../jute/writer.ts'

/** Shorter lists are encoded as fast as they are looked up. */
const CACHED_NAMES_MIN = 16
/** Bytes of encoded lists kept; the oldest go first. */
const CACHED_BYTES_MAX = 32 * 1024 * 1024

type Names = readonly string[]

/** Read once so far: most lists are. */
const seen = new WeakSet<Names>()
const encoded = new Map<Names, Buffer>()
let encodedBytes = 0

/* vector => count ustring* */
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
