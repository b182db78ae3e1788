import { expect } from 'chai'
import fc from 'fast-check'
import { WireError } from '../../../../lib/index.ts'
import { bodyOf, FrameSplitter, framed, frameOf } from '../../../../lib/protocol/frame.ts'

const BYTES_MAX = 1000

function frame(body: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length)
  return Buffer.concat([length, body])
}

function split(chunks: readonly Buffer[], frameBytesMax = BYTES_MAX): string[] {
  const bodies: string[] = []
  const onFrame = (buffer: Buffer, start: number, end: number): void => {
    bodies.push(buffer.toString('hex', start, end))
  }
  const splitter = new FrameSplitter({ frameBytesMax, onFrame })
  for (const chunk of chunks) splitter.push(chunk)
  return bodies
}

const BODIES = [Buffer.from('first'), Buffer.alloc(0), Buffer.alloc(300, 7), Buffer.from('x')]
const STREAM = Buffer.concat(BODIES.map(frame))
const EXPECTED = BODIES.map((b) => b.toString('hex'))

describe('lib/protocol/frame', () => {
  it('puts a body behind its length, and takes single frames with and without it', () => {
    for (const body of BODIES) expect(framed(body).equals(frame(body))).to.equal(true)
    const frameOfOne = frameOf((writer) => {
      writer.begin()
      writer.int(1)
      writer.end()
    })
    expect(frameOfOne.toString('hex')).to.equal('0000000400000001')
    const body = bodyOf((writer) => {
      writer.begin()
      writer.int(1)
      writer.end()
    })
    expect(body.toString('hex')).to.equal('00000001')
  })

  it('finds the frames wherever one or two cuts fall', () => {
    for (let i = 0; i <= STREAM.length; i++) {
      expect(split([STREAM.subarray(0, i), STREAM.subarray(i)])).to.deep.equal(EXPECTED)
      const j = Math.min(STREAM.length, i + 3)
      const chunks = [STREAM.subarray(0, i), STREAM.subarray(i, j), STREAM.subarray(j)]
      expect(split(chunks)).to.deep.equal(EXPECTED)
    }
  })

  it('finds them byte by byte', () => {
    const chunks = Array.from(STREAM, (_, i) => STREAM.subarray(i, i + 1))
    expect(split(chunks)).to.deep.equal(EXPECTED)
  })

  it('finds any frames in any chunks', () => {
    const bodies = fc.array(fc.uint8Array({ maxLength: 12_000 }), { maxLength: 6 })
    const sizes = fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1 })
    fc.assert(
      fc.property(bodies, sizes, (all, cuts) => {
        const stream = Buffer.concat(all.map((b) => frame(Buffer.from(b))))
        const chunks: Buffer[] = []
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = cuts[i % cuts.length]!
          chunks.push(stream.subarray(at, at + size))
          at += size
        }
        const hex = all.map((b) => Buffer.from(b).toString('hex'))
        expect(split(chunks, 12_000)).to.deep.equal(hex)
      }),
      { numRuns: 200 },
    )
  })

  it('does not copy a frame that lies within one chunk', () => {
    const seen: Buffer[] = []
    const splitter = new FrameSplitter({
      frameBytesMax: BYTES_MAX,
      onFrame: (buffer) => seen.push(buffer),
    })
    splitter.push(STREAM)
    expect(seen).to.have.length(4)
    for (const buffer of seen) expect(buffer).to.equal(STREAM)
  })

  it('accepts a body of exactly the limit and refuses one byte more', () => {
    expect(split([frame(Buffer.alloc(BYTES_MAX))])).to.have.length(1)
    expect(() => split([frame(Buffer.alloc(BYTES_MAX + 1))])).to.throw(WireError)
  })

  it('refuses a negative length, also split, and hands out nothing more', () => {
    const seen: number[] = []
    const splitter = new FrameSplitter({
      frameBytesMax: BYTES_MAX,
      onFrame: (_, start) => seen.push(start),
    })
    splitter.push(Buffer.from([0xff, 0xff]))
    expect(() => splitter.push(Buffer.concat([Buffer.from([0xff, 0xff]), STREAM]))).to.throw(
      WireError,
    )
    splitter.push(STREAM)
    expect(seen).to.deep.equal([])
  })

  it('shows the refused length: a four-letter word', () => {
    const splitter = new FrameSplitter({ frameBytesMax: BYTES_MAX, onFrame: () => {} })
    expect(() => splitter.push(Buffer.from('ruok'))).to.throw(WireError)
    expect(splitter.lastLength).to.equal(0x72756f6b)
  })

  it('stops within a chunk when told so by the receiver', () => {
    const seen: number[] = []
    const splitter = new FrameSplitter({
      frameBytesMax: BYTES_MAX,
      onFrame: (_, start) => {
        seen.push(start)
        splitter.stop()
      },
    })
    splitter.push(STREAM)
    expect(seen).to.have.length(1)
  })

  it('does not reserve what a length only announces', () => {
    const splitter = new FrameSplitter({ frameBytesMax: 2 ** 30, onFrame: () => {} })
    const before = process.memoryUsage().arrayBuffers
    splitter.push(Buffer.from([0x3f, 0xff, 0xff, 0xff, 1]))
    expect(process.memoryUsage().arrayBuffers - before).to.be.below(1_000_000)
  })
})
