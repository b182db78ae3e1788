/**
 * A certificate's subject as Java's X500Principal.getName() has it: the id of ZooKeeper's x509 scheme. Byte for byte, as
 * ACLs compare it as text. Source: RFC 2253; sun.security.x509.AVA.toRFC2253String for what it leaves open.
 * Neighbours: der, client-identity.
 */
import { type DerElement, elementsIn, oidText, TAG } from './der.ts'

/** Attributes that RFC 2253 names. All others are named by their number, and their value is shown in hex. */
const KEYWORDS: ReadonlyMap<string, string> = new Map([
  ['2.5.4.3', 'CN'],
  ['2.5.4.6', 'C'],
  ['2.5.4.7', 'L'],
  ['2.5.4.8', 'ST'],
  ['2.5.4.9', 'STREET'],
  ['2.5.4.10', 'O'],
  ['2.5.4.11', 'OU'],
  ['0.9.2342.19200300.100.1.1', 'UID'],
  ['0.9.2342.19200300.100.1.25', 'DC'],
])
/** Printable, T61, IA5, general, BMP and UTF-8 strings: Java takes the bytes of each for UTF-8. */
const STRING_TAGS = new Set([0x13, 0x14, 0x16, 0x1b, 0x1e, 0x0c])
const ESCAPED = /[,=+<>#;"\\]/g
/** Java takes a carriage return at either end for white space, and a newline for none. */
const LEADING = /^[ \r]+/
const TRAILING = /[ \r]+$/
const everyOne = (white: string): string => white.replace(/[ \r]/g, '\\$&')

/** @throws {RangeError} the certificate is no DER */
export function subjectName(certificate: Buffer): string {
  const relatives = elementsIn(subjectOf(certificate).content)
  return relatives.reverse().map(relativeName).join(',')
}

/** Certificate ::= SEQUENCE { SEQUENCE { [0] version, serial, algorithm, issuer, validity, subject … } … } */
function subjectOf(certificate: Buffer): DerElement {
  const fields = elementsIn(
    only(elementsIn(only(elementsIn(certificate), TAG.sequence)), TAG.sequence),
  )
  const hasVersion = fields[0]?.tag === TAG.version
  const subject = fields[hasVersion ? 5 : 4]
  if (subject?.tag !== TAG.sequence) throw new RangeError('a certificate without a subject')
  return subject
}

function only(elements: readonly DerElement[], tag: number): Buffer {
  const [first] = elements
  if (first?.tag !== tag) throw new RangeError('an element of another type')
  return first.content
}

/** One or more attributes, in the order in which they are encoded. */
function relativeName({ tag, content }: DerElement): string {
  if (tag !== TAG.set) throw new RangeError('a relative name that is no set')
  return elementsIn(content).map(attribute).join('+')
}

function attribute({ content }: DerElement): string {
  const [type, value] = elementsIn(content)
  if (type?.tag !== TAG.oid || value === undefined)
    throw new RangeError('an attribute without value')
  const oid = oidText(type.content)
  const keyword = KEYWORDS.get(oid)
  if (keyword === undefined || !STRING_TAGS.has(value.tag)) {
    return `${keyword ?? oid}=#${value.whole.toString('hex')}`
  }
  return `${keyword}=${escaped(value.content.toString('utf8'))}`
}

function escaped(value: string): string {
  const text = value.replace(ESCAPED, '\\$&').replaceAll('\0', '\\00')
  if (/^[ \r]*$/.test(text)) return everyOne(text)
  return text.replace(LEADING, everyOne).replace(TRAILING, everyOne)
}
