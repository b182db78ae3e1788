/** Passes bytes between a client and a server, and keeps the frames of each connection. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { FrameSplitter } from '../../../lib/protocol/frame.ts'
import type { CapturedFrame } from '../../support/fixtures.ts'

const FRAME_BYTES_MAX = 16 * 1024 * 1024

export class Relay {
  /** Frames of each connection, in the order in which they came by. */
  connections: CapturedFrame[][] = []
  readonly #server: Server
  readonly #target: number
  readonly #sockets = new Set<Socket>()

  private constructor(target: number) {
    this.#target = target
    this.#server = createServer({ noDelay: true }, (client) => this.#accept(client))
  }

  static async to(port: number): Promise<Relay> {
    const relay = new Relay(port)
    relay.#server.listen(0, '127.0.0.1')
    await once(relay.#server, 'listening')
    return relay
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Drops every connection. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  close(): void {
    this.#server.close()
    this.cut()
  }

  #accept(client: Socket): void {
    const frames: CapturedFrame[] = []
    this.connections.push(frames)
    const server = connect({ port: this.#target, host: '127.0.0.1', noDelay: true })
    this.#pass(client, server, '>', frames)
    this.#pass(server, client, '<', frames)
  }

  #pass(from: Socket, to: Socket, direction: CapturedFrame['direction'], frames: CapturedFrame[]) {
    this.#sockets.add(from)
    const splitter = new FrameSplitter({
      frameBytesMax: FRAME_BYTES_MAX,
      onFrame: (buffer, start, end) => {
        frames.push({ direction, body: Buffer.from(buffer.subarray(start, end)) })
      },
    })
    from.on('data', (chunk) => {
      splitter.push(chunk)
      to.write(chunk)
    })
    from.on('error', () => {})
    from.on('close', () => {
      this.#sockets.delete(from)
      to.destroySoon()
    })
  }
}
