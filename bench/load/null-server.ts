/**
 * The server that does nothing: for every request a reply of the right size, without a look at more
 * than its opcode: it decodes and encodes no record, on purpose. What the load reaches here is its own
 * ceiling. Neighbour: skimmer.
 */
import { createServer, type Socket } from 'node:net'
import { OP } from '../../lib/model/request.ts'
import { XID } from '../../lib/protocol/wire/opcodes.ts'
import { type Reader, Skimmer } from './skimmer.ts'

/** What it answers with, as main asks for it. */
export interface Answers {
  /** Bytes behind the header, by opcode. Not named: none. */
  readonly replies: Readonly<Record<number, number>>
  /** Every getData leaves a watch, every setData causes the events. */
  readonly watches: boolean
}

/** Length, xid, opcode. */
const REQUEST_HEADER_BYTES = 12
const REPLY_HEADER_BYTES = 4 + 16
const CONNECT_BYTES = 4 + 4 + 8 + 4 + 16 + 1
const EVENT_BYTES = 4 + 4 + 4 + '/bench/watched'.length
/** Replies of one kind that lie ready one behind the other. Unit bytes. */
const READY_BYTES = 1024 * 1024

function packet(bodyBytes: number, xid = 0): Buffer {
  const out = Buffer.alloc(REPLY_HEADER_BYTES + bodyBytes)
  out.writeInt32BE(16 + bodyBytes)
  out.writeInt32BE(xid, 4)
  return out
}

class Ready {
  readonly #bytes: Buffer
  readonly #each: number

  constructor(bodyBytes: number, xid = 0) {
    const one = packet(bodyBytes, xid)
    this.#each = one.length
    const count = Math.max(1, Math.floor(READY_BYTES / one.length))
    this.#bytes = Buffer.concat(Array<Buffer>(count).fill(one))
  }

  /** So many replies, in as few pieces as possible. */
  *pieces(count: number): Iterable<Buffer> {
    for (let left = count * this.#each; left > 0; left -= this.#bytes.length) {
      yield this.#bytes.subarray(0, left)
    }
  }
}

const { replies, watches } = JSON.parse(process.argv[3]!) as Answers
const header = new Ready(0)
const ready = new Map(
  Object.entries(replies).map(([op, bytes]) => [Number(op), new Ready(bytes)] as const),
)
ready.set(OP.ping, new Ready(0, XID.ping))
const event = packet(EVENT_BYTES, XID.notification)
const greeting = Buffer.alloc(4 + CONNECT_BYTES)
greeting.writeInt32BE(CONNECT_BYTES)
let watching = new Set<Socket>()

class Served implements Reader {
  readonly #socket: Socket
  readonly #skimmer = new Skimmer(REQUEST_HEADER_BYTES, this)
  #greeted = false
  #op = 0
  /** Replies to send, as runs of one kind. */
  #kinds: Ready[] = []
  #counts: number[] = []

  constructor(socket: Socket) {
    this.#socket = socket
  }

  received(chunk: Buffer): void {
    this.#skimmer.feed(chunk, chunk.length)
    if (this.#kinds.length === 0) return
    const pieces = this.#kinds.flatMap((kind, i) => [...kind.pieces(this.#counts[i]!)])
    this.#kinds = []
    this.#counts = []
    if (pieces.length === 1) this.#socket.write(pieces[0]!)
    else this.#socket.write(Buffer.concat(pieces))
  }

  begin(bytes: Buffer, at: number): void {
    this.#op = bytes.readInt32BE(at + 8)
  }

  end(): void {
    if (!this.#greeted) {
      this.#greeted = true
      this.#socket.write(greeting)
      return
    }
    if (watches) this.#watch()
    const kind = ready.get(this.#op) ?? header
    const last = this.#kinds.length - 1
    if (this.#kinds[last] === kind) this.#counts[last]!++
    else {
      this.#kinds.push(kind)
      this.#counts.push(1)
    }
  }

  #watch(): void {
    if (this.#op === OP.getData) watching.add(this.#socket)
    if (this.#op !== OP.setData) return
    const notified = watching
    watching = new Set()
    for (const socket of notified) socket.write(event)
  }
}

const server = createServer({ noDelay: true })
server.on('connection', (socket) => {
  const served = new Served(socket)
  socket.on('error', () => {})
  socket.on('close', () => watching.delete(socket))
  socket.on('data', (chunk) => served.received(chunk))
})
server.listen(Number(process.argv[2]), '127.0.0.1', () => {
  process.stdout.write('null server ready\n')
})
