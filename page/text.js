/** Bytes, numbers and times as text that can be read, whatever is in them. Pure. */

/** Levels of JSON that are indented: each costs its indent on every line below it. */
const JSON_LEVELS_MAX = 100
/** Characters of indented JSON. */
const JSON_CHARS_MAX = 2_000_000
const HEX_COLUMNS = 16

/** Controls, and characters that are not seen or turn the direction of writing. Line ends and tabs are none of them in data. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}\ufff0-\uffff]/gu

/** @param {string} character */
const escaped = (character) =>
  `\\u{${/** @type {number} */ (character.codePointAt(0)).toString(16)}}`

/** Each character can be seen. @param {string} text */
export const visible = (text) => text.replace(HIDDEN, escaped)

/** As {@link visible}, with lines and tabs as they are. @param {string} text */
export const visibleLines = (text) =>
  text.replace(HIDDEN, (one) => (one === '\n' || one === '\t' ? one : escaped(one)))

/** @param {string} base64 */
export function fromBase64(base64) {
  const binary = atob(base64)
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)
  return bytes
}

/**
 * undefined: it is no UTF-8. Of a part, characters that its ends divide are left out.
 * @param {Uint8Array} bytes
 * @param {{ isCutBefore?: boolean, isCutBehind?: boolean }} [part]
 */
export function toText(bytes, { isCutBefore = false, isCutBehind = false } = {}) {
  let start = 0
  if (isCutBefore) while (start < 3 && (bytes[start] ?? 0) >> 6 === 0b10) start++
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  try {
    return decoder.decode(bytes.subarray(start), { stream: isCutBehind })
  } catch {
    return undefined
  }
}

/**
 * Indented, with each number as it was written: JavaScript's own numbers would round those of 64 bits. undefined: it is no JSON, or
 * too deep.
 * @param {string} text
 */
export function toJson(text) {
  try {
    const value = JSON.parse(text)
    if (typeof value !== 'object' || value === null) return undefined
  } catch {
    return undefined
  }
  let out = ''
  let depth = 0
  // Behind a bracket: what closes it immediately stays on its line.
  let isOpening = false
  const line = () => `\n${'  '.repeat(depth)}`
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/g)) {
    const isClosing = token === '}' || token === ']'
    if (isClosing) depth--
    if (isOpening !== isClosing) out += line()
    isOpening = token === '{' || token === '['
    if (isOpening) depth++
    if (token === ',') out += token + line()
    else out += token === ':' ? ': ' : token
    if (depth > JSON_LEVELS_MAX || out.length > JSON_CHARS_MAX) return undefined
  }
  return out
}

/**
 * As hexdump shows it.
 * @param {Uint8Array} bytes
 * @param {number} offset of the first one
 */
export function toHex(bytes, offset) {
  const lines = []
  for (let i = 0; i < bytes.length; i += HEX_COLUMNS) {
    const row = [...bytes.subarray(i, i + HEX_COLUMNS)]
    const hex = row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
    const ascii = row.map((byte) => (byte > 0x1f && byte < 0x7f ? String.fromCharCode(byte) : '.'))
    const at = (offset + i).toString(16).padStart(8, '0')
    lines.push(`${at}  ${hex.padEnd(3 * HEX_COLUMNS - 1)}  ${ascii.join('')}`)
  }
  return lines.join('\n')
}

const whole = new Intl.NumberFormat('en')
const short = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 })

/** @param {number | undefined} value */
export const count = (value) => (value === undefined ? '–' : whole.format(value))

/** @param {number | null | undefined} value */
export const number = (value) => (value === undefined || value === null ? '–' : short.format(value))

/** @param {number | undefined} value */
export function bytesText(value) {
  if (value === undefined) return '–'
  if (value < 1024) return `${value} B`
  const units = ['KiB', 'MiB', 'GiB', 'TiB']
  let amount = value / 1024
  let unit = 0
  while (amount >= 1024 && unit < units.length - 1) {
    amount /= 1024
    unit++
  }
  return `${short.format(amount)} ${units[unit]}`
}

/** @param {number} zxid */
export const hex = (zxid) => `0x${zxid.toString(16)}`

/** As it is where its server could be anywhere: in UTC. @param {number} ms since 1970 */
export function timeText(ms) {
  const date = new Date(ms)
  return Number.isNaN(date.getTime()) ? `${ms} ms` : date.toISOString().replace('T', ' ')
}

/** @param {number} ms */
export function durationText(ms) {
  const seconds = Math.floor(ms / 1000)
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ]
  const first = parts.findIndex(([amount]) => amount !== 0)
  if (first < 0) return '0 s'
  return parts
    .slice(first, first + 2)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(' ')
}
