/**
 * Valid requests with bytes changed, and plain garbage: whatever arrives, replies stay well-formed
 * and in order, other sessions notice nothing, and nothing is thrown (mocha fails on what is).
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect } from 'chai'
import fc from 'fast-check'
import { framed } from '../../lib/protocol/frame.ts'
import { JuteReader } from '../../lib/protocol/jute/reader.ts'
import { decodeReplyHeader } from '../../lib/protocol/record/reply-header.ts'
import { loadCaptures } from '../support/fixtures.ts'
import { Pack } from '../support/pack.ts'
import { connectBody, type RawClient } from '../support/raw-client.ts'
import { collectingLogger, type Served, WireBench } from '../support/wire-bench.ts'

const captured = loadCaptures()
const BODIES = captured.flatMap((c) =>
  c.frames.filter((f) => f.direction === '>' && f.body.length >= 8).map((f) => f.body),
)
const GREETINGS = captured.map((c) => c.connect.request)

/** Answered ahead of their turn, or not at all. */
const OUT_OF_TURN = new Set([100, 102])
const PING = 11
const KNOWN = new Set([
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 14, 15, 16, 17, 18, 19, 21, 22],
  ...[100, 101, 102, 103, 104, 105, 106, 107, -11],
])

/** What one connection sent and got, read with nothing but the framing. */
class Peer {
  readonly socket: Socket
  closed = false
  replies: { xid: number; err: number; body: Buffer }[] = []
  #input: Buffer = Buffer.alloc(0)
  #greeted = false
  #wake: () => void = () => {}

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1' })
    this.socket.on('error', () => {})
    this.socket.on('close', () => {
      this.closed = true
      this.#wake()
    })
    this.socket.on('data', (chunk) => this.#data(chunk))
  }

  async greet(): Promise<void> {
    await once(this.socket, 'connect')
    this.socket.write(framed(connectBody({ timeoutMs: 60_000 })))
    await this.until(() => this.#greeted)
    expect(this.#greeted).to.equal(true)
  }

  /** Until it holds or the connection is closed. */
  async until(holds: () => boolean): Promise<void> {
    while (!this.closed && !holds()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  #data(chunk: Buffer): void {
    this.#input = Buffer.concat([this.#input, chunk])
    while (this.#input.length >= 4) {
      const length = this.#input.readInt32BE(0)
      expect(length, 'length of a reply').to.be.within(16, 4_000_000)
      if (this.#input.length < 4 + length) break
      const body = this.#input.subarray(4, 4 + length)
      this.#input = this.#input.subarray(4 + length)
      if (this.#greeted) this.#reply(body)
      else this.#greeted = true
    }
    this.#wake()
  }

  #reply(body: Buffer): void {
    const reader = JuteReader.of(body)
    const { xid, errno: err } = decodeReplyHeader(reader)
    if (err !== 0) expect(reader.left, `a record behind error ${err}`).to.equal(0)
    if (xid !== -1) this.replies.push({ xid, err, body })
  }
}

describe('fuzz', () => {
  let bench: WireBench
  let served: Served
  let honest: RawClient
  const { logger, entries } = collectingLogger()

  before(async () => {
    bench = new WireBench()
    served = await bench.serve({ keeper: { logger } })
    honest = await bench.connect(served, { timeoutMs: 60_000 })
    await honest.create('/honest-witness', { data: 'yes', flags: 1 })
  })
  after(() => bench.close())

  async function expectHealthy(): Promise<void> {
    const reply = await honest.getData('/honest-witness')
    expect(reply.record.data?.toString()).to.equal('yes')
    const written = await honest.setData('/honest-witness', 'yes')
    expect(written.err).to.equal(0)
    expect(entries.filter((e) => e.level === 'error')).to.deep.equal([])
  }

  const edit = fc.record({
    kind: fc.constantFrom('set', 'set', 'set', 'insert', 'remove', 'cut'),
    at: fc.nat(),
    byte: fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)),
  })
  /** Behind the xid, which the test counts itself. */
  const mutated = fc
    .tuple(fc.constantFrom(...BODIES), fc.array(edit, { maxLength: 4 }))
    .map(([body, edits]) => {
      let bytes = Buffer.from(body.subarray(4))
      for (const { kind, at, byte } of edits) {
        const i = bytes.length === 0 ? 0 : at % bytes.length
        if (kind === 'set') bytes[i] = byte
        else if (kind === 'cut') bytes = bytes.subarray(0, i)
        else {
          const added = kind === 'insert' ? [byte] : []
          const rest = bytes.subarray(i + 1 - added.length)
          bytes = Buffer.concat([bytes.subarray(0, i), Buffer.from(added), rest])
        }
      }
      return bytes
    })

  it('changed requests are answered in order or end their connection, and no other', async () => {
    let frames = 0
    let closed = 0
    let xid = 0
    let peer: Peer | undefined
    await fc.assert(
      fc.asyncProperty(fc.array(mutated, { minLength: 1, maxLength: 24 }), async (batch) => {
        if (peer === undefined || peer.closed) {
          peer = new Peer(served.port)
          await peer.greet()
        }
        const current = peer
        current.replies = []
        const expected: number[] = []
        const out: Buffer[] = []
        let maySurvive = true
        for (const rest of batch) {
          xid++
          frames++
          const body = new Pack().int(xid).raw(rest).done()
          out.push(framed(body))
          const op = body.length < 8 ? undefined : body.readInt32BE(4)
          if (op === undefined || !KNOWN.has(op) || op === -11) maySurvive = false
          if (op !== undefined && !OUT_OF_TURN.has(op)) expected.push(op === PING ? -2 : xid)
          else maySurvive = false
        }
        xid++
        out.push(framed(new Pack().int(xid).int(9).buffer('/end').done()))
        expected.push(xid)
        current.socket.write(Buffer.concat(out))
        await current.until(() => current.replies.some((r) => r.xid === xid))
        const inTurn = current.replies.map((r) => r.xid).filter((x) => expected.includes(x))
        if (current.closed) closed++
        else expect(inTurn).to.deep.equal(expected)
        // Closed in between: what was answered is a beginning of it, but for the refused one.
        const ended = inTurn.slice(0, -1)
        expect(ended).to.deep.equal(expected.slice(0, ended.length))
        if (maySurvive) expect(current.closed, 'closed without a reason').to.equal(false)
        if (current.closed) await expectHealthy()
      }),
      { numRuns: 800, endOnFailure: true },
    )
    await expectHealthy()
    peer?.socket.destroy()
    expect(frames).to.be.above(3_000)
    expect(closed).to.be.above(20)
    const { stats } = served.proxy
    expect(stats.malformedRequests).to.be.above(100)
    expect(stats.unimplemented).to.be.above(10)
  }).timeout(120_000)

  it('a changed ConnectRequest opens a session, or is refused, or closed', async () => {
    const greeting = fc
      .tuple(fc.constantFrom(...GREETINGS), fc.array(edit, { minLength: 1, maxLength: 3 }))
      .map(([body, edits]) => {
        const bytes = Buffer.from(body)
        // A length that asks for more bytes is only waited for: leave the framing alone.
        for (const { at, byte } of edits) bytes[at % bytes.length] = byte
        return bytes
      })
    await fc.assert(
      fc.asyncProperty(greeting, async (body) => {
        const socket = connect({ port: served.port, host: '127.0.0.1' })
        socket.on('error', () => {})
        await once(socket, 'connect')
        socket.write(framed(body))
        const answer = await Promise.race([
          once(socket, 'data').then(([chunk]) => chunk as Buffer),
          once(socket, 'close').then(() => undefined),
        ])
        if (answer !== undefined) {
          expect(answer.length).to.be.oneOf([40, 41])
          expect(answer.readInt32BE(0)).to.equal(answer.length - 4)
        }
        socket.destroy()
      }),
      { numRuns: 300 },
    )
    await expectHealthy()
  }).timeout(60_000)

  it('garbage ends its own connection', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        async (chunks, greeted) => {
          const peer = new Peer(served.port)
          if (greeted) await peer.greet()
          for (const chunk of chunks) peer.socket.write(chunk)
          peer.socket.end()
          await peer.until(() => false)
        },
      ),
      { numRuns: 300 },
    )
    await expectHealthy()
    while (served.proxy.connections.size > 1) await new Promise((resolve) => setImmediate(resolve))
  }).timeout(60_000)
})
