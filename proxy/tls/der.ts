/** Elements of DER: as much as the name in a certificate needs. Neighbour: subject-name. */

/** One element: its tag, the bytes of its content, and all of its bytes. */
export interface DerElement {
  readonly tag: number
  readonly content: Buffer
  readonly whole: Buffer
}

export const TAG = { sequence: 0x30, set: 0x31, oid: 0x06, version: 0xa0 } as const

/** @throws {RangeError} the bytes are no DER */
export function elementsIn(bytes: Buffer): DerElement[] {
  const elements: DerElement[] = []
  for (let at = 0; at < bytes.length; ) {
    const element = elementAt(bytes, at)
    elements.push(element)
    at += element.whole.length
  }
  return elements
}

function elementAt(bytes: Buffer, at: number): DerElement {
  const tag = bytes.readUInt8(at)
  if ((tag & 0x1f) === 0x1f) throw new RangeError('a tag of several bytes')
  const first = bytes.readUInt8(at + 1)
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f
  if (first === 0x80 || lengthBytes > 4) throw new RangeError('a length that DER does not have')
  const length = lengthBytes === 0 ? first : bytes.readUIntBE(at + 2, lengthBytes)
  const begin = at + 2 + lengthBytes
  if (begin + length > bytes.length) throw new RangeError('an element that is cut off')
  return {
    tag,
    content: bytes.subarray(begin, begin + length),
    whole: bytes.subarray(at, begin + length),
  }
}

/** `1.2.840.113549.1.9.1`. @throws {RangeError} the bytes are no object identifier */
export function oidText(content: Buffer): string {
  if (content.length === 0 || (content[content.length - 1] as number) >= 0x80) {
    throw new RangeError('an object identifier that is cut off')
  }
  const arcs: bigint[] = []
  let arc = 0n
  for (const byte of content) {
    arc = (arc << 7n) | BigInt(byte & 0x7f)
    if (byte >= 0x80) continue
    if (arcs.length === 0) {
      const root = arc < 40n ? 0n : arc < 80n ? 1n : 2n
      arcs.push(root, arc - root * 40n)
    } else arcs.push(arc)
    arc = 0n
  }
  return arcs.join('.')
}
