/**
 * Whether text is a distinguished name, by the rules of Java's X500Principal: what an id of the x509 scheme in an ACL must
 * be. Source: RFC 2253 and RFC 1779; sun.security.x509 (X500Name, RDN, AVA) for what they leave open. Neighbour: acl.
 */

const KEYWORDS = new Set(
  (
    'CN C L S ST O OU T IP STREET DC DNQUALIFIER DNQ SURNAME GIVENNAME INITIALS GENERATION EMAIL ' +
    'EMAILADDRESS UID SERIALNUMBER'
  ).split(' '),
)
const MAY_BE_ESCAPED = ',=\n+<>#;\\" '
const MAY_BE_ESCAPED_IN_QUOTES = ',=\n+<>#;\\"'
const MUST_BE_ESCAPED = ',+<>;"'
const DIGITS = /^[+-]?\d+$/
const HEX_PAIR = /^[0-9A-Fa-f]{2}$/
const HEX_DIGIT = /^[0-9A-Fa-f]$/
const ENDS_VALUE = '+,;'

/** Walks over the text a bounded number of times, whatever is in it. */
export function isX500Name(text: string): boolean {
  if (text === '') return true
  return split(text, ',;', isEscapedComma).every((relative) =>
    split(relative, '+', isEscapedPlus).every(isAttribute),
  )
}

type IsEscaped = (text: string, at: number, from: number) => boolean

/**
 * At each separator that is neither escaped nor quoted. A quoted one is behind exactly one quotation mark since the part
 * began. `from`, in the check: where the part behind the separator before begins.
 */
function split(text: string, separators: string, isEscaped: IsEscaped): string[] {
  const parts: string[] = []
  let begin = 0
  let from = 0
  let quotes = 0
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string
    if (character === '"' && (at === from || text[at - 1] !== '\\')) quotes++
    if (!separators.includes(character)) continue
    if (quotes !== 1 && !isEscaped(text, at, from)) {
      parts.push(text.slice(begin, at))
      begin = at + 1
      quotes = 0
    }
    from = at + 1
  }
  parts.push(text.slice(begin))
  return parts
}

const isEscapedPlus: IsEscaped = (text, at) => at === 0 || text[at - 1] === '\\'

/** Behind two backslashes Java counts all of the part, also those that stand elsewhere. */
const isEscapedComma: IsEscaped = (text, at, from) => {
  if (text[at - 1] !== '\\') return false
  if (at === 1 || text[at - 2] !== '\\') return true
  let count = 0
  for (let i = from; i < at; i++) if (text[i] === '\\') count++
  return count % 2 === 1
}

/** `type=value` */
function isAttribute(text: string): boolean {
  const equals = text.indexOf('=')
  if (equals < 0 || !isType(text.slice(0, equals))) return false
  let at = equals + 1
  while (text[at] === ' ' || text[at] === '\n') at++
  if (at === text.length) return true
  if (text[at] === '#') return isHex(text, at + 1)
  return text[at] === '"' ? isQuoted(text, at + 1) : isPlain(text, at)
}

function isType(text: string): boolean {
  let keyword = text.toUpperCase()
  let begin = 0
  let end = keyword.length
  while (begin < end && keyword.charCodeAt(begin) <= 0x20) begin++
  while (end > begin && keyword.charCodeAt(end - 1) <= 0x20) end--
  keyword = keyword.slice(begin, end)
  if (KEYWORDS.has(keyword)) return true
  return isObjectIdentifier(keyword.startsWith('OID.') ? keyword.slice(4) : keyword)
}

function isObjectIdentifier(text: string): boolean {
  if (!/^\d/.test(text)) return false
  const arcs = text.split('.')
  if (arcs.length < 2 || !arcs.every((arc) => DIGITS.test(arc))) return false
  if (arcs.some((arc) => arc.startsWith('-') && /[1-9]/.test(arc))) return false
  // Leading zeros count for nothing, and how long a number is does not matter here.
  const [root, second] = arcs.map((arc) => Number(arc)) as [number, number]
  return root <= 2 && (root === 2 || second <= 39)
}

/** Until the end, or what ends a value: BER in hex. */
function isHex(text: string, from: number): boolean {
  let end = from
  while (end < text.length && !ENDS_VALUE.includes(text[end] as string)) end++
  const digits = text.slice(from, end)
  if (digits.length === 0 || !/^(?:[0-9A-Fa-f]{2})+$/.test(digits)) return false
  return isBerElement(Buffer.from(digits, 'hex'))
}

/** One element and nothing behind it. */
function isBerElement(bytes: Buffer): boolean {
  const [tag, first] = bytes
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) return false
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f
  if (first === 0x80 || lengthBytes > 4 || bytes.length < 2 + lengthBytes) return false
  const length = lengthBytes === 0 ? first : bytes.readUIntBE(2, lengthBytes)
  return bytes.length === 2 + lengthBytes + length
}

function isQuoted(text: string, from: number): boolean {
  let at = from
  for (; at < text.length && text[at] !== '"'; at++) {
    if (text[at] !== '\\') continue
    at++
    if (HEX_DIGIT.test(text[at] ?? '')) {
      if (!HEX_PAIR.test(text.slice(at, at + 2))) return false
      at++
    } else if (at >= text.length || !MAY_BE_ESCAPED_IN_QUOTES.includes(text[at] as string)) {
      return false
    }
  }
  if (at >= text.length) return false
  for (at++; at < text.length; at++) if (text[at] !== ' ' && text[at] !== '\n') return false
  return true
}

/** Java reads no further than what ends a value; the first character ends none. */
function isPlain(text: string, from: number): boolean {
  for (let at = from; at < text.length; at++) {
    const character = text[at] as string
    if (at > from && ENDS_VALUE.includes(character)) return true
    if (character !== '\\') {
      if (MUST_BE_ESCAPED.includes(character)) return false
      continue
    }
    at++
    if (HEX_DIGIT.test(text[at] ?? '')) {
      if (!HEX_PAIR.test(text.slice(at, at + 2))) return false
      at++
    } else if (at >= text.length || !MAY_BE_ESCAPED.includes(text[at] as string)) {
      return false
    }
  }
  return true
}
