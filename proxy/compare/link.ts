/**
 * One client's connection: each of its requests goes to both sides in its turn, and the candidate's
 * frames go to the client as they arrive. Neighbours: server, turns, server-pair.
 */
import type { Socket } from 'node:net'
import { OP, WireError } from '../../lib/internal.ts'
import { bodyOf, FrameSplitter, framed } from '../../lib/protocol/frame.ts'
import { encodeRequest } from '../../lib/protocol/wire/encode-request.ts'
import type { CompareHost } from './host.ts'
import { ServerPair } from './server-pair.ts'
import type { SessionHolder } from './sessions.ts'

type Phase = 'new' | 'open' | 'over'

/** Pending requests of one client at which its socket is paused. */
const WAITING_MAX = 1_000

const CLOSE_SESSION = bodyOf((writer) => encodeRequest(writer, 0, OP.closeSession, undefined))

export class Link implements SessionHolder {
  readonly #host: CompareHost
  readonly #socket: Socket
  readonly #name: string
  readonly #splitter: FrameSplitter
  readonly #pair: ServerPair
  #phase: Phase = 'new'
  #waiting = 0
  #clientGone = false
  /** The candidate's frames no longer go to the client. */
  #isMuted = false

  constructor(host: CompareHost, socket: Socket) {
    this.#host = host
    this.#socket = socket
    this.#name = `${socket.remoteAddress}:${socket.remotePort}`
    this.#splitter = new FrameSplitter({
      frameBytesMax: host.options.frameBytesMax,
      onFrame: (buffer, start, end) => this.#frame(Buffer.from(buffer.subarray(start, end))),
    })
    this.#pair = new ServerPair({
      host,
      client: this.#name,
      holder: this,
      onFrame: (frame) => this.#forward(frame),
      onCandidateEnd: () => socket.end(),
      onOver: () => this.#over(),
      inTurn: (task) => this.#inTurn(task),
    })
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#clientGone = true
      this.#splitter.stop()
      this.#inTurn(async () => this.#pair.clientGone())
    })
  }

  get isLingering(): boolean {
    return this.#clientGone && this.#phase === 'open'
  }

  get isBusy(): boolean {
    return this.#waiting > 0
  }

  /** Events that wait for their equal. */
  get eventsWaiting(): number {
    return this.#pair.eventsWaiting
  }

  /** Input of the client. Disconnects it when that is no frame. */
  data(chunk: Buffer): void {
    const { session } = this.#pair
    if (session !== undefined) session.lastSeenMs = this.#host.clock.monotonic()
    try {
      this.#splitter.push(chunk)
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      this.#socket.destroy()
    }
  }

  // SessionHolder

  drop(): void {
    this.#pair.end(false)
  }

  keepAlive(sinceMs: number): void {
    this.#pair.keepAlive(sinceMs)
  }

  async expire(): Promise<void> {
    if (this.#phase === 'over') return
    this.#isMuted = true
    await this.#pair.exchange(CLOSE_SESSION)
    this.#pair.end(this.#pair.isClosed)
  }

  /** At the end of the comparison: events without their equal are reported. */
  stop(): void {
    this.#pair.end(true)
  }

  /** An unreadable answer of a server ends this connection, not the comparison. */
  #inTurn(task: () => Promise<void>): void {
    this.#host.turns.run(task).catch((error: unknown) => {
      this.#host.logger.error({ err: error, client: this.#name }, 'connection abandoned')
      this.#pair.abandon(error)
    })
  }

  #frame(body: Buffer): void {
    const isFirst = this.#phase === 'new'
    if (isFirst) this.#phase = 'open'
    else if (isPing(body)) return this.#pair.ping(body)
    this.#waiting++
    if (this.#waiting === WAITING_MAX) this.#socket.pause()
    this.#inTurn(async () => {
      if (isFirst) await this.#pair.open(body)
      else await this.#pair.exchange(body)
      if (--this.#waiting < WAITING_MAX / 2) this.#socket.resume()
    })
  }

  #forward(frame: Buffer): void {
    if (!this.#isMuted && this.#socket.writable) this.#socket.write(framed(frame))
  }

  #over(): void {
    this.#phase = 'over'
    this.#socket.destroySoon()
    this.#host.removed(this)
  }
}

function isPing(body: Buffer): boolean {
  return body.length >= 8 && body.readInt32BE(4) === OP.ping
}
