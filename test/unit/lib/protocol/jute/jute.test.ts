import { expect } from 'chai'
import fc from 'fast-check'
import { WireError } from '../../../../../lib/index.ts'
import { ChunkPool } from '../../../../../lib/protocol/jute/chunk-pool.ts'
import { JuteReader } from '../../../../../lib/protocol/jute/reader.ts'
import { JuteWriter } from '../../../../../lib/protocol/jute/writer.ts'
import { Pack } from '../../../../support/pack.ts'

type Field =
  | { type: 'bool'; value: boolean }
  | { type: 'int'; value: number }
  | { type: 'long'; value: number }
  | { type: 'bigLong'; value: bigint }
  | { type: 'string'; value: string | null }
  | { type: 'bytes'; value: Uint8Array | null }

const text = fc.oneof(
  fc.string({ maxLength: 200 }),
  fc.string({ unit: 'binary', maxLength: 100 }),
  fc.constantFrom('/é', '漢字', 'a'.repeat(5000), '漢'.repeat(3000)),
)
const field: fc.Arbitrary<Field> = fc.oneof(
  fc.record({ type: fc.constant('bool' as const), value: fc.boolean() }),
  fc.record({ type: fc.constant('int' as const), value: fc.integer() }),
  fc.record({ type: fc.constant('long' as const), value: fc.maxSafeInteger() }),
  fc.record({
    type: fc.constant('bigLong' as const),
    value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  }),
  fc.record({ type: fc.constant('string' as const), value: fc.option(text) }),
  fc.record({
    type: fc.constant('bytes' as const),
    value: fc.option(fc.uint8Array({ maxLength: 3000 })),
  }),
)

function write(writer: JuteWriter, f: Field): void {
  if (f.type === 'bool') writer.bool(f.value)
  else if (f.type === 'int') writer.int(f.value)
  else if (f.type === 'long') writer.long(f.value)
  else if (f.type === 'bigLong') writer.bigLong(f.value)
  else if (f.type === 'string') writer.string(f.value)
  else writer.bytes(f.value)
}

function pack(p: Pack, f: Field): void {
  if (f.type === 'bool') p.byte(f.value ? 1 : 0)
  else if (f.type === 'int') p.int(f.value)
  else if (f.type === 'long' || f.type === 'bigLong') p.long(f.value)
  else p.buffer(f.value)
}

function readerOf(bytes: Buffer): JuteReader {
  const padded = Buffer.concat([Buffer.alloc(3, 9), bytes, Buffer.alloc(8, 9)])
  return new JuteReader().reset(padded, 3, 3 + bytes.length)
}

describe('lib/protocol/jute', () => {
  it('writes what an independent writer writes, and reads it back', () => {
    const writer = new JuteWriter()
    fc.assert(
      fc.property(fc.array(field, { maxLength: 20 }), (fields) => {
        const expected = new Pack()
        writer.begin()
        for (const f of fields) write(writer, f)
        writer.end()
        for (const f of fields) pack(expected, f)
        const body = expected.done()
        const taken = writer.take()!
        expect(taken.readInt32BE(0)).to.equal(body.length)
        expect(taken.subarray(4).equals(body)).to.equal(true)
        const reader = readerOf(body)
        for (const f of fields) expect(reader[f.type]()).to.deep.equal(f.value)
        expect(reader.left).to.equal(0)
      }),
      { numRuns: 300 },
    )
  })

  it('writes and reads the int64 values at which halves go wrong', () => {
    const values = [0, 1, -1, -2, 2 ** 31, -(2 ** 31), 2 ** 32 - 1, 2 ** 32, -(2 ** 32), 2 ** 40]
    for (const value of [...values, -(2 ** 32) - 1, 2 ** 53 - 1, -(2 ** 53) + 1]) {
      const writer = new JuteWriter()
      writer.long(value)
      const bytes = writer.take()!
      expect(bytes.readBigInt64BE()).to.equal(BigInt(value))
      expect(readerOf(bytes).long()).to.equal(value)
    }
  })

  it('clamps an int64 beyond the safe integers', () => {
    const read = (value: bigint): number => readerOf(new Pack().long(value).done()).long()
    expect(read(2n ** 63n - 1n)).to.equal(Number.MAX_SAFE_INTEGER)
    expect(read(2n ** 53n)).to.equal(Number.MAX_SAFE_INTEGER)
    expect(read(-(2n ** 63n))).to.equal(Number.MIN_SAFE_INTEGER)
  })

  it('refuses truncated and absurd lengths', () => {
    for (const read of ['int', 'long', 'bigLong', 'bool', 'string', 'bytes'] as const) {
      expect(() => readerOf(Buffer.alloc(0))[read](), read).to.throw(WireError)
    }
    for (const length of [-2, -(2 ** 31), 5, 2 ** 31 - 1]) {
      const bytes = new Pack().int(length).raw(Buffer.from('four')).done()
      expect(() => readerOf(bytes).string()).to.throw(WireError)
      expect(() => readerOf(bytes).bytes()).to.throw(WireError)
    }
    for (const count of [-2, 2, 2 ** 31 - 1]) {
      const bytes = new Pack().int(count).raw(Buffer.from('four')).done()
      expect(() => readerOf(bytes).count(4)).to.throw(WireError)
    }
    expect(readerOf(new Pack().int(-1).done()).count(4)).to.equal(-1)
  })

  it('replaces invalid UTF-8 and takes any byte but 0 for true', () => {
    const bytes = new Pack()
      .buffer(Buffer.from([0x2f, 0xff]))
      .byte(2)
      .done()
    const reader = readerOf(bytes)
    expect(reader.string()).to.equal('/\ufffd')
    expect(reader.bool()).to.equal(true)
  })

  it('a byte string is a buffer on the wire, and one character for each byte', () => {
    fc.assert(
      fc.property(fc.option(fc.uint8Array({ maxLength: 100 }), { nil: null }), (bytes) => {
        const writer = new JuteWriter()
        writer.bytes(bytes)
        const expected = writer.take()!
        const text = readerOf(expected).byteString()
        expect(text === null ? null : [...text].map((char) => char.charCodeAt(0))).to.deep.equal(
          bytes === null ? null : [...bytes],
        )
        writer.byteString(text)
        expect(writer.take()).to.deep.equal(expected)
      }),
    )
  })

  it('hands out bytes that do not change with the chunk they came from', () => {
    const bytes = new Pack().buffer('data').done()
    const read = new JuteReader().reset(bytes, 0, bytes.length).bytes()!
    bytes.fill(0)
    expect(Buffer.from(read).toString()).to.equal('data')
    expect(read.buffer.byteLength).to.equal(4)
  })
})

describe('lib/protocol/jute/writer: the output buffer', () => {
  it('gathers frames and never writes again to what was taken', () => {
    const writer = new JuteWriter()
    const taken: { buffer: Buffer; copy: string }[] = []
    let written = 0
    for (let i = 0; i < 3000; i++) {
      writer.begin()
      writer.int(i)
      writer.string('x'.repeat(i % 97))
      writer.end()
      if (i % 7 === 0) {
        expect(writer.pendingBytes).to.be.above(0)
        const buffer = writer.take()!
        taken.push({ buffer, copy: buffer.toString('hex') })
        expect(writer.pendingBytes).to.equal(0)
      }
    }
    for (const { buffer, copy } of taken) {
      expect(buffer.toString('hex')).to.equal(copy)
      for (let at = 0; at < buffer.length; at += 4 + buffer.readInt32BE(at)) {
        expect(buffer.readInt32BE(at + 4)).to.equal(written++)
      }
    }
    expect(written).to.equal(2998 - (2998 % 7) + 1)
  })

  it('keeps frames whole when one outgrows the chunk', () => {
    const writer = new JuteWriter()
    writer.begin()
    writer.int(1)
    writer.end()
    writer.begin()
    for (let i = 0; i < 100_000; i++) writer.int(i)
    writer.bytes(Buffer.alloc(3_000_000, 1))
    writer.end()
    const buffer = writer.take()!
    expect(buffer.readInt32BE(0)).to.equal(4)
    expect(buffer.readInt32BE(8)).to.equal(400_000 + 4 + 3_000_000)
    expect(buffer.length).to.equal(8 + 4 + 400_000 + 4 + 3_000_000)
    expect(buffer.readInt32BE(12 + 4 * 99_999)).to.equal(99_999)
  })

  it('writes again to released memory, and to no other', () => {
    const pool = new ChunkPool(64 * 1024)
    const writers = [1, 2, 3].map(() => new JuteWriter({ pendingBytesMax: 1e9, pool }))
    const held: { buffer: Buffer; copy: string }[] = []
    for (let i = 0; i < 3_000; i++) {
      const writer = writers[i % 3]!
      writer.begin()
      writer.string('x'.repeat((i * 7) % 3_001))
      writer.end()
      if (i % 5 !== 0) continue
      const buffer = writer.take()!
      // One reader keeps all that it was given.
      if (writer === writers[0]) held.push({ buffer, copy: buffer.toString('hex') })
      else {
        writer.release()
        expect(pool.keptBytes).to.be.within(1_024, 64 * 1024)
      }
    }
    for (const { buffer, copy } of held) expect(buffer.toString('hex')).to.equal(copy)
    // With nobody who keeps it, it is the same memory again and again.
    const memory = new Set<ArrayBufferLike>()
    for (let i = 0; i < 100; i++) {
      writers[1]!.int(i)
      memory.add(writers[1]!.take()!.buffer)
      writers[1]!.release()
    }
    expect(memory.size, 'it takes smaller chunks bit by bit').to.be.below(10)
  })

  it('keeps what waits when memory is released meanwhile', () => {
    const writer = new JuteWriter({ pendingBytesMax: 1e9, pool: new ChunkPool(64 * 1024) })
    writer.int(1)
    writer.take()
    writer.int(2)
    writer.release()
    expect(writer.take()!.toString('hex')).to.equal('00000002')
  })

  it('forgets a frame that is rolled back, and only that', () => {
    const writer = new JuteWriter()
    writer.begin()
    writer.int(1)
    writer.end()
    writer.begin()
    writer.bytes(Buffer.alloc(5000))
    writer.rollback()
    expect(writer.take()!.toString('hex')).to.equal('0000000400000001')
    expect(writer.take()).to.equal(null)
  })
})
