/** The data of a znode: for a terminal as text or as a hex dump, for JSON as text or base64. Neighbour: printable. */
import { printableText } from './printable.ts'

/** Of a hex dump on a terminal. Unit: bytes. */
const DUMP_BYTES_MAX = 4096
const ROW_BYTES = 16

/** undefined: it is no UTF-8. */
export function textOf(data: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data)
  } catch {
    return undefined
  }
}

/** For a terminal. Text with NUL is taken for binary data. */
export function shownData(data: Uint8Array): string[] {
  const text = textOf(data)
  if (text === undefined || text.includes('\0')) return hexDump(data, DUMP_BYTES_MAX)
  return [printableText(text)]
}

/** Offset, bytes and characters, 16 bytes a line. `bytesMax`: what is beyond is counted only. */
export function hexDump(data: Uint8Array, bytesMax = Number.POSITIVE_INFINITY): string[] {
  const lines: string[] = []
  const shown = Math.min(data.length, bytesMax)
  for (let at = 0; at < shown; at += ROW_BYTES) {
    const row = Buffer.from(data.subarray(at, Math.min(at + ROW_BYTES, shown)))
    const bytes = row
      .toString('hex')
      .replace(/../g, '$& ')
      .padEnd(ROW_BYTES * 3)
    const text = row.toString('latin1').replace(/[^ -~]/g, '.')
    lines.push(`${at.toString(16).padStart(8, '0')}  ${bytes} ${text}`)
  }
  const left = data.length - shown
  if (left > 0) lines.push(`… ${left} more bytes: write them to a file or a pipe`)
  return lines
}

/**
 * The bytes of standard base64 (RFC 4648 section 4), with its padding or without. undefined: it is no base64, or has bits that
 * no byte holds.
 */
export function fromBase64(text: string): Buffer | undefined {
  const data = Buffer.from(text, 'base64')
  const canonical = data.toString('base64')
  return text === canonical || text === canonical.replace(/=+$/, '') ? data : undefined
}

/** Text where it is text, otherwise base64; null stays null. */
export function dataJson(data: Uint8Array | null): Record<string, string | null> {
  if (data === null) return { data: null }
  const text = textOf(data)
  return text === undefined
    ? { encoding: 'base64', data: Buffer.from(data).toString('base64') }
    : { encoding: 'utf8', data: text }
}
