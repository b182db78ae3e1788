/**
 * Bytes put together by hand, for what no codec writes: records cut short, lengths that lie, types out
 * of place. Big-endian, slow and plain on purpose; shares nothing with lib/protocol.
 */
export class Pack {
  private readonly parts: Buffer[] = []

  byte(value: number): this {
    this.parts.push(Buffer.from([value]))
    return this
  }

  int(value: number): this {
    const b = Buffer.alloc(4)
    b.writeInt32BE(value)
    this.parts.push(b)
    return this
  }

  long(value: number | bigint): this {
    const b = Buffer.alloc(8)
    b.writeBigInt64BE(BigInt(value))
    this.parts.push(b)
    return this
  }

  /** Length and bytes; a text is UTF-8. */
  buffer(value: Uint8Array | string | null): this {
    if (value === null) return this.int(-1)
    const b = typeof value === 'string' ? Buffer.from(value, 'utf8') : Buffer.from(value)
    this.int(b.length)
    this.parts.push(b)
    return this
  }

  raw(bytes: Uint8Array): this {
    this.parts.push(Buffer.from(bytes))
    return this
  }

  done(): Buffer {
    return Buffer.concat(this.parts)
  }
}
