/**
 * What ties the journal together: each entry names the digest of the one before it, and head that of the
 * newest. Two histories that differ anywhere differ in every digest after that. Neighbours: journal, record.
 */
import { hash } from 'node:crypto'

/** The first 64 bits of SHA-256: against accidents, not against somebody who writes to the store. */
export type Digest = bigint

/** Of an entry's bytes as they are stored, whatever its format. */
export function digestOfEntry(bytes: Uint8Array): Digest {
  return hash('sha256', bytes, 'buffer').readBigUInt64BE(0)
}

/** 16 hex digits. */
export function showDigest(digest: Digest): string {
  return digest.toString(16).padStart(16, '0')
}

/** @returns undefined when the text is not what {@link showDigest} writes */
export function parseDigest(text: string): Digest | undefined {
  return /^[0-9a-f]{16}$/.test(text) ? BigInt(`0x${text}`) : undefined
}
