/** A client that sends anything and looks at no answer but how many there are: some are of no kind that a client expects. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { framed } from '../../../lib/protocol/frame.ts'
import { Pack } from '../../support/pack.ts'
import { connectBody } from '../../support/raw-client.ts'
import type { WildRequest } from './wild-requests.ts'

/** Nothing that is answered waits for so long. */
const ANSWER_MS = 20_000
const CLOSE_SESSION = -11

export class HandMadeClient {
  readonly #socket: Socket
  #input: Buffer = Buffer.alloc(0)
  #frames = 0
  #sent = 1
  #isOver = false
  #wake: (() => void) | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('error', () => {})
    socket.on('data', (bytes: Buffer) => this.#received(bytes))
    socket.on('close', () => {
      this.#isOver = true
      this.#wake?.()
    })
  }

  /** undefined: the server refused it. */
  static async connect(port: number, timeoutMs: number): Promise<HandMadeClient | undefined> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    const client = new HandMadeClient(socket)
    await Promise.race([once(socket, 'connect'), once(socket, 'close')])
    socket.write(framed(connectBody({ timeoutMs })))
    await client.answered()
    return client.#isOver ? undefined : client
  }

  send({ op, record }: WildRequest): void {
    if (this.#isOver) return
    this.#socket.write(
      framed(
        new Pack()
          .int(this.#sent++)
          .int(op)
          .raw(record)
          .done(),
      ),
    )
  }

  /** Until there are as many answers as requests, or the connection ends. */
  async answered(): Promise<void> {
    const endMs = performance.now() + ANSWER_MS
    while (!this.#isOver && this.#frames < this.#sent) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.max(0, endMs - performance.now()))
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      if (performance.now() >= endMs) return this.destroy()
    }
  }

  async endSession(): Promise<void> {
    this.send({ op: CLOSE_SESSION, record: Buffer.alloc(0) })
    await this.answered()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #received(bytes: Buffer): void {
    this.#input = Buffer.concat([this.#input, bytes])
    while (this.#input.length >= 4 && this.#input.length >= 4 + this.#input.readInt32BE()) {
      this.#input = this.#input.subarray(4 + this.#input.readInt32BE())
      this.#frames++
    }
    this.#wake?.()
  }
}
